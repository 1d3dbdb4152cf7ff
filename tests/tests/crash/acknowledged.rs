//! A callback is acknowledged, and the server is killed at once: what the channel will never say again is not lost.

use nix::sys::signal::Signal;
use payment_core::{merchant_event::MerchantEvent, payment::state::PaymentState};
use payment_proto::v1::{
    AlipayApp, AlipayOptions, CreatePaymentRequest, CreatePaymentResponse, alipay_options,
    create_payment_request::ChannelOptions, payment_data::Kind,
};
use payment_sandbox::{
    alipay::{self, AlipaySimulator, InvokeOptions},
    clock::SimulatorClock,
    paypal::{self, ApproveOptions, Funding, PaypalSimulator},
};
use payment_tests::{
    accounts::{alipay_section, paypal_section},
    requests::app_payment,
};

use crate::{
    points::by_paypal,
    process::Death,
    world::{World, create, told},
};

fn by_alipay() -> CreatePaymentRequest {
    let product = Some(alipay_options::Product::App(AlipayApp {}));
    let options = AlipayOptions { product, ..AlipayOptions::default() };
    CreatePaymentRequest {
        channel_options: Some(ChannelOptions::Alipay(options)),
        ..app_payment("r-alipay", "by-alipay", 100)
    }
}

fn sdk_text(created: &CreatePaymentResponse) -> String {
    match &created.payment_data.as_ref().unwrap().kind {
        Some(Kind::SdkText(text)) => text.clone(),
        other => panic!("no text for an SDK: {other:?}"),
    }
}

fn paypal_order(created: &CreatePaymentResponse) -> String {
    let Some(Kind::RedirectUrl(url)) = &created.payment_data.as_ref().unwrap().kind else {
        panic!("no address")
    };
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned()
}

/// The event is in the outbox before the channel is answered (F20), so a death after the answer takes nothing away. At
/// PayPal it is an approval that is acknowledged; what follows from it is taken up by the scheduler.
#[tokio::test(flavor = "multi_thread")]
async fn r02_r27_f20_what_was_acknowledged_is_there_after_kill_9_at_every_channel_that_calls_back() {
    let alipay =
        AlipaySimulator::start(alipay::SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    let paypal =
        PaypalSimulator::start(paypal::SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    let options = alipay::MerchantOptions::new(alipay::KeyMode::PublicKey).with_talkative_triggers();
    let of_alipay = alipay.control().create_merchant(options).await.unwrap();
    let of_paypal = paypal.control().create_merchant(paypal::MerchantOptions::standard()).unwrap();
    let accounts = alipay_section("acme", "acme-alipay", &of_alipay, &alipay.gateway_url())
        + &paypal_section("acme", "acme-paypal", &of_paypal, paypal.base_url());
    let world = World::with_accounts(&accounts).await;
    let webhooks = format!("http://{}/v1/callbacks/paypal/acme-paypal", world.callbacks);
    paypal.control().set_webhook_url(&of_paypal.client_id, &webhooks).unwrap();

    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    let (_, at_wechat) = create(&mut caller, app_payment("r-wechat", "by-wechat", 100)).await;
    let (_, at_alipay) = create(&mut caller, by_alipay()).await;
    let (paypal_no, at_paypal) = create(&mut caller, by_paypal()).await;
    let order_id = paypal_order(&at_paypal);
    world.pay(&at_wechat);
    alipay.control().invoke(&sdk_text(&at_alipay), &InvokeOptions::default()).unwrap();
    paypal.control().approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    world.wechat().settled().await;
    alipay.control().settled().await;
    paypal.control().settled().await;
    server.kill();
    assert_eq!(server.death().await.0, Death::Signal(Signal::SIGKILL));

    let acknowledged = world.store.ledger().await.unwrap();
    let paid = |channel: &str| {
        let mut payments = acknowledged.payments.iter();
        payments.find(|payment| payment.channel.as_str() == channel).unwrap().state == PaymentState::Succeeded
    };
    assert!(paid("wechat") && paid("alipay"), "{:?}", acknowledged.payments);
    let told_before = told(&acknowledged, MerchantEvent::PaymentSucceeded);
    assert!((2..=3).contains(&told_before), "{told_before}");

    let due = "UPDATE payment SET next_check_time = create_time WHERE next_check_time IS NOT NULL";
    let observer = payment_tests::database::connect(world.database.url()).await;
    observer.execute(due, &[]).await.unwrap();
    world.run_job("payment-success").await;
    let ledger = world.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
    assert_eq!(
        told(&ledger, MerchantEvent::PaymentSucceeded),
        3,
        "{paypal_no} was approved and acknowledged"
    );
    let order = paypal.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1), "{order:?}");
}
