//! A PayPal account as a gateway: thin glue between the pure halves and the transport.

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{
        AccountSettings, CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, Capabilities,
        CaptureRequest, ClientResultHint, CloseCapability, CloseRequest, Closed, CompletionCapability,
        CreateCapability, CreateRequest, Created, Finding, Gateway, GatewayError, HoldCapability,
        HoldRequest, PaymentAnswer, PaymentData, ProductCapability, QueryRequest, RawCallback, RefundAnswer,
        RefundCapability, RefundQueryRequest, RefundRequest, ReleaseRequest, RepeatedCreate,
        TransactionReference, VerifiedEvent,
    },
    identifiers::{ChannelName, IdentifierError, KeySerial, Payee, Product},
    payment::ChannelHandle,
    ports::Ports,
    schedule::{LateLooks, Schedule, Schedules},
    violation::Violation,
};
use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::{
    CHANNEL, callback,
    certificates::{CertificateStore, NoKey},
    client_result,
    config::{Config, Hosts, WebhookVerification},
    currency::{self, WireMoney},
    handle::{Handle, Intent, ResourceId},
    options::{self, Options, PaypalProduct},
    order::{HONOUR, Order, OrderStatus, VALIDITY},
    request::{self, PostbackFields},
    rereading::{Read, not_found},
    response::{self, Unreadable, unreadable},
    transport::Transport,
    verify::Transmission,
};

/// The shortest time to pay that a payer can do anything with.
const SHORTEST: Duration = Duration::MINUTE;

/// A refund is mostly done at once; one that a bank pays for takes days. After its end a payment is looked at twice only,
/// because no money moves without our capture.
const SCHEDULES: Schedules = Schedules {
    refund: Schedule::new(&[10, 60, 300, 1800, 3600]),
    late: LateLooks::new(&[3600, 259_200]),
    ..Schedules::USUAL
};

/// How long after the time to pay PayPal cannot know an order any more whose intent was not carried out: twice the
/// longest life that it grants by contract.
const FORGOTTEN_AFTER: Duration = Duration::hours(144);

/// One merchant account at PayPal.
pub struct PaypalGateway {
    transport: Transport,
    certificates: CertificateStore,
    capabilities: Capabilities,
}

impl std::fmt::Debug for PaypalGateway {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PaypalGateway")
            .field("config", &self.transport.config)
            .finish_non_exhaustive()
    }
}

impl PaypalGateway {
    /// Opens an account, without any call.
    ///
    /// # Errors
    /// Every setting that is wrong, by key.
    pub fn open(settings: &AccountSettings, ports: &Ports) -> Result<Self, Vec<Violation>> {
        let config = Config::read(&settings.settings)?;
        let capabilities =
            capabilities(&config).map_err(|error| vec![Violation::new("environment", error.to_string())])?;
        let certificates = CertificateStore::new();
        Ok(Self { transport: Transport::new(config, ports.clone()), certificates, capabilities })
    }

    /// Everything about a create but its time to pay, which shrinks until a repeat.
    fn checked(&self, request: &CreateRequest) -> Result<Options, Vec<Violation>> {
        let Some(product) = PaypalProduct::of(&request.product) else {
            let names = PaypalProduct::ALL.map(PaypalProduct::as_str).join(", ");
            let description = format!("must be a product of PayPal: {names}");
            return Err(vec![Violation::new("channel_options.product", description)]);
        };
        let mut violations = check_content(request);
        match options::read(product, &request.options) {
            Ok(options) if violations.is_empty() => Ok(options),
            Ok(_) => Err(violations),
            Err(wrong_options) => {
                violations.extend(wrong_options);
                Err(violations)
            }
        }
    }

    /// Proves that PayPal sent a webhook, by the certificate or by PayPal's own word; tells what proved it.
    async fn prove(
        &self,
        transmission: &Transmission<'_>,
        body: &[u8],
    ) -> Result<KeySerial, CallbackRejected> {
        let config = &self.transport.config;
        if config.webhook_verification == WebhookVerification::Postback {
            return self.post_back(transmission, body).await;
        }
        match self.certificates.key(&self.transport, transmission.certificate_url).await {
            Ok(key) => {
                transmission.prove(body, &config.webhook_ids, &key)?;
                Ok(key.serial)
            }
            Err(NoKey::NotTrusted(_) | NoKey::Unavailable(_))
                if config.webhook_verification == WebhookVerification::LocalThenPostback =>
            {
                self.post_back(transmission, body).await
            }
            Err(no_key) => Err(no_key.into_rejection()),
        }
    }

    /// Asks PayPal with the very bytes that came.
    async fn post_back(
        &self,
        transmission: &Transmission<'_>,
        body: &[u8],
    ) -> Result<KeySerial, CallbackRejected> {
        // The address is one more thing that PayPal would have to refuse; here it costs nothing.
        crate::certificates::CertificateUrl::parse(
            transmission.certificate_url,
            &self.transport.config.hosts,
        )
        .ok_or_else(|| NoKey::Address.into_rejection())?;
        let rejected = |kind, description: String| CallbackRejected::new(kind, description);
        response::json::<IgnoredAny>(body)
            .map_err(|error| rejected(CallbackRejection::Malformed, error.to_string()))?;
        for webhook_id in &self.transport.config.webhook_ids {
            let verdict = self.post_back_for(transmission, body, webhook_id).await;
            match verdict.map_err(|error| rejected(CallbackRejection::ProofUnavailable, error.to_string()))? {
                Verdict::Success => {
                    let serial = KeySerial::parse(format!("postback:{webhook_id}"));
                    return serial
                        .map_err(|error| rejected(CallbackRejection::Unreadable, error.to_string()));
                }
                Verdict::Failure => {}
            }
        }
        Err(rejected(CallbackRejection::SignatureInvalid, "PayPal says that it did not send this".to_owned()))
    }

    async fn post_back_for(
        &self,
        transmission: &Transmission<'_>,
        body: &[u8],
        webhook_id: &str,
    ) -> Result<Verdict, GatewayError> {
        let fields = PostbackFields {
            auth_algo: transmission.algorithm,
            cert_url: transmission.certificate_url,
            transmission_id: transmission.id,
            transmission_sig: transmission.signature,
            transmission_time: transmission.time,
            webhook_id,
        };
        let words = self.transport.call(&request::verify_webhook(&fields, body)?).await?.done()?;
        let body: PostbackBody = response::json(&words.body)?;
        Ok(body.verification_status)
    }
}

/// PayPal's verdict on a postback. HTTP 200 comes with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verdict {
    Success,
    Failure,
}

#[derive(Deserialize)]
struct PostbackBody {
    verification_status: Verdict,
}

#[async_trait::async_trait]
impl Gateway for PaypalGateway {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn payee(&self, _: &Product) -> Payee {
        self.transport.config.merchant_id.clone()
    }

    fn check_create(&self, request: &CreateRequest) -> Vec<Violation> {
        let mut violations = self.checked(request).err().unwrap_or_default();
        let longest = self.transport.config.order_lifetime;
        if !(SHORTEST..=longest).contains(&(request.expire_time - self.transport.now())) {
            let description = format!("must be 1 minute to {} hours", longest.whole_hours());
            violations.push(Violation::new("time_to_pay", description));
        }
        violations
    }

    /// A create that is repeated within the payment's life is the same one to PayPal, which remembers its request id for
    /// longer. After that life it would be a second order, so it is not sent.
    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError> {
        let options = self.checked(request).map_err(not_sent)?;
        let now = self.transport.now();
        if now >= request.expire_time {
            return Err(GatewayError::NotSent("the time to pay is over".to_owned()));
        }
        let words = self.transport.call(&request::create(&options, request)?).await?.done()?;
        let order: Order = response::json(&words.body)?;
        let value = handle(&order, options.intent, &self.transport.config.hosts)?.write()?;
        let life_end = now + self.transport.config.order_lifetime;
        let handle = ChannelHandle { value, expire_time: life_end.min(request.expire_time) };
        Ok(Created { handle, evidence: Some(words.into_evidence()), finding: None })
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        let refused = |why: &str| GatewayError::NotSent(why.to_owned());
        let handle = Handle::read(handle)?;
        match PaypalProduct::of(product).ok_or_else(|| refused("PayPal has no such product"))? {
            PaypalProduct::Checkout => {
                let link =
                    handle.approve_url.ok_or_else(|| refused("the payer has approved this order already"))?;
                Ok(PaymentData::RedirectUrl(link))
            }
            PaypalProduct::Sdk => Ok(PaymentData::SdkParameters(self.sdk_parameters(handle))),
        }
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        match (&request.reference, &request.handle) {
            (TransactionReference::PaymentNo(payment_no), Some(handle)) => {
                match self.transport.told_by_order(&Handle::read(handle)?.order_id).await? {
                    Read::There(told) => Ok(told.about(payment_no)?),
                    Read::NotFound(evidence) if self.is_long_over(handle) => {
                        Ok(PaymentAnswer { finding: Finding::Closed, evidence })
                    }
                    Read::NotFound(evidence) => Ok(not_found(evidence)),
                }
            }
            // PayPal knows a payment by its own order id only, and the create brought none yet. That it cannot be found is
            // no failure of PayPal's.
            (TransactionReference::PaymentNo(_), None) => {
                Ok(not_found(ChannelEvidence { bytes: Vec::new(), verified_by: None }))
            }
            (TransactionReference::ChannelTransactionNo(number), _) => {
                let id = ResourceId::parse(number.as_str());
                let id =
                    id.ok_or_else(|| GatewayError::NotSent("not a capture's number of PayPal's".to_owned()))?;
                match self.transport.told_by_capture(&id).await? {
                    Read::There(told) => Ok(told.answer),
                    Read::NotFound(evidence) => Ok(not_found(evidence)),
                }
            }
        }
    }

    async fn hold(&self, request: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        self.transport.hold(request).await
    }

    async fn capture(&self, request: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        self.transport.capture(request).await
    }

    async fn release(&self, request: &ReleaseRequest) -> Result<Closed, GatewayError> {
        self.transport.release(request).await
    }

    /// Never called: [`CloseCapability::Never`] is declared.
    async fn close(&self, _: &CloseRequest) -> Result<Closed, GatewayError> {
        let no_cancel = "PayPal has no cancel: an order that is never captured runs out by itself";
        Err(GatewayError::NotSent(no_cancel.to_owned()))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        self.transport.refund(request).await
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        self.transport.query_refund(request).await
    }

    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        client_result::read(report).map_err(|violation| vec![violation])
    }

    async fn verify_callback(
        &self,
        callback: &RawCallback,
        received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        let transmission = Transmission::read(callback, received)?;
        let verified_by = self.prove(&transmission, &callback.body).await?;
        let claim = callback::read(callback)?;
        let id = claim.id.clone();
        let content = self.transport.content_of(claim).await.map_err(|error| {
            CallbackRejected::new(CallbackRejection::ProofUnavailable, format!("read again by API: {error}"))
        })?;
        Ok(VerifiedEvent::new(callback, verified_by, id, content))
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        callback::reply(outcome)
    }
}

impl PaypalGateway {
    /// Whether PayPal has certainly forgotten an order that nobody approved, or that nothing was taken of: it keeps one
    /// for up to 72 hours until its approval and as long after it, and one that was carried out for good.
    fn is_long_over(&self, handle: &ChannelHandle) -> bool {
        self.transport.now() > handle.expire_time + FORGOTTEN_AFTER
    }

    /// What PayPal's SDKs need. None of it is secret.
    fn sdk_parameters(&self, handle: Handle) -> BTreeMap<String, String> {
        let config = &self.transport.config;
        let parameters = [
            ("order_id", Some(String::from(handle.order_id))),
            ("approve_url", handle.approve_url),
            ("client_id", Some(config.client_id.clone())),
            ("environment", Some(config.environment.as_str().to_owned())),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

fn capabilities(config: &Config) -> Result<Capabilities, IdentifierError> {
    let product = |product: PaypalProduct| {
        let product = Product::parse(product.as_str())?;
        Ok(ProductCapability { product, create: CreateCapability::CallsChannel })
    };
    Ok(Capabilities {
        channel: ChannelName::parse(CHANNEL)?,
        products: PaypalProduct::ALL.into_iter().map(product).collect::<Result<_, IdentifierError>>()?,
        currencies: currency::all(),
        time_to_pay: SHORTEST..=config.order_lifetime,
        repeated_create: RepeatedCreate::Safe,
        completion: CompletionCapability::ByCapture,
        hold: HoldCapability::Whole { honour: HONOUR, validity: VALIDITY },
        close: CloseCapability::Never,
        // PayPal limits the parts and does not say to how many; what it refuses is told as refused.
        refund: RefundCapability { parts: 100, window: Duration::days(180), apart: None },
        schedules: SCHEDULES,
    })
}

fn check_content(request: &CreateRequest) -> Vec<Violation> {
    let mut violations = Vec::new();
    let length = request.description.chars().count();
    if !(1..=127).contains(&length) || request.description.chars().any(char::is_control) {
        let description = "must be 1 to 127 characters without control characters";
        violations.push(Violation::new("description", description));
    }
    if let Err(unsendable) = WireMoney::write(request.amount) {
        violations.push(Violation::new("orders", unsendable.to_string()));
    }
    violations
}

fn not_sent(violations: Vec<Violation>) -> GatewayError {
    let all: Vec<_> = violations.iter().map(Violation::to_string).collect();
    GatewayError::NotSent(all.join("; "))
}

/// What a create brought. PayPal has two names for the payer's link. An order that still waits for its payer without
/// one is unreadable; a repeated create of an order that is approved already has none.
fn handle(order: &Order, intent: Intent, hosts: &Hosts) -> Result<Handle, Unreadable> {
    let link = |rel: &str| order.links.iter().find(|link| link.rel == rel).map(|link| link.href.clone());
    let approve_url = link("payer-action").or_else(|| link("approve"));
    let waits = match order.status {
        OrderStatus::Created
        | OrderStatus::Saved
        | OrderStatus::PayerActionRequired
        | OrderStatus::Unlisted => true,
        OrderStatus::Approved | OrderStatus::Completed | OrderStatus::Voided => false,
    };
    let is_paypals = |text: &String| Url::parse(text).is_ok_and(|url| hosts.is_buyer_page(&url).is_ok());
    if approve_url.as_ref().map_or(waits, |text| !is_paypals(text)) {
        return Err(unreadable("links[payer-action]"));
    }
    Ok(Handle { order_id: order.id.clone(), approve_url, intent })
}
