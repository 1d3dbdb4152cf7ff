//! An Alipay account as a gateway: thin glue between the pure halves and the transport.

use payment_core::{
    gateway::{
        AccountSettings, CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest,
        ClientResultHint, CloseCapability, CloseRequest, Closed, CompletionCapability, CreateRequest,
        Created, Finding, Gateway, GatewayError, HoldCapability, HoldRequest, PaymentAnswer, PaymentData,
        ProductCapability, QueryRequest, RawCallback, Reason, RefundAnswer, RefundCapability,
        RefundQueryRequest, RefundRequest, RefundStatus, ReleaseRequest, RepeatedCreate,
        TransactionReference, VerifiedEvent,
    },
    identifiers::{ChannelName, IdentifierError, Payee, PaymentNo, Product},
    money::Currency,
    payment::ChannelHandle,
    ports::Ports,
    schedule::{Schedule, Schedules},
    violation::Violation,
};
use time::{Duration, OffsetDateTime};

use crate::{
    CHANNEL,
    barcode::{self, AfterRefusal, Refused},
    callback,
    cancel::{self, Cancelled},
    client_result::{self, Expected},
    codes::Meaning,
    config::Config,
    options::{self, Options, sendable},
    product::AlipayProduct,
    request::{self, Call},
    response::{self, Trade},
    transport::{Answer, Transport},
};

/// The shortest and the longest time to pay that Alipay admits.
const SHORTEST: Duration = Duration::minutes(1);
const LONGEST: Duration = Duration::days(15);

/// The dearest order, in fen: a hundred million yuan.
const DEAREST: i64 = 10_000_000_000;

/// How long after the end of a payment Alipay may still make its trade, for the difference of two clocks and for what is
/// on its way.
const AFTER_EXPIRY: Duration = Duration::minutes(2);

/// Alipay wants the refunds of one trade one after the other, with this between them.
const BETWEEN_REFUNDS: Duration = Duration::seconds(3);

/// Where a refund is may be asked 10 seconds after it was sent, not before. A payment that nobody opened can only be proven
/// dead [`AFTER_EXPIRY`], so the second repeat of a close waits for that instead of being refused in vain.
const SCHEDULES: Schedules = Schedules {
    close: Schedule::new(&[30, 170, 60, 120, 300]),
    refund: Schedule::new(&[15, 60, 300, 600, 1200, 1800, 3600]),
    ..Schedules::USUAL
};

/// One application of one merchant at Alipay.
pub struct AlipayGateway {
    transport: Transport,
    capabilities: Capabilities,
}

impl std::fmt::Debug for AlipayGateway {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AlipayGateway")
            .field("config", &self.transport.config)
            .finish_non_exhaustive()
    }
}

impl AlipayGateway {
    /// Opens an account without any call.
    ///
    /// # Errors
    /// Every setting that is wrong, by key.
    pub fn open(settings: &AccountSettings, ports: &Ports) -> Result<Self, Vec<Violation>> {
        let config = Config::read(&settings.settings)?;
        let unnamed = |error: IdentifierError| vec![Violation::new("products", error.to_string())];
        let capabilities = capabilities(&config).map_err(unnamed)?;
        Ok(Self { transport: Transport::new(config, ports.clone()), capabilities })
    }

    /// Undoes a QR or barcode payment whose outcome nobody could find out, within its day. **A paid one is given back**,
    /// outside of the refund ledger: for a person to decide. See [`Cancelled`].
    ///
    /// # Errors
    /// As the verbs of [`Gateway`]; [`GatewayError::Unknown`] also where Alipay wants it to be repeated.
    pub async fn cancel(&self, payment_no: &PaymentNo) -> Result<Cancelled, GatewayError> {
        let answer = self.transport.call(&request::cancel(payment_no)?).await?.done()?;
        cancel::read(&answer.node, payment_no)
    }

    /// Everything about a create but whether its time to pay has shrunk, which a repeat must not be refused for.
    fn checked(&self, request: &CreateRequest) -> Result<(AlipayProduct, Call), Vec<Violation>> {
        let config = &self.transport.config;
        let offered = AlipayProduct::of(&request.product)
            .and_then(|product| Some((product, config.products.get(&product)?)));
        let Some((product, product_code)) = offered else {
            let names: Vec<_> = config.products.keys().map(|product| product.as_str()).collect();
            let description = format!("must be a product of this account: {}", names.join(", "));
            return Err(vec![Violation::new("channel_options.product", description)]);
        };
        let mut violations = check_content(request);
        match options::read(product, &request.options) {
            Ok(options) if violations.is_empty() => {
                self.announcement(product, product_code, &options, request).map(|call| (product, call))
            }
            Ok(_) => Err(violations),
            Err(wrong_options) => {
                violations.extend(wrong_options);
                Err(violations)
            }
        }
    }

    fn announcement(
        &self,
        product: AlipayProduct,
        product_code: &str,
        options: &Options,
        request: &CreateRequest,
    ) -> Result<Call, Vec<Violation>> {
        let seller_id = &self.transport.config.seller_id;
        let call = request::create(product.operation(), product_code, seller_id, options, request);
        call.map_err(|error| vec![Violation::new("time_to_pay", error.to_string())])
    }

    async fn precreate(&self, call: &Call, request: &CreateRequest) -> Result<Created, GatewayError> {
        // The life of the answer is counted from before it was asked for: rather too short than too long.
        let life = AlipayProduct::Precreate.handle_life();
        let life_end = life.map_or(request.expire_time, |life| self.transport.now() + life);
        let answer = self.transport.call(call).await?.done()?;
        let value = response::qr_code(&answer.node, &request.payment_no)?;
        let handle = ChannelHandle { value, expire_time: life_end.min(request.expire_time) };
        Ok(Created { handle, evidence: Some(answer.into_evidence()), finding: None })
    }

    /// Takes a payment by the payer's code. "Paid" is told with the figures of the same signed answer; where the payer is
    /// asked for the password, or a figure is missing, who created it asks for its state next.
    async fn pay(&self, call: &Call, request: &CreateRequest) -> Result<Created, GatewayError> {
        let answer = self.transport.call(call).await?;
        match answer.meaning {
            Meaning::Done | Meaning::AwaitingPayer => {
                response::require_payment(&answer.node, &request.payment_no)?;
                let paid = (answer.meaning == Meaning::Done).then(|| self.paid_by_code(&answer)).flatten();
                Ok(taken(answer, request, paid))
            }
            Meaning::Refused(reason) => match barcode::after_refusal(reason) {
                AfterRefusal::PassOn => Err(answer.into_error()),
                AfterRefusal::Ask => self.refused_pay(answer, request).await,
            },
            Meaning::NotActed | Meaning::Unknown => Err(answer.into_error()),
        }
    }

    fn paid_by_code(&self, answer: &Answer) -> Option<Finding> {
        let trade: Trade = response::json(&answer.node).ok()?;
        trade.paid(&self.transport.config.payee).ok().map(Finding::Paid)
    }

    async fn refused_pay(&self, answer: Answer, request: &CreateRequest) -> Result<Created, GatewayError> {
        let reference = TransactionReference::PaymentNo(request.payment_no.clone());
        let found = self.ask(&reference).await.map_err(|error| {
            GatewayError::Unknown(format!("refused, and asking where it is brought: {error}"))
        })?;
        let refusal = answer.into_error();
        let judged = barcode::judge(&refusal, &found.finding);
        let created = Created {
            handle: ChannelHandle { value: String::new(), expire_time: request.expire_time },
            evidence: Some(found.evidence),
            finding: Some(found.finding),
        };
        match judged {
            Refused::ForGood => Err(refusal),
            Refused::GoesOn => Ok(created),
            Refused::ToBeClosed => match self.close_trade(&request.payment_no, None).await {
                Ok(_) => Err(refusal),
                Err(_) => Ok(created),
            },
        }
    }

    async fn ask(&self, reference: &TransactionReference) -> Result<PaymentAnswer, GatewayError> {
        let answer = self.transport.call(&request::query(reference)?).await?;
        if answer.meaning == Meaning::Refused(Reason::NotFound) {
            if let TransactionReference::PaymentNo(number) = reference {
                response::require_payment(&answer.node, number)?;
            }
            return Ok(PaymentAnswer { finding: Finding::NotFound, evidence: answer.into_evidence() });
        }
        let answer = answer.done()?;
        let trade: Trade = response::json(&answer.node)?;
        match reference {
            TransactionReference::PaymentNo(number) => trade.require_payment_no(number.as_str())?,
            TransactionReference::ChannelTransactionNo(number) => {
                trade.require_transaction_no(number.as_str())?;
            }
        }
        let finding = trade.finding(&self.transport.config.payee)?;
        Ok(PaymentAnswer { finding, evidence: answer.into_evidence() })
    }

    /// Closes a trade. `payable_until` is the end of everything that was handed out for it, where that is known.
    ///
    /// A trade begins only when its payer opens or pays it, and until then there is nothing to close while the string, page
    /// or QR code stays payable. Once their time is over Alipay makes no trade of them any more: a signed "not there" after
    /// that is the proof that there never will be one.
    async fn close_trade(
        &self,
        payment_no: &PaymentNo,
        payable_until: Option<OffsetDateTime>,
    ) -> Result<Closed, GatewayError> {
        let asked_at = self.transport.now();
        let answer = self.transport.call(&request::close(payment_no)?).await?;
        response::require_payment(&answer.node, payment_no)?;
        let over = payable_until.is_some_and(|end| asked_at > end + AFTER_EXPIRY);
        if over && answer.meaning == Meaning::Refused(Reason::NotFound) {
            return Ok(Closed { evidence: answer.into_evidence() });
        }
        Ok(Closed { evidence: answer.done()?.into_evidence() })
    }
}

#[async_trait::async_trait]
impl Gateway for AlipayGateway {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn payee(&self, _: &Product) -> Payee {
        self.transport.config.payee.clone()
    }

    fn check_create(&self, request: &CreateRequest) -> Vec<Violation> {
        let mut violations = self.checked(request).err().unwrap_or_default();
        violations.extend(check_time(request.expire_time, self.transport.now()));
        violations
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError> {
        let (product, call) = self.checked(request).map_err(not_sent)?;
        match product {
            AlipayProduct::App | AlipayProduct::Wap | AlipayProduct::Page => {
                let handle = ChannelHandle { value: call.to_handle(), expire_time: request.expire_time };
                Ok(Created { handle, evidence: None, finding: None })
            }
            AlipayProduct::Precreate => self.precreate(&call, request).await,
            AlipayProduct::Barcode => self.pay(&call, request).await,
        }
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        let product = AlipayProduct::of(product)
            .filter(|product| self.transport.config.products.contains_key(product))
            .ok_or_else(|| GatewayError::NotSent("this account has no such product any more".to_owned()))?;
        match product {
            AlipayProduct::App => self.signed_again(product, handle).map(PaymentData::SdkText),
            AlipayProduct::Wap | AlipayProduct::Page => {
                let mut url = self.transport.config.gateway.clone();
                url.set_query(Some(&self.signed_again(product, handle)?));
                Ok(PaymentData::RedirectUrl(url.into()))
            }
            AlipayProduct::Precreate => Ok(PaymentData::QrCode(handle.value.clone())),
            // The payer has shown a code already and needs nothing.
            AlipayProduct::Barcode => Ok(PaymentData::SdkText(String::new())),
        }
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        self.ask(&request.reference).await
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent("Alipay holds no money".to_owned()))
    }

    /// Never called: [`CompletionCapability::ByPayer`] is declared.
    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent("Alipay has no capture: the payer's consent moves the money".to_owned()))
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        Err(GatewayError::NotSent("Alipay holds no money".to_owned()))
    }

    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError> {
        let payable_until = request.handle.as_ref().map(|handle| handle.expire_time);
        self.close_trade(&request.payment_no, payable_until).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        if request.amount.currency() != Currency::CNY || request.paid_amount.currency() != Currency::CNY {
            return Err(GatewayError::NotSent("Alipay refunds CNY only".to_owned()));
        }
        let answer = self.transport.call(&request::refund(request)?).await?.done()?;
        let transaction_no = request.channel_transaction_no.as_ref();
        let finding =
            response::refund(&answer.node, &request.refund_no, &request.payment_no, transaction_no)?;
        Ok(RefundAnswer { finding, evidence: answer.into_evidence() })
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        let call = request::query_refund(&request.payment_no, &request.refund_no)?;
        let answer = self.transport.call(&call).await?;
        if answer.meaning == Meaning::Refused(Reason::NotFound) {
            response::require_payment(&answer.node, &request.payment_no)?;
            let finding =
                response::refund_finding(&request.refund_no, &request.payment_no, RefundStatus::NotFound);
            return Ok(RefundAnswer { finding, evidence: answer.into_evidence() });
        }
        let answer = answer.done()?;
        let finding = response::refund_query(&answer.node, &request.refund_no, &request.payment_no)?;
        Ok(RefundAnswer { finding, evidence: answer.into_evidence() })
    }

    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        let (keys, now) = (self.transport.keys(), self.transport.now());
        let expected = Expected { payee: &self.transport.config.payee, keys: &keys, now };
        client_result::read(report, &expected).map_err(|violation| vec![violation])
    }

    /// Alipay's notifications hold no time that is to be judged.
    async fn verify_callback(
        &self,
        callback: &RawCallback,
        _received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        let form = callback::form(callback)?;
        let verified_by = self.transport.prove_parameters(&form).await.map_err(callback::rejection)?;
        callback::read(callback, &form, verified_by)
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        callback::reply(outcome)
    }
}

impl AlipayGateway {
    /// The encoded parameters of a locally signed payment, stamped and signed for this moment.
    fn signed_again(&self, product: AlipayProduct, handle: &ChannelHandle) -> Result<String, GatewayError> {
        let call = Call::from_handle(product.operation(), &handle.value)
            .ok_or_else(|| GatewayError::NotSent("the handle is none of Alipay's".to_owned()))?;
        Ok(request::encoded(&self.transport.signed(&call)?))
    }
}

fn taken(answer: Answer, request: &CreateRequest, finding: Option<Finding>) -> Created {
    let handle = ChannelHandle { value: String::new(), expire_time: request.expire_time };
    Created { handle, evidence: Some(answer.into_evidence()), finding }
}

fn capabilities(config: &Config) -> Result<Capabilities, IdentifierError> {
    let product = |product: &AlipayProduct| {
        let create = product.create_capability();
        Ok(ProductCapability { product: Product::parse(product.as_str())?, create })
    };
    Ok(Capabilities {
        channel: ChannelName::parse(CHANNEL)?,
        products: config.products.keys().map(product).collect::<Result<_, IdentifierError>>()?,
        currencies: vec![Currency::CNY],
        time_to_pay: SHORTEST..=LONGEST,
        repeated_create: RepeatedCreate::Safe,
        completion: CompletionCapability::ByPayer,
        hold: HoldCapability::Never,
        close: CloseCapability::AtChannel,
        // No number of parts is documented; only their sum is bounded.
        refund: RefundCapability {
            parts: u32::MAX,
            window: config.refund_window,
            apart: Some(BETWEEN_REFUNDS),
        },
        schedules: SCHEDULES,
    })
}

fn check_content(request: &CreateRequest) -> Vec<Violation> {
    let url = &request.notify_url;
    let description =
        "must be 1 to 256 bytes of UTF-8, not blank, without /, =, &, control characters or emoji";
    let speakable = sendable(&request.description, 256) && !request.description.contains(['/', '=', '&']);
    let amount = request.amount;
    let checks = [
        (speakable, "description", description),
        (amount.currency() == Currency::CNY, "orders", "must be in CNY"),
        ((1..=DEAREST).contains(&amount.minor_units()), "orders", "must add up to 1 fen to 100000000 yuan"),
        (
            url.fragment().is_none() && url.as_str().len() <= 256,
            "notify_url",
            "must have no fragment and at most 256 bytes; it is made from the server's public callback URL",
        ),
    ];
    let wrong = checks.into_iter().filter(|(fine, ..)| !fine);
    wrong.map(|(_, field, description)| Violation::new(field, description)).collect()
}

fn check_time(expire_time: OffsetDateTime, now: OffsetDateTime) -> Option<Violation> {
    let admitted = (SHORTEST..=LONGEST).contains(&(expire_time - now));
    (!admitted).then(|| Violation::new("time_to_pay", "must be 1 minute to 15 days"))
}

fn not_sent(violations: Vec<Violation>) -> GatewayError {
    let all: Vec<_> = violations.iter().map(Violation::to_string).collect();
    GatewayError::NotSent(all.join("; "))
}
