//! PayPal (REST: OAuth 2.0, Orders v2, Payments v2, webhooks) as a local server: real sockets, webhooks signed under a
//! real certificate chain, faults to order, and a checkout page for a person with a browser.
//!
//! It shares no code with `channel-paypal`, so that both sides of the wire cannot have the same bug, and is held against
//! PayPal's own SDK (`tests/independent_clients`).
//!
//! # What it imitates
//! One token per app with falling `expires_in`; orders with both shapes of creation, approval, capture, authorization,
//! PATCH of what shops patch, vanishing after their time; captures that complete, stay pending or are declined; refused
//! sources of money and new approval; authorizations with partial captures, void and the end of their validity; refunds
//! with their arithmetic, 180 days, disputes and pending refunds; refunds on PayPal's website and reversals;
//! `PayPal-Request-Id` with 6 hours and 45 days of memory; one payment for each `invoice_id`; PayPal's exponents; errors
//! with issues and `debug_id`; `PayPal-Mock-Response`; webhooks signed over the body's CRC-32 with retries over three
//! days; postback verification over the bytes as quoted; the merchant's back office: webhooks by API, the log of events
//! with resending, reports and balances that lag, disputes to be read. Every instant comes from one clock, which may stand
//! still until it is moved.
//!
//! # What it does not imitate
//! * More than one webhook for an app, `simulate-event`; each app has one webhook, whose id it keeps.
//! * Settlement files; in reports, everything but payments, refunds and reversals; disputes beyond opened and resolved.
//! * `confirm-payment-source`, tracking, reauthorization, cards, vault, partners with other payees, platform fees.
//! * Rate limits by themselves: 429 comes from an ordered fault only.
//! * Currency conversion, risk, account limits, a balance that is too low; fees are 2.99 % and 0.39 always.
//! * TLS, and certificate URLs on `https`. Here it is plain HTTP on a loopback address.
//! * The wording of messages; whether PayPal keeps transmissions over retries, what it does to a reused request id and
//!   which certificates it serves are switches ([`SimulatorOptions`]).
//! * Memory bounds: everything is kept until the process ends.
//!
//! # Control API
//! JSON under `/_control`; in the same process use [`PaypalControl`] instead. Refusals are `{"error": "..."}` with 400
//! (malformed), 404 (unknown) or 409 (the channel would never do that). `{reference}` is any name of an order: PayPal's
//! id, `custom_id`, `invoice_id`, a capture's id.
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /merchants` | `{"invoice_ids":"unique"}` or `repeatable`; optional `webhook_url` | makes a merchant, answers its whole configuration |
//! | `PUT /merchants/{client_id}/webhook` | `{"url":"..."}` | sets where its webhooks go |
//! | `POST /merchants/{client_id}/webhook/rotate`, `.../expire-token` | | another webhook id; 401 for the next call |
//! | `POST /certificate/rotate` | | another key and certificate |
//! | `GET /orders/{reference}` | | orders in the books |
//! | `POST /orders/{order_id}/approve` | `{"funding":{"kind":"balance"}}`, `refused`, `declined_capture`, `{"kind":"pending","reason":"ECHECK"}` | the buyer approves |
//! | `POST .../cancel` | | the buyer goes back |
//! | `POST .../pay` | as approve | the buyer approves, the merchant captures |
//! | `POST .../capture-elsewhere` | | somebody else captures |
//! | `POST .../resend-notification` | `{"copies":5}` | sends the newest webhook again, at once |
//! | `POST .../forge-notification` | [`Forgery`], e.g. `{"kind":"crc_collision"}` | sends a webhook that is no proof |
//! | `GET .../deliveries` | | webhooks about the order |
//! | `POST /captures/{id}/settle` | `{"settlement":"completed"}`, `declined`, `denied` | ends a pending capture |
//! | `POST /captures/{id}/console-refund`, `.../reverse` | `{}` or `{"minor":100}` | money goes back without the API |
//! | `POST`, `DELETE /captures/{id}/dispute` | | opens or closes a case |
//! | `POST /refunds/{id}/settle` | `{"status":"COMPLETED"}` | ends a pending refund |
//! | `GET`, `POST`, `DELETE /faults` | [`FaultRule`] | faults of requests (`DELETE` clears both kinds) |
//! | `GET`, `POST /notification-faults` | [`NotificationFaultRule`] | faults of webhooks |
//! | `POST /suppressed-notifications` | `{"reference":"..."}` or `{}` | keeps webhooks back |
//! | `GET /deliveries`, `/requests`, `/ledger`, `/clock` | | what happened |
//! | `POST /clock/advance` | `{"seconds":15}` | moves a manual clock, stopping wherever something is due |

mod approval;
mod authorization;
mod buyer;
mod capture;
mod certificates;
mod checkout;
mod control;
mod control_http;
mod crc32;
mod create;
mod delivery;
mod disputes;
mod engine;
mod error;
mod event_log;
mod fault;
mod forgery;
mod gateway;
mod idempotency;
mod identifiers;
mod ledger;
mod merchant;
mod money;
mod oauth;
mod office;
mod operation;
mod order;
mod patch;
mod refund;
mod reply;
mod reporting;
mod shape;
mod subscription;
mod verify;
mod webhook;
mod world;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use engine::Engine;
use world::Settings;

pub(crate) use approval::PAYER_ADDRESS;
pub use approval::{ApprovalRefused, ApproveOptions, Funding};
pub use authorization::AuthorizationStatus;
pub use capture::{CaptureSettlement, CaptureStatus, MoveRefused};
pub use control::{ControlError, PaypalControl};
pub use delivery::{
    Attempt, AttemptResult, DELIVERY_DEADLINE, DeliveryRecord, DeliveryState, RETRY_INTERVALS,
};
pub use fault::{Execution, Fault, FaultRule, NotificationFault, NotificationFaultRule};
pub use forgery::Forgery;
pub use idempotency::{ORDERS_MEMORY, PAYMENTS_MEMORY};
pub(crate) use identifiers::{ACCESS_TOKEN, PAYER};
pub use ledger::{Ledger, LedgerAuthorization, LedgerCapture, LedgerMerchant, LedgerOrder, LedgerRefund};
pub use merchant::{GeneratedMerchant, InvoiceIds, MerchantOptions};
pub use money::Money;
pub use oauth::TOKEN_LIFETIME;
pub use operation::Operation;
pub use order::{Intent, OrderStatus};
pub use refund::{RefundOrigin, RefundStatus};
pub use world::{RequestRecord, RetryTransmission, ReusedRequestId, ServedCertificates};

use crate::clock::SimulatorClock;
pub use crate::rsa::KeyError;
use crate::simulator;

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The clock of the channel.
    pub clock: SimulatorClock,
    /// How long an order waits for approval, and after it for capture.
    pub order_lifetime: Duration,
    /// Whether retries of a webhook repeat its transmission.
    pub retries: RetryTransmission,
    /// What the certificate's URL hands out.
    pub served_certificates: ServedCertificates,
    /// What a `PayPal-Request-Id` does that comes with another request.
    pub reused_request_ids: ReusedRequestId,
    /// How long after it happened something is in the reports.
    pub reporting_lag: Duration,
    /// How many lines a report may have; one of more is refused whole.
    pub reporting_cap: usize,
    /// The address in its links and certificate URLs where clients reach it through something else; its own if absent.
    pub known_as: Option<String>,
}

impl SimulatorOptions {
    /// A free loopback port, three hours for orders, kept transmissions, the leaf alone, the first result again, reports
    /// of at most 10,000 lines after three hours.
    pub fn loopback(clock: SimulatorClock) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock,
            order_lifetime: Duration::from_secs(3 * 3600),
            retries: RetryTransmission::Kept,
            served_certificates: ServedCertificates::LeafOnly,
            reused_request_ids: ReusedRequestId::FirstResult,
            reporting_lag: Duration::from_secs(3 * 3600),
            reporting_cap: 10_000,
            known_as: None,
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the PayPal simulator cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Its certificates could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The client for webhooks could not be made.
    #[error("the client for webhooks could not be made: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// A running simulator. It ends with [`PaypalSimulator::shutdown`] or when it is dropped.
pub struct PaypalSimulator {
    engine: Arc<Engine>,
    address: SocketAddr,
    server: JoinHandle<()>,
    scheduler: JoinHandle<()>,
}

impl PaypalSimulator {
    /// Listens and serves until it is shut down.
    ///
    /// # Errors
    /// [`StartError`], when the address is taken above all.
    pub async fn start(options: SimulatorOptions) -> Result<Self, StartError> {
        let listen_failed = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen_failed)?;
        let address = listener.local_addr().map_err(listen_failed)?;
        let engine = Arc::new(engine(options, address)?);
        let scheduler = tokio::spawn(simulator::run(Arc::clone(&engine)));
        let server = tokio::spawn(serve(Arc::clone(&engine), listener));
        Ok(Self { engine, address, server, scheduler })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`: put it where the client has `https://api-m.sandbox.paypal.com`, and where it allows
    /// buyer pages and certificates.
    pub fn base_url(&self) -> &str {
        &self.engine.settings.base_url
    }

    /// The root of the control API over HTTP.
    pub fn control_url(&self) -> String {
        format!("{}/_control", self.base_url())
    }

    /// The page on which a person sees every order.
    pub fn orders_url(&self) -> String {
        format!("{}/checkoutnow/orders", self.base_url())
    }

    /// The page on which a person approves an order: the same as the order's own link.
    pub fn approve_url(&self, order_id: &str) -> String {
        format!("{}/checkoutnow?token={order_id}", self.base_url())
    }

    /// The control API within the process.
    pub fn control(&self) -> PaypalControl {
        PaypalControl { engine: Arc::clone(&self.engine) }
    }

    /// Stops listening and retrying, and lets requests that are being answered finish.
    pub async fn shutdown(mut self) {
        self.engine.stop.cancel();
        // A task that ended by a panic has reported it already.
        let _ = (&mut self.server).await;
        let _ = (&mut self.scheduler).await;
    }
}

impl Drop for PaypalSimulator {
    fn drop(&mut self) {
        self.engine.stop.cancel();
    }
}

fn engine(options: SimulatorOptions, address: SocketAddr) -> Result<Engine, StartError> {
    // A buyer's browser cannot go to "any address".
    let host = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let own_url = format!("http://{}", SocketAddr::new(host, address.port()));
    let settings = Settings {
        base_url: options.known_as.unwrap_or(own_url),
        order_lifetime: options.order_lifetime,
        retries: options.retries,
        served_certificates: options.served_certificates,
        reused_request_ids: options.reused_request_ids,
        reporting_lag: options.reporting_lag,
        reporting_cap: options.reporting_cap,
    };
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    Ok(Engine::new(options.clock, settings, http)?)
}

async fn serve(engine: Arc<Engine>, listener: TcpListener) {
    let stop = engine.stop.clone();
    let routes = Router::new()
        .nest("/_control", control_http::router())
        .route("/checkoutnow", get(buyer::show).post(buyer::choose))
        .route("/checkoutnow/orders", get(buyer::index))
        .fallback(gateway::entry)
        .with_state(engine);
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the PayPal simulator stopped serving");
    }
}
