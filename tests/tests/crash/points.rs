//! Death at each numbered place: after each commit and each channel call.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use payment_core::{identifiers::PaymentNo, merchant_event::MerchantEvent, refund::state::RefundState};
use payment_proto::v1::{
    CapturePaymentRequest, ClientResult, ClosePaymentRequest, ConfirmPaymentRequest, CreatePaymentRequest,
    CreateRefundRequest, Money, OrderToPay, Payment, PaymentState, PaypalCheckout, PaypalIntent,
    PaypalOptions, RefundReason, SyncPaymentRequest, create_payment_request::ChannelOptions,
    create_refund_request, payment_data::Kind, paypal_options,
};
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{self, ApproveOptions, Funding, PaypalSimulator},
    wechat::RefundStatus,
};
use payment_server::app::crash_point::CrashPoint;
use payment_tests::{
    app::Payments,
    requests::{app_payment, order},
    webhook_receiver::Receiver,
};
use tonic::Status;

use crate::{
    process::{Death, ServerProcess},
    world::{World, create, told},
};

/// What every story is about.
fn wanted() -> CreatePaymentRequest {
    app_payment("r-1", "A", 100)
}

async fn assert_died(server: ServerProcess) {
    let (death, log) = server.death().await;
    assert_eq!(death, Death::Signal(Signal::SIGABRT), "{log}");
}

async fn confirm(caller: &mut Payments, payment_no: &str) -> Result<Payment, Status> {
    let mut request = ConfirmPaymentRequest { payment_no: payment_no.to_owned(), ..Default::default() };
    request.set_result(ClientResult::Paid);
    Ok(caller.confirm_payment(request).await?.into_inner().payment.unwrap())
}

async fn sync(caller: &mut Payments, payment_no: &str) -> Result<Payment, Status> {
    let request = SyncPaymentRequest { payment_no: payment_no.to_owned() };
    Ok(caller.sync_payment(request).await?.into_inner().payment.unwrap())
}

async fn close(caller: &mut Payments, payment_no: &str) -> Result<Payment, Status> {
    let request = ClosePaymentRequest { payment_no: payment_no.to_owned() };
    Ok(caller.close_payment(request).await?.into_inner().payment.unwrap())
}

/// The order is paid once, by one payment, and its caller is told once.
async fn assert_paid_once(world: &World) {
    let ledger = world.audit().await;
    assert_eq!(told(&ledger, MerchantEvent::PaymentSucceeded), 1);
    let books = world.wechat().ledger().orders;
    assert_eq!(books.iter().map(|line| line.taken).sum::<i64>(), 100, "{books:?}");
}

/// Dies in a create; the same request then goes on with the same payment, and it is paid.
async fn dies_in_create(point: CrashPoint) {
    let world = World::new().await;
    let server = world.server(Some(point)).await;
    world.caller(&server).await.create_payment(wanted()).await.unwrap_err();
    assert_died(server).await;
    let recorded: Vec<PaymentNo> =
        world.audit().await.payments.into_iter().map(|payment| payment.payment_no).collect();

    let server = world.server(None).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, wanted()).await;
    assert_eq!(recorded.iter().map(PaymentNo::as_str).collect::<Vec<_>>(), [payment_no.as_str()]);
    assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer);
    world.pay(&created);
    world.wechat().settled().await;
    world.end(server).await;
    assert_paid_once(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_01_the_intent_to_create_is_committed() {
    dies_in_create(CrashPoint::CreateIntended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_02_the_create_is_answered_and_not_recorded() {
    dies_in_create(CrashPoint::CreateAnswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_03_the_create_is_recorded_and_the_caller_not_answered() {
    dies_in_create(CrashPoint::CreateRecorded).await;
}

/// A payment that is paid at the channel, whose notification never came; dies when its caller asks.
async fn paid_unheard(point: CrashPoint) -> (World, ServerProcess, String) {
    let world = World::new().await;
    world.wechat().suppress_notifications(None);
    let server = world.server(Some(point)).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, wanted()).await;
    world.pay(&created);
    (world, server, payment_no)
}

#[tokio::test(flavor = "multi_thread")]
async fn point_04_the_client_result_is_recorded_and_the_channel_not_asked() {
    let (world, server, payment_no) = paid_unheard(CrashPoint::ClientResultRecorded).await;
    confirm(&mut world.caller(&server).await, &payment_no).await.unwrap_err();
    assert_died(server).await;
    let ledger = world.store.ledger().await.unwrap();
    let state = ledger.payments[0].state;
    assert_eq!(
        state,
        payment_core::payment::state::PaymentState::ClientReported,
        "r01: a hint proves nothing"
    );

    let server = world.server(None).await;
    let paid = confirm(&mut world.caller(&server).await, &payment_no).await.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    world.end(server).await;
    assert_paid_once(&world).await;
}

/// Dies in a query that finds the payment paid; asked again, it is.
async fn dies_in_sync(point: CrashPoint) {
    let (world, server, payment_no) = paid_unheard(point).await;
    sync(&mut world.caller(&server).await, &payment_no).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let paid = sync(&mut world.caller(&server).await, &payment_no).await.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    world.deliver_again(&payment_no).await;
    world.end(server).await;
    assert_paid_once(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_05_a_query_is_answered_and_not_recorded() {
    dies_in_sync(CrashPoint::QueryAnswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_06_a_querys_answer_is_recorded() {
    dies_in_sync(CrashPoint::QueryRecorded).await;
}

/// Dies over a notification; the channel, which got no acknowledgement, sends it again.
async fn dies_in_notification(point: CrashPoint) {
    let world = World::new().await;
    let server = world.server(Some(point)).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, wanted()).await;
    world.pay(&created);
    assert_died(server).await;

    let server = world.server(None).await;
    world.deliver_again(&payment_no).await;
    world.end(server).await;
    assert_paid_once(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_07_a_notification_is_verified_and_not_recorded() {
    dies_in_notification(CrashPoint::NotificationVerified).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_08_a_notification_is_recorded_and_not_acknowledged() {
    dies_in_notification(CrashPoint::NotificationRecorded).await;
}

/// Dies in a close; closed again, it is proven closed, and the order can be paid by another payment.
async fn dies_in_close(point: CrashPoint) {
    let world = World::new().await;
    let server = world.server(Some(point)).await;
    let mut caller = world.caller(&server).await;
    let (payment_no, _) = create(&mut caller, wanted()).await;
    close(&mut caller, &payment_no).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    assert_eq!(close(&mut caller, &payment_no).await.unwrap().state(), PaymentState::Closed);
    let (second_no, created) = create(&mut caller, app_payment("r-2", "A", 100)).await;
    assert_ne!(second_no, payment_no);
    world.pay(&created);
    world.wechat().settled().await;
    world.end(server).await;
    assert_paid_once(&world).await;
    assert_eq!(told(&world.audit().await, MerchantEvent::PaymentClosed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_09_a_close_is_answered_and_not_recorded() {
    dies_in_close(CrashPoint::CloseAnswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_10_a_close_is_recorded_and_the_caller_not_answered() {
    dies_in_close(CrashPoint::CloseRecorded).await;
}

/// Dies in a refund of a paid payment; the same request then goes on with the same refund, and the channel gives it back
/// once.
async fn dies_in_refund(point: CrashPoint) {
    let world = World::new().await;
    let server = world.server(Some(point)).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, wanted()).await;
    world.pay(&created);
    world.wechat().settled().await;
    let mut request = CreateRefundRequest {
        refund_no: "R-1".to_owned(),
        payment: Some(create_refund_request::Payment::PaymentNo(payment_no.clone())),
        extent: Some(create_refund_request::Extent::Amount(order("A", 40).amount.unwrap())),
        ..Default::default()
    };
    request.set_reason(RefundReason::Return);
    world.refunds(&server).await.create_refund(request.clone()).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let again =
        world.refunds(&server).await.create_refund(request).await.unwrap().into_inner().refund.unwrap();
    assert_eq!(again.refund_no, "R-1");
    world.end(server).await;
    drive_refund(&world, "R-1").await;
    let ledger = world.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
    assert_eq!(ledger.refunds[0].state, RefundState::Succeeded);
    let books = world.wechat().order(world.mchid(), &payment_no).unwrap();
    assert_eq!(books.refunds.iter().map(|line| line.refund).collect::<Vec<_>>(), [40], "once: {books:?}");
}

/// Lets the scheduler of a fresh server find the refund and bring it to its end.
async fn drive_refund(world: &World, refund_no: &str) {
    for _ in 0..2 {
        let due = format!(
            "UPDATE refund SET next_check_time = now() - interval '1 s' WHERE refund_no = '{refund_no}' AND state <> 'SUCCEEDED'"
        );
        payment_tests::database::connect(world.database.url())
            .await
            .execute(due.as_str(), &[])
            .await
            .unwrap();
        world.run_job("refund-success").await;
        // Refused if it is done, or not known to the channel yet.
        let _ = world.wechat().settle_refund(world.mchid(), refund_no, RefundStatus::Success);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn point_11_a_refund_is_reserved_and_not_sent() {
    dies_in_refund(CrashPoint::RefundReserved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_12_a_refund_is_answered_and_not_recorded() {
    dies_in_refund(CrashPoint::RefundAnswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_13_a_refund_is_recorded_and_the_caller_not_answered() {
    dies_in_refund(CrashPoint::RefundRecorded).await;
}

/// Dies over the capture of an approved PayPal payment; asked again, it is captured, once.
async fn dies_in_capture(point: CrashPoint) {
    let options = paypal::SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = PaypalSimulator::start(options).await.unwrap();
    let world = World::with_paypal(&simulator).await;
    let server = world.server(Some(point)).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, by_paypal()).await;
    let Some(Kind::RedirectUrl(url)) = created.payment_data.unwrap().kind else { panic!("no address") };
    let url = url::Url::parse(&url).unwrap();
    let order_id = url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    simulator.control().approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    sync(&mut world.caller(&server).await, &payment_no).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let paid = sync(&mut world.caller(&server).await, &payment_no).await.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    world.end(server).await;
    let ledger = world.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
    let order = simulator.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1), "{order:?}");
}

pub(crate) fn by_paypal() -> CreatePaymentRequest {
    let checkout = PaypalCheckout {
        return_url: "https://shop.example/back".to_owned(),
        cancel_url: "https://shop.example/cart".to_owned(),
    };
    let product = Some(paypal_options::Product::Checkout(checkout));
    let mut request = wanted();
    request.orders = vec![OrderToPay {
        order_no: "A".to_owned(),
        amount: Some(Money { currency_code: "USD".to_owned(), minor_units: 1999 }),
    }];
    request.channel_options = Some(ChannelOptions::Paypal(PaypalOptions { product, ..Default::default() }));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn point_14_a_capture_is_intended_and_not_sent() {
    dies_in_capture(CrashPoint::CaptureIntended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_15_a_capture_is_answered_and_not_recorded() {
    dies_in_capture(CrashPoint::CaptureAnswered).await;
}

/// Dies after an endpoint took an event. Nobody knows that it did, so it gets the event again, under the same id.
#[tokio::test(flavor = "multi_thread")]
async fn point_40_an_endpoint_took_an_event_and_nothing_is_recorded() {
    let receiver = Receiver::start().await;
    let world = World::with_webhook(&receiver.url()).await;
    let server = world.server(Some(CrashPoint::WebhookAnswered)).await;
    let (payment_no, created) = create(&mut world.caller(&server).await, wanted()).await;
    world.pay(&created);
    assert_died(server).await;
    assert_eq!(receiver.received().len(), 1);

    let server = world.server(None).await;
    let client = payment_tests::database::connect(world.database.url()).await;
    let lease_ends =
        "UPDATE webhook_delivery SET claim_end = now() - interval '1 s' WHERE claim_end IS NOT NULL";
    assert_eq!(client.execute(lease_ends, &[]).await.unwrap(), 1);
    receiver.until(2).await;
    let recorded = "EXISTS (SELECT 1 FROM webhook_delivery WHERE deliver_time IS NOT NULL)";
    payment_tests::database::until(&client, recorded).await;
    world.wechat().settled().await;
    world.end(server).await;
    let received = receiver.received();
    assert_eq!((&received[0].id, &received[0].body), (&received[1].id, &received[1].body));
    assert_eq!((received.len(), received[0].payment_no()), (2, payment_no));
    assert_paid_once(&world).await;
}

/// A PayPal payment whose approval asks for a hold, with PayPal's order, on a server that dies at this point.
async fn to_hold(simulator: &PaypalSimulator, point: CrashPoint) -> (World, ServerProcess, String, String) {
    let world = World::with_paypal(simulator).await;
    let server = world.server(Some(point)).await;
    let mut request = by_paypal();
    let Some(ChannelOptions::Paypal(options)) = &mut request.channel_options else { panic!("PayPal's") };
    options.set_intent(PaypalIntent::Authorize);
    let (payment_no, created) = create(&mut world.caller(&server).await, request).await;
    let Some(Kind::RedirectUrl(url)) = created.payment_data.unwrap().kind else { panic!("no address") };
    let url = url::Url::parse(&url).unwrap();
    let order_id = url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    simulator.control().approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    (world, server, payment_no, order_id)
}

/// Dies over the hold of an approved payment; asked again, the money is held, once, and then taken, once.
async fn dies_in_hold(point: CrashPoint) {
    let options = paypal::SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = PaypalSimulator::start(options).await.unwrap();
    let (world, server, payment_no, order_id) = to_hold(&simulator, point).await;
    sync(&mut world.caller(&server).await, &payment_no).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    assert_eq!(sync(&mut caller, &payment_no).await.unwrap().state(), PaymentState::Held);
    let order = simulator.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.authorizations.len()), (0, 1), "{order:?}");
    let request = CapturePaymentRequest { payment_no };
    let paid = caller.capture_payment(request).await.unwrap().into_inner().payment.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    world.end(server).await;
    assert_eq!(payment_core::invariant::check(&world.store.ledger().await.unwrap()), []);
    let order = simulator.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1), "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_16_a_hold_is_intended_and_not_sent() {
    dies_in_hold(CrashPoint::HoldIntended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_17_a_hold_is_answered_and_not_recorded() {
    dies_in_hold(CrashPoint::HoldAnswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_18_held_money_is_let_go_and_that_is_not_recorded() {
    let options = paypal::SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = PaypalSimulator::start(options).await.unwrap();
    let (world, server, payment_no, order_id) = to_hold(&simulator, CrashPoint::ReleaseAnswered).await;
    let mut caller = world.caller(&server).await;
    assert_eq!(sync(&mut caller, &payment_no).await.unwrap().state(), PaymentState::Held);
    close(&mut caller, &payment_no).await.unwrap_err();
    assert_died(server).await;

    let server = world.server(None).await;
    let closed = close(&mut world.caller(&server).await, &payment_no).await.unwrap();
    assert_eq!(closed.state(), PaymentState::Closed);
    world.end(server).await;
    let ledger = world.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
    assert_eq!(told(&ledger, MerchantEvent::PaymentClosed), 1);
    let order = simulator.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (0, 0), "{order:?}");
}

/// Dies over the capture of held money; a scheduler of a fresh server goes on with it, and takes it once.
async fn dies_in_capture_of_hold(point: CrashPoint) {
    let options = paypal::SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = PaypalSimulator::start(options).await.unwrap();
    let (world, server, payment_no, order_id) = to_hold(&simulator, point).await;
    let mut caller = world.caller(&server).await;
    assert_eq!(sync(&mut caller, &payment_no).await.unwrap().state(), PaymentState::Held);
    caller.capture_payment(CapturePaymentRequest { payment_no }).await.unwrap_err();
    assert_died(server).await;

    let due = "UPDATE payment SET next_check_time = create_time";
    payment_tests::database::connect(world.database.url()).await.execute(due, &[]).await.unwrap();
    world.run_job("payment-success").await;
    let ledger = world.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
    assert_eq!(told(&ledger, MerchantEvent::PaymentSucceeded), 1);
    let order = simulator.control().order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1), "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_14_of_a_hold_the_capture_is_intended_and_not_sent() {
    dies_in_capture_of_hold(CrashPoint::CaptureIntended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_15_of_a_hold_the_capture_is_answered_and_not_recorded() {
    dies_in_capture_of_hold(CrashPoint::CaptureAnswered).await;
}

/// A new point needs a story above: this test names the number that has none.
#[test]
fn every_point_has_its_story() {
    let told: BTreeSet<u8> = include_str!("points.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("async fn point_")?.get(..2)?.parse().ok())
        .collect();
    let numbered: BTreeSet<u8> = CrashPoint::ALL.into_iter().map(|point| point as u8).collect();
    assert_eq!(told, numbered);
}
