//! Alipay (Open Platform, mainland) as a local server: real sockets, real RSA2 signatures, key mode and
//! certificate mode, faults to order, and pages for a payer with a browser.
//!
//! It shares no code with `channel-alipay`, so that both sides of the wire cannot have the same bug, and is held against
//! independent clients from registries (`tests/independent_clients`) and OpenSSL.
//!
//! # What it imitates
//! Order strings taken by the wallet, wap and page pay by a browser, precreate, barcode pay with its waiting state;
//! query, close, cancel, refund, refund query; certificate download; AES content; the same operations by V3's paths; the gateway's checks in their order and
//! its habits (HTTP 200 for errors, `\/`, node before `alipay_cert_sn` before `sign`, unsigned refusals from in front of
//! the keys); trades that exist only once a payer has turned up; notifications by the table of triggers with the retry
//! schedule. Every instant comes from one clock, which may stand still until it is moved.
//!
//! # What it does not imitate
//! * Bills, combined payment, profit sharing, `alipay.trade.create`, asynchronous refunds (`refund.apply`), service
//!   providers (`app_auth_token`), SM2, RSA (SHA-1), AES_V2.
//! * GBK: requests in another charset than UTF-8 are refused.
//! * Uniqueness of order numbers over several applications of one partner; here each application is its own partner.
//! * Risk control, fees, limits per second by themselves, three seconds between two refunds.
//! * TLS. The real hosts speak nothing else; here it is plain HTTP on a loopback address.
//! * The sandbox's means of payment, the wording of messages, the cashier's looks. Its other restrictions are a switch
//!   ([`Environment`]).
//! * Memory bounds: everything is kept until the process ends.
//!
//! # Payers' codes for `alipay.trade.pay`
//! 16 to 24 digits that begin with 25 to 30; the third and fourth decide: `01` waits (`10003`) and pays after ten seconds,
//! `02` waits for the control API, `03` `ACQ.BUYER_BALANCE_NOT_ENOUGH`, `04` pays but answers `20000`, `05`
//! `ACQ.PAYMENT_AUTH_CODE_INVALID`, anything else pays, above 1000 yuan as `02`.
//!
//! # Control API
//! JSON under `/_control`; in the same process use [`AlipayControl`] instead. Refusals are `{"error": "..."}` with 400
//! (malformed), 404 (unknown) or 409 (the channel would never do that).
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /merchants` | `{"key_mode":"public_key"}` or `certificate`; optional `app_id`, `seller_id`, `products`, `balance`, `triggers` | makes a merchant, answers its whole configuration |
//! | `PUT /merchants/{app_id}/balance` | `{"balance":0}` | sets its money |
//! | `POST /merchants/{app_id}/alipay-certificates` | | rotates Alipay's certificate |
//! | `GET /merchants/{app_id}/orders/{out_trade_no}` | | the order in the books |
//! | `POST .../open-cashier` | | the payer scans or logs in: the trade begins to exist |
//! | `POST .../pay` | `{}`; optional `coupon`, `buyer_id`, `"landing":"late"`, `"finished":true` | the payer pays |
//! | `POST .../fail-payment`, `.../finish` | | the payer gives up; the refund window ends |
//! | `POST .../console-refunds` | `{"out_request_no":"R1","amount":100}` | a refund past the merchant's server |
//! | `POST .../refunds/{out_request_no}/settle` | `{"status":"success"}` or `failed` | ends a refund that is under way |
//! | `POST .../resend-notification` | `{"copies":5}` | sends the newest notification again, at once |
//! | `POST .../forge-notification` | `{"kind":"wrong_key"}` or another [`Forgery`] | sends a notification that is no proof |
//! | `GET .../deliveries` | | notifications about the order |
//! | `POST /invoke` | `{"order_string":"...","options":{}}`, options as [`InvokeOptions`] | the wallet: checks the order string, pays, answers `{resultStatus, result, memo}` |
//! | `GET`, `POST`, `DELETE /faults` | [`FaultRule`]: `{"operation":"query","times":1,"fault":{"kind":"wrong_key"}}` | faults of requests (`DELETE` clears both kinds) |
//! | `GET`, `POST /notification-faults` | [`NotificationFaultRule`] | faults of notifications |
//! | `POST /suppressed-notifications` | `{"out_trade_no":"..."}` or `{}` | keeps notifications back |
//! | `GET /deliveries`, `GET /ledger`, `GET /clock` | | what happened |
//! | `POST /clock/advance` | `{"seconds":15}` | moves a manual clock, stopping wherever something is due |

mod amount;
mod answer;
mod app;
mod authorization;
mod barcode;
mod cashier;
mod certificates;
mod closing;
mod content;
mod control;
mod control_http;
mod delivery;
mod engine;
mod execution;
mod failure;
mod fault;
mod gateway;
mod identifiers;
mod ledger;
mod merchant;
mod notification;
mod operation;
mod order;
mod parameters;
mod payer;
mod placing;
mod query;
mod refund;
mod request;
mod v3;
mod world;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use engine::Engine;
use world::Settings;

pub use app::{AppResult, InvokeOptions, InvokeRefused, WalletChoice};
pub use control::{AlipayControl, ControlError, Forgery};
pub use delivery::{
    Attempt, AttemptResult, DELIVERY_DEADLINE, DeliveryRecord, DeliveryState, RETRY_INTERVALS,
};
pub use fault::{
    Execution, Fault, FaultRule, NotificationFault, NotificationFaultRule, NotificationKind,
    RefusalSignature, SystemErrorSpelling,
};
pub(crate) use identifiers::BUYER;
pub use ledger::{Ledger, LedgerMerchant, LedgerOrder, LedgerRefund};
pub use merchant::{
    GeneratedCertificate, GeneratedCertificates, GeneratedMerchant, KeyMode, MerchantOptions,
    NotificationTriggers,
};
pub use operation::{Operation, Product};
pub use order::{RefundStatus, TradeStatus};
pub use parameters::ParametersRefused;
pub use payer::{Landing, PayOptions, PaymentRefused};
pub use world::{CloseOfClosed, Environment, RefundSettlement};

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
    /// What becomes of accepted refunds.
    pub refund_settlement: RefundSettlement,
    /// What a close of a closed trade answers.
    pub close_of_closed: CloseOfClosed,
    /// How long after its time has passed an unpaid trade still reads `WAIT_BUYER_PAY`.
    pub expiry_lag: Duration,
    /// How far a request's `timestamp` may be from the clock, either way.
    pub timestamp_window: Duration,
    /// How often notifications of face-to-face products are repeated at once before the schedule begins.
    pub immediate_repeats: usize,
    /// Which environment's restrictions it has.
    pub environment: Environment,
}

impl SimulatorOptions {
    /// A free loopback port, refunds whose money moves at once, timestamps of a day, no lag, no immediate repeats, and
    /// production's rules.
    pub fn loopback(clock: SimulatorClock) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock,
            refund_settlement: RefundSettlement::AtOnce,
            close_of_closed: CloseOfClosed::Refused,
            expiry_lag: Duration::ZERO,
            timestamp_window: Duration::from_secs(24 * 60 * 60),
            immediate_repeats: 0,
            environment: Environment::Production,
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the Alipay simulator cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Its root could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The client for notifications could not be made.
    #[error("the client for notifications could not be made: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// A running simulator. It ends with [`AlipaySimulator::shutdown`] or when it is dropped.
pub struct AlipaySimulator {
    engine: Arc<Engine>,
    server: JoinHandle<()>,
    scheduler: JoinHandle<()>,
}

impl AlipaySimulator {
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
        Ok(Self { engine, server, scheduler })
    }

    /// `http://127.0.0.1:port/gateway.do`: put it where the client has `https://openapi.alipay.com/gateway.do`.
    pub fn gateway_url(&self) -> String {
        format!("{}/gateway.do", self.base_url())
    }

    /// `http://127.0.0.1:port`: put it where the client has `https://openapi.alipay.com`.
    pub fn base_url(&self) -> &str {
        &self.engine.settings.base_url
    }

    /// The root of the control API over HTTP.
    pub fn control_url(&self) -> String {
        format!("{}/_control", self.base_url())
    }

    /// The payer's page of an order, by its number, its trade's number or a QR code; a QR code is scanned by opening it.
    pub fn wallet_url(&self, reference: &str) -> String {
        let code = reference.strip_prefix(placing::QR_ADDRESS).unwrap_or(reference);
        format!("{}/wallet/{}", self.base_url(), cashier::encode(code))
    }

    /// The control API within the process.
    pub fn control(&self) -> AlipayControl {
        AlipayControl { engine: Arc::clone(&self.engine) }
    }

    /// Stops listening and retrying, and lets requests that are being answered finish.
    pub async fn shutdown(mut self) {
        self.engine.stop.cancel();
        // A task that ended by a panic has reported it already.
        let _ = (&mut self.server).await;
        let _ = (&mut self.scheduler).await;
    }
}

impl Drop for AlipaySimulator {
    fn drop(&mut self) {
        self.engine.stop.cancel();
    }
}

fn engine(options: SimulatorOptions, address: SocketAddr) -> Result<Engine, StartError> {
    // A payer's browser cannot go to "any address".
    let host = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let settings = Settings {
        refund_settlement: options.refund_settlement,
        close_of_closed: options.close_of_closed,
        expiry_lag: options.expiry_lag,
        timestamp_window: options.timestamp_window,
        immediate_repeats: options.immediate_repeats,
        environment: options.environment,
        base_url: format!("http://{}", SocketAddr::new(host, address.port())),
    };
    // Alipay follows no redirect and uses nobody's proxy.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    Ok(Engine::new(options.clock, settings, http)?)
}

async fn serve(engine: Arc<Engine>, listener: TcpListener) {
    let stop = engine.stop.clone();
    let routes = Router::new()
        .nest("/_control", control_http::router())
        .route("/wallet", get(cashier::index))
        .route("/wallet/order-string", post(cashier::paste))
        .route("/wallet/{reference}", get(cashier::show).post(cashier::choose))
        .route("/gateway.do", get(gateway::entry).post(gateway::entry))
        .route("/v3/{*path}", post(v3::entry))
        .with_state(engine);
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the Alipay simulator stopped serving");
    }
}
