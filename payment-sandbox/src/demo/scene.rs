//! The steps that stories are made of: each does one thing over real gRPC or HTTP, tells it, and holds what it must hold.

mod asking;
mod audit;
mod refunds;
mod waiting;
mod wire;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use payment_proto::v1::{
    CreatePaymentRequest, EarlierAttemptPolicy, Money, Order, OrderState, OrderToPay, Payment, PaymentData,
    PaymentState, payment_data::Kind,
};
use payment_server::telemetry::Stopwatch;
use tokio::sync::{OnceCell, RwLock};

use self::audit::Reading;
use super::{
    books::{Books, Trail},
    channels::{Ability, Channel, Channels},
    plug::Plug,
    promise::{Broken, Kept, Unplayed},
    report::{Actor, Cell, Steps},
    shop::{self, Shop},
    stories::Story,
    words::{listed, money, order_word, total, word},
};

pub(super) use refunds::state as refund_state;

/// How long a story waits for something that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What all stories are played with.
pub(super) struct Cast<'a> {
    shop: Shop,
    channels: &'a Channels,
    /// One for each channel: taken for writing by who orders an accident for the next payment whatever its number.
    creating: Vec<RwLock<()>>,
    books: &'a Books,
    plug: Plug,
    /// Begins every number of this demo, so that demos on kept data do not meet.
    run: String,
    /// Every order of this demo.
    orders: Mutex<Vec<String>>,
    /// What the audit found, read once for all channels.
    reading: OnceCell<Reading>,
}

impl<'a> Cast<'a> {
    /// The cast of a demo.
    pub(super) fn new(shop: Shop, channels: &'a Channels, books: &'a Books, plug: Plug, run: String) -> Self {
        let creating = channels.all.iter().map(|_| RwLock::default()).collect();
        let (orders, reading) = (Mutex::default(), OnceCell::new());
        Self { shop, channels, creating, books, plug, run, orders, reading }
    }

    /// The plug of the server.
    pub(super) const fn plug(&self) -> &Plug {
        &self.plug
    }

    /// An empty scene in each column for the story with this number.
    pub(super) fn scenes(&self, number: usize) -> Vec<Scene<'_>> {
        let columns = 0..self.channels.all.len();
        columns.filter_map(|column| Scene::new(self, column, number)).collect()
    }
}

/// Where one story is played in one channel.
pub(super) struct Scene<'a> {
    cast: &'a Cast<'a>,
    channel: &'a dyn Channel,
    /// Where a payer goes who does not want to pay in `channel` after all.
    other: &'a dyn Channel,
    steps: Steps,
    /// Begins every number of this story.
    name: String,
    numbers: u32,
}

/// An order before anybody pays it.
#[derive(Clone, Debug)]
pub(super) struct Unpaid {
    pub(super) order_no: String,
    /// In minor units of whatever currency it will be paid in.
    pub(super) minor: i64,
}

/// A request to pay orders, and through whom.
pub(super) struct ToPay<'a> {
    channel: &'a dyn Channel,
    message: CreatePaymentRequest,
}

/// A payment as `CreatePayment` gave it.
pub(super) struct Attempt<'a> {
    pub(super) payment_no: String,
    pub(super) state: PaymentState,
    pub(super) data: Option<PaymentData>,
    channel: &'a dyn Channel,
    orders: Vec<String>,
    amount: i64,
}

impl Attempt<'_> {
    /// What the payer pays with.
    pub(super) fn payment_data(&self) -> Option<&Kind> {
        self.data.as_ref()?.kind.as_ref()
    }

    /// The channel's name.
    pub(super) fn channel(&self) -> &'static str {
        self.channel.name()
    }

    fn amount_text(&self) -> String {
        money(self.channel.currency(), self.amount)
    }
}

/// Where a payment and its orders are, held against each other.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) payment: Payment,
    pub(super) orders: Vec<Order>,
    pub(super) trail: Trail,
}

impl Outcome {
    /// The payment's state as a word.
    pub(super) fn state(&self) -> &'static str {
        word(self.payment.state())
    }

    /// How many of the orders are in this state.
    pub(super) fn orders_in(&self, state: OrderState) -> usize {
        self.orders.iter().filter(|order| order.state() == state).count()
    }

    /// The state of the only order, as a word.
    pub(super) fn order_state(&self) -> &'static str {
        self.orders.first().map_or("without orders", |order| order_word(order.state()))
    }
}

impl<'a> Scene<'a> {
    fn new(cast: &'a Cast<'a>, column: usize, number: usize) -> Option<Self> {
        let (channel, other) = (cast.channels.all.get(column)?, cast.channels.other_than(column)?);
        let name = format!("{}-{number}-{}", cast.run, channel.account());
        let (channel, other) = (channel.as_ref(), other.as_ref());
        Some(Self { cast, channel, other, steps: Steps::default(), name, numbers: 0 })
    }

    /// Plays a story and says how it ended.
    pub(super) async fn play(mut self, story: &Story) -> Cell {
        let watch = Stopwatch::start();
        let played = (story.play)(&mut self).await;
        self.steps.end(self.channel.name(), story, played, watch.elapsed())
    }

    /// Ends the story here if the channel lacks what it needs.
    pub(super) fn needs(&self, ability: Ability) -> Result<(), Unplayed> {
        self.channel.lacks(ability).map_or(Ok(()), |why| Err(Unplayed::NotHere(why)))
    }

    /// Whether the channel calls back.
    pub(super) fn is_called_back(&self) -> bool {
        self.channel.lacks(Ability::Callbacks).is_none()
    }

    fn next_name(&mut self) -> String {
        self.numbers += 1;
        format!("{}-{}", self.name, self.numbers)
    }

    /// A new order over so many minor units.
    pub(super) fn new_order(&mut self, minor: i64) -> Unpaid {
        let order_no = self.next_name();
        self.cast.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order_no.clone());
        Unpaid { order_no, minor }
    }

    /// A new request to pay orders through this channel, in the shop's own app.
    pub(super) fn request(&mut self, orders: &[Unpaid]) -> ToPay<'a> {
        self.request_to(self.channel, orders)
    }

    /// A new request to have the money for orders held in this channel.
    pub(super) fn request_to_hold(&mut self, orders: &[Unpaid]) -> ToPay<'a> {
        let mut request = self.request_to(self.channel, orders);
        request.message.channel_options = Some(self.channel.options_to_hold());
        request
    }

    /// A new request to pay orders through the other channel, though this one may still pay them too.
    pub(super) fn request_elsewhere(&mut self, orders: &[Unpaid]) -> ToPay<'a> {
        let mut request = self.request_to(self.other, orders);
        request.message.set_earlier_attempt_policy(EarlierAttemptPolicy::Proceed);
        request
    }

    fn request_to(&mut self, channel: &'a dyn Channel, orders: &[Unpaid]) -> ToPay<'a> {
        let request_id = self.next_name();
        let amount = |minor_units| Money { currency_code: channel.currency().to_owned(), minor_units };
        let orders = orders
            .iter()
            .map(|order| OrderToPay { order_no: order.order_no.clone(), amount: Some(amount(order.minor)) });
        let message = CreatePaymentRequest {
            request_id,
            orders: orders.collect(),
            channel_account: channel.account().to_owned(),
            description: "Demo order".to_owned(),
            channel_options: Some(channel.options()),
            ..CreatePaymentRequest::default()
        };
        ToPay { channel, message }
    }

    /// The shop creates a payment.
    pub(super) async fn create(&self, request: &ToPay<'a>) -> Kept<Attempt<'a>> {
        let accidents = self.creating(request.channel);
        let _one_of_many = accidents.read().await;
        self.create_as(request, &creating(request)).await
    }

    /// The shop creates a payment; the channel takes it in, and its answer is lost.
    pub(super) async fn create_unheard(&self, request: &ToPay<'a>) -> Kept<Attempt<'a>> {
        let accidents = self.creating(request.channel);
        let _alone = accidents.write().await;
        request.channel.lose_next_announcement();
        self.create_as(request, &creating(request)).await
    }

    /// The shop sends a request again whose outcome it does not know.
    pub(super) async fn create_again(&self, request: &ToPay<'a>) -> Kept<Attempt<'a>> {
        self.create_as(request, "the same CreatePayment again (a busy replica gets 2 s)").await
    }

    fn creating(&self, channel: &dyn Channel) -> &'a RwLock<()> {
        static NOBODY: RwLock<()> = RwLock::const_new(());
        let pairs = self.cast.channels.all.iter().zip(&self.cast.creating);
        let mut found = pairs.filter(|(each, _)| each.account() == channel.account());
        found.next().map_or(&NOBODY, |(_, lock)| lock)
    }

    async fn create_as(&self, request: &ToPay<'a>, action: &str) -> Kept<Attempt<'a>> {
        let watch = Stopwatch::start();
        let ToPay { channel, message } = request;
        let answer = self.cast.shop.create(message).await.map_err(shop::refused)?;
        let payment = shop::present(answer.payment)?;
        let data = if answer.payment_data.is_some() { "with payment data" } else { "without payment data" };
        self.told(watch, Actor::Shop, action, &format!("{} {data}", word(payment.state())));
        Ok(Attempt {
            state: payment.state(),
            payment_no: payment.payment_no,
            data: answer.payment_data,
            channel: *channel,
            orders: message.orders.iter().map(|order| order.order_no.clone()).collect(),
            amount: total(message),
        })
    }

    /// The shop creates a payment and is refused; gives the reason.
    pub(super) async fn create_refused(&self, request: &ToPay<'a>) -> Kept<String> {
        let watch = Stopwatch::start();
        let action = creating(request);
        match self.cast.shop.create(&request.message).await {
            Ok(_) => Err(Broken::new(format!("{action}: promised a refusal, and it was accepted"))),
            Err(status) => {
                let reason = shop::reason(&status);
                self.told(watch, Actor::Shop, &action, &format!("refused: {reason}"));
                Ok(reason)
            }
        }
    }

    fn told(&self, watch: Stopwatch, actor: Actor, action: &str, seen: &str) {
        self.steps.done(watch.elapsed(), actor, action, seen);
    }
}

fn creating(request: &ToPay<'_>) -> String {
    let amount = money(request.channel.currency(), total(&request.message));
    format!("CreatePayment {amount} for {} by {}", listed(&request.message), request.channel.name())
}
