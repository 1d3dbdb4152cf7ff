//! Alipay's pitfalls through the whole service: the payer's code at the till, notices that look like others, and refunds
//! made in Alipay's console.

use std::time::Duration;

use futures::future::join_all;
use payment_proto::v1::{
    AlipayBarcode, AlipayOptions, ClientResult, ConfirmPaymentRequest, CreatePaymentRequest,
    GetRefundRequest, PaymentState, RefundOrigin, RefundState, alipay_options,
    create_payment_request::ChannelOptions,
};
use payment_sandbox::alipay::{
    AttemptResult, Execution, Fault, FaultRule, Forgery, InvokeOptions, Operation, WalletChoice,
};
use payment_server::jobs::Job;
use payment_tests::{log_watch, refusal::Refusal};

use super::scene::{Scene, alipay_app, sdk_text};

fn at_the_till(auth_code: &str) -> CreatePaymentRequest {
    log_watch::add_secrets([auth_code]);
    let product = Some(alipay_options::Product::Barcode(AlipayBarcode { auth_code: auth_code.to_owned() }));
    let options = AlipayOptions { product, ..AlipayOptions::default() };
    CreatePaymentRequest {
        channel_options: Some(ChannelOptions::Alipay(options)),
        ..alipay_app("r-1", "A", 1500)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_5_7_a_code_that_pays_at_once_is_paid_from_the_create_answer_with_its_evidence() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280000000000000001")).await;
    let payment = created.payment.unwrap();
    assert_eq!((payment.state(), created.payment_data), (PaymentState::Succeeded, None));
    let evidence = "SELECT source || ' ' || (verified_by IS NOT NULL) || ' ' || (length(evidence) > 100) \
                    FROM payment_transition WHERE to_state = 'SUCCEEDED'";
    assert_eq!(scene.app.texts(evidence).await, ["CREATE_ANSWER true true"]);
    assert_eq!(scene.app.events(&payment.payment_no).await, ["payment.succeeded"]);
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 1500);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn section_5_7_f32_a_code_that_needs_a_password_waits_and_is_paid_when_it_comes() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280100000000000001")).await;
    let payment_no = created.payment.as_ref().unwrap().payment_no.clone();
    assert_eq!(created.payment.unwrap().state(), PaymentState::AwaitingPayer);
    scene.alipay.advance(Duration::from_secs(11)).await.unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn section_6_3_f21_a_code_whose_answer_says_nothing_is_found_paid() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280400000000000001")).await;
    let payment = created.payment.unwrap();
    assert_eq!(payment.state(), PaymentState::Initiating, "20000 is unknown, not failed");
    assert_eq!(scene.app.sync(&payment.payment_no).await.0, PaymentState::Succeeded);
    scene.app.finish().await;
}

/// A paid app payment over 100 fen.
async fn paid(scene: &Scene) -> String {
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    let payment_no = created.payment.unwrap().payment_no;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    payment_no
}

#[tokio::test(flavor = "multi_thread")]
async fn section_8_2_f06_r18_refunds_of_the_console_are_recorded_with_what_each_gave_back() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    for (refund_no, fen) in [("CONSOLE-1", 70), ("CONSOLE-2", 30)] {
        scene.alipay.refund_in_console(&scene.alipay_app_id, &payment_no, refund_no, fen).unwrap();
        scene.alipay.settled().await;
        let request = GetRefundRequest { refund_no: refund_no.to_owned() };
        let refund = scene.app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap();
        // The notification says how much all of them came to.
        assert_eq!((refund.state(), refund.origin()), (RefundState::Succeeded, RefundOrigin::Channel));
        assert_eq!(refund.amount.unwrap().minor_units, fen);
    }
    assert_eq!(scene.app.number("SELECT refund_reserved FROM payment").await, 100);
    assert!(scene.app.cases().await.is_empty());
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded, "it was paid all the same");
    scene.app.finish().await;
}

/// A notification that has the payment's status again, for the order that is paid already.
#[tokio::test(flavor = "multi_thread")]
async fn section_8_2_f06_the_second_trade_success_is_the_refund_and_pays_nothing() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    let refund = scene.refund("R-1", &payment_no, ("CNY", 40)).await.unwrap();
    scene.alipay.settled().await;
    let told: Vec<_> = scene.alipay.deliveries_of(&scene.alipay_app_id, &payment_no);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(refund.state(), RefundState::Succeeded);
    let mut events = scene.app.events(&payment_no).await;
    events.sort();
    assert_eq!(events, ["payment.succeeded", "refund.succeeded"]);
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 100);
    assert!(scene.app.cases().await.is_empty());
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn section_6_1_f07_a_trade_that_is_finished_months_later_pays_its_order_once() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    scene.alipay.finish(&scene.alipay_app_id, &payment_no).unwrap();
    scene.alipay.settled().await;
    assert_eq!(scene.app.verdicts().await, ["APPLIED 1", "REPEATED 1"]);
    assert_eq!(scene.app.sync(&payment_no).await.0, PaymentState::Succeeded);
    assert_eq!(scene.app.events(&payment_no).await, ["payment.succeeded"]);
    scene.app.finish().await;
}

/// The same `notify_id` five times at once, as the platform repeats what was not acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn section_8_1_r03_repeats_at_once_are_each_acknowledged_with_the_seven_bytes_and_count_once() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    let repeated = scene.alipay.resend_notification(&scene.alipay_app_id, &payment_no, 5).await.unwrap();
    assert_eq!(repeated.len(), 5);
    for attempt in repeated {
        let AttemptResult::Answered { status, body } = attempt.result else { panic!("{attempt:?}") };
        assert_eq!((status, body.as_str()), (200, "success"));
    }
    assert_eq!(scene.app.events(&payment_no).await, ["payment.succeeded"]);
    scene.app.finish().await;
}

/// Each is Alipay's own word, so it is acknowledged; a repeat for a day would make nothing of it fit.
#[tokio::test(flavor = "multi_thread")]
async fn section_8_5_r08_f46_what_is_rightly_signed_and_not_ours_opens_a_case_and_is_acknowledged() {
    let scene = Scene::start().await;
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let cancelled = InvokeOptions { choice: WalletChoice::FailAfterPassword, ..InvokeOptions::default() };
    scene.alipay.invoke(&sdk_text(created.payment_data), &cancelled).unwrap();
    let forgeries = [
        Forgery::WrongAmount { total: 1 },
        Forgery::ForeignApp,
        Forgery::ForeignSeller,
        Forgery::UnknownOrder,
    ];
    for forgery in forgeries {
        let answered = scene.alipay.forge_notification(&scene.alipay_app_id, &payment_no, &forgery).await;
        let AttemptResult::Answered { status, body } = answered.unwrap() else { panic!("{forgery:?}") };
        assert_eq!((status, body.as_str()), (200, "success"), "{forgery:?}");
    }
    // A payment has one case of a kind, whatever else is claimed about it.
    let cases = ["AMOUNT_MISMATCH", "PAYEE_MISMATCH", "UNKNOWN_PAYMENT"];
    assert_eq!(scene.app.cases().await, cases);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    for forgery in [Forgery::WrongKey, Forgery::Unsigned, Forgery::EmptySignature] {
        let answered = scene.alipay.forge_notification(&scene.alipay_app_id, &payment_no, &forgery).await;
        let AttemptResult::Answered { status, body } = answered.unwrap() else { panic!("{forgery:?}") };
        assert!(status >= 400 && body != "success", "{forgery:?}: {status} {body}");
    }
    assert_eq!(scene.app.cases().await.len(), cases.len(), "what nobody signed leaves no case");
    scene.app.finish().await;
}

/// What the wallet says, true or not, makes us ask; the answer decides.
#[tokio::test(flavor = "multi_thread")]
async fn section_9_1_r01_the_app_s_signed_result_is_asked_about_and_a_pretended_one_pays_nothing() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_string = sdk_text(created.payment_data);
    let mut states = Vec::new();
    for choice in [WalletChoice::Pretend, WalletChoice::Cancel, WalletChoice::Pay] {
        let options = InvokeOptions { choice, ..InvokeOptions::default() };
        let told = scene.alipay.invoke(&order_string, &options).unwrap();
        let report = serde_json::json!({
            "resultStatus": told.result_status, "result": told.result, "memo": told.memo
        });
        let request = ConfirmPaymentRequest {
            payment_no: payment_no.clone(),
            result: ClientResult::Paid.into(),
            sdk_result: report.to_string().into_bytes(),
        };
        states.push(match scene.app.payments().confirm_payment(request).await {
            Ok(confirmed) => confirmed.into_inner().payment.unwrap().state(),
            Err(refused) => {
                assert_eq!(Refusal::of(&refused).reason, "INVALID_FIELD", "a key of the forger's");
                scene.app.state(&payment_no).await
            }
        });
    }
    let unpaid =
        |state: &PaymentState| [PaymentState::AwaitingPayer, PaymentState::ClientReported].contains(state);
    assert!(states[..2].iter().all(unpaid), "{states:?}");
    assert_eq!(states[2], PaymentState::Succeeded, "proven by the answer to our question");
    scene.app.finish().await;
}

/// Alipay wants three seconds between the refunds of one trade, and never two at once.
#[tokio::test(flavor = "multi_thread")]
async fn section_6_4_7_refunds_of_one_trade_go_one_after_the_other_however_many_are_wanted_at_once() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    let numbers = ["R-1", "R-2", "R-3", "R-4"];
    let wanted = numbers.map(|refund_no| scene.refund(refund_no, &payment_no, ("CNY", 10)));
    let states = join_all(wanted).await.into_iter().map(|refund| refund.unwrap().state());
    let sent = states.filter(|state| *state == RefundState::Succeeded).count();
    let made = || scene.alipay.order(&scene.alipay_app_id, &payment_no).unwrap().refunds.len();
    assert_eq!((sent, made()), (1, 1), "one had the turn");
    scene.app.clock().advance(Duration::from_secs(2)).unwrap();
    scene.app.run_job(Job::RefundSuccess).await;
    assert_eq!(made(), 1, "the pause is not over");
    for refunds in 2..=numbers.len() {
        scene.app.clock().advance(Duration::from_secs(3)).unwrap();
        join_all((0..2).map(|_| scene.app.run_job(Job::RefundSuccess))).await;
        assert_eq!(made(), refunds, "one at a time, whichever replica looks");
    }
    assert_eq!(scene.app.texts("SELECT DISTINCT state FROM refund").await, ["SUCCEEDED"]);
    scene.app.finish().await;
}

/// A repeat is the same refund, so it need not wait for itself; the next one does.
#[tokio::test(flavor = "multi_thread")]
async fn sections_6_3_6_4_7_a_refund_without_an_answer_is_repeated_before_another_has_its_turn() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    let lost = Fault::ConnectionDropped { execution: Execution::Skipped };
    let operation = Some(Operation::Refund);
    scene.alipay.add_fault(FaultRule { operation, out_trade_no: None, times: Some(1), fault: lost });
    assert_eq!(scene.refund("R-1", &payment_no, ("CNY", 10)).await.unwrap().state(), RefundState::Pending);
    assert_eq!(scene.refund("R-2", &payment_no, ("CNY", 10)).await.unwrap().state(), RefundState::Pending);
    let made = || scene.alipay.order(&scene.alipay_app_id, &payment_no).unwrap().refunds.len();
    assert_eq!(made(), 0, "the second waits for the first one's pause");
    for _ in 0..3 {
        scene.app.clock().advance(Duration::from_secs(20)).unwrap();
        scene.app.run_job(Job::RefundSuccess).await;
    }
    assert_eq!(scene.app.texts("SELECT DISTINCT state FROM refund").await, ["SUCCEEDED"]);
    assert_eq!(made(), 2);
    scene.app.finish().await;
}
