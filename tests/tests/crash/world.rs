//! Everything around a server that dies: its database, its configuration, and the channel, which live on.

use std::{net::SocketAddr, path::PathBuf};

use payment_core::{
    invariant::{self, Ledger},
    merchant_event::MerchantEvent,
    payment::{Payment, state::PaymentState},
};
use payment_proto::v1::{
    CreatePaymentRequest, CreatePaymentResponse, event_service_client::EventServiceClient,
    payment_service_client::PaymentServiceClient, refund_service_client::RefundServiceClient,
};
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{self, PaypalSimulator},
    postgres::TestDatabase,
    wechat::{
        GeneratedMerchant, KeyMode, LedgerOrder, MerchantOptions, PayOptions, SimulatorOptions, TradeState,
        WechatControl, WechatSimulator,
    },
};
use payment_server::{app::crash_point::CrashPoint, config::GeneratedApiKey, ports::SystemRandomness};
use payment_store::Store;
use payment_tests::{
    accounts::paypal_section,
    accounts::wechat_section,
    app::{Events, Payments, Refunds, WithKey, connect, free_address},
    database::{self, migrated_database},
    requests::{payment_no, sdk_parameters},
};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::process::ServerProcess;

/// What outlives a server.
pub(crate) struct World {
    simulator: WechatSimulator,
    merchant: GeneratedMerchant,
    /// The service's records, read without the server.
    pub(crate) store: Store,
    /// The service's database.
    pub(crate) database: TestDatabase,
    /// Where notifications arrive.
    pub(crate) callbacks: SocketAddr,
    key: WithKey,
    folder: TempDir,
}

impl World {
    /// A channel on the machine's clock, a migrated database, and a configuration.
    pub(crate) async fn new() -> Self {
        Self::with_keys(KeyMode::PublicKey).await
    }

    /// As [`World::new`], with a merchant that verifies by these keys.
    pub(crate) async fn with_keys(key_mode: KeyMode) -> Self {
        Self::with_sections(key_mode, "[jobs]\nenabled = false\n").await
    }

    /// As [`World::new`], with a PayPal account beside the one at WeChat.
    pub(crate) async fn with_paypal(paypal: &PaypalSimulator) -> Self {
        let merchant = paypal.control().create_merchant(paypal::MerchantOptions::standard()).unwrap();
        let account = paypal_section("acme", "acme-paypal", &merchant, paypal.base_url());
        Self::with_accounts(&account).await
    }

    /// As [`World::new`], with an endpoint that gets the merchant's events.
    pub(crate) async fn with_webhook(url: &str) -> Self {
        let endpoint = format!(
            "[merchants.acme.webhooks.shop]\nurl = \"{url}\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n\
             allow_insecure = true\nallow_private = true\n"
        );
        Self::with_accounts(&endpoint).await
    }

    /// As [`World::new`], with the sections of more accounts.
    pub(crate) async fn with_accounts(accounts: &str) -> Self {
        Self::with_sections(KeyMode::PublicKey, &format!("[jobs]\nenabled = false\n{accounts}")).await
    }

    /// As [`World::with_keys`], with these sections, that of the jobs among them.
    pub(crate) async fn with_sections(key_mode: KeyMode, sections: &str) -> Self {
        let simulator =
            WechatSimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
        let merchant = simulator.control().create_merchant(MerchantOptions::new(key_mode)).await.unwrap();
        let database = migrated_database().await;
        let generated = GeneratedApiKey::new(&SystemRandomness);
        let callbacks = free_address();
        let text = format!(
            "[database]\nurl = \"{}\"\ntls = \"disabled\"\nacquire_timeout_seconds = 30\nmigrate_at_start = true\n[grpc]\nlisten = \"127.0.0.1:0\"\n\
             [callbacks]\nlisten = \"{callbacks}\"\npublic_url = \"http://{callbacks}\"\nallow_insecure = true\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n\
             [merchants.acme]\napi_keys = [{{ id = \"key\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n{}{sections}",
            database.url(),
            generated.hash,
            wechat_section("acme", "acme-wechat", &merchant, simulator.base_url()),
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), text).unwrap();
        let store = database::open(&database::options(database.url(), 2));
        let key = WithKey::new(generated.key.expose_secret());
        Self { simulator, merchant, store, database, callbacks, key, folder }
    }

    /// A server that dies at `crash_at`, if one is given.
    pub(crate) async fn server(&self, crash_at: Option<CrashPoint>) -> ServerProcess {
        let config: PathBuf = self.folder.path().join("config.toml");
        ServerProcess::start(&config, crash_at).await
    }

    /// A server beside others: its configuration differs in this text.
    pub(crate) async fn server_with(&self, name: &str, from: &str, to: &str) -> ServerProcess {
        let text = std::fs::read_to_string(self.folder.path().join("config.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        let config = self.folder.path().join(format!("{name}.toml"));
        std::fs::write(&config, text.replace(from, to)).unwrap();
        ServerProcess::start(&config, None).await
    }

    /// A caller of a server.
    pub(crate) async fn caller(&self, server: &ServerProcess) -> Payments {
        PaymentServiceClient::with_interceptor(connect(server.grpc).await, self.key.clone())
    }

    /// Runs one look of a job in a process of its own.
    pub(crate) async fn run_job(&self, job: &str) {
        ServerProcess::run_job(&self.folder.path().join("config.toml"), job).await;
    }

    /// A caller that gives money back.
    pub(crate) async fn refunds(&self, server: &ServerProcess) -> Refunds {
        RefundServiceClient::with_interceptor(connect(server.grpc).await, self.key.clone())
    }

    /// A consumer of events.
    pub(crate) async fn events(&self, server: &ServerProcess) -> Events {
        EventServiceClient::with_interceptor(connect(server.grpc).await, self.key.clone())
    }

    /// The channel's controls.
    pub(crate) fn wechat(&self) -> WechatControl {
        self.simulator.control()
    }

    /// The merchant's number at the channel.
    pub(crate) fn mchid(&self) -> &str {
        &self.merchant.mchid
    }

    /// The payer pays in WeChat's app with what the server handed out.
    pub(crate) fn pay(&self, created: &CreatePaymentResponse) {
        let parameters = sdk_parameters(created.payment_data.as_ref().expect("payment data"));
        self.wechat().invoke(&parameters, &PayOptions::default()).unwrap();
    }

    /// The channel sends its newest notification about a payment again, and is heard.
    pub(crate) async fn deliver_again(&self, payment_no: &str) {
        let attempts = self.wechat().resend_notification(self.mchid(), payment_no, 1).await.unwrap();
        assert!(attempts.iter().all(|attempt| attempt.result.is_acknowledged()), "{attempts:?}");
    }

    /// Ends a server in order.
    pub(crate) async fn end(&self, server: ServerProcess) {
        server.terminate();
        let (death, log) = server.death().await;
        assert_eq!(death, crate::process::Death::Exit(0), "{log}");
    }

    /// Holds the records to every invariant and to the channel's books.
    pub(crate) async fn audit(&self) -> Ledger {
        let ledger = self.store.ledger().await.unwrap();
        let breaches = invariant::check(&ledger);
        assert!(breaches.is_empty(), "{breaches:#?}");
        let books = self.wechat().ledger().orders;
        for payment in &ledger.payments {
            let line = books.iter().find(|line| line.out_trade_no == payment.payment_no.as_str());
            agree(payment, line);
        }
        let taken = books.iter().filter(|line| line.taken > 0);
        let unknown: Vec<_> = taken
            .filter(|line| !ledger.payments.iter().any(|ours| ours.payment_no.as_str() == line.out_trade_no))
            .collect();
        assert!(unknown.is_empty(), "money that we do not know of: {unknown:?}");
        ledger
    }
}

/// A decided payment is at the channel what it is with us.
fn agree(payment: &Payment, line: Option<&LedgerOrder>) {
    let ours = (payment.state, payment.channel_transaction_no.as_ref().map(ToString::to_string));
    let taken = line.map_or(0, |line| line.taken);
    match payment.state {
        PaymentState::Succeeded => {
            let line = line.unwrap_or_else(|| panic!("{ours:?} is not in the channel's books"));
            assert_eq!((taken, &line.transaction_id), (payment.amount.minor_units(), &ours.1));
        }
        PaymentState::Closed | PaymentState::Failed => {
            assert_eq!(taken, 0, "{ours:?}: {line:?}");
            assert!(line.is_none_or(|line| line.state == TradeState::Closed), "{ours:?}: {line:?}");
        }
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => {
            assert_eq!(taken, 0, "{ours:?} is paid and nobody knows: {line:?}");
        }
    }
}

/// How many events of a kind callers are told.
pub(crate) fn told(ledger: &Ledger, kind: MerchantEvent) -> usize {
    ledger.events.iter().filter(|event| event.event == kind).count()
}

/// Creates a payment and hands out its number with the answer.
pub(crate) async fn create(
    caller: &mut Payments,
    request: CreatePaymentRequest,
) -> (String, CreatePaymentResponse) {
    let created = caller.create_payment(request).await.unwrap().into_inner();
    (payment_no(&created), created)
}
