//! A service with an account at each of the three channels, all on one clock.

use payment_proto::v1::{
    AlipayApp, AlipayOptions, CreatePaymentRequest, Money, OrderToPay, PaymentData, PaypalCheckout,
    PaypalOptions, alipay_options, create_payment_request::ChannelOptions, payment_data::Kind,
    paypal_options,
};
use payment_sandbox::{
    alipay::{self, AlipayControl, AlipaySimulator},
    clock::SimulatorClock,
    paypal::{self, PaypalControl, PaypalSimulator},
};
use payment_tests::{
    accounts::{alipay_section, paypal_section},
    app::{MERCHANT, START, TestApp, TestAppOptions},
    log_watch,
};

/// The service with everything around it.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) alipay: AlipayControl,
    pub(super) alipay_app_id: String,
    pub(super) paypal: PaypalControl,
    // They end when they are dropped.
    alipay_simulator: Option<AlipaySimulator>,
    _paypal: PaypalSimulator,
}

impl Scene {
    pub(super) async fn start() -> Self {
        let clock = SimulatorClock::manual(START);
        let alipay = AlipaySimulator::start(alipay::SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let paypal = PaypalSimulator::start(paypal::SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let of_alipay = alipay::MerchantOptions::new(alipay::KeyMode::PublicKey).with_talkative_triggers();
        let of_alipay = alipay.control().create_merchant(of_alipay).await.unwrap();
        let of_paypal = paypal.control().create_merchant(paypal::MerchantOptions::standard()).unwrap();
        let more_config = alipay_section(MERCHANT, "acme-alipay", &of_alipay, &alipay.gateway_url())
            + &paypal_section(MERCHANT, "acme-paypal", &of_paypal, paypal.base_url());
        let app = TestApp::start_with(TestAppOptions { clock, more_config, ..TestAppOptions::usual() }).await;
        let webhooks = format!("http://{}/v1/callbacks/paypal/acme-paypal", app.callback_address());
        paypal.control().set_webhook_url(&of_paypal.client_id, &webhooks).unwrap();
        Self {
            app,
            alipay: alipay.control(),
            alipay_app_id: of_alipay.app_id,
            paypal: paypal.control(),
            alipay_simulator: Some(alipay),
            _paypal: paypal,
        }
    }

    /// From now on nobody listens at Alipay's address.
    pub(super) fn unplug_alipay(&mut self) {
        self.alipay_simulator = None;
    }
}

fn request(request_id: &str, order_no: &str, currency: &str, minor_units: i64) -> CreatePaymentRequest {
    let amount = Money { currency_code: currency.to_owned(), minor_units };
    CreatePaymentRequest {
        request_id: request_id.to_owned(),
        orders: vec![OrderToPay { order_no: order_no.to_owned(), amount: Some(amount) }],
        description: "two books".to_owned(),
        ..CreatePaymentRequest::default()
    }
}

/// An Alipay app payment in fen.
pub(super) fn alipay_app(request_id: &str, order_no: &str, fen: i64) -> CreatePaymentRequest {
    let product = Some(alipay_options::Product::App(AlipayApp {}));
    let options = AlipayOptions { product, ..AlipayOptions::default() };
    CreatePaymentRequest {
        channel_options: Some(ChannelOptions::Alipay(options)),
        ..request(request_id, order_no, "CNY", fen)
    }
}

/// A PayPal payment in a browser.
pub(super) fn paypal_checkout(
    request_id: &str,
    order_no: &str,
    currency: &str,
    minor_units: i64,
) -> CreatePaymentRequest {
    let checkout = PaypalCheckout {
        return_url: "https://shop.example/back".to_owned(),
        cancel_url: "https://shop.example/cart".to_owned(),
    };
    let product = Some(paypal_options::Product::Checkout(checkout));
    let options = PaypalOptions { product, ..PaypalOptions::default() };
    CreatePaymentRequest {
        channel_options: Some(ChannelOptions::Paypal(options)),
        ..request(request_id, order_no, currency, minor_units)
    }
}

/// The text for the channel's SDK. Anybody could pay with it, so no log may hold it; its signature's beginning stands for it.
pub(super) fn sdk_text(data: Option<PaymentData>) -> String {
    match data.and_then(|data| data.kind) {
        Some(Kind::SdkText(text)) => {
            let signature = text.split('&').find_map(|parameter| parameter.strip_prefix("sign="));
            log_watch::add_secrets([&signature.unwrap()[..32]]);
            text
        }
        other => panic!("no text for an SDK: {other:?}"),
    }
}

/// PayPal's number of the order that the payer's browser is sent to.
pub(super) fn paypal_order(data: Option<PaymentData>) -> String {
    let Some(Kind::RedirectUrl(url)) = data.and_then(|data| data.kind) else {
        panic!("no address for a browser")
    };
    let url = url::Url::parse(&url).unwrap();
    let (_, token) = url.query_pairs().find(|(name, _)| name == "token").unwrap();
    token.into_owned()
}
