//! The steps that stories are made of: each does one thing over real gRPC or HTTP, tells it, and holds what it must hold.

mod refunds;
mod waiting;

use std::time::Duration;

use payment_core::invariant;
use payment_proto::v1::{
    AllocationState, CreatePaymentRequest, Money, Order, OrderState, OrderToPay, Payment, PaymentData,
    PaymentState, RefundState, WeChatPayApp, WeChatPayOptions, create_payment_request::ChannelOptions,
    payment_data, we_chat_pay_options,
};
use payment_sandbox::wechat::{
    Attempt as Delivered, AttemptResult, Fault, FaultRule, Forgery, NotificationFault, NotificationFaultRule,
    NotificationKind, Operation,
};
use payment_server::telemetry::Stopwatch;
use tokio::time::{interval, timeout};

use super::{
    books::{Books, Trail},
    channel::Channel,
    processes::LOOK,
    promise::{Broken, Kept, expect},
    report::{Actor, Line, Report, yuan},
    shop::{self, Shop},
    stage::Stage,
    stories::Story,
    words::{listed, listed_statuses, order_line, order_word, payment_line, total, trail_line, word},
};

pub(super) use refunds::state as refund_state;

/// How long a story waits for something that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stories are played with.
pub(super) struct Scene<'a> {
    shop: Shop,
    channel: &'a Channel,
    books: &'a Books,
    report: Report,
    /// What the server runs on, for the one story that takes it away.
    stage: Option<&'a mut Stage>,
    /// Begins every number of this demo, so that demos on kept data do not meet.
    run: String,
    requests: u32,
    /// Every order of this demo.
    orders: Vec<String>,
}

/// A payment as `CreatePayment` gave it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) payment_no: String,
    pub(super) state: PaymentState,
    pub(super) payment_data: Option<PaymentData>,
    orders: Vec<String>,
    amount: i64,
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
    /// An empty scene. `run` begins the numbers of its orders.
    pub(super) fn new(
        shop: Shop,
        channel: &'a Channel,
        books: &'a Books,
        report: Report,
        run: String,
    ) -> Self {
        Self { shop, channel, books, report, stage: None, run, requests: 0, orders: Vec::new() }
    }

    /// The same scene, on which the server may be taken away.
    pub(super) fn on(self, stage: &'a mut Stage) -> Self {
        Self { stage: Some(stage), ..self }
    }

    /// Plays a story and says how it ended.
    pub(super) async fn play(&mut self, number: usize, story: &Story) -> Line {
        self.report.begin(number, story);
        let watch = Stopwatch::start();
        let seen = (story.play)(self).await;
        self.report.end(story, seen, watch.elapsed())
    }

    /// Tells something between two stories.
    pub(super) fn note(&self, what: &str) {
        self.report.note(what);
    }

    /// Tells what was kept back of the story of another scene, and counts its orders as this one's.
    pub(super) fn take_up(&mut self, other: Scene<'_>) {
        other.report.tell_now();
        self.orders.extend(other.orders);
    }

    /// A new order over so many fen.
    pub(super) fn new_order(&mut self, fen: i64) -> OrderToPay {
        let order_no = format!("{}-{}", self.run, self.orders.len() + 1);
        self.orders.push(order_no.clone());
        OrderToPay { order_no, amount: Some(Money { currency_code: "CNY".to_owned(), minor_units: fen }) }
    }

    /// A new request to pay orders in the shop's own app.
    pub(super) fn request(&mut self, orders: &[OrderToPay]) -> CreatePaymentRequest {
        self.requests += 1;
        let options = WeChatPayOptions {
            product: Some(we_chat_pay_options::Product::App(WeChatPayApp {})),
            goods_tag: String::new(),
        };
        CreatePaymentRequest {
            request_id: format!("{}-request-{}", self.run, self.requests),
            orders: orders.to_vec(),
            description: "Demo order".to_owned(),
            channel_options: Some(ChannelOptions::WechatPay(options)),
            ..CreatePaymentRequest::default()
        }
    }

    /// The shop creates a payment.
    pub(super) async fn create(&self, request: &CreatePaymentRequest) -> Kept<Attempt> {
        let action = format!("CreatePayment {} for {}", yuan(total(request)), listed(request));
        self.create_as(request, &action).await
    }

    /// The shop sends a request again whose outcome it does not know.
    pub(super) async fn create_again(&self, request: &CreatePaymentRequest) -> Kept<Attempt> {
        self.create_as(request, "the same CreatePayment again (a busy replica gets 2 s)").await
    }

    async fn create_as(&self, request: &CreatePaymentRequest, action: &str) -> Kept<Attempt> {
        let watch = Stopwatch::start();
        let answer = self.shop.create(request).await.map_err(shop::refused)?;
        let payment = shop::present(answer.payment)?;
        let data = if answer.payment_data.is_some() { "with payment data" } else { "without payment data" };
        self.told(watch, Actor::Shop, action, &format!("{} {data}", word(payment.state())));
        Ok(Attempt {
            state: payment.state(),
            payment_no: payment.payment_no,
            payment_data: answer.payment_data,
            orders: request.orders.iter().map(|order| order.order_no.clone()).collect(),
            amount: total(request),
        })
    }

    /// The shop creates a payment and is refused; gives the reason.
    pub(super) async fn create_refused(&self, request: &CreatePaymentRequest) -> Kept<String> {
        let watch = Stopwatch::start();
        let action = format!("CreatePayment {} for {}", yuan(total(request)), listed(request));
        match self.shop.create(request).await {
            Ok(_) => Err(Broken::new(format!("{action}: promised a refusal, and it was accepted"))),
            Err(status) => {
                let reason = shop::reason(&status);
                self.told(watch, Actor::Shop, &action, &format!("refused: {reason}"));
                Ok(reason)
            }
        }
    }

    /// The payer pays with exactly the parameters that the answer carried.
    pub(super) async fn pay(&self, attempt: &Attempt) -> Kept<()> {
        let watch = Stopwatch::start();
        let Some(PaymentData { kind: Some(payment_data::Kind::SdkParameters(sdk)) }) = &attempt.payment_data
        else {
            return Err(Broken::new("CreatePayment gave no SDK parameters to pay with"));
        };
        self.channel.invoke(&sdk.parameters).await?;
        let seen = format!("WeChat took {}", yuan(attempt.amount));
        self.told(watch, Actor::Payer, "pays in WeChat's app with the signed SDK parameters", &seen);
        Ok(())
    }

    /// The shop watches the payment until it succeeds.
    pub(super) async fn watch_success(&self, attempt: &Attempt) -> Kept<()> {
        let watch = Stopwatch::start();
        let state = timeout(PATIENCE, self.watch_to_the_end(attempt)).await;
        let state = state.map_err(|_| Broken::new("WatchPayment: still undecided"))??;
        self.told(watch, Actor::Shop, "WatchPayment, until it is decided", word(state));
        expect("WatchPayment's last word", &PaymentState::Succeeded, &state)
    }

    async fn watch_to_the_end(&self, attempt: &Attempt) -> Kept<PaymentState> {
        let mut stream = self.shop.watch(&attempt.payment_no).await?;
        let mut last = attempt.state;
        while let Some(answer) = stream.message().await.map_err(shop::refused)? {
            last = shop::present(answer.payment)?.state();
        }
        Ok(last)
    }

    /// Waits until WeChat's own notification was answered so many times, and gives the HTTP statuses.
    pub(super) async fn callbacks(&self, attempt: &Attempt, count: usize) -> Kept<Vec<u16>> {
        let watch = Stopwatch::start();
        let answered = timeout(PATIENCE, self.wait_for_callbacks(attempt, count)).await;
        let statuses = answered.map_err(|_| Broken::new("WeChat's notification got no answer"))??;
        self.told(watch, Actor::Channel, "called back and was answered", &listed_statuses(&statuses));
        Ok(statuses)
    }

    async fn wait_for_callbacks(&self, attempt: &Attempt, count: usize) -> Kept<Vec<u16>> {
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            let deliveries = self.channel.deliveries(&attempt.payment_no).await?;
            let attempts: Vec<_> = deliveries.into_iter().flat_map(|delivery| delivery.attempts).collect();
            if attempts.len() >= count {
                return attempts.iter().map(|delivered| status(&delivered.result)).collect();
            }
        }
    }

    /// WeChat sends its newest notification so many times at once; gives the HTTP statuses.
    pub(super) async fn call_back(&self, attempt: &Attempt, copies: u32) -> Kept<Vec<u16>> {
        let watch = Stopwatch::start();
        let delivered: Vec<Delivered> = self.channel.resend(&attempt.payment_no, copies).await?;
        let statuses: Vec<u16> =
            delivered.iter().map(|delivered| status(&delivered.result)).collect::<Kept<_>>()?;
        let action = match copies {
            1 => "calls back".to_owned(),
            _ => format!("calls back {copies} times at once"),
        };
        self.told(watch, Actor::Channel, &action, &listed_statuses(&statuses));
        Ok(statuses)
    }

    /// From now on no notification about this payment leaves WeChat by itself.
    pub(super) async fn lose_callbacks(&self, attempt: &Attempt) -> Kept<()> {
        self.channel.suppress_notifications(&attempt.payment_no).await
    }

    /// The next attempt to notify about this payment carries a probing signature, as WeChat's real ones do at times.
    pub(super) async fn probe_next_callback(&self, attempt: &Attempt) -> Kept<()> {
        let rule = NotificationFaultRule {
            notification: Some(NotificationKind::Payment),
            out_trade_no: Some(attempt.payment_no.clone()),
            times: Some(1),
            fault: NotificationFault::SignatureProbe,
        };
        self.channel.add_notification_fault(&rule).await
    }

    /// The next prepay request meets this fault.
    pub(super) async fn fail_next_prepay(&self, fault: Fault) -> Kept<()> {
        let rule =
            FaultRule { operation: Some(Operation::Prepay), out_trade_no: None, times: Some(1), fault };
        self.channel.add_fault(&rule).await
    }

    /// A notification arrives that is no proof; gives the HTTP status of the answer.
    pub(super) async fn forge(
        &self,
        attempt: &Attempt,
        actor: Actor,
        forgery: &Forgery,
        what: &str,
    ) -> Kept<u16> {
        let watch = Stopwatch::start();
        let result = self.channel.forge(&attempt.payment_no, forgery).await?;
        let status = status(&result)?;
        self.told(watch, actor, what, &format!("HTTP {status}"));
        Ok(status)
    }

    /// How often WeChat answered prepay for this payment, by its own books.
    pub(super) async fn prepays(&self, attempt: &Attempt) -> Kept<usize> {
        let watch = Stopwatch::start();
        let order = self.channel.order(&attempt.payment_no).await?;
        let seen = format!("{}, accepted {} time(s)", yuan(order.total), order.prepays);
        self.told(watch, Actor::Channel, "has the payment in its own books", &seen);
        Ok(order.prepays)
    }

    /// The shop lets the service ask WeChat.
    pub(super) async fn sync(&self, attempt: &Attempt) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.shop.sync(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "SyncPayment: the service asks WeChat now", word(payment.state()));
        Ok(payment.state())
    }

    /// The app says "paid".
    pub(super) async fn confirm_paid(&self, attempt: &Attempt) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.shop.confirm_paid(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "ConfirmPayment: the app says it is paid", word(payment.state()));
        Ok(payment.state())
    }

    /// The shop closes the payment.
    pub(super) async fn close(&self, attempt: &Attempt) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.shop.close(&attempt.payment_no).await?;
        self.told(
            watch,
            Actor::Shop,
            "ClosePayment: closed at WeChat, which proves it",
            word(payment.state()),
        );
        Ok(payment.state())
    }

    /// Reads payment, orders and records, and holds them against each other whatever the story is.
    pub(super) async fn outcome(&self, attempt: &Attempt) -> Kept<Outcome> {
        let watch = Stopwatch::start();
        let payment = self.shop.payment(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "GetPayment", &payment_line(&payment));
        let mut orders = Vec::new();
        for order_no in &attempt.orders {
            let watch = Stopwatch::start();
            let order = self.shop.order(order_no).await?;
            self.told(watch, Actor::Shop, &format!("GetOrder {order_no}"), &order_line(&order));
            agree(&payment, &order)?;
            orders.push(order);
        }
        let watch = Stopwatch::start();
        let trail = self.books.trail(&attempt.payment_no).await?;
        self.told(watch, Actor::Records, "way of the payment; what callers are told", &trail_line(&trail));
        Ok(Outcome { payment, orders, trail })
    }

    /// Checks every invariant, and our records and every order against the channel's own books; gives the money taken and
    /// not given back, in fen.
    pub(super) async fn audit(&self) -> Kept<i64> {
        let watch = Stopwatch::start();
        let channel = self.channel.ledger().await?;
        let audit = self.books.audit(&channel, self.channel.mchid()).await?;
        let seen = format!("{} hold on {} payments", invariant::ALL.len(), audit.payments);
        self.told(watch, Actor::Records, "every invariant, on everything that is recorded", &seen);
        let seen = format!("{} for {} payments", yuan(audit.taken), audit.succeeded);
        self.told(watch, Actor::Channel, "took less what it gave back, by its own books and by ours", &seen);
        let watch = Stopwatch::start();
        let mut paid = 0;
        for order_no in &self.orders {
            paid += kept(&self.shop.order(order_no).await?);
        }
        let action = format!("GetOrder of all {} orders", self.orders.len());
        self.told(watch, Actor::Shop, &action, &format!("{} paid and not given back", yuan(paid)));
        expect("money that the orders say was paid and not given back, in fen", &audit.taken, &paid)?;
        Ok(paid)
    }

    fn told(&self, watch: Stopwatch, actor: Actor, action: &str, seen: &str) {
        self.report.step(watch.elapsed(), actor, action, seen);
    }
}

/// What an order says was paid for it and did not go back, in fen. A duplicate came and went back beside it.
fn kept(order: &Order) -> i64 {
    let arrived = order.refunds.iter().filter(|refund| {
        refund.payment_no == order.effective_payment_no && refund.state() == RefundState::Succeeded
    });
    let parts = arrived.flat_map(|refund| &refund.parts).filter(|part| part.order_no == order.order_no);
    let back: i64 = parts.filter_map(|part| part.amount.as_ref()).map(|amount| amount.minor_units).sum();
    order.paid_amount.as_ref().map_or(0, |amount| amount.minor_units) - back
}

/// The payment's allocation for the order and the order itself must say the same.
fn agree(payment: &Payment, order: &Order) -> Kept<()> {
    let number = &order.order_no;
    let allocation = payment.allocations.iter().find(|allocation| allocation.order_no == *number);
    let allocation = allocation.ok_or_else(|| Broken::new(format!("no allocation for {number}")))?;
    let promised = match payment.state() {
        // Money for an order that another payment had paid.
        PaymentState::Succeeded if order.effective_payment_no != payment.payment_no => {
            AllocationState::Duplicate
        }
        PaymentState::Succeeded => AllocationState::Effective,
        PaymentState::Closed | PaymentState::Failed => AllocationState::Released,
        PaymentState::Unspecified
        | PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported => AllocationState::Pending,
    };
    expect(&format!("allocation of {number}"), &promised, &allocation.state())?;
    if payment.state() != PaymentState::Succeeded {
        return expect(
            &format!("{number} paid by this payment"),
            &false,
            &(order.effective_payment_no == payment.payment_no),
        );
    }
    expect(&format!("state of {number}"), &OrderState::Paid, &order.state())?;
    if promised == AllocationState::Duplicate {
        return Ok(());
    }
    expect(&format!("what was paid for {number}"), &allocation.amount, &order.paid_amount)
}

/// The HTTP status of an answer to a notification.
fn status(result: &AttemptResult) -> Kept<u16> {
    match result {
        AttemptResult::Answered { status, .. } => Ok(*status),
        AttemptResult::TimedOut => Err(Broken::new("a notification was not answered within 5 seconds")),
        AttemptResult::Unreachable { reason } => Err(Broken::new(format!("no way to the service: {reason}"))),
    }
}
