//! A service that has an account at Bad Pay, and Bad Pay itself.

use std::{sync::Arc, time::Duration};

use channel_bad_pay::{BadPayApp, BadPayFactory};
use payment_proto::v1::{
    CreatePaymentRequest, PaymentData, PaymentState, PluginOptions, create_payment_request::ChannelOptions,
    payment_data::Kind,
};
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    accounts::bad_pay_section,
    app::{ACCOUNT, MERCHANT, START, SharedClock, TestApp, TestAppOptions},
    requests::{app_payment, payment_no},
};

/// The merchant at Bad Pay.
pub(crate) const SHOP: &str = "corner";

/// Its account's name in the configuration.
pub(crate) const BAD_ACCOUNT: &str = "acme-bad";

/// Everything that a story needs.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) bad: BadPayApp,
}

impl Stage {
    /// Bad Pay, and a service that is told about it by a registered factory and lines of configuration.
    pub(crate) async fn set() -> Self {
        Self::set_with("").await
    }

    /// The same, with more lines in the account's section.
    pub(crate) async fn set_with(account_lines: &str) -> Self {
        let clock = SimulatorClock::manual(START);
        let bad = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
        let section = account_section(&bad, account_lines);
        let app = TestApp::start_with(TestAppOptions {
            clock,
            account_config: section,
            plugins: vec![Arc::new(BadPayFactory::new().unwrap())],
            ..TestAppOptions::usual()
        });
        Self { app: app.await, bad }
    }

    /// A fresh payment of one order by the payer's app, as a number.
    pub(crate) async fn open(&self, request_id: &str, order_no: &str) -> String {
        let created = self.app.create(payment(request_id, order_no, "app")).await;
        assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer);
        payment_no(&created)
    }

    /// The payer pays, and Bad Pay denies it.
    pub(crate) fn pay_and_deny(&self, payment_no: &str, questions: u32, time: Duration) {
        self.bad.pay_and_deny(SHOP, payment_no, questions, time);
    }

    /// Time passes for everybody.
    pub(crate) async fn advance(&self, seconds: u64) {
        self.app.advance(Duration::from_secs(seconds)).await;
    }
}

/// The account's section of the configuration: the channel is a name like any other.
fn account_section(bad: &BadPayApp, more: &str) -> String {
    assert_ne!(ACCOUNT, BAD_ACCOUNT);
    bad_pay_section(MERCHANT, BAD_ACCOUNT, bad, SHOP) + more
}

/// A payment of 1.00 CNY for one order in one of Bad Pay's ways.
pub(crate) fn payment(request_id: &str, order_no: &str, way: &str) -> CreatePaymentRequest {
    payment_with(request_id, order_no, way, prost_types::Struct::default())
}

/// The same with options.
pub(crate) fn payment_with(
    request_id: &str,
    order_no: &str,
    way: &str,
    options: prost_types::Struct,
) -> CreatePaymentRequest {
    let plugin = PluginOptions { product: way.to_owned(), options: Some(options) };
    CreatePaymentRequest {
        channel_account: BAD_ACCOUNT.to_owned(),
        channel_options: Some(ChannelOptions::Plugin(plugin)),
        ..app_payment(request_id, order_no, 100)
    }
}

/// Options of one text.
pub(crate) fn text_option(name: &str, text: &str) -> prost_types::Struct {
    let value = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(text.to_owned())) };
    prost_types::Struct { fields: [(name.to_owned(), value)].into() }
}

/// What the payer pays with, out of whichever form the payment data has, and that form's name.
pub(crate) fn ticket(data: &PaymentData) -> (&'static str, String) {
    match data.kind.as_ref().unwrap() {
        Kind::SdkParameters(sdk) => ("sdk_parameters", sdk.parameters["ticket"].clone()),
        Kind::SdkText(text) => ("sdk_text", text.clone()),
        Kind::QrCode(code) => ("qr_code", code.trim_start_matches("badpay://").to_owned()),
        Kind::RedirectUrl(url) => ("redirect_url", url.rsplit('/').next().unwrap().to_owned()),
    }
}
