//! Bad Pay: plugged in from outside. It never calls back, so asking brings every payment home.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use channel_bad_pay::{Accident, Aim, BadPayApp, BadRefund, OrderState};
use payment_core::ports::{Clock as _, Randomness as _};
use payment_proto::v1::{PluginOptions, create_payment_request::ChannelOptions, payment_data::Kind};
use payment_server::ports::{SystemClock, SystemRandomness};
use serde_json::json;
use toml::Table;

use super::{Ability, ByHand, Channel, Entry, Forged, settings};
use crate::{
    commands::Failure,
    demo::{
        promise::{Broken, Kept},
        scene::Attempt,
    },
};

/// Longer than a stranger waits for the service.
const DEADLINE: Duration = Duration::from_secs(10);

/// The payment app with one shop.
struct BadPay {
    app: BadPayApp,
    shop: String,
    key: String,
    http: reqwest::Client,
    /// Where a stranger pretends to be it.
    callbacks: Mutex<String>,
}

pub(super) async fn start() -> Result<Arc<dyn Channel>, Failure> {
    let app = BadPayApp::start(Arc::new(SystemClock)).await;
    app.refund_at_once();
    let mut tag = [0; 4];
    SystemRandomness.fill(&mut tag);
    let shop = format!("demo{}", hex::encode(tag));
    let key = app.open_shop(&shop);
    let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().map_err(Failure::new)?;
    Ok(Arc::new(BadPay { app, shop, key, http, callbacks: Mutex::default() }))
}

#[async_trait]
impl Channel for BadPay {
    fn name(&self) -> &'static str {
        "Bad Pay"
    }

    fn account(&self) -> &'static str {
        "bad-main"
    }

    fn settings(&self) -> Table {
        settings([
            ("channel", channel_bad_pay::CHANNEL),
            ("base_url", self.app.base_url()),
            ("shop", &self.shop),
            ("key", &self.key),
        ])
    }

    fn currency(&self) -> &'static str {
        "CNY"
    }

    fn options(&self) -> ChannelOptions {
        ChannelOptions::Plugin(PluginOptions { product: "app".to_owned(), options: None })
    }

    /// Never asked for: [`Ability::Holds`] is lacking.
    fn options_to_hold(&self) -> ChannelOptions {
        self.options()
    }

    fn base_url(&self) -> &str {
        self.app.base_url()
    }

    fn by_hand(&self) -> ByHand {
        ByHand {
            page: format!("{}/page/...", self.app.base_url()),
            how: "open the answer's redirect_url; it never calls back, so SyncPayment or wait",
            request: json!({"channel_account": self.account(), "plugin": {"product": "page"}}),
            control_url: None,
        }
    }

    fn lacks(&self, ability: Ability) -> Option<&'static str> {
        match ability {
            Ability::Callbacks | Ability::LateMoney => Some("no callbacks"),
            Ability::Holds => Some("holds no money"),
            Ability::CallToCreate => None,
        }
    }

    fn call_back_to(&self, url: &str) -> Kept<()> {
        url.clone_into(&mut self.callbacks.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Looking changes nothing here.
    fn open(&self, _: &Attempt<'_>) -> Kept<()> {
        Ok(())
    }

    fn pay(&self, attempt: &Attempt<'_>) -> Kept<&'static str> {
        let Some(Kind::SdkParameters(sdk)) = attempt.payment_data() else {
            return Err(Broken::new("CreatePayment gave no SDK parameters to pay with"));
        };
        let ticket = sdk.parameters.get("ticket").ok_or_else(|| Broken::new("Bad Pay: no ticket"))?;
        self.app.pay_by_ticket(&self.shop, ticket);
        Ok("pays in Bad Pay's app with the ticket")
    }

    /// Never asked for: [`Ability::LateMoney`] is lacking.
    fn pay_late(&self, _: &str) -> Kept<()> {
        Err(Broken::new("Bad Pay: nobody would tell"))
    }

    fn false_report(&self) -> &'static [u8] {
        b"paid"
    }

    /// There are none.
    fn lose_callbacks(&self, _: &str) {}

    /// Never asked for: [`Ability::Callbacks`] is lacking.
    fn spoil_next_callback(&self, _: &str) -> &'static str {
        "calls nobody"
    }

    fn lose_next_announcement(&self) {
        self.app.accident_at(Aim::Create, Accident::BrokenOffAfterwards);
    }

    fn lose_next_question(&self, payment_no: &str) {
        self.app.accident_at(Aim::Query(payment_no.to_owned()), Accident::Broken);
    }

    fn deny_next_question(&self, payment_no: &str) {
        self.app.accident_at(Aim::Query(payment_no.to_owned()), Accident::Lie("state", json!("unpaid")));
    }

    fn refuse_next_refund(&self, payment_no: &str) {
        self.app.accident_at(Aim::Refund(payment_no.to_owned()), Accident::TillEmpty);
    }

    fn hold_next_refund(&self, payment_no: &str) {
        self.app.accident_at(Aim::Refund(payment_no.to_owned()), Accident::Silence);
    }

    async fn claim_wrong_amount(&self, payment_no: &str) -> Kept<Option<u16>> {
        self.app.accident_at(Aim::Query(payment_no.to_owned()), Accident::Lie("minor_units", json!(1)));
        Ok(None)
    }

    /// Never asked for: [`Ability::Callbacks`] is lacking.
    async fn call_back(&self, _: &str, _: u32) -> Kept<Vec<u16>> {
        Ok(Vec::new())
    }

    fn answers(&self, _: &str) -> Kept<Vec<u16>> {
        Ok(Vec::new())
    }

    async fn forge(&self, payment_no: &str) -> Kept<Vec<Forged>> {
        let url = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = self.http.post(url).json(&json!({"number": payment_no, "state": "paid"})).send().await;
        let status = sent.map_err(|error| Broken::new(format!("no way to the service: {error}")))?.status();
        Ok(vec![Forged { what: "calls back \"paid\" in Bad Pay's name", status: status.as_u16() }])
    }

    fn entry(&self, payment_no: &str) -> Entry {
        let Some(order) = self.app.order(&self.shop, payment_no) else { return Entry::default() };
        let paid = order.state(SystemClock.now()) == OrderState::Paid;
        let refunds: Vec<_> =
            self.app.refunds(&self.shop, payment_no).iter().map(BadRefund::minor_units).collect();
        Entry {
            announced: usize::try_from(order.creates).unwrap_or(usize::MAX),
            taken: if paid { order.minor_units() } else { 0 },
            held: 0,
            given_back: refunds.iter().sum(),
            refunds,
        }
    }

    fn books(&self) -> BTreeMap<String, i64> {
        let orders = self.app.orders(&self.shop);
        let numbers: BTreeSet<_> = orders.iter().map(|order| order.number().to_owned()).collect();
        let kept = |number: String| {
            let entry = self.entry(&number);
            (number, entry.taken - entry.given_back)
        };
        numbers.into_iter().map(kept).collect()
    }
}
