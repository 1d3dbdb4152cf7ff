//! The OAuth token: kept, fetched by one task at a time, dropped only when it is the one that failed.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::response::{self, Unreadable, unreadable};

/// A token is renewed this long before its end, or 5 % of its life, whichever is longer.
const MARGIN: Duration = Duration::MINUTE;

/// An access token with its life.
pub(crate) struct Token {
    secret: SecretString,
    renew_at: OffsetDateTime,
    end: OffsetDateTime,
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: Option<String>,
    expires_in: Option<i64>,
}

impl Token {
    /// Reads the token endpoint's answer to a request that was begun at `asked`.
    pub(crate) fn read(body: &[u8], asked: OffsetDateTime) -> Result<Self, Unreadable> {
        let body: TokenBody = response::json(body)?;
        let visible = |token: &SecretString| {
            let text = token.expose_secret();
            (1..=4096).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let secret = body
            .access_token
            .map(SecretString::from)
            .filter(visible)
            .ok_or_else(|| unreadable("access_token"))?;
        // PayPal gives the same token again with what is left of its life, so the figure may be small.
        let seconds = body.expires_in.filter(|seconds| (1..=2_592_000).contains(seconds));
        let life = Duration::seconds(seconds.ok_or_else(|| unreadable("expires_in"))?);
        let end = asked + life;
        Ok(Self { secret, renew_at: end - MARGIN.max(life / 20), end })
    }

    /// The header's value.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.secret.expose_secret())
    }

    /// Whether both are the same text: PayPal gives one live token to an app, and gives it out again.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// The present token, and the turn to fetch another.
#[derive(Default)]
pub(crate) struct TokenStore {
    current: Mutex<Option<Arc<Token>>>,
    /// Held while one task fetches; the others wait for its result.
    turn: async_lock::Mutex<()>,
    /// Counts fetches, so that those who waited know that theirs was done for them.
    fetches: AtomicU64,
}

/// What a task that needs a token is told.
pub(crate) enum Turn<'a> {
    /// There is one.
    Token(Arc<Token>),
    /// Fetch one, and hold this meanwhile.
    Fetch(async_lock::MutexGuard<'a, ()>),
    /// Somebody just fetched for all, in vain.
    JustFailed,
}

impl TokenStore {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Token>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, unless it is about to end.
    fn fresh(&self, now: OffsetDateTime) -> Option<Arc<Token>> {
        self.lock().clone().filter(|token| now < token.renew_at)
    }

    /// The token as long as it lives: better than none when no other can be had.
    pub(crate) fn usable(&self, now: OffsetDateTime) -> Option<Arc<Token>> {
        self.lock().clone().filter(|token| now < token.end)
    }

    /// A token, or the turn to fetch one.
    pub(crate) async fn turn(&self, now: OffsetDateTime) -> Turn<'_> {
        if let Some(token) = self.fresh(now) {
            return Turn::Token(token);
        }
        let seen = self.fetches.load(Ordering::Acquire);
        let turn = self.turn.lock().await;
        match self.fresh(now) {
            Some(token) => Turn::Token(token),
            None if self.fetches.load(Ordering::Acquire) != seen => Turn::JustFailed,
            None => Turn::Fetch(turn),
        }
    }

    /// Ends a fetch. A failed one leaves the token as it is.
    pub(crate) fn fetched(&self, token: Option<&Arc<Token>>) {
        self.fetches.fetch_add(1, Ordering::Release);
        if let Some(token) = token {
            *self.lock() = Some(Arc::clone(token));
        }
    }

    /// Drops the token that PayPal did not know, unless another has taken its place already.
    pub(crate) fn forget(&self, failed: &Arc<Token>) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|token| Arc::ptr_eq(token, failed)) {
            *current = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{NOW, done};
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    fn token(text: &str, seconds: i64) -> Arc<Token> {
        let body = format!(r#"{{"access_token":"{text}","token_type":"Bearer","expires_in":{seconds}}}"#);
        Arc::new(Token::read(body.as_bytes(), NOW).expect("a token"))
    }

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let store = TokenStore::default();
        store.fetched(Some(&token("A", 32_400)));
        assert!(store.fresh(NOW + Duration::seconds(30_779)).is_some());
        assert!(store.fresh(NOW + Duration::seconds(30_780)).is_none());
        assert!(store.usable(NOW + Duration::seconds(32_399)).is_some());
        assert!(store.usable(NOW + Duration::seconds(32_400)).is_none());
        store.fetched(Some(&token("B", 61)));
        assert!(store.fresh(NOW).is_some() && store.fresh(NOW + Duration::SECOND).is_none());
    }

    #[test]
    fn pitfall_05_those_who_wait_get_what_the_first_one_fetched() {
        let store = TokenStore::default();
        let Turn::Fetch(guard) = done(store.turn(NOW)) else { panic!("the first fetches") };
        let (mut second, mut third) = (pin!(store.turn(NOW)), pin!(store.turn(NOW)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        store.fetched(Some(&token("A", 32_400)));
        drop(guard);
        assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Turn::Token(_))));
        assert!(matches!(done(third), Turn::Token(_)));
    }

    #[test]
    fn pitfall_05_a_failed_fetch_is_not_repeated_by_everyone_who_waited() {
        let store = TokenStore::default();
        let Turn::Fetch(guard) = done(store.turn(NOW)) else { panic!("the first fetches") };
        let mut second = pin!(store.turn(NOW));
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        store.fetched(None);
        drop(guard);
        assert!(matches!(done(second), Turn::JustFailed));
        assert!(matches!(done(store.turn(NOW)), Turn::Fetch(_)));
    }

    #[test]
    fn pitfall_05_only_the_token_that_failed_is_forgotten() {
        let store = TokenStore::default();
        let (old, new) = (token("A", 32_400), token("B", 32_400));
        store.fetched(Some(&new));
        store.forget(&old);
        assert!(store.fresh(NOW).is_some_and(|kept| kept.is_same(&new)));
        store.forget(&new);
        assert!(store.fresh(NOW).is_none());
    }

    #[test]
    fn answers_without_a_usable_token_are_refused() {
        for wrong in [
            r#"{"expires_in":100}"#,
            r#"{"access_token":"A"}"#,
            r#"{"access_token":"A","expires_in":0}"#,
            r#"{"access_token":"A\r\nHost: x","expires_in":100}"#,
            "<html>",
        ] {
            assert!(Token::read(wrong.as_bytes(), NOW).is_err(), "{wrong}");
        }
    }
}
