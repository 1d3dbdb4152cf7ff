//! What a channel brings to the suite: its simulator, its payers, its accidents and its habits.

use std::{sync::Arc, time::Duration};

use payment_core::gateway::{CreateRequest, Created, GatewayFactory, PaymentData, RawCallback};
use payment_sandbox::clock::SimulatorClock;
use serde_json::{Map, Value};

/// One account's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Ours, rightly configured.
    Ours,
    /// Another merchant's at the same channel, rightly configured.
    Neighbours,
    /// Ours, but what proves us to the channel is the neighbour's or wrong.
    OursWithAForeignKey,
    /// Ours, but what proves the channel to us is the neighbour's. Absent where nothing like that is configured.
    OursBelievingAForeignKey,
}

/// A payment that was announced and handed out.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// By which account.
    pub whose: Whose,
    /// What was asked.
    pub request: CreateRequest,
    /// What the channel gave.
    pub created: Created,
    /// What the payer got.
    pub data: PaymentData,
}

/// What the channel's own books say about one payment, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// Taken from the payer.
    pub taken: i64,
    /// Given back, or on its way back.
    pub given_back: i64,
    /// In so many refunds.
    pub refunds: usize,
}

/// A call to the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Announcing.
    Create,
    /// Asking.
    Query,
    /// Taking approved money.
    Capture,
    /// Closing.
    Close,
    /// Giving back.
    Refund,
    /// Asking about a refund.
    QueryRefund,
}

/// What goes wrong with the next call of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accident {
    /// The connection breaks, and nothing was done.
    LostRequest,
    /// It was done, and the connection breaks before the answer.
    LostAnswer,
    /// The channel fails, and nothing was done.
    ServerError,
    /// It was done, and the channel says that it failed.
    ServerErrorAfterwards,
    /// It was done; nothing signs the answer.
    Unsigned,
    /// It was done; somebody else signed the answer.
    ForeignSignature,
    /// It was done; the answer was changed on its way.
    Altered,
    /// Turned away before anything was looked at.
    TurnedAway,
    /// Refused for certain: the merchant has too little money for a refund.
    NoMoney,
    /// A proven answer with another amount.
    OtherAmount,
    /// A proven answer with another currency.
    OtherCurrency,
    /// A proven answer with another receiver.
    OtherPayee,
}

impl Accident {
    /// Answers that prove nothing, whether or not anything was done.
    pub const UNPROVEN: [Self; 7] = [
        Self::LostRequest,
        Self::LostAnswer,
        Self::ServerError,
        Self::ServerErrorAfterwards,
        Self::Unsigned,
        Self::ForeignSignature,
        Self::Altered,
    ];
}

/// A notification that the channel would never send about a payment that nobody paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// Signed by a stranger.
    WrongKey,
    /// Over another amount.
    WrongAmount,
    /// To another receiver.
    ForeignPayee,
    /// About a number that nobody announced.
    UnknownPayment,
    /// One of the channel's own kind, by its name in [`ChannelUnderTest::own_forgeries`].
    Own(&'static str),
}

impl Forgery {
    /// The forgeries that every channel which calls back has.
    pub const ALL: [Self; 4] = [Self::WrongKey, Self::WrongAmount, Self::ForeignPayee, Self::UnknownPayment];
}

/// Whether the simulator can do what was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// It will, or did.
    Yes,
    /// The channel has nothing like that.
    NotHere,
}

/// What proves an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The channel's signature.
    Signature,
    /// Nothing but the connection.
    Connection,
}

/// What a channel calls back about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notifies {
    /// Nothing: whatever arrives is refused.
    Nothing,
    /// Payments and refunds.
    PaymentsAndRefunds,
}

/// What capabilities do not tell because the service need not know.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// What proves an answer.
    pub answers: Proof,
    /// What it calls back about.
    pub notifies: Notifies,
    /// The product of the cases that need but one. Creating it calls the channel.
    pub main_product: &'static str,
    /// A currency that the channel takes, in which the cases pay.
    pub currency: &'static str,
}

/// A channel in the suite.
#[async_trait::async_trait]
pub trait ChannelUnderTest: Send + Sync + Sized + 'static {
    /// Its habits.
    fn habits() -> Habits;

    /// Its way in.
    fn factory() -> Arc<dyn GatewayFactory>;

    /// Starts its simulator on this clock with two merchants, who are notified at this address.
    async fn start(clock: &SimulatorClock, notify_url: &str) -> Self;

    /// An account's settings, as the configuration would give them.
    fn account(&self, whose: Whose) -> Option<Map<String, Value>>;

    /// Texts of our account that must be shown nowhere.
    fn secrets(&self) -> Vec<String>;

    /// The options of a payment by this product. Asked for once for each payment.
    fn options(&self, product: &str) -> Value;

    /// The options of a payment by this product whose money is to be held first; `None` where the channel holds nothing.
    fn options_to_hold(&self, product: &str) -> Option<Value>;

    /// The payer turns up and does not pay yet.
    async fn appear(&self, attempt: &Attempt);

    /// The payer consents, by means of the payment data.
    ///
    /// # Errors
    /// Why the channel does not let the payer.
    async fn consent(&self, attempt: &Attempt) -> Result<(), String>;

    /// Time passes, and the channel does what is due.
    async fn advance(&self, step: Duration);

    /// Everything that is on its way has arrived.
    async fn settled(&self);

    /// The next refund stays on its way until it is told to end.
    fn hold_next_refund(&self);

    /// A refund that is on its way comes to nothing.
    fn refund_dies(&self, attempt: &Attempt, refund_no: &str);

    /// A refund that is on its way arrives.
    fn refund_arrives(&self, attempt: &Attempt, refund_no: &str);

    /// Orders an accident for the next call of this verb.
    fn accident(&self, verb: Verb, accident: Accident) -> Ordered;

    /// Names of forgeries that only this channel has.
    fn own_forgeries() -> &'static [&'static str];

    /// Sends one forged notification, which says that the payment is paid.
    async fn forge(&self, attempt: &Attempt, forgery: Forgery) -> Ordered;

    /// Sends a notification about a payment once more: the one of this id, which is the newest.
    async fn notify_again(&self, attempt: &Attempt, notification_id: &str);

    /// The notification without what signs it.
    fn stripped(&self, callback: &RawCallback) -> RawCallback;

    /// How many notifications the channel would still repeat.
    fn unacknowledged(&self) -> usize;

    /// What the channel's books say.
    fn books(&self, attempt: &Attempt) -> Books;
}
