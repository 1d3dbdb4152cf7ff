//! The payment app itself: its books, its payers, its bad manners. Driven by tests and by the demo; shares nothing with
//! the gateway but the words of the wire.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "whoever drives it wrongly is told so at once, as by every helper of tests"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use payment_core::ports::Clock;
use time::OffsetDateTime;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    protocol::{Excuse, NewPayment, NewRefund},
    routes,
};

/// What goes wrong with the next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accident {
    /// Nothing: the accident after this one is for the request after the next.
    NotYet,
    /// It does nothing, and half an answer arrives.
    BrokenOff,
    /// It does what was asked, and half an answer arrives.
    BrokenOffAfterwards,
    /// It does what was asked and never answers.
    Silence,
    /// It does what was asked and answers only once [`BadPayApp::answer_held`] lets it.
    Held,
    /// It does what was asked; nobody signed the answer.
    Unsigned,
    /// It does what was asked; somebody else signed the answer.
    ForeignSignature,
    /// It refuses without a look at what was asked.
    Busy,
    /// It looked, and its till is too empty to give back what was asked.
    TillEmpty,
    /// It does nothing, and answers 500.
    Broken,
    /// One word of the answer is another, rightly signed.
    Lie(&'static str, serde_json::Value),
}

/// Where a payment is, in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Nobody paid.
    Unpaid,
    /// Somebody paid.
    Paid,
    /// Nobody paid, and nobody can any more.
    Closed,
}

/// A payment in Bad Pay's books.
#[derive(Debug, Clone)]
pub struct BadOrder {
    pub(crate) content: NewPayment,
    pub(crate) ticket: String,
    state: OrderState,
    /// When somebody paid.
    pub(crate) paid_at: Option<OffsetDateTime>,
    /// So many questions will still be answered "unpaid".
    denials: u32,
    /// Until then every question is answered "unpaid".
    denied_until: Option<OffsetDateTime>,
    /// How often it was announced.
    pub creates: u32,
}

impl BadOrder {
    /// Where it is at `now`, in truth.
    #[must_use]
    pub fn state(&self, now: OffsetDateTime) -> OrderState {
        match self.state {
            OrderState::Unpaid if now.unix_timestamp() >= self.content.until => OrderState::Closed,
            state @ (OrderState::Unpaid | OrderState::Paid | OrderState::Closed) => state,
        }
    }

    /// The merchant's number of it.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.content.number
    }

    /// What it costs.
    #[must_use]
    pub const fn minor_units(&self) -> i64 {
        self.content.minor_units
    }

    /// The line that the payer is shown.
    #[must_use]
    pub fn greeting(&self) -> Option<&str> {
        self.content.greeting.as_deref()
    }

    /// The payer's money comes.
    pub(crate) const fn take_money(&mut self, now: OffsetDateTime) {
        self.state = OrderState::Paid;
        self.paid_at = Some(now);
    }

    /// Bad Pay's number of it, once paid.
    pub(crate) fn transaction(&self) -> Option<String> {
        self.paid_at.map(|_| format!("BAD{}", self.content.number))
    }

    /// What it says about itself: for a while it denies that it was paid.
    pub(crate) fn told(&mut self, now: OffsetDateTime) -> OrderState {
        let state = self.state(now);
        if state != OrderState::Paid {
            return state;
        }
        if self.denied_until.is_some_and(|until| now < until) {
            return OrderState::Unpaid;
        }
        match self.denials.checked_sub(1) {
            Some(left) => {
                self.denials = left;
                OrderState::Unpaid
            }
            None => state,
        }
    }
}

/// A refund in Bad Pay's books.
#[derive(Debug, Clone)]
pub struct BadRefund {
    pub(crate) content: NewRefund,
    pub(crate) currency: String,
    /// `on the way`, `done` or `dead`.
    pub state: &'static str,
    pub(crate) done_at: Option<OffsetDateTime>,
    /// How often it was asked for.
    pub asks: u32,
}

impl BadRefund {
    /// The merchant's number of the payment.
    #[must_use]
    pub fn payment_no(&self) -> &str {
        &self.content.number
    }

    /// The merchant's number of it.
    #[must_use]
    pub fn refund_no(&self) -> &str {
        &self.content.refund
    }

    /// What it gives back.
    #[must_use]
    pub const fn minor_units(&self) -> i64 {
        self.content.minor_units
    }
}

/// One merchant at Bad Pay.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    pub(crate) key: String,
    pub(crate) orders: BTreeMap<String, BadOrder>,
    pub(crate) refunds: BTreeMap<String, BadRefund>,
}

/// Everything that Bad Pay knows.
pub(crate) struct World {
    pub(crate) shops: BTreeMap<String, Shop>,
    accidents: VecDeque<(Aim, Accident)>,
    pub(crate) unanswered: u32,
    /// What becomes of a refund that is accepted.
    pub(crate) refunds_become: &'static str,
}

impl World {
    /// What goes wrong with this request, if anything does.
    pub(crate) fn next_accident(&mut self, method: &str, path: &str, body: &[u8]) -> Option<Accident> {
        let meets = |(aim, _): &(Aim, Accident)| aim.meets(method, path, body);
        let found = self.accidents.iter().position(meets)?;
        self.accidents.remove(found).map(|(_, accident)| accident)
    }

    /// Every payment of every shop.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &BadOrder> {
        self.shops.values().flat_map(|shop| shop.orders.values())
    }

    /// As [`World::orders`].
    pub(crate) fn orders_mut(&mut self) -> impl Iterator<Item = &mut BadOrder> {
        self.shops.values_mut().flat_map(|shop| shop.orders.values_mut())
    }
}

/// Which request an accident waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// The next one, whatever it is.
    Any,
    /// The next announcement of a payment.
    Create,
    /// The next question about this payment.
    Query(String),
    /// The next refund of this payment.
    Refund(String),
}

impl Aim {
    fn meets(&self, method: &str, path: &str, body: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Create => (method, path) == ("POST", "/payments"),
            Self::Query(number) => method == "GET" && path == format!("/payments/{number}"),
            Self::Refund(number) => {
                let content = serde_json::from_slice::<NewRefund>(body);
                path == "/refunds" && content.is_ok_and(|content| content.number == *number)
            }
        }
    }
}

/// What its routes share.
pub(crate) struct Engine {
    pub(crate) clock: Arc<dyn Clock>,
    world: Mutex<World>,
    /// How often held answers were let go.
    releases: watch::Sender<u64>,
}

impl Engine {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Tells when answers that are held from now on may go.
    pub(crate) fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }
}

/// A running Bad Pay on a loopback address; ends when it is dropped.
pub struct BadPayApp {
    engine: Arc<Engine>,
    base_url: String,
    server: JoinHandle<()>,
}

impl BadPayApp {
    /// Listens on a free port. Every instant comes from `clock`.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let world = World {
            shops: BTreeMap::new(),
            accidents: VecDeque::new(),
            unanswered: 0,
            refunds_become: "on the way",
        };
        let engine = Arc::new(Engine { clock, world: Mutex::new(world), releases: watch::Sender::new(0) });
        let router = routes::router(Arc::clone(&engine));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { engine, base_url, server }
    }

    /// Where it is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Opens a shop and gives its key.
    #[must_use]
    pub fn open_shop(&self, shop: &str) -> String {
        let key = format!("{shop:-<32}{}", rand::random::<u64>());
        self.engine.world().shops.insert(shop.to_owned(), Shop { key: key.clone(), ..Shop::default() });
        key
    }

    /// The payer pays with a ticket, however it reached the payer. Gives the payment's number.
    pub fn pay_by_ticket(&self, shop: &str, ticket: &str) -> String {
        let number = {
            let mut world = self.engine.world();
            let mut orders = world.shops.get_mut(shop).unwrap().orders.values_mut();
            orders.find(|order| order.ticket == ticket).unwrap().content.number.clone()
        };
        self.pay(shop, &number);
        number
    }

    /// The payer pays.
    pub fn pay(&self, shop: &str, number: &str) {
        self.pay_and_deny(shop, number, 0, Duration::ZERO);
    }

    /// The payer pays. The next `questions`, and all within `time`, will be told "unpaid".
    pub fn pay_and_deny(&self, shop: &str, number: &str, questions: u32, time: Duration) {
        let now = self.engine.clock.now();
        self.with_order(shop, number, |order| {
            assert_eq!(order.state(now), OrderState::Unpaid, "nobody can pay this");
            order.take_money(now);
            order.denials = questions;
            order.denied_until = Some(now + time);
        });
    }

    /// A refund arrives, or never will.
    pub fn settle_refund(&self, shop: &str, refund: &str, state: &'static str) {
        let now = self.engine.clock.now();
        let mut world = self.engine.world();
        let refund = world.shops.get_mut(shop).unwrap().refunds.get_mut(refund).unwrap();
        refund.state = state;
        refund.done_at = (state == "done").then_some(now);
    }

    /// From now on refunds arrive as soon as they are accepted.
    pub fn refund_at_once(&self) {
        self.engine.world().refunds_become = "done";
    }

    /// What goes wrong with the next request that is not spoken for yet.
    pub fn accident(&self, accident: Accident) {
        self.accident_at(Aim::Any, accident);
    }

    /// What goes wrong with the next such request that is not spoken for yet.
    pub fn accident_at(&self, aim: Aim, accident: Accident) {
        self.engine.world().accidents.push_back((aim, accident));
    }

    /// Accidents that nobody met yet.
    #[must_use]
    pub fn accidents_left(&self) -> usize {
        self.engine.world().accidents.len()
    }

    /// Requests whose answer is held, or will never come.
    #[must_use]
    pub fn unanswered(&self) -> u32 {
        self.engine.world().unanswered
    }

    /// Sends the answers that are held.
    pub fn answer_held(&self) {
        self.engine.releases.send_modify(|releases| *releases += 1);
    }

    /// A payment in the books.
    #[must_use]
    pub fn order(&self, shop: &str, number: &str) -> Option<BadOrder> {
        self.engine.world().shops[shop].orders.get(number).cloned()
    }

    /// A payment's state in truth.
    #[must_use]
    pub fn state(&self, shop: &str, number: &str) -> OrderState {
        self.order(shop, number).unwrap().state(self.engine.clock.now())
    }

    /// Every payment of a shop.
    #[must_use]
    pub fn orders(&self, shop: &str) -> Vec<BadOrder> {
        self.engine.world().shops[shop].orders.values().cloned().collect()
    }

    /// The refunds of a payment.
    #[must_use]
    pub fn refunds(&self, shop: &str, number: &str) -> Vec<BadRefund> {
        let world = self.engine.world();
        world.shops[shop].refunds.values().filter(|refund| refund.content.number == number).cloned().collect()
    }

    /// The refunds of all payments of a shop.
    #[must_use]
    pub fn refunds_of_shop(&self, shop: &str) -> Vec<BadRefund> {
        self.engine.world().shops[shop].refunds.values().cloned().collect()
    }

    /// Books payments like one that is there, each under a number of its own.
    pub fn book_copies(&self, shop: &str, number: &str, numbers: impl IntoIterator<Item = String>) {
        let mut world = self.engine.world();
        let orders = &mut world.shops.get_mut(shop).unwrap().orders;
        let model = orders[number].clone();
        for number in numbers {
            let content = NewPayment { number: number.clone(), ..model.content.clone() };
            orders.insert(number, BadOrder { content, ..model.clone() });
        }
    }

    fn with_order(&self, shop: &str, number: &str, act: impl FnOnce(&mut BadOrder)) {
        act(self.engine.world().shops.get_mut(shop).unwrap().orders.get_mut(number).unwrap());
    }
}

impl Drop for BadPayApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shop {
    /// Takes a payment, or the same one again.
    pub(crate) fn announce(&mut self, content: NewPayment, now: OffsetDateTime) -> Result<String, Excuse> {
        if let Some(order) = self.orders.get_mut(&content.number) {
            if order.content != content {
                return Err(Excuse::OtherContent);
            }
            match order.state(now) {
                OrderState::Unpaid => {}
                OrderState::Paid => return Err(Excuse::Paid),
                OrderState::Closed => return Err(Excuse::Closed),
            }
            order.creates += 1;
            return Ok(order.ticket.clone());
        }
        if content.minor_units < 1 || content.currency != "CNY" || content.until <= now.unix_timestamp() {
            return Err(Excuse::Nonsense);
        }
        let ticket = format!("T{:016x}", rand::random::<u64>());
        let order = BadOrder {
            content: content.clone(),
            ticket: ticket.clone(),
            state: OrderState::Unpaid,
            paid_at: None,
            denials: 0,
            denied_until: None,
            creates: 1,
        };
        self.orders.insert(content.number, order);
        Ok(ticket)
    }

    /// Closes for good what nobody paid. Here it does not lie, whatever it says to a question.
    pub(crate) fn close(&mut self, number: &str, now: OffsetDateTime) -> Result<&mut BadOrder, Excuse> {
        let order = self.orders.get_mut(number).ok_or(Excuse::NeverHeardOfIt)?;
        if order.state(now) == OrderState::Paid {
            return Err(Excuse::Paid);
        }
        order.state = OrderState::Closed;
        Ok(order)
    }

    /// Takes a refund, or the same one again.
    pub(crate) fn refund(
        &mut self,
        content: NewRefund,
        becomes: &'static str,
        now: OffsetDateTime,
    ) -> Result<&BadRefund, Excuse> {
        let order = self.orders.get(&content.number).ok_or(Excuse::NeverHeardOfIt)?;
        if self.refunds.get(&content.refund).is_some_and(|known| known.content != content) {
            return Err(Excuse::OtherContent);
        }
        if order.state != OrderState::Paid {
            return Err(Excuse::Unpaid);
        }
        let others = self.refunds.values().filter(|refund| {
            refund.content.number == content.number
                && refund.content.refund != content.refund
                && refund.state != "dead"
        });
        let given_back: i64 = others.map(BadRefund::minor_units).sum();
        if content.minor_units < 1 || given_back + content.minor_units > order.content.minor_units {
            return Err(Excuse::TooMuch);
        }
        let currency = order.content.currency.clone();
        let refund = self.refunds.entry(content.refund.clone()).or_insert(BadRefund {
            content,
            currency,
            state: becomes,
            done_at: (becomes == "done").then_some(now),
            asks: 0,
        });
        refund.asks += 1;
        Ok(refund)
    }
}
