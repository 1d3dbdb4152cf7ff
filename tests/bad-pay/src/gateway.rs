//! A Bad Pay account as a gateway: the verbs, each a few lines of glue.

use std::collections::BTreeMap;

use payment_core::{
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, Capabilities, CaptureRequest,
        ClientResultHint, CloseCapability, CloseRequest, Closed, CompletionCapability, CreateCapability,
        CreateRequest, Created, Finding, Gateway, GatewayError, HoldCapability, HoldRequest, PaidFinding,
        PaymentAnswer, PaymentData, ProductCapability, QueryRequest, RawCallback, RefundAnswer,
        RefundCapability, RefundFinding, RefundQueryRequest, RefundRequest, RefundStatus, ReleaseRequest,
        RepeatedCreate, TransactionReference, VerifiedEvent,
    },
    identifiers::{
        ChannelName, ChannelRefundNo, ChannelTransactionNo, IdentifierError, KeySerial, Payee, PaymentNo,
        Product, RefundNo,
    },
    money::{Currency, Money, MoneyError},
    payment::ChannelHandle,
    ports::Ports,
    schedule::{LateLooks, Schedule, Schedules},
    violation::Violation,
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    CHANNEL, call,
    config::Config,
    exchange::{Answer, Exchange, Proven},
    options,
    protocol::{Excuse, PaymentWords, RefundWords, Ticket},
};

/// The ways of paying, one for each form that payment data can take.
const WAYS: [&str; 4] = ["app", "phone", "code", "page"];

/// Bad Pay never calls back, so it is asked more often than others, and its lies are over after two hours.
const SCHEDULES: Schedules = Schedules {
    payment: Schedule::new(&[3, 6, 12, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 60, 120]),
    close: Schedule::new(&[5, 20, 60, 240]),
    refund: Schedule::new(&[8, 40, 200, 1000, 3600]),
    late: LateLooks::new(&[300, 7200]),
    ..Schedules::USUAL
};

/// One shop at Bad Pay.
pub(crate) struct BadPayGateway {
    exchange: Exchange,
    capabilities: Capabilities,
    payee: Payee,
}

impl std::fmt::Debug for BadPayGateway {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "BadPayGateway({})", self.payee)
    }
}

impl BadPayGateway {
    pub(crate) fn open(settings: &Map<String, Value>, ports: &Ports) -> Result<Self, Vec<Violation>> {
        let config = Config::read(settings)?;
        let unnamed = |error: IdentifierError| vec![Violation::new("shop", error.to_string())];
        let key_name = KeySerial::parse(format!("shop-key:{}", config.shop)).map_err(unnamed)?;
        let payee = Payee::parse(config.shop.as_str()).map_err(unnamed)?;
        let capabilities = capabilities().map_err(unnamed)?;
        Ok(Self { exchange: Exchange { config, key_name, ports: ports.clone() }, capabilities, payee })
    }

    /// Everything about a create but its time to pay, which shrinks until a repeat. Gives the greeting.
    fn checked(&self, request: &CreateRequest) -> Result<Option<String>, Vec<Violation>> {
        let checks = [
            (
                self.capabilities.product(&request.product).is_some(),
                "channel_options.product",
                "must be one of Bad Pay's ways",
            ),
            (request.amount.currency() == Currency::CNY, "orders", "must be in CNY"),
            (request.amount.minor_units() >= 1, "orders", "must add up to at least 1 fen"),
        ];
        let wrong = checks.into_iter().filter(|(fine, ..)| !fine);
        let mut violations: Vec<_> =
            wrong.map(|(_, field, description)| Violation::new(field, description)).collect();
        match options::greeting(&request.options) {
            Ok(greeting) if violations.is_empty() => Ok(greeting),
            Ok(_) => Err(violations),
            Err(wrong_options) => {
                violations.extend(wrong_options);
                Err(violations)
            }
        }
    }

    async fn refund_answer(
        &self,
        answer: Answer,
        refund_no: &RefundNo,
        payment_no: &PaymentNo,
    ) -> Result<RefundAnswer, GatewayError> {
        let proven = answer.done()?;
        let words: RefundWords = proven.read()?;
        require(words.refund == refund_no.as_str() && words.number == payment_no.as_str())?;
        let finding = RefundFinding {
            refund_no: refund_no.clone(),
            payment_no: payment_no.clone(),
            channel_refund_no: Some(ChannelRefundNo::parse(words.receipt).map_err(unreadable)?),
            amount: Some(money(words.minor_units, &words.currency).map_err(unreadable)?),
            status: match words.state.as_str() {
                "done" => RefundStatus::Succeeded,
                "dead" => RefundStatus::Dead,
                _ => RefundStatus::Processing,
            },
            refunded_time: instant(words.done_at),
        };
        Ok(RefundAnswer { finding, evidence: proven.into_evidence() })
    }
}

#[async_trait::async_trait]
impl Gateway for BadPayGateway {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn payee(&self, _: &Product) -> Payee {
        self.payee.clone()
    }

    fn check_create(&self, request: &CreateRequest) -> Vec<Violation> {
        let mut violations = self.checked(request).err().unwrap_or_default();
        let time_to_pay = request.expire_time - self.exchange.ports.clock.now();
        if !self.capabilities.time_to_pay.contains(&time_to_pay) {
            violations.push(Violation::new("time_to_pay", "must be 1 minute to 7 days"));
        }
        violations
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError> {
        let greeting =
            self.checked(request).map_err(|violations| GatewayError::NotSent(format!("{violations:?}")))?;
        let proven = self.exchange.call(call::create(request, greeting)?).await?.done()?;
        let ticket: Ticket = proven.read()?;
        require(ticket.number == request.payment_no.as_str())?;
        let handle = ChannelHandle { value: ticket.ticket, expire_time: request.expire_time };
        Ok(Created { handle, evidence: Some(proven.into_evidence()), finding: None })
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        let ticket = handle.value.clone();
        match product.as_str() {
            "app" => {
                let shop = self.exchange.config.shop.clone();
                let parameters = BTreeMap::from([("shop".to_owned(), shop), ("ticket".to_owned(), ticket)]);
                Ok(PaymentData::SdkParameters(parameters))
            }
            "phone" => Ok(PaymentData::SdkText(ticket)),
            "code" => Ok(PaymentData::QrCode(format!("badpay://{ticket}"))),
            "page" => Ok(PaymentData::RedirectUrl(format!("{}page/{ticket}", self.exchange.config.base_url))),
            other => Err(GatewayError::NotSent(format!("Bad Pay has no way of paying named {other}"))),
        }
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        let number = match &request.reference {
            TransactionReference::PaymentNo(number) => number.as_str(),
            TransactionReference::ChannelTransactionNo(number) => number.as_str(),
        };
        match self.exchange.call(call::query(number)).await? {
            Answer::Refused(Excuse::NeverHeardOfIt, proven) => {
                Ok(PaymentAnswer { finding: Finding::NotFound, evidence: proven.into_evidence() })
            }
            answer @ (Answer::Done(_) | Answer::Refused(..)) => {
                let proven = answer.done()?;
                let words: PaymentWords = proven.read()?;
                require(words.number == number || words.transaction.as_deref() == Some(number))?;
                Ok(PaymentAnswer { finding: finding(words)?, evidence: proven.into_evidence() })
            }
        }
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent("Bad Pay holds no money".to_owned()))
    }

    /// Never called: [`CompletionCapability::ByPayer`] is declared.
    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent("Bad Pay has no capture: the payer's consent moves the money".to_owned()))
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        Err(GatewayError::NotSent("Bad Pay holds no money".to_owned()))
    }

    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError> {
        let proven = self.exchange.call(call::close(request.payment_no.as_str())).await?.done()?;
        let words: PaymentWords = proven.read()?;
        require(words.number == request.payment_no.as_str() && words.state == "closed")?;
        Ok(Closed { evidence: proven.into_evidence() })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        let answer = self.exchange.call(call::refund(request)?).await?;
        self.refund_answer(answer, &request.refund_no, &request.payment_no).await
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        match self.exchange.call(call::query_refund(request.refund_no.as_str())).await? {
            Answer::Refused(Excuse::NeverHeardOfIt, proven) => Ok(refund_not_found(request, proven)),
            answer @ (Answer::Done(_) | Answer::Refused(..)) => {
                self.refund_answer(answer, &request.refund_no, &request.payment_no).await
            }
        }
    }

    /// Bad Pay's app returns the words `paid`, `gave up` or anything else, unsigned.
    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        match std::str::from_utf8(report) {
            Ok("paid") => Ok(ClientResultHint::Paid),
            Ok("gave up") => Ok(ClientResultHint::Cancelled),
            Ok(_) => Ok(ClientResultHint::Unclear),
            Err(_) => Err(vec![Violation::new("sdk_result", "must be the text that Bad Pay's app returned")]),
        }
    }

    /// Bad Pay never calls back, so whatever arrives is somebody else's.
    async fn verify_callback(
        &self,
        _: &RawCallback,
        _: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        let description = "Bad Pay sends no notifications";
        Err(CallbackRejected::new(CallbackRejection::SignatureInvalid, description))
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        let status = match outcome {
            CallbackOutcome::Recorded => 200,
            CallbackOutcome::Rejected(_) => 404,
            CallbackOutcome::NotRecorded => 503,
        };
        CallbackReply { status, content_type: None, body: Vec::new() }
    }
}

fn capabilities() -> Result<Capabilities, IdentifierError> {
    let product = |way: &str| {
        Ok(ProductCapability { product: Product::parse(way)?, create: CreateCapability::CallsChannel })
    };
    Ok(Capabilities {
        channel: ChannelName::parse(CHANNEL)?,
        products: WAYS.into_iter().map(product).collect::<Result<_, IdentifierError>>()?,
        currencies: vec![Currency::CNY],
        time_to_pay: Duration::minutes(1)..=Duration::days(7),
        repeated_create: RepeatedCreate::Safe,
        completion: CompletionCapability::ByPayer,
        hold: HoldCapability::Never,
        close: CloseCapability::AtChannel,
        refund: RefundCapability { parts: 10, window: Duration::days(90), apart: None },
        schedules: SCHEDULES,
    })
}

/// The figures of a success are told as they are: the core compares them (R8). "unpaid" ends nothing, and neither does a
/// word that Bad Pay thinks of tomorrow.
fn finding(words: PaymentWords) -> Result<Finding, GatewayError> {
    match words.state.as_str() {
        "paid" => Ok(Finding::Paid(PaidFinding {
            transaction_no: ChannelTransactionNo::parse(words.transaction.unwrap_or_default())
                .map_err(unreadable)?,
            amount: money(words.minor_units, &words.currency).map_err(unreadable)?,
            payee: Payee::parse(words.shop).map_err(unreadable)?,
            paid_time: instant(words.paid_at),
        })),
        "closed" => Ok(Finding::Closed),
        _ => Ok(Finding::AwaitingPayer),
    }
}

fn refund_not_found(request: &RefundQueryRequest, proven: Proven) -> RefundAnswer {
    let finding = RefundFinding {
        refund_no: request.refund_no.clone(),
        payment_no: request.payment_no.clone(),
        channel_refund_no: None,
        amount: None,
        status: RefundStatus::NotFound,
        refunded_time: None,
    };
    RefundAnswer { finding, evidence: proven.into_evidence() }
}

fn money(minor_units: i64, currency: &str) -> Result<Money, MoneyError> {
    Ok(Money::new(Currency::parse(currency)?, minor_units))
}

fn instant(seconds: Option<i64>) -> Option<OffsetDateTime> {
    seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
}

/// An answer about something else than was asked is no answer.
fn require(asked: bool) -> Result<(), GatewayError> {
    if asked { Ok(()) } else { Err(GatewayError::Unknown("the answer is about something else".to_owned())) }
}

fn unreadable(error: impl std::fmt::Display) -> GatewayError {
    GatewayError::Unknown(format!("unreadable answer: {error}"))
}
