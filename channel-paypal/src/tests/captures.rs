//! Taking money once, from whichever side it is asked for, and letting held money go.

use payment_core::{
    gateway::{CloseRequest, Finding, Gateway},
    payment::ChannelHandle,
    ports::HttpError,
};
use serde_json::{Value, json};

use super::{
    CAPTURE_PATH, NUMBER, ORDER, ORDER_PATH, capture_body, capture_request, captured, certainty, handle,
    header, open, order, order_of, payment_no, product,
};
use crate::test_channel::{World, answer, done, gone, raw, unprocessable};

fn request_ids(world: &World) -> Vec<String> {
    let ids = (0..world.http.count()).map(|index| world.http.request(index));
    ids.filter_map(|request| header(&request, "paypal-request-id").map(str::to_owned)).collect()
}

fn held(status: &str) -> Value {
    order_of("COMPLETED", json!({"authorizations": [{"id": "0AW1", "status": status}]}))
}

fn close_request(handle: Option<ChannelHandle>) -> CloseRequest {
    CloseRequest { payment_no: payment_no(), product: product("checkout"), handle }
}

#[test]
fn an_approved_order_is_captured_with_the_request_id_of_its_payment() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(201, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)) && taken.evidence.verified_by.is_some());
    assert_eq!(world.http.asked(), [format!("POST {CAPTURE_PATH}")]);
    assert_eq!(request_ids(&world), [format!("c-{NUMBER}")]);
    assert_eq!(header(&world.http.request(0), "prefer"), Some("return=representation"));
    assert_eq!(world.http.request(0).body, b"{}");
}

#[test]
fn pitfall_22_every_success_code_is_a_success() {
    for status in [200, 201] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(status, &captured("COMPLETED")));
        let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
        assert!(matches!(taken.finding, Finding::Paid(_)), "{status}");
    }
}

#[test]
fn f25_a_capture_with_an_unknown_outcome_is_repeated_as_it_is() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(Err(HttpError::Unknown("cut".to_owned()))).will(raw(500, b"")).will(raw(409, b"{}"));
    for _ in 0..3 {
        assert_eq!(certainty(done(gateway.capture(&capture_request("CAPTURE")))), Err("unknown".to_owned()));
    }
    world.http.will(answer(200, &captured("COMPLETED")));
    assert!(done(gateway.capture(&capture_request("CAPTURE"))).is_ok());
    assert_eq!(request_ids(&world), [(); 4].map(|()| format!("c-{NUMBER}")));
    assert_eq!(world.http.request(0).body, world.http.request(3).body);
}

#[test]
fn f38_pitfall_02_what_was_captured_already_is_read_and_is_a_success() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unprocessable("ORDER_ALREADY_CAPTURED")).will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
    assert_eq!(world.http.asked(), [format!("POST {CAPTURE_PATH}"), format!("GET {ORDER_PATH}")]);
}

#[test]
fn f37_a_capture_that_pends_is_not_paid_and_one_that_is_declined_has_failed() {
    for (status, paid_or_failed) in [("PENDING", false), ("DECLINED", true), ("FAILED", true)] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(201, &captured(status)));
        let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
        assert_eq!(matches!(taken.finding, Finding::Failed(_)), paid_or_failed, "{status}");
        assert_eq!(taken.finding == Finding::AwaitingPayer, !paid_or_failed, "{status}");
    }
}

#[test]
fn f48_a_short_answer_is_completed_by_reading_the_order() {
    let world = World::new();
    let gateway = open(&world);
    let short = json!({"id": ORDER, "status": "COMPLETED",
        "purchase_units": [{"reference_id": "default", "payments": {"captures": [capture_body("COMPLETED")]}}]});
    world.http.will(answer(201, &short)).will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
    world.http.will(raw(201, b"")).will(raw(503, b""));
    assert_eq!(certainty(done(gateway.capture(&capture_request("CAPTURE")))), Err("unknown".to_owned()));
}

#[test]
fn pitfall_03_a_declined_source_waits_for_the_payer_and_is_tried_again_under_another_request_id() {
    let world = World::new();
    let gateway = open(&world);
    // The first decline: PayPal asks the payer to choose again.
    world.http.will(unprocessable("INSTRUMENT_DECLINED")).will(answer(200, &order("PAYER_ACTION_REQUIRED")));
    let waiting = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert_eq!(waiting.finding, Finding::AwaitingPayer);
    // Approved again: the old request id brings the old decline, the next one takes the money.
    world
        .http
        .will(unprocessable("INSTRUMENT_DECLINED"))
        .will(answer(200, &order("APPROVED")))
        .will(answer(201, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
    assert_eq!(request_ids(&world), [format!("c-{NUMBER}"), format!("c-{NUMBER}"), format!("c-{NUMBER}-2")]);
}

#[test]
fn declines_without_end_come_to_an_end() {
    let world = World::new();
    let gateway = open(&world);
    for _ in 0..3 {
        world.http.will(unprocessable("INSTRUMENT_DECLINED")).will(answer(200, &order("APPROVED")));
    }
    let waiting = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert_eq!((waiting.finding, world.http.left()), (Finding::AwaitingPayer, 0));
}

#[test]
fn r05_a_capture_that_is_refused_says_why() {
    let table = [
        ("ORDER_NOT_APPROVED", Ok(Finding::AwaitingPayer)),
        ("PAYER_ACTION_REQUIRED", Ok(Finding::AwaitingPayer)),
        ("ORDER_COMPLETION_IN_PROGRESS", Err("unknown")),
        ("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", Err("refused: PAYER_ACCOUNT_UNUSABLE")),
        ("ORDER_EXPIRED", Err("refused: CHANNEL_ALREADY_CLOSED")),
        ("TRANSACTION_REFUSED", Err("refused: PAYER_ACCOUNT_UNUSABLE")),
        ("PAYEE_ACCOUNT_RESTRICTED", Err("refused: CHANNEL_ACCOUNT_MISCONFIGURED")),
        ("INVENTED_LATER", Err("unknown")),
    ];
    for (name, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(unprocessable(name));
        match (done(gateway.capture(&capture_request("CAPTURE"))), expected) {
            (Ok(taken), Ok(finding)) => assert_eq!(taken.finding, finding, "{name}"),
            (refused, Err(kind)) => assert_eq!(certainty(refused), Err(kind.to_owned()), "{name}"),
            (other, Ok(_)) => panic!("{name}: {other:?}"),
        }
    }
    let world = World::new();
    let gateway = open(&world);
    world.http.will(gone());
    let lost = done(gateway.capture(&capture_request("CAPTURE"))).expect("an answer");
    assert_eq!(lost.finding, Finding::NotFound);
}

#[test]
fn pitfall_09_a_duplicate_invoice_id_means_that_this_number_was_paid() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unprocessable("DUPLICATE_INVOICE_ID"));
    let refused = certainty(done(gateway.capture(&capture_request("CAPTURE"))));
    assert_eq!(refused, Err("refused: CHANNEL_ALREADY_PAID".to_owned()));
}

#[test]
fn f46_an_order_with_another_number_is_not_taken_for_ours() {
    let world = World::new();
    let gateway = open(&world);
    let mut foreign = captured("COMPLETED");
    foreign["purchase_units"][0]["custom_id"] = json!("P202701050000000000000000000009");
    world.http.will(answer(201, &foreign)).will(answer(200, &foreign));
    assert_eq!(certainty(done(gateway.capture(&capture_request("CAPTURE")))), Err("unknown".to_owned()));
}

#[test]
fn held_money_is_authorized_first_and_captured_then() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(201, &held("CREATED")));
    let holding = done(gateway.authorize(&capture_request("AUTHORIZE"))).expect("an answer");
    assert_eq!(holding.finding, Finding::Approved);
    world
        .http
        .will(unprocessable("ORDER_ALREADY_AUTHORIZED"))
        .will(answer(200, &held("CREATED")))
        .will(answer(200, &held("CREATED")))
        .will(answer(201, &capture_body("COMPLETED")))
        .will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("AUTHORIZE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
    let expected = [format!("a-{NUMBER}"), format!("a-{NUMBER}"), format!("k-{NUMBER}")];
    assert_eq!(request_ids(&world), expected);
    assert_eq!(world.http.asked()[4], "POST /v2/payments/authorizations/0AW1/capture");
    assert_eq!(certainty(done(gateway.authorize(&capture_request("CAPTURE")))), Err("not sent".to_owned()));
}

#[test]
fn f38_held_money_that_was_captured_already_is_read() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(answer(201, &held("CREATED")))
        .will(answer(200, &held("CREATED")))
        .will(unprocessable("AUTHORIZATION_ALREADY_CAPTURED"))
        .will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("AUTHORIZE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
}

#[test]
fn held_money_is_let_go_and_the_order_proves_it() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(200, &held("CREATED"))).will(raw(204, b"")).will(answer(200, &held("VOIDED")));
    let closed = done(gateway.close(&close_request(Some(handle("AUTHORIZE"))))).expect("closed");
    assert!(closed.evidence.verified_by.is_some());
    assert_eq!(world.http.asked()[1], "POST /v2/payments/authorizations/0AW1/void");
    assert_eq!(request_ids(&world), [format!("v-{NUMBER}")]);
    world.http.will(answer(200, &held("CREATED"))).will(raw(204, b"")).will(answer(200, &held("CREATED")));
    let unproven = done(gateway.close(&close_request(Some(handle("AUTHORIZE")))));
    assert_eq!(certainty(unproven), Err("unknown".to_owned()));
}

#[test]
fn pitfall_08_an_order_without_held_money_cannot_be_closed() {
    for body in [order("APPROVED"), order("PAYER_ACTION_REQUIRED")] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &body));
        let refused = done(gateway.close(&close_request(Some(handle("CAPTURE")))));
        assert_eq!(certainty(refused), Err("not sent".to_owned()));
    }
    let world = World::new();
    let gateway = open(&world);
    assert_eq!(certainty(done(gateway.close(&close_request(None)))), Err("not sent".to_owned()));
    world.http.will(answer(200, &captured("COMPLETED")));
    let paid = done(gateway.close(&close_request(Some(handle("CAPTURE")))));
    assert_eq!(certainty(paid), Err("refused: CHANNEL_ALREADY_PAID".to_owned()));
}
