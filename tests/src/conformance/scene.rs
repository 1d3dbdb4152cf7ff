//! What the cases stand on: a channel, our account at it over the server's own HTTP, and what they do over and over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use payment_core::{
    gateway::{
        AccountSettings, CaptureRequest, CloseRequest, CompletionCapability, CreateCapability, CreateRequest,
        Finding, Gateway, GatewayError, PaidFinding, PaymentAnswer, QueryRequest, RawCallback, RefundAnswer,
        RefundQueryRequest, RefundRequest, RefundStatus, TransactionReference,
    },
    identifiers::{ChannelAccountId, PaymentNo, Product, RefundNo},
    money::{Currency, Money},
    ports::{Http, HttpError, HttpRequest, HttpResponse, Ports},
};
use payment_sandbox::clock::SimulatorClock;
use payment_server::{
    config::ChannelHttp,
    ports::{ReqwestHttp, SystemRandomness},
};
use time::OffsetDateTime;

use super::{
    channel::{Attempt, ChannelUnderTest, Habits, Whose},
    receiver::Receiver,
};
use crate::app::{START, SharedClock};

/// What a payment of the cases costs, in minor units.
pub(super) const AMOUNT: i64 = 1990;

/// How long its payer may pay.
const TIME_TO_PAY: time::Duration = time::Duration::minutes(30);

/// The server's HTTP with a count of what was sent.
struct CountedHttp {
    inner: ReqwestHttp,
    sent: AtomicU64,
}

#[async_trait::async_trait]
impl Http for CountedHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.send(request).await
    }
}

/// A channel and our account at it.
pub(super) struct Scene<T> {
    pub(super) channel: T,
    pub(super) gateway: Arc<dyn Gateway>,
    receiver: Receiver,
    clock: SimulatorClock,
    http: Arc<CountedHttp>,
    numbers: AtomicU8,
}

impl<T: ChannelUnderTest> Scene<T> {
    pub(super) async fn set() -> Self {
        let clock = SimulatorClock::manual(START);
        let receiver = Receiver::start().await;
        let channel = T::start(&clock, &receiver.url).await;
        let config =
            ChannelHttp { connect_timeout: Duration::from_secs(5), response_limit: 1024 * 1024, proxy: None };
        let inner = ReqwestHttp::new(&config).unwrap();
        let http = Arc::new(CountedHttp { inner, sent: AtomicU64::new(0) });
        let gateway = open(&channel, &clock, &http, Whose::Ours).await.unwrap();
        receiver.answer_for(Arc::clone(&gateway));
        Self { channel, gateway, receiver, clock, http, numbers: AtomicU8::new(0) }
    }

    pub(super) fn habits(&self) -> Habits {
        T::habits()
    }

    /// Another account at the same channel, if there is such a one.
    pub(super) async fn account(&self, whose: Whose) -> Option<Arc<dyn Gateway>> {
        open(&self.channel, &self.clock, &self.http, whose).await
    }

    /// Calls that any account made so far.
    pub(super) fn calls(&self) -> u64 {
        self.http.sent.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    fn number(&self) -> u8 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn money(&self, minor_units: i64) -> Money {
        Money::new(Currency::parse(self.habits().currency).unwrap(), minor_units)
    }

    /// A payment that nobody has announced yet.
    pub(super) fn request(&self, product: &str) -> CreateRequest {
        CreateRequest {
            payment_no: PaymentNo::generate(self.now(), 0, [self.number(); 9]),
            product: Product::parse(product).unwrap(),
            amount: self.money(AMOUNT),
            description: "two books".to_owned(),
            expire_time: self.now() + TIME_TO_PAY,
            notify_url: self.receiver.url.parse().unwrap(),
            options: self.channel.options(product),
            payer_ip: Some(std::net::IpAddr::from([203, 0, 113, 7])),
        }
    }

    /// Announces a payment by our account, and hands it out.
    pub(super) async fn announce(&self, request: CreateRequest) -> Attempt {
        let gateway = Arc::clone(&self.gateway);
        announce_by(gateway.as_ref(), Whose::Ours, request).await
    }

    /// A payment by the main product whose payer has turned up.
    pub(super) async fn open(&self) -> Attempt {
        let attempt = self.announce(self.request(self.habits().main_product)).await;
        self.channel.appear(&attempt).await;
        attempt
    }

    /// The payer pays, and we take the money where that is ours to do.
    pub(super) async fn pay(&self, attempt: &Attempt) -> PaidFinding {
        self.channel.consent(attempt).await.unwrap();
        if self.completion() == CompletionCapability::ByCapture {
            self.gateway.capture(&capture_request(attempt)).await.unwrap();
        }
        self.channel.settled().await;
        self.paid(attempt).await
    }

    /// A payment by the main product that was paid.
    pub(super) async fn paid_attempt(&self) -> (Attempt, PaidFinding) {
        let attempt = self.open().await;
        let paid = self.pay(&attempt).await;
        (attempt, paid)
    }

    /// The proven success of a payment, in our figures.
    pub(super) async fn paid(&self, attempt: &Attempt) -> PaidFinding {
        let finding = self.finding(attempt).await;
        let Finding::Paid(paid) = finding else { panic!("not paid: {finding:?}") };
        assert_eq!(paid.amount, attempt.request.amount);
        assert_eq!(paid.payee, self.gateway.payee(&attempt.request.product));
        paid
    }

    pub(super) fn completion(&self) -> CompletionCapability {
        self.gateway.capabilities().completion
    }

    pub(super) async fn finding(&self, attempt: &Attempt) -> Finding {
        self.query(attempt).await.unwrap().finding
    }

    pub(super) async fn query(&self, attempt: &Attempt) -> Result<PaymentAnswer, GatewayError> {
        self.gateway.query(&query_request(attempt)).await
    }

    pub(super) async fn refund(
        &self,
        attempt: &Attempt,
        paid: &PaidFinding,
        refund_no: &str,
        minor_units: i64,
    ) -> Result<RefundAnswer, GatewayError> {
        self.gateway.refund(&self.refund_request(attempt, Some(paid), refund_no, minor_units)).await
    }

    pub(super) fn refund_request(
        &self,
        attempt: &Attempt,
        paid: Option<&PaidFinding>,
        refund_no: &str,
        minor_units: i64,
    ) -> RefundRequest {
        RefundRequest {
            refund_no: RefundNo::parse(refund_no).unwrap(),
            payment_no: attempt.request.payment_no.clone(),
            channel_transaction_no: paid.map(|paid| paid.transaction_no.clone()),
            amount: self.money(minor_units),
            paid_amount: attempt.request.amount,
            reason: Some("one book less".to_owned()),
            notify_url: attempt.request.notify_url.clone(),
        }
    }

    /// A refund that is accepted, and arrives.
    pub(super) async fn refunded(
        &self,
        attempt: &Attempt,
        paid: &PaidFinding,
        refund_no: &str,
        minor_units: i64,
    ) -> RefundAnswer {
        let accepted = self.refund(attempt, paid, refund_no, minor_units).await.unwrap();
        assert_eq!(accepted.finding.refund_no.as_str(), refund_no);
        if accepted.finding.status == RefundStatus::Processing {
            self.channel.refund_arrives(attempt, refund_no);
        }
        self.channel.settled().await;
        let asked = self.gateway.query_refund(&refund_query(attempt, &accepted)).await.unwrap();
        assert_eq!(asked.finding.status, RefundStatus::Succeeded);
        asked
    }

    /// What arrived since the last look.
    pub(super) async fn arrived(&self) -> Vec<RawCallback> {
        self.channel.settled().await;
        self.receiver.take()
    }

    /// The names of all products, and how creating them works.
    pub(super) fn products(&self) -> BTreeMap<String, CreateCapability> {
        let products = self.gateway.capabilities().products.iter();
        products.map(|capability| (capability.product.to_string(), capability.create)).collect()
    }
}

pub(super) async fn announce_by(gateway: &dyn Gateway, whose: Whose, request: CreateRequest) -> Attempt {
    assert_eq!(gateway.check_create(&request), []);
    let created = gateway.create(&request).await.unwrap();
    let data = gateway.payment_data(&request.product, &created.handle).unwrap();
    Attempt { whose, request, created, data }
}

pub(super) fn query_request(attempt: &Attempt) -> QueryRequest {
    QueryRequest {
        reference: TransactionReference::PaymentNo(attempt.request.payment_no.clone()),
        product: attempt.request.product.clone(),
        handle: Some(attempt.created.handle.clone()),
    }
}

pub(super) fn capture_request(attempt: &Attempt) -> CaptureRequest {
    CaptureRequest {
        payment_no: attempt.request.payment_no.clone(),
        product: attempt.request.product.clone(),
        handle: attempt.created.handle.clone(),
        amount: attempt.request.amount,
        intend_time: attempt.request.expire_time,
    }
}

pub(super) fn close_request(attempt: &Attempt) -> CloseRequest {
    CloseRequest {
        payment_no: attempt.request.payment_no.clone(),
        product: attempt.request.product.clone(),
        handle: Some(attempt.created.handle.clone()),
    }
}

pub(super) fn refund_query(attempt: &Attempt, answer: &RefundAnswer) -> RefundQueryRequest {
    RefundQueryRequest {
        refund_no: answer.finding.refund_no.clone(),
        payment_no: attempt.request.payment_no.clone(),
        channel_refund_no: answer.finding.channel_refund_no.clone(),
    }
}

async fn open<T: ChannelUnderTest>(
    channel: &T,
    clock: &SimulatorClock,
    http: &Arc<CountedHttp>,
    whose: Whose,
) -> Option<Arc<dyn Gateway>> {
    let settings = channel.account(whose)?;
    let settings = AccountSettings { account: ChannelAccountId::parse("conformance").unwrap(), settings };
    let ports = Ports {
        clock: Arc::new(SharedClock(clock.clone())),
        randomness: Arc::new(SystemRandomness),
        http: Arc::clone(http) as Arc<dyn Http>,
    };
    let factory = T::factory();
    assert_eq!(factory.check(&settings), []);
    let opened = factory.open(&settings, &ports).await;
    Some(opened.unwrap_or_else(|violations| panic!("{whose:?}: {violations:?}")))
}
