//! A WeChat Pay account as a gateway: thin glue between the pure halves and the transport.

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{
        AccountSettings, CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest,
        ClientResultHint, CloseCapability, CloseRequest, Closed, CompletionCapability, CreateCapability,
        CreateRequest, Created, Finding, Gateway, GatewayError, HoldCapability, HoldRequest, PaymentAnswer,
        PaymentData, ProductCapability, QueryRequest, RawCallback, Reason, RefundAnswer, RefundCapability,
        RefundFinding, RefundQueryRequest, RefundRequest, RefundStatus, ReleaseRequest, RepeatedCreate,
        TransactionReference, VerifiedEvent,
    },
    identifiers::{ChannelName, IdentifierError, Payee, PaymentNo, Product, RefundNo},
    money::Currency,
    payment::ChannelHandle,
    ports::Ports,
    schedule::Schedules,
    violation::Violation,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    CHANNEL,
    abnormal_refund::{self, AbnormalRefundRequest},
    callback,
    codes::Meaning,
    config::Config,
    options::{self, Options, sendable},
    product::WeChatProduct,
    request::{self, Call},
    response::{self, Refund, Transaction, Unreadable, payee},
    sign::{self, SigningFailed},
    transport::{Answer, Proven, Transport},
};

/// The shortest and the longest time to pay that WeChat does not bend to its own.
const SHORTEST: Duration = Duration::minutes(1);
const LONGEST: Duration = Duration::days(90);

/// One merchant number at WeChat Pay.
pub struct WeChatGateway {
    transport: Transport,
    capabilities: Capabilities,
    /// Named where a product has no appid. No fact can name it, so nothing is ever taken for paid to it.
    nobody: Payee,
}

impl std::fmt::Debug for WeChatGateway {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WeChatGateway")
            .field("config", &self.transport.config)
            .finish_non_exhaustive()
    }
}

impl WeChatGateway {
    /// Opens an account; downloads platform certificates where the settings ask for them.
    ///
    /// # Errors
    /// Every setting that is wrong, by key, or the one that keeps the certificates from being had.
    pub async fn open(settings: &AccountSettings, ports: &Ports) -> Result<Self, Vec<Violation>> {
        let config = Config::read(&settings.settings)?;
        let unnamed = |error: IdentifierError| vec![Violation::new("mchid", error.to_string())];
        let capabilities = capabilities(&config).map_err(unnamed)?;
        let nobody = Payee::parse(format!("{}/-", config.mchid)).map_err(unnamed)?;
        let transport = Transport::new(config, ports.clone());
        transport.load_certificates().await.map_err(|violation| vec![violation])?;
        Ok(Self { transport, capabilities, nobody })
    }

    /// Names another account for a refund whose status is [`RefundStatus::NeedsPerson`].
    ///
    /// # Errors
    /// As the verbs of [`Gateway`]; [`Reason::ChannelRejected`] if the refund is not abnormal.
    pub async fn apply_abnormal_refund(
        &self,
        request: &AbnormalRefundRequest,
    ) -> Result<RefundAnswer, GatewayError> {
        let keys = self.transport.keys();
        let key = keys.for_encryption(self.transport.now()).ok_or_else(|| {
            GatewayError::NotSent("no current key of WeChat Pay's to encrypt the account with".to_owned())
        })?;
        let call = abnormal_refund::call(request, key)?;
        self.refund_call(&call, &request.refund_no, &request.payment_no).await
    }

    /// Everything about a create but whether its time to pay has shrunk, which a repeat must not be refused for.
    fn checked(&self, request: &CreateRequest) -> Result<(WeChatProduct, &str, Options), Vec<Violation>> {
        let config = &self.transport.config;
        let product = WeChatProduct::of(&request.product);
        let Some((product, app_id)) =
            product.and_then(|product| Some((product, config.app_ids.get(&product)?)))
        else {
            let names: Vec<_> = config.app_ids.keys().map(|product| product.as_str()).collect();
            let description = format!("must be a product of this account: {}", names.join(", "));
            return Err(vec![Violation::new("channel_options.product", description)]);
        };
        let mut violations = check_content(request, product);
        match options::read(product, &request.options) {
            Ok(options) if violations.is_empty() => Ok((product, app_id, options)),
            Ok(_) => Err(violations),
            Err(wrong_options) => {
                violations.extend(wrong_options);
                Err(violations)
            }
        }
    }

    async fn refund_call(
        &self,
        call: &Call,
        refund_no: &RefundNo,
        payment_no: &PaymentNo,
    ) -> Result<RefundAnswer, GatewayError> {
        let proven = self.transport.call(call).await?.proven()?;
        read_refund(proven, refund_no, payment_no)
    }
}

#[async_trait::async_trait]
impl Gateway for WeChatGateway {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn payee(&self, product: &Product) -> Payee {
        let config = &self.transport.config;
        let app_id = WeChatProduct::of(product).and_then(|product| config.app_ids.get(&product));
        app_id.and_then(|app_id| payee(&config.mchid, app_id)).unwrap_or_else(|| self.nobody.clone())
    }

    fn check_create(&self, request: &CreateRequest) -> Vec<Violation> {
        let mut violations = self.checked(request).err().unwrap_or_default();
        violations.extend(check_time(request.expire_time, self.transport.now()));
        violations
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError> {
        let (product, app_id, options) = self.checked(request).map_err(not_sent)?;
        let mchid = &self.transport.config.mchid;
        let call = request::create(mchid, app_id, product, &options, request)?;
        // The life of the answer is counted from before it was asked for: rather too short than too long.
        let life_end = self.transport.now() + product.handle_life();
        let proven = self.transport.call(&call).await?.proven()?;
        let value = response::handle(product, &proven.body)?;
        let handle = ChannelHandle { value, expire_time: life_end.min(request.expire_time) };
        Ok(Created { handle, evidence: Some(proven.into_evidence()), finding: None })
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        let config = &self.transport.config;
        let product = WeChatProduct::of(product).filter(|product| config.app_ids.contains_key(product));
        let Some((product, app_id)) =
            product.and_then(|product| Some((product, config.app_ids.get(&product)?)))
        else {
            return Err(GatewayError::NotSent("this account has no such product any more".to_owned()));
        };
        let failed = |failure: SigningFailed| GatewayError::NotSent(failure.to_string());
        let (key, moment) = (&config.merchant_key, self.transport.moment());
        match product {
            WeChatProduct::App => sign::app_parameters(key, &config.mchid, app_id, &handle.value, &moment)
                .map(PaymentData::SdkParameters)
                .map_err(failed),
            WeChatProduct::Jsapi => sign::jsapi_parameters(key, app_id, &handle.value, &moment)
                .map(PaymentData::SdkParameters)
                .map_err(failed),
            WeChatProduct::Native => Ok(PaymentData::QrCode(handle.value.clone())),
            WeChatProduct::H5 => Ok(PaymentData::RedirectUrl(handle.value.clone())),
        }
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        let mchid = &self.transport.config.mchid;
        let call = match &request.reference {
            TransactionReference::PaymentNo(number) => request::query_by_payment_no(mchid, number),
            TransactionReference::ChannelTransactionNo(number) => {
                request::query_by_transaction_no(mchid, number)
            }
        };
        match self.transport.call(&call).await? {
            Answer::Proven(proven) => {
                let transaction: Transaction = response::json(&proven.body)?;
                require_asked(&transaction, &request.reference)?;
                Ok(PaymentAnswer { finding: transaction.finding()?, evidence: proven.into_evidence() })
            }
            Answer::Error(error) if error.meaning == Meaning::Refused(Reason::NotFound) => {
                Ok(PaymentAnswer { finding: Finding::NotFound, evidence: error.into_evidence() })
            }
            Answer::Error(error) => Err(error.into_error()),
        }
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent("WeChat Pay holds no money".to_owned()))
    }

    /// Never called: [`CompletionCapability::ByPayer`] is declared.
    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        Err(GatewayError::NotSent(
            "WeChat Pay has no capture: the payer's consent moves the money".to_owned(),
        ))
    }

    /// Never called: [`HoldCapability::Never`] is declared.
    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        Err(GatewayError::NotSent("WeChat Pay holds no money".to_owned()))
    }

    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError> {
        let call = request::close(&self.transport.config.mchid, &request.payment_no)?;
        let proven = self.transport.call(&call).await?.proven()?;
        Ok(Closed { evidence: proven.into_evidence() })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        if request.amount.currency() != Currency::CNY || request.paid_amount.currency() != Currency::CNY {
            return Err(GatewayError::NotSent("WeChat Pay refunds CNY only".to_owned()));
        }
        self.refund_call(&request::refund(request)?, &request.refund_no, &request.payment_no).await
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        match self.transport.call(&request::query_refund(&request.refund_no)).await? {
            Answer::Proven(proven) => read_refund(proven, &request.refund_no, &request.payment_no),
            Answer::Error(error) if error.meaning == Meaning::Refused(Reason::NotFound) => {
                Ok(refund_not_found(request, error.into_evidence()))
            }
            Answer::Error(error) => Err(error.into_error()),
        }
    }

    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        read_client_result(report).map_err(|violation| vec![violation])
    }

    async fn verify_callback(
        &self,
        callback: &RawCallback,
        received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        let headers = callback::signature_headers(callback)?;
        let proof = self.transport.prove(&headers, &callback.body, received).await;
        let verified_by = proof.map_err(callback::rejection)?;
        callback::read(callback, verified_by, &self.transport.config.api_v3_key)
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        callback::reply(outcome)
    }
}

fn capabilities(config: &Config) -> Result<Capabilities, IdentifierError> {
    let product = |product: &WeChatProduct| {
        let product = Product::parse(product.as_str())?;
        Ok(ProductCapability { product, create: CreateCapability::CallsChannel })
    };
    Ok(Capabilities {
        channel: ChannelName::parse(CHANNEL)?,
        products: config.app_ids.keys().map(product).collect::<Result<_, IdentifierError>>()?,
        currencies: vec![Currency::CNY],
        time_to_pay: SHORTEST..=LONGEST,
        repeated_create: RepeatedCreate::Safe,
        completion: CompletionCapability::ByPayer,
        hold: HoldCapability::Never,
        close: CloseCapability::AtChannel,
        refund: RefundCapability { parts: 50, window: Duration::days(365), apart: None },
        schedules: Schedules::USUAL,
    })
}

fn check_content(request: &CreateRequest, product: WeChatProduct) -> Vec<Violation> {
    let url = &request.notify_url;
    let description =
        "must be 1 to 127 bytes of UTF-8 without characters beyond the basic plane, such as emoji";
    let checks = [
        (sendable(&request.description, 127), "description", description),
        (request.amount.currency() == Currency::CNY, "orders", "must be in CNY"),
        (request.amount.minor_units() >= 1, "orders", "must add up to at least 1 fen"),
        (request.payer_ip.is_some() || product != WeChatProduct::H5, "payer_client_ip", "is required for h5"),
        (
            url.query().is_none() && url.fragment().is_none() && url.as_str().len() <= 255,
            "notify_url",
            "must have no query and at most 255 bytes; it is made from the server's public callback URL",
        ),
    ];
    let wrong = checks.into_iter().filter(|(fine, ..)| !fine);
    wrong.map(|(_, field, description)| Violation::new(field, description)).collect()
}

/// WeChat silently moves a time to pay that is out of its bounds, and the payer would be promised another.
fn check_time(expire_time: OffsetDateTime, now: OffsetDateTime) -> Option<Violation> {
    let admitted = (SHORTEST..=LONGEST).contains(&(expire_time - now));
    (!admitted).then(|| Violation::new("time_to_pay", "must be 1 minute to 90 days"))
}

fn not_sent(violations: Vec<Violation>) -> GatewayError {
    let all: Vec<_> = violations.iter().map(Violation::to_string).collect();
    GatewayError::NotSent(all.join("; "))
}

/// An answer about another payment than the asked one is no answer.
fn require_asked(transaction: &Transaction, asked: &TransactionReference) -> Result<(), Unreadable> {
    let (same, field) = match asked {
        TransactionReference::PaymentNo(number) => {
            (transaction.payment_no()? == number.as_str(), "out_trade_no")
        }
        TransactionReference::ChannelTransactionNo(number) => {
            transaction.payment_no()?;
            (transaction.transaction_no() == Some(number.as_str()), "transaction_id")
        }
    };
    if same { Ok(()) } else { Err(other_than_asked(field)) }
}

fn other_than_asked(field: &str) -> Unreadable {
    Unreadable(format!("{field} is another than was asked about"))
}

fn read_refund(
    proven: Proven,
    refund_no: &RefundNo,
    payment_no: &PaymentNo,
) -> Result<RefundAnswer, GatewayError> {
    let refund: Refund = response::json(&proven.body)?;
    if refund.refund_no()? != refund_no.as_str() {
        return Err(other_than_asked("out_refund_no").into());
    }
    if refund.payment_no()? != payment_no.as_str() {
        return Err(other_than_asked("out_trade_no").into());
    }
    let finding = refund.finding(refund_no.clone(), payment_no.clone())?;
    Ok(RefundAnswer { finding, evidence: proven.into_evidence() })
}

fn refund_not_found(request: &RefundQueryRequest, evidence: ChannelEvidence) -> RefundAnswer {
    let finding = RefundFinding {
        refund_no: request.refund_no.clone(),
        payment_no: request.payment_no.clone(),
        channel_refund_no: None,
        amount: None,
        status: RefundStatus::NotFound,
        refunded_time: None,
    };
    RefundAnswer { finding, evidence }
}

#[derive(Deserialize)]
struct ClientReport {
    #[serde(rename = "errCode")]
    error_code: i64,
}

/// The OpenSDK's result codes: 0 done, -2 given up; -1 and all others tell nothing certain.
fn read_client_result(report: &[u8]) -> Result<ClientResultHint, Violation> {
    let described = || {
        let description = "must be the JSON object that the OpenSDK gave, such as {\"errCode\": 0}";
        Violation::new("sdk_result", description)
    };
    // Serde would read a bare list as the fields in order.
    let object: Map<String, Value> = serde_json::from_slice(report).map_err(|_| described())?;
    let report: ClientReport = serde_json::from_value(Value::Object(object)).map_err(|_| described())?;
    Ok(match report.error_code {
        0 => ClientResultHint::Paid,
        -2 => ClientResultHint::Cancelled,
        _ => ClientResultHint::Unclear,
    })
}
