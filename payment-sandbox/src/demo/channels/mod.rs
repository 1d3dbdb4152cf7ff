//! The channels as stories see them: the payer's hand, the wire, the forger and the channel's own books. One file for each
//! channel; what a channel does not have it says in two or three words.

mod alipay;
mod bad_pay;
mod paypal;
mod wechat;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;
use payment_proto::v1::create_payment_request::ChannelOptions;
use payment_sandbox::wechat::AttemptResult;
use payment_server::telemetry::Stopwatch;
use serde_json::Value;
use toml::Table;

use super::{
    promise::{Broken, Kept},
    report::Part,
    scene::Attempt,
};
use crate::commands::Failure;

/// What not every channel has, and some story needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ability {
    /// It calls the service back.
    Callbacks,
    /// It is called when a payment is created, so that its answer can be lost.
    CallToCreate,
    /// It can take money for a payment after that was closed, and tells.
    LateMoney,
    /// It can hold money first, and take it later.
    Holds,
}

/// A notification that is no proof, and how it was answered.
pub(super) struct Forged {
    /// What the forger did.
    pub(super) what: &'static str,
    /// The HTTP status of the answer.
    pub(super) status: u16,
}

/// One payment in a channel's own books, in minor units.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// How often it was announced, or how many payments with its number there are.
    pub(super) announced: usize,
    /// What was taken.
    pub(super) taken: i64,
    /// What is held now, neither taken nor free.
    pub(super) held: i64,
    /// What went back.
    pub(super) given_back: i64,
    /// The refunds one by one.
    pub(super) refunds: Vec<i64>,
}

/// What somebody with a terminal and a browser needs to pay by hand.
pub(super) struct ByHand {
    /// Where a person pays.
    pub(super) page: String,
    /// How to find the payment there.
    pub(super) how: &'static str,
    /// What goes into the request beside orders and description.
    pub(super) request: Value,
    /// The control API, if it has one.
    pub(super) control_url: Option<String>,
}

/// A running channel with one merchant.
#[async_trait]
pub(super) trait Channel: Send + Sync {
    /// As people call it.
    fn name(&self) -> &'static str;

    /// The merchant's account in the server's configuration.
    fn account(&self) -> &'static str;

    /// What that account's configuration says.
    fn settings(&self) -> Table;

    /// The currency of its payments.
    fn currency(&self) -> &'static str;

    /// What a request carries to be paid here in the shop's own app.
    fn options(&self) -> ChannelOptions;

    /// The same, where the money is to be held first.
    fn options_to_hold(&self) -> ChannelOptions;

    /// Where the API is.
    fn base_url(&self) -> &str;

    /// What `--stay` tells.
    fn by_hand(&self) -> ByHand;

    /// Why it cannot do this, in two or three words.
    fn lacks(&self, ability: Ability) -> Option<&'static str>;

    /// Tells it where the service takes its notifications, if requests do not.
    fn call_back_to(&self, url: &str) -> Kept<()>;

    /// The payer opens the payment and does not pay.
    fn open(&self, attempt: &Attempt<'_>) -> Kept<()>;

    /// The payer pays with exactly the payment data. Says how.
    fn pay(&self, attempt: &Attempt<'_>) -> Kept<&'static str>;

    /// The money of a payment comes after it was closed.
    fn pay_late(&self, payment_no: &str) -> Kept<()>;

    /// What its SDK says to the app when somebody has patched that.
    fn false_report(&self) -> &'static [u8];

    /// From now on no notification about this payment leaves by itself.
    fn lose_callbacks(&self, payment_no: &str);

    /// The next genuine notification about this payment carries a signature that is wrong. Says what happened to it.
    fn spoil_next_callback(&self, payment_no: &str) -> &'static str;

    /// The next payment is taken in, and the answer is lost.
    fn lose_next_announcement(&self);

    /// The next question about this payment is not answered.
    fn lose_next_question(&self, payment_no: &str);

    /// The next question about this payment is answered, rightly signed, with "not paid".
    fn deny_next_question(&self, payment_no: &str);

    /// The next refund of this payment finds too little money.
    fn refuse_next_refund(&self, payment_no: &str);

    /// The next refund of this payment is carried out, and neither answered nor told for a while.
    fn hold_next_refund(&self, payment_no: &str);

    /// The channel itself says another amount: at once by a notification, whose answer's status it gives, or to the next
    /// question.
    async fn claim_wrong_amount(&self, payment_no: &str) -> Kept<Option<u16>>;

    /// Sends the newest notification so many times at once; gives the HTTP statuses.
    async fn call_back(&self, payment_no: &str, copies: u32) -> Kept<Vec<u16>>;

    /// How its notifications about this payment were answered so far.
    fn answers(&self, payment_no: &str) -> Kept<Vec<u16>>;

    /// Somebody who is not the channel says that the payment is paid.
    async fn forge(&self, payment_no: &str) -> Kept<Vec<Forged>>;

    /// A payment in its books.
    fn entry(&self, payment_no: &str) -> Entry;

    /// What it took and did not give back, for every payment of the merchant.
    fn books(&self) -> BTreeMap<String, i64>;
}

/// Every channel, started.
pub(super) struct Channels {
    /// In the order of the table's columns.
    pub(super) all: Vec<Arc<dyn Channel>>,
    /// How long each took.
    pub(super) parts: Vec<Part>,
}

impl Channels {
    /// Starts them all at once: their keys take most of the time.
    pub(super) async fn start() -> Result<Self, Failure> {
        let starting: [BoxFuture<'static, Result<Arc<dyn Channel>, Failure>>; 4] = [
            Box::pin(wechat::start()),
            Box::pin(alipay::start()),
            Box::pin(paypal::start()),
            Box::pin(bad_pay::start()),
        ];
        let tasks = starting.map(|start| {
            let watch = Stopwatch::start();
            tokio::spawn(async move { start.await.map(|channel| (channel, watch.elapsed())) })
        });
        let mut channels = Self { all: Vec::new(), parts: Vec::new() };
        for task in tasks {
            let (channel, took) = task.await.map_err(Failure::new)??;
            let what = format!("simulated at {}", channel.base_url());
            channels.parts.push(Part { name: channel.name(), what, took });
            channels.all.push(channel);
        }
        Ok(channels)
    }

    /// The channel that a payer of `column` turns to for a second payment of the same order.
    pub(super) fn other_than(&self, column: usize) -> Option<&Arc<dyn Channel>> {
        // The first of them, unless it is that one.
        self.all.get(usize::from(column == 0))
    }
}

/// The HTTP status of an answer to a notification.
fn status(result: &AttemptResult) -> Kept<u16> {
    match result {
        AttemptResult::Answered { status, .. } => Ok(*status),
        AttemptResult::TimedOut => Err(Broken::new("a notification was not answered in time")),
        AttemptResult::Unreachable { reason } => Err(Broken::new(format!("no way to the service: {reason}"))),
    }
}

/// Account settings from keys and values.
fn settings<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Table {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}
