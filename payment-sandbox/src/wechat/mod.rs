//! WeChat Pay (API v3, direct merchant) as a local server: real sockets, real RSA signatures, real AES-GCM, faults to
//! order, and a wallet page for a person with a browser.
//!
//! It shares no code with `channel-wechat`, so that both sides of the wire cannot have the same bug, and is held against
//! an independent client from a registry (`tests/independent_clients`).
//!
//! # What it imitates
//! Prepay (app, JSAPI, H5, native) with its re-entry rules, query, close, refund, refund query, abnormal refund,
//! platform certificates; the request checks in the channel's order, over the raw bytes; answers signed with the key
//! that the request asks for; notifications with the channel's retry schedule and deadline; the checks of the app's SDK.
//! Every instant comes from one clock, which may stand still until it is moved.
//!
//! # What it does not imitate
//! * Combined orders, bills, service-provider mode, code-pay, SM2/SM3/SM4, profit sharing.
//! * Rate limits by themselves: 429 comes from an ordered fault only, or from closing while the payer pays.
//! * Risk control, account freezes, fees, and the wait of a minute between two refunds of one order.
//! * TLS. The real hosts speak nothing else; here it is plain HTTP on a loopback address.
//! * A 204 with a body, which HTTP forbids: the fault `stray_body` answers 200 with a body in its place.
//! * The exact wording of messages that the reference does not quote, and the order of the header checks among
//!   themselves, which nobody has documented.
//! * Memory bounds: everything is kept until the process ends.
//!
//! # Control API
//! JSON under `/_control`; in the same process use [`WechatControl`] instead. Refusals are `{"error": "..."}` with 400
//! (malformed), 404 (unknown) or 409 (the channel would never do that).
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /merchants` | `{"key_mode":"both"}` or `platform_certificate`, `public_key`; optional `mchid`, `appids`, `products`, `balance` | makes a merchant, answers its whole configuration |
//! | `PUT /merchants/{mchid}/balance` | `{"available":0,"unsettled":0}` | sets its money |
//! | `PUT /merchants/{mchid}/notification-key-mix` | `{"public_key_percent":50}` | which key signs notifications |
//! | `POST /merchants/{mchid}/platform-certificates` | `{"step":"announce"}` or `activate` | rotates the platform certificate |
//! | `GET /merchants/{mchid}/orders/{out_trade_no}` | | the order in the books |
//! | `POST .../pay` | `{}`; optional `coupon`, `bank_type`, `openid`, `"landing":"late"` | the payer pays |
//! | `POST .../begin-payment`, `.../fail-payment` | | the payer is at the till; gives up |
//! | `POST .../resend-notification` | `{"copies":5}` | sends the newest notification again, at once |
//! | `POST .../forge-notification` | `{"kind":"wrong_key"}`, `wrong_api_key`, `foreign_merchant`, `{"kind":"wrong_amount","total":1}`, `unknown_order`, `unpaid_order` | sends a notification that is no proof |
//! | `GET .../deliveries` | | notifications about the order |
//! | `POST /merchants/{mchid}/refunds/{out_refund_no}/settle` | `{"status":"SUCCESS"}` | moves a refund |
//! | `POST /invoke` | `{"parameters":{...},"options":{}}` | the app's SDK: checks the signed parameters, pays |
//! | `GET`, `POST`, `DELETE /faults` | [`FaultRule`]: `{"operation":"close","times":1,"fault":{"kind":"rate_limited"}}` | faults of requests (`DELETE` clears both kinds) |
//! | `GET`, `POST /notification-faults` | [`NotificationFaultRule`] | faults of notifications |
//! | `POST /suppressed-notifications` | `{"out_trade_no":"..."}` or `{}` | keeps notifications back |
//! | `GET /deliveries`, `GET /ledger`, `GET /clock` | | what happened |
//! | `POST /clock/advance` | `{"seconds":15}` | moves a manual clock, stopping wherever something is due |

mod authorization;
mod certificates;
mod close;
mod control;
mod control_http;
mod delivery;
mod engine;
mod error;
mod fault;
mod gateway;
mod identifiers;
mod invoke;
mod keys;
mod ledger;
mod merchant;
mod notification;
mod operation;
mod order;
mod payment;
mod prepay;
mod query;
mod refund;
mod schema;
mod signature;
mod wallet;
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

pub use control::{CertificateRotation, ControlError, Forgery, WechatControl};
pub use delivery::{
    Attempt, AttemptResult, DELIVERY_DEADLINE, DeliveryRecord, DeliveryState, RETRY_INTERVALS,
};
pub use fault::{Execution, Fault, FaultRule, NotificationFault, NotificationFaultRule, NotificationKind};
pub(crate) use identifiers::PAYER;
pub use invoke::InvokeRefused;
pub use ledger::{Ledger, LedgerMerchant, LedgerOrder, LedgerRefund};
pub use merchant::{
    Balance, GeneratedCertificate, GeneratedMerchant, GeneratedMerchantKey, GeneratedPublicKey, KeyMode,
    MerchantOptions,
};
pub use operation::{Operation, Product};
pub use order::TradeState;
pub use payment::{Landing, PayOptions, PaymentRefused};
pub use refund::RefundStatus;
pub use world::{NotifyUrlPolicy, RefundSettlement};

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
    /// Whether merchants may be notified on loopback addresses.
    pub notify_urls: NotifyUrlPolicy,
    /// What becomes of accepted refunds.
    pub refund_settlement: RefundSettlement,
    /// How long after its time has passed an unpaid order still reads `NOTPAY`.
    pub expiry_lag: Duration,
}

impl SimulatorOptions {
    /// A free loopback port, loopback notifications, refunds that wait for the control API, no lag.
    pub fn loopback(clock: SimulatorClock) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock,
            notify_urls: NotifyUrlPolicy::LoopbackAllowed,
            refund_settlement: RefundSettlement::ByControl,
            expiry_lag: Duration::ZERO,
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the WeChat Pay simulator cannot listen on {address}: {source}")]
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

/// A running simulator. It ends with [`WechatSimulator::shutdown`] or when it is dropped.
pub struct WechatSimulator {
    engine: Arc<Engine>,
    server: JoinHandle<()>,
    scheduler: JoinHandle<()>,
}

impl WechatSimulator {
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

    /// `http://127.0.0.1:port`: put it where the client has `https://api.mch.weixin.qq.com`.
    pub fn base_url(&self) -> &str {
        &self.engine.settings.base_url
    }

    /// The root of the control API over HTTP.
    pub fn control_url(&self) -> String {
        format!("{}/_control", self.base_url())
    }

    /// The wallet page of an order, by its number, a prepay_id or the code of a native QR.
    pub fn wallet_url(&self, reference: &str) -> String {
        let segment: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
        format!("{}/wallet/{segment}", self.base_url())
    }

    /// The control API within the process.
    pub fn control(&self) -> WechatControl {
        WechatControl { engine: Arc::clone(&self.engine) }
    }

    /// Stops listening and retrying, and lets requests that are being answered finish.
    pub async fn shutdown(mut self) {
        self.engine.stop.cancel();
        // A task that ended by a panic has reported it already.
        let _ = (&mut self.server).await;
        let _ = (&mut self.scheduler).await;
    }
}

impl Drop for WechatSimulator {
    fn drop(&mut self) {
        self.engine.stop.cancel();
    }
}

fn engine(options: SimulatorOptions, address: SocketAddr) -> Result<Engine, StartError> {
    // A payer's browser cannot go to "any address".
    let host = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let settings = Settings {
        notify_urls: options.notify_urls,
        refund_settlement: options.refund_settlement,
        expiry_lag: options.expiry_lag,
        base_url: format!("http://{}", SocketAddr::new(host, address.port())),
    };
    // WeChat Pay follows no redirect and uses nobody's proxy.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    Ok(Engine::new(options.clock, settings, http)?)
}

async fn serve(engine: Arc<Engine>, listener: TcpListener) {
    let stop = engine.stop.clone();
    let routes = Router::new()
        .nest("/_control", control_http::router())
        .route("/wallet", get(wallet::index))
        .route("/wallet/{reference}", get(wallet::show).post(wallet::choose))
        .route("/cgi-bin/mmpayweb-bin/checkmweb", get(wallet::h5))
        .fallback(gateway::entry)
        .with_state(engine);
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the WeChat Pay simulator stopped serving");
    }
}
