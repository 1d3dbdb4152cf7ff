//! The four channels, each with two accounts of one merchant: payers, troubles, forgers, and the books over HTTP.

mod alipay;
mod bad_pay;
mod paypal;
mod wechat;

use std::sync::Arc;

use payment_proto::v1::{create_payment_request::ChannelOptions, payment_data::Kind};
use payment_sandbox::{clock::SimulatorClock, wechat::AttemptResult};
pub(crate) use payment_tests::books::{BookedRefund, RefundStage};
use serde::{Deserialize, de::DeserializeOwned};

pub(crate) use self::{alipay::Alipay, bad_pay::BadPay, paypal::Paypal, wechat::Wechat};
use crate::{
    channel_wire::ChannelWire,
    faults::{Fault, Weather},
};

/// The merchant whose accounts they are.
pub(crate) const MERCHANT: &str = "shop";

/// The two accounts at each channel, as their names end.
pub(crate) const ACCOUNTS: [&str; 2] = ["one", "two"];

/// What a channel's own books say about one payment, in minor units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) number: String,
    pub(crate) taken: i64,
    pub(crate) refunds: Vec<BookedRefund>,
    /// The channel's number of the money; none where it was not taken.
    pub(crate) transactions: Vec<String>,
}

/// When a payer's money comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landing {
    InTime,
    /// Though the payment was closed meanwhile, if the channel can.
    Late,
}

/// A payment that was handed out.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) payment_no: String,
    /// Which of [`ACCOUNTS`].
    pub(crate) account: usize,
    pub(crate) data: Kind,
}

/// One channel with its two accounts.
#[async_trait::async_trait]
pub(crate) trait Channel: Send + Sync {
    /// As the configuration and callback URLs name it.
    fn name(&self) -> &'static str;

    /// The sections of its accounts, with this address in place of the channel's own.
    fn sections(&self, base_url: &str) -> String;

    /// Where the channel itself is.
    fn own_url(&self) -> String;

    /// Learns where notifications go, if that is not told with each payment.
    fn notified_at(&self, office: &str);

    /// The currency of its payments.
    fn currency(&self) -> &'static str;

    /// What a request carries to be paid here; `chance` chooses the product.
    fn options(&self, chance: u64) -> ChannelOptions;

    /// The payer pays, if the channel lets it.
    fn pay(&self, ticket: &Ticket, landing: Landing);

    /// It misbehaves at the next request, whatever that is.
    fn misbehave(&self, how: Misbehaviour, chance: u64);

    /// The next question about this payment gets an answer that is untrue, or not proven.
    fn lie(&self, payment_no: &str, chance: u64);

    /// The next notification leaves so many seconds late, by the channel's clock.
    fn delay_callback(&self, seconds: u64);

    /// The channel itself says another amount, or another payee, and signs it. Whether it did.
    async fn claim(&self, payment_no: &str, account: usize, claim: Claim) -> bool;

    /// Somebody who is not the channel says that a payment is paid; gives how each try was answered.
    async fn forge(&self, payment_no: &str, account: usize) -> Vec<AttemptResult>;

    /// Another key signs from now on. Whether there is such a thing.
    async fn rotate_keys(&self) -> bool;

    /// Takes back every trouble that nobody met yet.
    fn forget_troubles(&self);

    /// The books, as the channel's control API tells them.
    async fn books(&self) -> Vec<Entry>;
}

/// What a channel does in place of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misbehaviour {
    /// 5xx, having acted or not.
    Fails,
    Throttles,
    AnswersHtml,
    /// Nothing comes, whether it acted or not.
    IsSilent,
}

impl Misbehaviour {
    pub(crate) const ALL: [Self; 4] = [Self::Fails, Self::Throttles, Self::AnswersHtml, Self::IsSilent];

    /// As what it is counted.
    pub(crate) const fn fault(self) -> Fault {
        match self {
            Self::Fails => Fault::ChannelFailed,
            Self::Throttles => Fault::ChannelThrottled,
            Self::AnswersHtml => Fault::ChannelAnsweredHtml,
            Self::IsSilent => Fault::ChannelSilent,
        }
    }
}

/// What a channel says that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    WrongAmount,
    ForeignPayee,
}

/// A channel and the wire that leads to it.
pub(crate) struct Reached {
    pub(crate) channel: Box<dyn Channel>,
    pub(crate) wire: ChannelWire,
}

/// Every channel on one clock.
pub(crate) async fn open_all(clock: &SimulatorClock, weather: &Arc<Weather>) -> Vec<Reached> {
    let mut wires = Vec::new();
    for _ in 0..4 {
        wires.push(ChannelWire::new(Arc::clone(weather)).await);
    }
    let channels: [Box<dyn Channel>; 4] = [
        Box::new(Wechat::open(clock).await),
        Box::new(Alipay::open(clock).await),
        Box::new(Paypal::open(clock, wires[2].base_url()).await),
        Box::new(BadPay::open(clock).await),
    ];
    let reached = channels.into_iter().zip(wires).map(|(channel, wire)| {
        wire.lead_to(&channel.own_url());
        Reached { channel, wire }
    });
    reached.collect()
}

/// The name of an account.
fn account(channel: &str, account: usize) -> String {
    format!("{channel}-{}", ACCOUNTS[account])
}

/// The sections of a channel's accounts, of which `section` makes one from the account's name and what it is at the channel.
fn sections<T>(channel: &str, accounts: &[T], section: impl Fn(&str, &T) -> String) -> String {
    accounts
        .iter()
        .enumerate()
        .map(|(index, at_channel)| section(&account(channel, index), at_channel))
        .collect()
}

/// A simulator's ledger, as its control API tells it.
#[derive(Deserialize)]
struct Ledger<O> {
    orders: Vec<O>,
}

/// The books behind a control API, whose orders are as `O` reads them.
async fn booked<O: DeserializeOwned + Into<Entry>>(control_url: &str) -> Vec<Entry> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{control_url}/ledger")).send().await.unwrap();
    let ledger: Ledger<O> = answer.json().await.unwrap();
    ledger.orders.into_iter().map(Into::into).collect()
}
