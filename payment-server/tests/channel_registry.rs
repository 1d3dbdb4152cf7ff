//! Channels enter by a factory; accounts open all or none, and every complaint is told at its place in the configuration.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{collections::BTreeMap, fs, sync::Arc};

use async_trait::async_trait;
use payment_core::{
    gateway::{
        AccountSettings, CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest,
        ClientResultHint, CloseRequest, Closed, CreateRequest, Created, Gateway, GatewayError,
        GatewayFactory, HoldRequest, PaymentAnswer, PaymentData, QueryRequest, RawCallback, RefundAnswer,
        RefundQueryRequest, RefundRequest, ReleaseRequest, VerifiedEvent,
    },
    identifiers::{ChannelAccountId, ChannelName, MerchantId, Payee, Product},
    payment::ChannelHandle,
    ports::Ports,
    violation::Violation,
};
use payment_server::{
    channels::{Account, ChannelRegistry},
    config::{ChannelHttp, Config, ConfigError},
    ports::{ReqwestHttp, SystemClock, SystemRandomness},
};
use time::OffsetDateTime;

/// A channel that complains about what its settings say, and a gateway that nobody asks anything.
struct Fake(&'static str);

struct Unasked;

#[async_trait]
impl GatewayFactory for Fake {
    fn channel(&self) -> ChannelName {
        ChannelName::parse(self.0).unwrap()
    }

    fn check(&self, settings: &AccountSettings) -> Vec<Violation> {
        let wrong = settings.settings.get("wrong").and_then(|key| key.as_str());
        wrong.map(|key| Violation::new(key, "must not be so")).into_iter().collect()
    }

    async fn open(&self, settings: &AccountSettings, _: &Ports) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        match settings.settings.get("unreachable") {
            Some(_) => Err(vec![Violation::new("base_url", "cannot be reached")]),
            None => Ok(Arc::new(Unasked)),
        }
    }
}

#[async_trait]
impl Gateway for Unasked {
    fn capabilities(&self) -> &Capabilities {
        unreachable!()
    }
    fn payee(&self, _: &Product) -> Payee {
        unreachable!()
    }
    fn check_create(&self, _: &CreateRequest) -> Vec<Violation> {
        unreachable!()
    }
    async fn create(&self, _: &CreateRequest) -> Result<Created, GatewayError> {
        unreachable!()
    }
    fn payment_data(&self, _: &Product, _: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        unreachable!()
    }
    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn query(&self, _: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn close(&self, _: &CloseRequest) -> Result<Closed, GatewayError> {
        unreachable!()
    }
    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        unreachable!()
    }
    async fn refund(&self, _: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        unreachable!()
    }
    async fn query_refund(&self, _: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        unreachable!()
    }
    fn read_client_result(&self, _: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        unreachable!()
    }
    async fn verify_callback(
        &self,
        _: &RawCallback,
        _: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        unreachable!()
    }
    fn callback_reply(&self, _: &CallbackOutcome) -> CallbackReply {
        unreachable!()
    }
}

fn registry() -> ChannelRegistry {
    let mut registry = ChannelRegistry::empty();
    registry.register(Arc::new(Fake("fake"))).unwrap();
    registry.register(Arc::new(Fake("other"))).unwrap();
    registry
}

fn ports() -> Ports {
    let http =
        ChannelHttp { connect_timeout: std::time::Duration::from_secs(1), response_limit: 1, proxy: None };
    let http = Arc::new(ReqwestHttp::new(&http).unwrap());
    Ports { clock: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness), http }
}

/// Two merchants, each with these accounts: merchant, account, channel, further settings.
fn config(accounts: &[(&str, &str, &str, &str)], variables: &[(&str, &str)]) -> Config {
    let mut text =
        "[database]\nurl = \"postgres://h/d\"\n[callbacks]\npublic_url = \"https://pay.example.com/shop/\"\n"
            .to_owned();
    for (index, merchant) in ["acme", "bravo"].iter().enumerate() {
        text += &format!(
            "[merchants.{merchant}]\napi_keys = [{{ id = \"k\", sha256 = \"{index:064}\", scopes = [\"read\"] }}]\n"
        );
    }
    for (merchant, account, channel, more) in accounts {
        text += &format!("[merchants.{merchant}.accounts.{account}]\nchannel = \"{channel}\"\n{more}\n");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    fs::write(&file, text).unwrap();
    let environment: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&file, &environment).unwrap_or_else(|error| panic!("{error}"))
}

fn shown(account: Option<Arc<Account>>) -> Option<String> {
    account.map(|account| format!("{account:?}"))
}

#[tokio::test]
async fn r30_accounts_are_found_by_their_own_merchant_and_by_their_callback_url() {
    let accounts =
        [("acme", "main", "fake", ""), ("acme", "second", "other", ""), ("bravo", "main", "other", "")];
    let accounts = registry().open(&config(&accounts, &[]), &ports(), &Arc::default()).await.unwrap();
    let of = |merchant: &str, account: &str| {
        let merchant = MerchantId::parse(merchant).unwrap();
        shown(accounts.of_merchant(&merchant, &ChannelAccountId::parse(account).unwrap()))
    };
    assert_eq!(of("acme", "main").as_deref(), Some("Account(fake/main of acme)"));
    assert_eq!(of("bravo", "main").as_deref(), Some("Account(other/main of bravo)"));
    assert_eq!(of("bravo", "second"), None, "another merchant's account exists");
    let by_url = |channel, account| shown(accounts.of_callback(channel, account));
    assert_eq!(by_url("other", "main").as_deref(), Some("Account(other/main of bravo)"));
    assert_eq!(by_url("fake", "main").as_deref(), Some("Account(fake/main of acme)"));
    for (channel, account) in [("fake", "second"), ("FAKE", "main"), ("", ""), ("fake", "main/")] {
        assert_eq!(by_url(channel, account), None, "{channel}/{account}");
    }
    let account = accounts.of_callback("other", "second").unwrap();
    assert_eq!(account.notify_url.as_str(), "https://pay.example.com/shop/v1/callbacks/other/second");
    let (acme, other) = (MerchantId::parse("acme").unwrap(), ChannelName::parse("other").unwrap());
    let at: Vec<_> =
        accounts.of_merchant_at(&acme, &other).map(|account| account.account_id.to_string()).collect();
    assert_eq!(at, ["second"]);
}

fn lines(result: Result<impl Sized, ConfigError>) -> Vec<String> {
    let error = result.err().expect("a mistake");
    error.violations().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_complaint_of_every_channel_is_told_at_its_place() {
    let accounts = [
        ("acme", "a", "fake", "wrong = \"serial\""),
        ("bravo", "b", "nosuch", ""),
        ("bravo", "c", "other", "wrong = \"mchid\"\nmchid = \"1\"\nunreachable = true"),
        ("bravo", "d", "fake", "unreachable = true"),
    ];
    let config = config(&accounts, &[("PAYMENT__MERCHANTS__BRAVO__ACCOUNTS__C__MCHID", "2")]);
    let checked = lines(registry().check(&config));
    assert_eq!(checked.len(), 3, "{checked:#?}");
    assert!(
        checked[0].contains("payment.toml: merchants.acme.accounts.a.serial: must not be so. Mend"),
        "{}",
        checked[0]
    );
    assert!(
        checked[1].contains("merchants.bravo.accounts.b.channel: \"nosuch\" is no channel"),
        "{}",
        checked[1]
    );
    assert!(checked[1].contains("Write one of: fake, other"), "{}", checked[1]);
    let variable = "environment variable PAYMENT__MERCHANTS__BRAVO__ACCOUNTS__C__MCHID: merchants.bravo.accounts.c.mchid";
    assert!(checked[2].starts_with(variable), "{}", checked[2]);

    let opened = lines(registry().open(&config, &ports(), &Arc::default()).await);
    assert_eq!(opened.len(), 3, "{opened:#?}");
    assert!(opened[2].contains("merchants.bravo.accounts.d.base_url: cannot be reached"), "{}", opened[2]);
}

#[test]
fn a_channels_name_is_taken_once() {
    let mut registry = registry();
    let error = registry.register(Arc::new(Fake("fake"))).unwrap_err();
    assert_eq!(error.to_string(), "a channel named fake is registered already");
    let mut builtin = ChannelRegistry::with_builtin().unwrap();
    assert!(builtin.register(Arc::new(Fake("wechat"))).is_err());
    assert!(builtin.register(Arc::new(Fake("plugin"))).is_ok());
}
