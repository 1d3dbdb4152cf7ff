//! Plays a history: callers, payers and channels act, then everything is let come to rest, and the outcome is judged.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::{BoxFuture, LocalBoxFuture, join};
use payment_core::{
    identifiers::{ApiKeyId, ChannelAccountId, OrderNo, PaymentNo, Product, RefundNo, RequestId},
    money::{Currency, Money},
    payment::{Payment, create::OrderAmount, state::PaymentState},
    refund::{RefundPart, RefundReason, reserve::Split},
};
use payment_server::{
    app::{
        App,
        command::{
            AccountChoice, Caller, ConfirmPayment, CreatePayment, CreateRefund, CreatedPayment,
            EarlierAttemptPolicy, PaymentChoice,
        },
        error::AppError,
    },
    jobs::Job,
};

use super::{
    channels::{Attempt, Books, Channel, RefundStage},
    judge::{self, Promises},
    post_office::Fate,
    stage::{Stage, UNIT},
    story::{Act, Earlier, Ending, Extent, Landing, Notice, ORDERS, Pick, REPLICAS, Step, Way},
};

/// Between two steps: longer than one task leaves another the time to announce a payment.
const BETWEEN: Duration = Duration::from_secs(3);

/// How long a payer may pay.
const TIME_TO_PAY: time::Duration = time::Duration::minutes(10);

/// Times after which everything is looked at in the end: the first two are longer than any channel waits with its second
/// repeat of a notification and than payers may pay; all of them together are longer than ended payments are looked at.
const ROUNDS: [Duration; 24] = {
    let mut rounds = [Duration::from_secs(24 * 3600); 24];
    rounds[0] = Duration::from_secs(300);
    rounds[1] = Duration::from_secs(700);
    rounds[2] = Duration::from_secs(1200);
    let mut hour = 3;
    while hour < 12 {
        rounds[hour] = Duration::from_secs(4000);
        hour += 1;
    }
    rounds
};

/// What some scheduler will still look at, and what of that is no ended payment.
const DUE: &str = "\
    WITH own AS (SELECT DISTINCT payment_no FROM allocation WHERE order_no LIKE $1) \
    SELECT payment_no || ' ' || state, end_time IS NULL FROM payment JOIN own USING (payment_no) \
    WHERE next_check_time IS NOT NULL \
    UNION ALL SELECT refund_no || ' ' || state || coalesce(' ' || attention, ''), true \
    FROM refund JOIN own USING (payment_no) WHERE next_check_time IS NOT NULL";

/// Whose money is held.
const HELD: &str = "\
    SELECT DISTINCT payment_no FROM payment JOIN allocation USING (payment_no) \
    WHERE order_no LIKE $1 AND payment.state = 'HELD'";

/// What is left of a paid payment.
const LEFT: &str =
    "SELECT amount - refund_reserved FROM payment WHERE payment_no = $1 AND state = 'SUCCEEDED'";

/// How often a channel tells of a refund that somebody made at its website, at most: accidents that await notifications
/// are used up by then.
const MOST_TELLINGS: usize = 20;

/// Ended payments are not looked at during the next history.
const CURTAIN: &str = "UPDATE payment SET next_check_time = NULL WHERE end_time IS NOT NULL";

/// One history over orders of its own.
pub(crate) struct History<'a> {
    stage: &'a Stage,
    name: String,
    caller: Caller,
    known: Mutex<Known>,
}

/// What callers and payers know.
#[derive(Default)]
struct Known {
    requests: Vec<CreatePayment>,
    attempts: Vec<Attempt>,
    refunds_asked: usize,
    /// Payments about which nothing is heard.
    silenced: BTreeSet<String>,
    /// Money may have landed after a close without a word: then late looks have to find it.
    landed_unheard: bool,
    promises: Promises,
    wrong: Vec<String>,
}

/// Plays a story on a stage; gives what is wrong in the end. Boxed, for it is played deep inside of others.
pub(crate) fn play<'a>(stage: &'a Stage, story: &'a [Step]) -> LocalBoxFuture<'a, Vec<String>> {
    Box::pin(async move {
        let history = History::new(stage);
        for step in story {
            stage.pass(BETWEEN).await;
            history.act(step.replica, &step.act).await;
            stage.calm().await;
        }
        history.come_to_rest().await;
        history.judged().await
    })
}

impl<'a> History<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        let caller =
            Caller { merchant_id: stage.merchant.clone(), api_key_id: ApiKeyId::parse("key").unwrap() };
        Self { stage, name: stage.next_name(), caller, known: Mutex::default() }
    }

    pub(crate) fn order(&self, number: u8) -> OrderNo {
        OrderNo::parse(format!("{}-{number}", self.name)).unwrap()
    }

    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    fn orders(&self) -> Vec<OrderNo> {
        (1..=ORDERS).map(|number| self.order(number)).collect()
    }

    fn know<T>(&self, tell: impl FnOnce(&mut Known) -> T) -> T {
        tell(&mut self.known.lock().unwrap())
    }

    /// What was handed out so far.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.know(|known| known.attempts.clone())
    }

    fn attempt(&self, payment: Pick) -> Option<Attempt> {
        self.know(|known| payment.of(&known.attempts).cloned())
    }

    pub(crate) fn act<'b>(&'b self, replica: usize, act: &'b Act) -> BoxFuture<'b, ()> {
        Box::pin(async move {
            match act {
                Act::Create { first, last, way, earlier } => {
                    self.create(replica, *first..=*last, *way, *earlier).await;
                }
                Act::Repeat { request } => {
                    let command = self.know(|known| request.of(&known.requests).cloned());
                    if let Some(command) = command {
                        self.announce(replica, command).await;
                    }
                }
                Act::Pay { payment, landing, notice } => self.pay(*payment, *landing, *notice).await,
                Act::Report { payment, says } => {
                    let Some(payment_no) = self.number(*payment) else { return };
                    let confirm =
                        ConfirmPayment { payment_no, hint: Some((*says).into()), sdk_result: Vec::new() };
                    let caller = self.caller.clone();
                    let told =
                        self.call(replica, async move |app| app.confirm_payment(&caller, confirm).await);
                    self.told(told.await.map(|synced| synced.payment));
                }
                Act::Ask { payment } => {
                    let Some(number) = self.number(*payment) else { return };
                    let caller = self.caller.clone();
                    let told = self.call(replica, async move |app| app.sync_payment(&caller, &number).await);
                    self.told(told.await.map(|synced| synced.payment));
                }
                Act::Close { payment } => {
                    let Some(number) = self.number(*payment) else { return };
                    let caller = self.caller.clone();
                    let told = self.call(replica, async move |app| app.close_payment(&caller, &number).await);
                    self.told(told.await.map(|synced| synced.payment));
                }
                Act::Capture { payment } => self.capture(replica, *payment).await,
                Act::EndPayment { payment, ending } => self.end_payment(*payment, *ending),
                Act::RefundInConsole { payment, amount } => self.refund_in_console(*payment, *amount).await,
                Act::EmptyPurse { payment } => {
                    if let Some(attempt) = self.attempt(*payment) {
                        self.stage.market(attempt.way.channel()).empty_purse(&attempt.payment_no);
                    }
                }
                Act::Refund { payment, extent, held } => self.refund(replica, *payment, *extent, *held).await,
                Act::EndRefund { refund, ending } => self.end_refund(*refund, *ending),
                Act::NotifyAgain { payment, copies } => {
                    let Some(attempt) = self.attempt(*payment) else { return };
                    let market = self.stage.market(attempt.way.channel());
                    market.notify_again(&attempt.payment_no, *copies).await;
                }
                Act::Wait { seconds } => self.stage.pass(Duration::from_secs(*seconds)).await,
                Act::Look { job } => self.look(replica, *job).await,
                Act::Mishap { call, mishap } => {
                    self.stage.replicas.at(replica).await.wire.plan(*call, *mishap);
                }
                Act::Together(one, other) => {
                    join(self.act(replica, one), self.act((replica + 1) % REPLICAS, other)).await;
                }
            }
        })
    }

    pub(crate) fn number(&self, payment: Pick) -> Option<PaymentNo> {
        Some(PaymentNo::parse(self.attempt(payment)?.payment_no).unwrap())
    }

    /// One call of a use case. A refusal is an answer like any other, except one that says that something is broken.
    async fn call<T: Send + 'static, F: Future<Output = Result<T, AppError>> + Send + 'static>(
        &self,
        replica: usize,
        use_case: impl FnOnce(Arc<App>) -> F,
    ) -> Option<T> {
        let replica = self.stage.replicas.at(replica).await;
        let outcome = replica.run(use_case(Arc::clone(&replica.app))).await?;
        match outcome {
            Ok(told) => Some(told),
            Err(error @ (AppError::Internal(_) | AppError::StoreUnavailable(_))) => {
                if !replica.wire.is_dead() {
                    self.know(|known| known.wrong.push(format!("a caller was told: {error:?}")));
                }
                None
            }
            Err(_) => None,
        }
    }

    /// Whoever was told that it is paid may rely on it.
    fn told(&self, payment: Option<Payment>) {
        if let Some(payment) = payment.filter(|payment| payment.state == PaymentState::Succeeded) {
            self.know(|known| known.promises.succeeded.insert(payment.payment_no.to_string()));
        }
    }

    async fn create(&self, replica: usize, orders: std::ops::RangeInclusive<u8>, way: Way, earlier: Earlier) {
        let currency = Currency::parse(way.currency()).unwrap();
        let order = |number: u8| OrderAmount {
            order_no: self.order(number),
            amount: Money::new(currency, UNIT * i64::from(number)),
        };
        let command = |request: usize| CreatePayment {
            request_id: RequestId::parse(format!("{}-{request}", self.name)).unwrap(),
            orders: orders.map(order).collect(),
            account: AccountChoice::Named {
                account: ChannelAccountId::parse(way.channel().account()).unwrap(),
                channel: None,
            },
            product: Product::parse(way.product()).unwrap(),
            options: way.options(),
            description: "two books".to_owned(),
            time_to_pay: Some(TIME_TO_PAY),
            payer_client_ip: Some([203, 0, 113, 7].into()),
            earlier_attempt_policy: Some(match earlier {
                Earlier::Refuse => EarlierAttemptPolicy::Refuse,
                Earlier::Proceed => EarlierAttemptPolicy::Proceed,
            }),
            trace_parent: None,
        };
        let command = self.know(|known| {
            let command = command(known.requests.len());
            known.requests.push(command.clone());
            command
        });
        self.announce(replica, command).await;
    }

    async fn announce(&self, replica: usize, command: CreatePayment) {
        let (caller, options) = (self.caller.clone(), command.options.clone());
        let created =
            self.call(replica, async move |app: Arc<App>| app.create_payment(&caller, command).await);
        let Some(CreatedPayment { payment, payment_data }) = created.await else { return };
        if let Some(data) = payment_data {
            let channel = Channel::named(payment.channel.as_str()).unwrap();
            let way = Way::of(channel, payment.product.as_str(), &options);
            let attempt = Attempt { payment_no: payment.payment_no.to_string(), way, data };
            self.know(|known| {
                known.attempts.retain(|known| known.payment_no != attempt.payment_no);
                known.attempts.push(attempt);
            });
        }
        self.told(Some(payment));
    }

    async fn pay(&self, payment: Pick, landing: Landing, notice: Notice) {
        let Some(attempt) = self.attempt(payment) else { return };
        let market = self.stage.market(attempt.way.channel());
        match notice {
            Notice::Heard => {}
            Notice::Lost => {
                market.silence(&attempt.payment_no);
                self.know(|known| {
                    known.landed_unheard |= landing == Landing::Late;
                    known.silenced.insert(attempt.payment_no.clone());
                });
            }
            Notice::Doubled => self.stage.office.expect([Fate::Doubled]),
            Notice::Late(times) => {
                self.stage.office.expect(std::iter::repeat_n(Fate::Refused, usize::from(times)));
            }
            Notice::Unacknowledged => self.stage.office.expect([Fate::Unacknowledged]),
            Notice::Deadly => self.stage.office.expect([Fate::Deadly]),
        }
        market.pay(&attempt, landing);
        market.settled().await;
    }

    async fn capture(&self, replica: usize, payment: Pick) {
        let attempts = self.attempts();
        let Some(attempt) = payment.of_likely(&attempts, |attempt| attempt.way == Way::PaypalHold) else {
            return;
        };
        let (number, caller) = (PaymentNo::parse(&attempt.payment_no).unwrap(), self.caller.clone());
        let told = self.call(replica, async move |app| app.capture_payment(&caller, &number).await);
        self.told(told.await.map(|synced| synced.payment));
    }

    fn end_payment(&self, payment: Pick, ending: Ending) {
        let attempts = self.attempts();
        let doubtful = |attempt: &Attempt| {
            self.stage.market(attempt.way.channel()).books(&attempt.payment_no).doubtful > 0
        };
        if let Some(attempt) = payment.of_likely(&attempts, doubtful) {
            self.stage.market(attempt.way.channel()).end_payment(&attempt.payment_no, ending);
        }
    }

    /// Of what is left by our records, and the channel is heard about it: otherwise a caller could give the same money back
    /// in between, which no service can prevent.
    async fn refund_in_console(&self, payment: Pick, amount: i64) {
        let Some(attempt) = self.attempt(payment) else { return };
        let number = self.know(|known| {
            known.refunds_asked += 1;
            known.refunds_asked
        });
        let number = format!("K-{}-{number}", self.name);
        let before = self.left_of(&attempt).await;
        let amount = amount.min(before);
        let market = self.stage.market(attempt.way.channel());
        let is_heard = self.know(|known| !known.silenced.contains(&attempt.payment_no));
        if amount < 1 || !is_heard || !market.refund_in_console(&attempt.payment_no, &number, amount) {
            return;
        }
        market.settled().await;
        for _ in 0..MOST_TELLINGS {
            if self.left_of(&attempt).await < before {
                return;
            }
            market.notify_again(&attempt.payment_no, 1).await;
            market.settled().await;
        }
    }

    /// What can still be given back of a payment, by our records: nothing, before it is paid by them.
    async fn left_of(&self, attempt: &Attempt) -> i64 {
        let row = self.stage.observer.query_opt(LEFT, &[&attempt.payment_no]).await.unwrap();
        row.map_or(0, |row| row.get(0))
    }

    async fn refund(&self, replica: usize, payment: Pick, extent: Extent, held: bool) {
        let attempts = self.attempts();
        let paid =
            |attempt: &Attempt| self.stage.market(attempt.way.channel()).books(&attempt.payment_no).taken > 0;
        let Some(attempt) = payment.of_likely(&attempts, paid).cloned() else { return };
        if held {
            self.stage.market(attempt.way.channel()).hold_next_refund();
        }
        let currency = Currency::parse(attempt.way.currency()).unwrap();
        let number = self.know(|known| {
            known.refunds_asked += 1;
            known.refunds_asked
        });
        let split = match extent {
            Extent::Everything => Split::Everything,
            Extent::Part { order, amount } => Split::Parts(vec![RefundPart {
                order_no: self.order(order),
                amount: Money::new(currency, amount),
            }]),
        };
        let command = CreateRefund {
            refund_no: RefundNo::parse(format!("R-{}-{number}", self.name)).unwrap(),
            payment: PaymentChoice::Payment(PaymentNo::parse(attempt.payment_no).unwrap()),
            split,
            reason: RefundReason::Return,
            description: "came back".to_owned(),
        };
        // Callers repeat.
        for _ in 0..2 {
            let (caller, command) = (self.caller.clone(), command.clone());
            let refund =
                self.call(replica, async move |app: Arc<App>| app.create_refund(&caller, command).await);
            if let Some(refund) = refund.await {
                let amount = refund.amount.minor_units();
                self.know(|known| known.promises.refunds.insert(refund.refund_no.to_string(), amount));
            }
        }
    }

    fn under_way(&self) -> Vec<(Channel, String, String)> {
        let attempts = self.attempts();
        let mut refunds = Vec::new();
        for attempt in attempts {
            let channel = attempt.way.channel();
            let booked = self.stage.market(channel).books(&attempt.payment_no).refunds.into_iter();
            let under_way = booked.filter(|refund| refund.stage == RefundStage::UnderWay);
            refunds.extend(under_way.map(|refund| (channel, attempt.payment_no.clone(), refund.number)));
        }
        refunds
    }

    fn end_refund(&self, refund: Pick, ending: Ending) {
        if let Some((channel, payment_no, number)) = refund.of(&self.under_way()) {
            self.stage.market(*channel).end_refund(payment_no, number, ending);
        }
    }

    async fn look(&self, replica: usize, job: Job) {
        let settings = self.stage.replicas.config.jobs.settings;
        let report = self.call(replica, async move |app: Arc<App>| app.run_job(job, settings).await).await;
        if let Some(report) = report.filter(|report| report.failed > 0) {
            self.know(|known| known.wrong.push(format!("{} failed: {report:?}", job.as_str())));
        }
    }

    /// Accidents end, time passes, and the schedulers look until nothing is open.
    async fn come_to_rest(&self) {
        self.stage.heal().await;
        for (round, time) in ROUNDS.into_iter().enumerate() {
            self.stage.pass(time).await;
            if round > 1 && self.due().await.is_empty() {
                self.stage.observer.batch_execute(CURTAIN).await.unwrap();
                return;
            }
            for job in Job::ALL {
                self.look(round % REPLICAS, job).await;
            }
            for (channel, payment_no, number) in self.under_way() {
                self.stage.market(channel).end_refund(&payment_no, &number, Ending::Arrives);
            }
            for attempt in self.attempts() {
                let market = self.stage.market(attempt.way.channel());
                market.end_payment(&attempt.payment_no, Ending::Arrives);
            }
            if round > 1 {
                self.let_go_of_what_is_held(round % REPLICAS).await;
            }
            self.stage.calm().await;
            if self.know(|known| !known.wrong.is_empty()) {
                return;
            }
        }
        let due = self.due().await;
        self.know(|known| known.wrong.push(format!("never at rest: {due:?}")));
    }

    /// Callers do not leave money held for ever.
    async fn let_go_of_what_is_held(&self, replica: usize) {
        let rows = self.stage.observer.query(HELD, &[&format!("{}-%", self.name)]).await.unwrap();
        for row in rows {
            let (number, caller) = (PaymentNo::parse(row.get::<_, String>(0)).unwrap(), self.caller.clone());
            self.call(replica, async move |app| app.close_payment(&caller, &number).await).await;
        }
    }

    /// What some scheduler will still look at; ended payments only if that may find something.
    async fn due(&self) -> Vec<String> {
        let with_ended = self.know(|known| known.landed_unheard);
        let rows = self.stage.observer.query(DUE, &[&format!("{}-%", self.name)]).await.unwrap();
        rows.iter().filter(|row| with_ended || row.get(1)).map(|row| row.get(0)).collect()
    }

    async fn judged(self) -> Vec<String> {
        let orders = self.orders();
        let ledger = self.stage.store.ledger_of_orders(&self.stage.merchant, &orders).await.unwrap();
        let books = |payment: &Payment| -> Books {
            let channel = Channel::named(payment.channel.as_str()).unwrap();
            self.stage.market(channel).books(payment.payment_no.as_str())
        };
        let books = ledger.payments.iter().map(|payment| (payment.payment_no.to_string(), books(payment)));
        let books = books.collect();
        let Known { promises, mut wrong, .. } = self.known.into_inner().unwrap();
        wrong.extend(judge::judge(&ledger, &books, &promises));
        wrong
    }
}
