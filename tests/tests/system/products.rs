//! Every way of paying in WeChat: what the payer gets, that it pays, and what each product insists on.

use payment_proto::v1::{
    CreatePaymentRequest, PaymentState, WeChatPayH5, WeChatPayH5Scene, WeChatPayJsapi, WeChatPayNative,
    payment_data::Kind, we_chat_pay_options::Product,
};
use payment_sandbox::wechat::{PayOptions, TradeState};
use payment_tests::{
    app::TestApp,
    requests::{app_payment, payment_no, sdk_parameters, wechat_payment},
};

fn jsapi(request_id: &str, order_no: &str) -> CreatePaymentRequest {
    wechat_payment(
        request_id,
        order_no,
        100,
        Product::Jsapi(WeChatPayJsapi { openid: "oPayer123".to_owned() }),
    )
}

fn h5(request_id: &str, order_no: &str) -> CreatePaymentRequest {
    let product = Product::H5(WeChatPayH5 { scene: WeChatPayH5Scene::Wap.into() });
    wechat_payment(request_id, order_no, 100, product)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_product_hands_out_what_its_payer_needs_and_is_paid_by_it() {
    let app = TestApp::start().await;
    for (index, request) in [app_payment("r-app", "A", 100), jsapi("r-jsapi", "B")].into_iter().enumerate() {
        let created = app.create(request).await;
        let parameters = sdk_parameters(created.payment_data.as_ref().unwrap());
        assert_eq!(parameters.len(), [7, 6][index], "{parameters:?}");
        app.wechat().invoke(&parameters, &PayOptions::default()).unwrap();
        app.wechat().settled().await;
        assert_eq!(app.state(&payment_no(&created)).await, PaymentState::Succeeded);
    }

    let native = wechat_payment("r-native", "C", 100, Product::Native(WeChatPayNative {}));
    let created = app.create(native).await;
    match created.payment_data.clone().unwrap().kind.unwrap() {
        Kind::QrCode(code) => assert!(code.starts_with("weixin://wxpay/bizpayurl?pr="), "{code}"),
        other @ (Kind::SdkParameters(_) | Kind::SdkText(_) | Kind::RedirectUrl(_)) => {
            panic!("no QR code: {other:?}")
        }
    }
    app.pay(&payment_no(&created)).await;
    assert_eq!(app.state(&payment_no(&created)).await, PaymentState::Succeeded);

    let mut request = h5("r-h5", "D");
    request.payer_client_ip = "2001:db8::7".to_owned();
    let created = app.create(request).await;
    match created.payment_data.clone().unwrap().kind.unwrap() {
        Kind::RedirectUrl(url) => {
            let page = reqwest::get(&url).await.unwrap();
            assert!(page.status().is_success(), "the payer's browser is let in: {}", page.status());
        }
        other @ (Kind::SdkParameters(_) | Kind::SdkText(_) | Kind::QrCode(_)) => {
            panic!("no address: {other:?}")
        }
    }
    app.pay(&payment_no(&created)).await;
    assert_eq!(app.state(&payment_no(&created)).await, PaymentState::Succeeded);

    let trades = ["app", "h5", "jsapi", "native"];
    assert_eq!(app.texts("SELECT product FROM payment ORDER BY product").await, trades);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_products_own_conditions_are_told_by_field_and_reach_no_channel() {
    let app = TestApp::start().await;
    let openid = |openid: &str| {
        let product = Product::Jsapi(WeChatPayJsapi { openid: openid.to_owned() });
        wechat_payment("r-1", "A", 100, product)
    };
    let mut unsent_address = h5("r-1", "A");
    unsent_address.payer_client_ip = "not an address".to_owned();
    let mut too_short = app_payment("r-1", "A", 100);
    too_short.time_to_pay = Some(prost_types::Duration { seconds: 59, nanos: 0 });
    let mut too_long = too_short.clone();
    too_long.time_to_pay = Some(prost_types::Duration { seconds: 90 * 86_400 + 1, nanos: 0 });
    let mut dollars = app_payment("r-1", "A", 100);
    dollars.orders[0].amount.as_mut().unwrap().currency_code = "USD".to_owned();
    let mut emoji = app_payment("r-1", "A", 100);
    emoji.description = "two books 📚".to_owned();
    for (request, field) in [
        (h5("r-1", "A"), "payer_client_ip"),
        (unsent_address, "payer_client_ip"),
        (openid(""), "wechat_pay.jsapi.openid"),
        (openid("with space"), "wechat_pay.jsapi.openid"),
        (too_short, "time_to_pay"),
        (too_long, "time_to_pay"),
        (dollars, "orders[0].amount.currency_code"),
        (emoji, "description"),
        (app_payment("r-1", "A", 0), "orders[0].amount.minor_units"),
        (app_payment("r-1", "A", -1), "orders[0].amount.minor_units"),
    ] {
        let refusal = app.refuse(request).await;
        assert_eq!(refusal.kind(), (tonic::Code::InvalidArgument, "INVALID_FIELD"), "{field}: {refusal:?}");
        assert!(refusal.fields.iter().any(|named| named.ends_with(field)), "{field}: {refusal:?}");
    }
    assert_eq!(app.number("SELECT count(*) FROM payment").await, 0);
    assert!(app.wechat().ledger().orders.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r28_f49_amounts_reach_the_channel_and_come_back_as_the_same_integers() {
    let app = TestApp::start().await;
    for (index, fen) in [1, 2, 3, 1990, 3408, 100_000_000, 9_007_199_254_740_993].into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), fen).await;
        let at_channel = app.wechat().order(app.mchid(), &payment_no).unwrap();
        assert_eq!((at_channel.total, at_channel.state), (fen, TradeState::NotPay));
        // A coupon lowers what the payer pays, not what the order costs.
        let options = PayOptions { coupon: i64::from(fen > 1), ..PayOptions::default() };
        app.wechat().pay(app.mchid(), &payment_no, &options).unwrap();
        app.wechat().settled().await;
        let paid = app.payment(&payment_no).await;
        assert_eq!((paid.state(), paid.amount.unwrap().minor_units), (PaymentState::Succeeded, fen));
    }
    let overflow =
        app.refuse(payment_tests::requests::app_payment_of("r-o", &[("X", i64::MAX), ("Y", 1)])).await;
    assert_eq!(overflow.kind(), (tonic::Code::InvalidArgument, "INVALID_FIELD"));
    app.finish().await;
}
