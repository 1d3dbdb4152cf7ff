//! What a log may not hold, looked for in everything that a busy run logs. The log is the process's, so this test has a
//! process to itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use payment_proto::v1::{
    CreatePaymentRequest, PaymentState, WeChatPayH5, WeChatPayH5Scene, WeChatPayJsapi, payment_data::Kind,
    we_chat_pay_options::Product,
};
use payment_sandbox::wechat::{
    Execution, Fault, Forgery, KeyMode, NotificationFault, NotificationFaultRule, Operation, PayOptions,
};
use payment_server::{
    config::{Log, LogFormat},
    telemetry,
};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT, TestApp, TestAppOptions},
    kept_log::KeptLog,
    requests::{payment_no, sdk_parameters, wechat_payment},
};
use tracing_subscriber::util::SubscriberInitExt as _;

const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const OTHER_OPENID: &str = "oUpF8uN95-Ptaags6E_roPHg7AG0";
const PAYER_ADDRESS: &str = "203.0.113.77";
const SDK_WORDS: &str = r#"{"errCode": 0, "returnKey": "words-of-the-payers-app"}"#;

fn jsapi(request_id: &str, order_no: &str) -> CreatePaymentRequest {
    wechat_payment(request_id, order_no, 100, Product::Jsapi(WeChatPayJsapi { openid: OPENID.to_owned() }))
}

/// Good and bad things, so that the lines about failures are written, too. Gives what payers hold.
async fn busy_run(app: &TestApp) -> Vec<String> {
    let mut held = Vec::new();
    let created = app.create(jsapi("r-1", "A")).await;
    let parameters = sdk_parameters(created.payment_data.as_ref().unwrap());
    held.extend(["package", "paySign"].map(|name| parameters[name].as_str().unwrap().to_owned()));
    let number = payment_no(&created);
    for fault in [
        Fault::WrongKey,
        Fault::AlteredBody,
        Fault::BadGateway,
        Fault::SystemError { execution: Execution::Done },
    ] {
        app.fault(Operation::QueryByOutTradeNo, fault);
        app.sync(&number).await;
    }
    for fault in [
        NotificationFault::WrongKey,
        NotificationFault::AlteredBody,
        NotificationFault::MissingSignatureHeaders,
    ] {
        let rule = NotificationFaultRule { notification: None, out_trade_no: None, times: Some(1), fault };
        app.wechat().add_notification_fault(rule);
    }
    let options = PayOptions { openid: Some(OTHER_OPENID.to_owned()), ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &number, &options).unwrap();
    app.advance(std::time::Duration::from_secs(120)).await;
    assert_eq!(app.state(&number).await, PaymentState::Succeeded);

    let mut h5 =
        wechat_payment("r-2", "B", 100, Product::H5(WeChatPayH5 { scene: WeChatPayH5Scene::Wap.into() }));
    h5.payer_client_ip = PAYER_ADDRESS.to_owned();
    let created = app.create(h5).await;
    match created.payment_data.clone().unwrap().kind.unwrap() {
        Kind::RedirectUrl(url) => held.push(url),
        other @ (Kind::SdkParameters(_) | Kind::SdkText(_) | Kind::QrCode(_)) => {
            panic!("no address: {other:?}")
        }
    }
    let number = payment_no(&created);
    for forgery in [
        Forgery::WrongAmount { total: 1 },
        Forgery::WrongApiKey,
        Forgery::UnknownOrder,
        Forgery::ForeignMerchant,
    ] {
        app.wechat().forge_notification(app.mchid(), &number, &forgery).await.unwrap();
    }
    app.close(&number).await;
    app.fault(Operation::Prepay, Fault::NotEnoughBalance);
    app.refuse(jsapi("r-3", "C")).await;
    let mut invalid = jsapi("r-4", "D");
    invalid.description = "\u{7}".to_owned();
    app.refuse(invalid).await;
    let reported = app.create(jsapi("r-5", "E")).await;
    let confirm = payment_proto::v1::ConfirmPaymentRequest {
        payment_no: payment_no(&reported),
        result: 0,
        sdk_result: SDK_WORDS.as_bytes().to_vec(),
    };
    app.payments().confirm_payment(confirm).await.unwrap();
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_no_secret_token_or_payers_identity_reaches_a_log() {
    let captured = KeptLog::default();
    // The server's own log, as loud as a configuration can make it.
    let log = Log { filter: "trace,payment_sandbox=off".to_owned(), format: LogFormat::Text };
    telemetry::subscriber(&log, captured.clone()).unwrap().init();
    let options = TestAppOptions { key_mode: KeyMode::Both, ..TestAppOptions::usual() };
    let app = TestApp::start_with(options).await;
    let mut secrets = busy_run(&app).await;
    let merchant = app.wechat_merchant.clone();
    secrets.extend([OPENID, OTHER_OPENID, PAYER_ADDRESS, "words-of-the-payers-app"].map(str::to_owned));
    secrets.extend([MERCHANT, OTHER_MERCHANT].map(|merchant| app.bearer(merchant)));
    secrets.push(merchant.apiv3_key);
    secrets.extend(
        merchant.merchant_private_key_pem.lines().filter(|line| !line.starts_with('-')).map(str::to_owned),
    );
    secrets.extend(app.texts("SELECT handle FROM payment WHERE handle IS NOT NULL").await);
    secrets.extend(url_password(app.database.url()));
    app.finish().await;

    let log = captured.text();
    for expected in ["payment changed", "case open", "a notification was refused", "callback", "called"] {
        assert!(log.contains(expected), "the run logs what it does: {expected}");
    }
    assert!(secrets.len() > 30);
    for secret in secrets.iter().filter(|secret| secret.len() > 5) {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret} is in the log");
        // Bytes are shown as lists of numbers by careless Debug.
        let numbers: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
        let line = log.lines().find(|line| line.contains(&numbers.join(", ")));
        assert_eq!(line, None, "{secret} is in the log as numbers");
    }
}

fn url_password(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.password().map(str::to_owned)
}
