//! The network between one replica and the channels: the server's own HTTP, with mishaps that are ordered beforehand, the
//! replica's death among them.

use std::{
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use payment_core::ports::{Http, HttpError, HttpMethod, HttpRequest, HttpResponse};
use payment_server::ports::ReqwestHttp;
use tokio::sync::watch;

use super::story::Mishap;

/// One replica's way out.
pub(crate) struct Wire {
    http: ReqwestHttp,
    /// Calls that pass before it, and what then happens.
    planned: Mutex<Vec<(u32, Mishap)>>,
    answers_to_lose: AtomicU32,
    dead: watch::Sender<bool>,
    calls: AtomicU64,
}

impl Wire {
    pub(crate) fn new(http: ReqwestHttp) -> Self {
        Self {
            http,
            planned: Mutex::default(),
            answers_to_lose: AtomicU32::new(0),
            dead: watch::Sender::new(false),
            calls: AtomicU64::new(0),
        }
    }

    /// Lets something happen to a call: the next one, if none is to pass before.
    pub(crate) fn plan(&self, calls_before: u32, mishap: Mishap) {
        self.planned.lock().unwrap().push((calls_before, mishap));
    }

    /// The answers to so many writes are lost from now on, after the channel acted.
    pub(crate) fn lose_answers(&self, times: u32) {
        self.answers_to_lose.store(times, Ordering::SeqCst);
    }

    pub(crate) fn answers_to_lose(&self) -> u32 {
        self.answers_to_lose.load(Ordering::SeqCst)
    }

    /// Nothing happens to calls any more.
    pub(crate) fn heal(&self) {
        self.planned.lock().unwrap().clear();
        self.lose_answers(0);
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The replica behind it is dead: nothing goes out any more, and nothing comes in.
    pub(crate) fn die(&self) {
        self.dead.send_replace(true);
    }

    pub(crate) fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    /// Waits for the death.
    pub(crate) async fn death(&self) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    fn next_mishap(&self, method: HttpMethod) -> Option<Mishap> {
        let left = |left: u32| left.checked_sub(1);
        let is_write = method != HttpMethod::Get;
        if is_write && self.answers_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok() {
            return Some(Mishap::LostAnswer);
        }
        let mut planned = self.planned.lock().unwrap();
        let due = planned.iter().position(|(before, _)| *before == 0);
        for (before, _) in planned.iter_mut() {
            *before = before.saturating_sub(1);
        }
        due.map(|index| planned.remove(index).1)
    }

    async fn die_for_ever(&self) -> ! {
        self.die();
        pending::<std::convert::Infallible>().await;
        unreachable!("nobody wakes the dead")
    }
}

#[async_trait::async_trait]
impl Http for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_dead() {
            self.die_for_ever().await;
        }
        match self.next_mishap(request.method) {
            None => self.http.send(request).await,
            Some(Mishap::NotSent) => Err(HttpError::NotSent("a mishap".to_owned())),
            Some(Mishap::LostRequest) => Err(HttpError::Unknown("the request was lost".to_owned())),
            Some(Mishap::LostAnswer) => {
                self.http.send(request).await?;
                Err(HttpError::Unknown("the answer was lost".to_owned()))
            }
            Some(Mishap::CutShort) => {
                let mut response = self.http.send(request).await?;
                response.body.truncate(response.body.len() / 2);
                Ok(response)
            }
            Some(Mishap::BadGateway) => {
                self.http.send(request).await?;
                Ok(HttpResponse {
                    status: 502,
                    headers: Vec::new(),
                    body: b"<html>bad gateway</html>".to_vec(),
                })
            }
            Some(Mishap::DeathBefore) => self.die_for_ever().await,
            Some(Mishap::DeathAfter) => {
                let _ = self.http.send(request).await;
                self.die_for_ever().await
            }
        }
    }
}
