//! Keys of channel accounts that change by a change of their files, while payments are made.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use payment_proto::v1::{
    AlipayOptions, AlipayPrecreate, ChannelHealth, CreatePaymentRequest, GetChannelHealthRequest, Money,
    OrderToPay, PaymentState, PaypalOptions, PaypalSdk, alipay_options,
    create_payment_request::ChannelOptions, paypal_options,
};
use payment_sandbox::{
    alipay::{self, AlipaySimulator},
    clock::SimulatorClock,
    paypal::{self, PaypalSimulator},
};
use payment_tests::{
    app::{MERCHANT, START, TestApp, TestAppOptions},
    operators::Person,
    requests::app_payment,
    steps::{replace, until},
};

/// Makes payments, each by a request of its own, until told to stop. Every one must be handed out.
async fn pay_on(app: &TestApp, stop: &AtomicBool, request: impl Fn(u32) -> CreatePaymentRequest) -> u32 {
    let numbers = AtomicU32::new(0);
    while !stop.load(Ordering::Relaxed) {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let created = app.create(request(number)).await;
        assert_eq!(created.payment.unwrap().state(), PaymentState::AwaitingPayer, "payment {number}");
    }
    numbers.load(Ordering::Relaxed)
}

/// A payment by another channel than WeChat Pay.
fn payment(name: &str, number: u32, currency: &str, options: ChannelOptions) -> CreatePaymentRequest {
    let amount = Money { currency_code: currency.to_owned(), minor_units: 100 };
    let order = OrderToPay { order_no: format!("{name}-{number}"), amount: Some(amount) };
    CreatePaymentRequest {
        request_id: format!("{name}-{number}"),
        orders: vec![order],
        description: "two books".to_owned(),
        channel_options: Some(options),
        ..CreatePaymentRequest::default()
    }
}

fn by_alipay(number: u32) -> CreatePaymentRequest {
    let product = alipay_options::Product::Precreate(AlipayPrecreate {});
    let options = AlipayOptions { product: Some(product), ..AlipayOptions::default() };
    payment("alipay", number, "CNY", ChannelOptions::Alipay(options))
}

fn by_paypal(number: u32) -> CreatePaymentRequest {
    let sdk = PaypalSdk {
        return_url: "https://shop.example/back".to_owned(),
        cancel_url: "https://shop.example/cancelled".to_owned(),
    };
    let options =
        PaypalOptions { product: Some(paypal_options::Product::Sdk(sdk)), ..PaypalOptions::default() };
    payment("paypal", number, "EUR", ChannelOptions::Paypal(options))
}

/// How many calls this process saw answered, by account.
async fn answered_calls(app: &TestApp, person: &Person) -> BTreeMap<String, i64> {
    let request = GetChannelHealthRequest { merchant_id: MERCHANT.to_owned(), window: None };
    let health = app.operators(person).get_channel_health(request).await.unwrap().into_inner();
    let answered = |one: ChannelHealth| (one.channel_account, one.observed.unwrap().answered);
    health.accounts.into_iter().map(answered).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alipays_and_paypals_keys_change_under_load_and_no_call_fails() {
    let (clock, folder) = (SimulatorClock::manual(START), tempfile::tempdir().unwrap());
    let file = |name: &str| folder.path().join(name);
    let alipay = AlipaySimulator::start(alipay::SimulatorOptions::loopback(clock.clone())).await.unwrap();
    let paypal = PaypalSimulator::start(paypal::SimulatorOptions::loopback(clock.clone())).await.unwrap();
    let ours = alipay::MerchantOptions::new(alipay::KeyMode::PublicKey);
    let at_alipay = alipay.control().create_merchant(ours).await.unwrap();
    let at_paypal = paypal.control().create_merchant(paypal::MerchantOptions::standard()).unwrap();
    replace(&file("alipay.key"), &at_alipay.app_private_key_pem);
    replace(&file("paypal.secret"), &at_paypal.client_secret);
    let account_config = format!(
        "[merchants.{MERCHANT}.accounts.acme-alipay]\nchannel = \"alipay\"\napp_id = \"{}\"\nseller_id = \"{}\"\n\
         app_private_key_file = \"{folder}/alipay.key\"\nalipay_public_key = '''{}'''\ngateway_url = \"{}\"\n\
         [merchants.{MERCHANT}.accounts.acme-paypal]\nchannel = \"paypal\"\nenvironment = \"sandbox\"\n\
         client_id = \"{}\"\nclient_secret_file = \"{folder}/paypal.secret\"\nmerchant_id = \"{}\"\n\
         webhook_ids = [\"{}\"]\nwebhook_certificate_authorities = '''{}{}'''\nbase_url = \"{}\"\n",
        at_alipay.app_id,
        at_alipay.seller_id,
        at_alipay.alipay_public_key_pem,
        alipay.gateway_url(),
        at_paypal.client_id,
        at_paypal.merchant_id,
        at_paypal.webhook_id,
        at_paypal.root_certificate_pem,
        at_paypal.intermediate_certificate_pem,
        paypal.base_url(),
        folder = folder.path().display(),
    );
    let alice = Person::new("alice", "\"all\"");
    let more_config = alice.config.clone();
    let options = TestAppOptions { clock, account_config, more_config, ..TestAppOptions::usual() };
    let app = TestApp::start_with(options).await;
    let stop = AtomicBool::new(false);
    let rotate = async {
        let (alipay, paypal) = (alipay.control(), paypal.control());
        let key = alipay.change_app_key(&at_alipay.app_id).unwrap();
        replace(&file("alipay.key"), &key);
        replace(&file("paypal.secret"), &paypal.change_client_secret(&at_paypal.client_id).unwrap());
        let alipays = async || alipay.is_newest_app_key_used(&at_alipay.app_id).unwrap();
        until("Alipay's new key is used", alipays).await;
        let paypals = async || paypal.is_newest_secret_used(&at_paypal.client_id).unwrap();
        until("PayPal's new secret is used", paypals).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (by_alipay_made, by_paypal_made, ()) =
        futures::join!(pay_on(&app, &stop, by_alipay), pay_on(&app, &stop, by_paypal), rotate);
    alipay.control().withdraw_earlier_app_key(&at_alipay.app_id).unwrap();
    paypal.control().withdraw_earlier_secret(&at_paypal.client_id).unwrap();
    let before = answered_calls(&app, &alice).await;
    for request in [by_alipay(by_alipay_made), by_paypal(by_paypal_made)] {
        let created = app.create(request).await.payment.unwrap();
        assert_eq!(created.state(), PaymentState::AwaitingPayer, "the old keys are withdrawn");
    }
    let after = answered_calls(&app, &alice).await;
    for account in ["acme-alipay", "acme-paypal"] {
        assert!(after[account] > before[account], "{account} is counted on: {before:?} {after:?}");
        assert!(before[account] > 0, "what was counted with the old keys stays: {before:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wechats_keys_change_under_load_no_call_fails_and_a_bad_change_keeps_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let app = TestApp::start_with_wechat_keys_in(folder.path()).await;
    let stop = AtomicBool::new(false);
    let (wechat, mchid) = (app.wechat(), app.mchid().to_owned());
    let rotate = async {
        // First what is no key at all, then the new ones: had the first been taken, payments would fail.
        replace(&file("merchant.key"), "-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n");
        until("the bad key was looked at", async || app.logged("merchant_private_key")).await;
        let new = wechat.add_merchant_certificate(&mchid).await.unwrap();
        let api_v3_key = wechat.change_apiv3_key(&mchid).unwrap();
        replace(&file("api_v3_key"), &api_v3_key);
        replace(&file("serial"), &new.serial);
        replace(&file("merchant.key"), &new.private_key_pem);
        let used = async || wechat.is_merchant_certificate_used(&mchid, &new.serial).unwrap();
        until("the new certificate is used", used).await;
        stop.store(true, Ordering::Relaxed);
    };
    let request = |number: u32| app_payment(&format!("r-{number}"), &format!("O-{number}"), 100);
    let (made, ()) = futures::join!(pay_on(&app, &stop, request), rotate);
    wechat.withdraw_merchant_certificate(&mchid, &app.wechat_merchant.merchant_serial).unwrap();
    let created = app.create(request(made)).await.payment.unwrap();
    assert_eq!(created.state(), PaymentState::AwaitingPayer, "the old certificate is withdrawn");
    // The notification is encrypted with the new key.
    app.pay(&created.payment_no).await;
    assert_eq!(app.state(&created.payment_no).await, PaymentState::Succeeded);
    app.finish().await;
}
