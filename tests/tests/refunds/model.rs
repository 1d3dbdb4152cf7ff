//! Random histories: whatever callers, payers, accidents and crashes do, in the end the channel's books and ours agree,
//! and the money that stays is what the orders say.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use payment_proto::v1::{ClientResult, ClosePaymentRequest, ConfirmPaymentRequest, EarlierAttemptPolicy};
use payment_sandbox::wechat::{
    Balance, Execution, Fault, FaultRule, Landing, LedgerOrder, NotificationFault, NotificationFaultRule,
    Operation, PayOptions, RefundStatus,
};
use payment_server::{app::App, jobs::Job};
use payment_tests::{app::TestApp, requests::app_payment_of};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tonic::{Code, Status};

use super::scene::{ask, finish, refund_all, refund_split};

const FIRST_SEED: u64 = 1;
/// How long new histories begin; `PAYMENT_MODEL_SECONDS` makes it longer than the tests of every day have time for.
const USUAL_SECONDS: u64 = 12;
const STEPS: usize = 24;

const PATIENCE: Duration = Duration::from_secs(180);

const DUPLICATES: &str = "SELECT count(*) FROM refund WHERE origin = 'DUPLICATE'";
const SUCCESSORS: &str = "SELECT count(*) FROM refund WHERE successors > 0";

async fn reached(app: &TestApp) -> bool {
    app.number(DUPLICATES).await > 0 && app.number(SUCCESSORS).await > 0
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn time() -> Duration {
    let seconds = std::env::var("PAYMENT_MODEL_SECONDS").map(|text| text.parse().expect("whole seconds"));
    Duration::from_secs(seconds.unwrap_or(USUAL_SECONDS))
}

/// One history over orders of its own.
struct History<'a> {
    app: &'a TestApp,
    replicas: &'a [Arc<App>],
    seed: u64,
    dice: StdRng,
}

impl History<'_> {
    fn name(&self, order: u32) -> String {
        format!("{}-{order}", self.seed)
    }

    /// This history's payments at the channel.
    fn at_channel(&self) -> Vec<LedgerOrder> {
        let prefix = format!("history {} ", self.seed);
        let orders = self.app.wechat().ledger().orders.into_iter();
        orders.filter(|order| order.description.starts_with(&prefix)).collect()
    }

    /// Mostly one that `likely` names, else any: callers and payers are wrong at times.
    fn some_payment(&mut self, likely: impl Fn(&LedgerOrder) -> bool) -> Option<String> {
        let mut orders = self.at_channel();
        if self.dice.random_range(0..5) > 0 && orders.iter().any(&likely) {
            orders.retain(likely);
        }
        orders.choose(&mut self.dice).map(|order| order.out_trade_no.clone())
    }

    /// Nothing a caller is told may be our own failure.
    fn told(&self, outcome: Result<(), Status>) {
        if let Err(status) = outcome {
            assert!(
                !matches!(status.code(), Code::Internal | Code::Unknown),
                "seed {}: {status:?}",
                self.seed
            );
        }
    }

    fn accident(&mut self, operation: Operation) {
        let done = if self.dice.random() { Execution::Done } else { Execution::Skipped };
        let fault = match self.dice.random_range(0..8) {
            0 => Fault::ConnectionDropped { execution: done },
            1 => Fault::SystemError { execution: done },
            2 => Fault::AlteredBody,
            3 => Fault::BadGateway,
            _ => return,
        };
        let times = Some(self.dice.random_range(1..=3));
        self.app.wechat().add_fault(FaultRule {
            operation: Some(operation),
            out_trade_no: None,
            times,
            fault,
        });
    }

    async fn create(&mut self, step: usize) {
        // Seldom: whoever repeats a create without an answer waits two real seconds for it.
        if self.dice.random_range(0..8) == 0 {
            self.accident(Operation::Prepay);
        }
        let first = self.dice.random_range(1..=3_u32);
        let last = self.dice.random_range(first..=3);
        let names: Vec<(String, i64)> =
            (first..=last).map(|order| (self.name(order), 10 * i64::from(order))).collect();
        let basket: Vec<(&str, i64)> = names.iter().map(|(name, fen)| (name.as_str(), *fen)).collect();
        let mut request = app_payment_of(&format!("{}-{step}", self.seed), &basket);
        request.description = format!("history {} step {step}", self.seed);
        if self.dice.random() {
            request.earlier_attempt_policy = EarlierAttemptPolicy::Proceed.into();
            self.accident(Operation::QueryByOutTradeNo);
            self.accident(Operation::Close);
        }
        self.told(self.app.payments().create_payment(request).await.map(drop));
    }

    /// The payer pays, and the notification comes, comes often, comes late, or never.
    fn pay(&mut self) {
        let Some(payment_no) = self.some_payment(|order| order.taken == 0) else { return };
        let late = self.dice.random_range(0..3) == 0;
        let fault = match self.dice.random_range(0..4) {
            // Money that lands after a proven close is told of by its notification or by a bill, by nothing else.
            0 if !late => Some(NotificationFault::Suppressed),
            1 => Some(NotificationFault::Duplicated { copies: 4 }),
            2 => Some(NotificationFault::Delayed { seconds: self.dice.random_range(1..4000) }),
            _ => None,
        };
        if let Some(fault) = fault {
            let out_trade_no = Some(payment_no.clone());
            let rule = NotificationFaultRule { notification: None, out_trade_no, times: Some(1), fault };
            self.app.wechat().add_notification_fault(rule);
        }
        let landing = if late { Landing::Late } else { Landing::InTime };
        let options = PayOptions { landing, ..PayOptions::default() };
        // It may be paid or closed: then the payer is told so, and what was ordered for its notification must hit no other.
        if self.app.wechat().pay(self.app.mchid(), &payment_no, &options).is_err() {
            self.app.wechat().clear_faults();
        }
    }

    async fn confirm(&mut self) {
        let Some(payment_no) = self.some_payment(|_| true) else { return };
        let result =
            [ClientResult::Paid, ClientResult::Cancelled, ClientResult::Unclear].choose(&mut self.dice);
        self.accident(Operation::QueryByOutTradeNo);
        let request =
            ConfirmPaymentRequest { payment_no, result: (*result.unwrap()).into(), sdk_result: Vec::new() };
        self.told(self.app.payments().confirm_payment(request).await.map(drop));
    }

    async fn close(&mut self) {
        let Some(payment_no) = self.some_payment(|order| order.taken == 0) else { return };
        self.accident(Operation::Close);
        self.told(self.app.payments().close_payment(ClosePaymentRequest { payment_no }).await.map(drop));
    }

    async fn refund(&mut self, step: usize) {
        let Some(payment_no) = self.some_payment(|order| order.taken > 0) else { return };
        self.accident(Operation::CreateRefund);
        self.accident(Operation::QueryRefund);
        let refund_no = format!("R-{}-{step}", self.seed);
        let order = self.dice.random_range(1..=3);
        let order = self.name(order);
        let request = if self.dice.random() {
            refund_all(&refund_no, &payment_no)
        } else {
            refund_split(&refund_no, &payment_no, &[(&order, self.dice.random_range(1..=15))])
        };
        self.told(ask(self.app, request.clone()).await.map(drop));
        self.told(ask(self.app, request).await.map(drop));
    }

    fn settle(&mut self) {
        let mut refunds: Vec<_> = self.at_channel().into_iter().flat_map(|order| order.refunds).collect();
        refunds.retain(|refund| refund.status == RefundStatus::Processing);
        let Some(refund) = refunds.choose(&mut self.dice) else { return };
        let dead = self.dice.random_range(0..4) == 0;
        let status = if dead { RefundStatus::Closed } else { RefundStatus::Success };
        self.app.wechat().settle_refund(self.app.mchid(), &refund.out_refund_no, status).unwrap();
    }

    /// A look by any replica; one that dies in it leaves its leases behind.
    async fn look(&mut self, job: Job) {
        let replica = self.replicas.choose(&mut self.dice).unwrap();
        let report = replica.run_job(job, self.app.job_settings()).await.unwrap();
        assert_eq!(report.failed, 0, "seed {}: {job:?} {report:?}", self.seed);
    }

    async fn step(&mut self, step: usize) {
        // A history begins with something to fight over.
        let chance = if step == 0 { 0 } else { self.dice.random_range(0..15) };
        match chance {
            0..=2 => self.create(step).await,
            3..=5 => self.pay(),
            6 => self.confirm().await,
            7 => self.close().await,
            8 | 9 => self.refund(step).await,
            10 | 11 => self.settle(),
            12 => {
                let seconds = self.dice.random_range(1..1200);
                self.app.advance(Duration::from_secs(seconds)).await;
            }
            13 => {
                let job = *Job::ALL.choose(&mut self.dice).unwrap();
                self.look(job).await;
            }
            _ => {
                let (now, lease) = (self.app.clock().now(), self.app.job_settings().lease);
                self.app.store.refunds_claim_due(now, lease, 3).await.unwrap();
            }
        }
    }

    /// Accidents end, and the schedulers look until nothing is open.
    async fn until_quiet(&mut self) {
        self.app.wechat().clear_faults();
        // The latest notification is on its way for 4000 seconds.
        self.app.advance(Duration::from_secs(4000)).await;
        let open = "SELECT (SELECT count(*) FROM payment WHERE next_check_time IS NOT NULL AND end_time IS NULL) + \
                    (SELECT count(*) FROM refund WHERE next_check_time IS NOT NULL)";
        for _ in 0..40 {
            self.app.wechat().settled().await;
            if self.app.number(open).await == 0 {
                return;
            }
            for job in Job::ALL {
                self.look(job).await;
            }
            for refund in self.at_channel().into_iter().flat_map(|order| order.refunds) {
                let _ = self.app.wechat().settle_refund(
                    self.app.mchid(),
                    &refund.out_refund_no,
                    RefundStatus::Success,
                );
            }
            self.app.advance(Duration::from_secs(20 * 60)).await;
        }
        let open = "SELECT payment_no || ' ' || state || ' ' || checks FROM payment WHERE next_check_time IS NOT NULL AND end_time IS NULL UNION ALL \
                    SELECT refund_no || ' ' || state || ' ' || coalesce(attention, '') FROM refund WHERE next_check_time IS NOT NULL";
        panic!("seed {}: never quiet: {:#?}", self.seed, self.app.texts(open).await);
    }

    /// What the channel took and did not give back is what the orders were effectively paid, less what was refunded.
    async fn books_agree(&self) {
        let books = self.at_channel();
        let kept: i64 = books.iter().map(|order| order.taken - order.given_back).sum();
        let said = format!(
            "SELECT coalesce(sum(amount - refund_reserved), 0)::bigint FROM allocation WHERE state = 'EFFECTIVE' \
             AND order_no LIKE '{}-%'",
            self.seed
        );
        let said = self.app.number(&said).await;
        assert_eq!(kept, said, "seed {}: {books:#?}", self.seed);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "as many histories as fit the time")]
async fn random_histories_end_with_the_channels_books_and_ours_agreeing() {
    let app = TestApp::start().await;
    app.wechat().set_balance(app.mchid(), Balance { available: 1_000_000, unsettled: 0 }).unwrap();
    let replicas = futures::future::join_all((0..2).map(|_| app.app())).await;
    let start = Instant::now();
    let mut histories = 0;
    let time = time();
    // However short the time: the dice must reach what is to be shown.
    while start.elapsed() < time || (!reached(&app).await && start.elapsed() < PATIENCE) {
        let seed = FIRST_SEED + histories;
        let dice = StdRng::seed_from_u64(seed);
        let mut history = History { app: &app, replicas: &replicas, seed, dice };
        for step in 0..STEPS {
            history.step(step).await;
        }
        history.until_quiet().await;
        history.books_agree().await;
        histories += 1;
        if histories % 10 == 0 {
            let breaches = payment_core::invariant::check(&app.store.ledger().await.unwrap());
            assert!(breaches.is_empty(), "at the latest by seed {seed}: {breaches:#?}");
        }
    }
    let duplicates = app.number(DUPLICATES).await;
    let successors = app.number(SUCCESSORS).await;
    let refunds = app.number("SELECT count(*) FROM refund").await;
    println!(
        "{histories} histories: {refunds} refunds, {duplicates} of duplicates, {successors} with a successor number"
    );
    assert!(duplicates > 0 && successors > 0, "the dice did not reach what is to be shown");
    finish(app).await;
}
