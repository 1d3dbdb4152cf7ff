//! What a fuzzed gateway is given: a clock that stands, chance that repeats, and a network that answers from a list.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex},
};

use futures::FutureExt as _;
use payment_core::{
    gateway::{AccountSettings, CallbackRejected, Gateway, RawCallback, VerifiedEvent},
    identifiers::ChannelAccountId,
    ports::{Clock, Http, HttpError, HttpRequest, HttpResponse, Ports, Randomness},
};
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};

/// The instant at which everything happens.
pub const NOW: OffsetDateTime = datetime!(2027-01-05 12:00 UTC);

/// What a network answers; none where nobody does.
pub(crate) type Answering = Box<dyn Fn(&HttpRequest) -> Option<HttpResponse> + Send + Sync>;

/// Ports with this network.
pub(crate) fn ports(answering: Answering) -> Ports {
    Ports { clock: Arc::new(Standing), randomness: Arc::new(Repeating), http: Arc::new(Script(answering)) }
}

/// Answers in turn, whatever is asked, and then none.
pub(crate) fn in_turn(answers: impl IntoIterator<Item = HttpResponse>) -> Answering {
    let answers: Mutex<VecDeque<_>> = Mutex::new(answers.into_iter().collect());
    Box::new(move |_| answers.lock().expect("a lock").pop_front())
}

/// An answer without headers.
pub(crate) fn response(status: u16, body: &[u8]) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.to_vec() }
}

/// The outcome of what waits for nothing but the ports, which answer at once.
pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a gateway waits for its ports only")
}

/// Verifies and reads a callback.
///
/// # Errors
/// As [`Gateway::verify_callback`].
pub fn verdict(gateway: &dyn Gateway, callback: &RawCallback) -> Result<VerifiedEvent, CallbackRejected> {
    done(gateway.verify_callback(callback, NOW))
}

/// An account with these settings.
pub(crate) fn account(settings: &Value) -> AccountSettings {
    let account = ChannelAccountId::parse("main").expect("an account");
    AccountSettings { account, settings: settings.as_object().expect("an object").clone() }
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

struct Repeating;

impl Randomness for Repeating {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

struct Script(Answering);

#[async_trait::async_trait]
impl Http for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        (self.0)(&request).ok_or_else(|| HttpError::Unknown("nobody answers".to_owned()))
    }
}
