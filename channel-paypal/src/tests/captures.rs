//! Taking money once, from whichever side it is asked for, and letting held money go.

use payment_core::{
    gateway::{Approval, CaptureRequest, CloseRequest, Finding, Gateway, HoldRequest, ReleaseRequest},
    ports::HttpError,
};
use serde_json::{Value, json};
use time::Duration;

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
    let amount = json!({"currency_code": "EUR", "value": "24.90"});
    let authorization = json!({"id": "0AW1", "status": status, "amount": amount,
        "create_time": "2027-01-05T11:50:00Z", "expiration_time": "2027-02-03T11:50:00Z"});
    order_of("COMPLETED", json!({"authorizations": [authorization]}))
}

fn hold_request(intent: &str) -> HoldRequest {
    HoldRequest { payment_no: payment_no(), product: product("checkout"), handle: handle(intent) }
}

fn release_request() -> ReleaseRequest {
    ReleaseRequest { payment_no: payment_no(), product: product("checkout"), handle: handle("AUTHORIZE") }
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
        assert_eq!(taken.finding == Finding::Pending, !paid_or_failed, "{status}");
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
fn approved_money_is_held_and_not_taken_and_held_money_is_taken() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(201, &held("CREATED")));
    let holding = done(gateway.hold(&hold_request("AUTHORIZE"))).expect("an answer");
    let Finding::Held(finding) = holding.finding else { panic!("{:?}", holding.finding) };
    assert_eq!((finding.hold_no.as_str(), finding.amount.minor_units()), ("0AW1", 2490));
    assert!(holding.evidence.verified_by.is_some());
    world
        .http
        .will(answer(200, &held("CREATED")))
        .will(answer(201, &capture_body("COMPLETED")))
        .will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("AUTHORIZE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
    let ids = request_ids(&world);
    assert_eq!(ids[0], format!("a-{NUMBER}"));
    assert!(ids[1].starts_with(&format!("k-{NUMBER}-")) && ids[1].len() == 38, "{ids:?}");
    assert_eq!(world.http.asked()[2], "POST /v2/payments/authorizations/0AW1/capture");
}

#[test]
fn what_the_caller_wants_held_is_never_taken_and_the_other_way_round() {
    let world = World::new();
    let gateway = open(&world);
    assert_eq!(certainty(done(gateway.hold(&hold_request("CAPTURE")))), Err("not sent".to_owned()));
    let mut approved = order("APPROVED");
    approved["intent"] = json!("AUTHORIZE");
    world.http.will(answer(200, &approved));
    let nothing = done(gateway.capture(&capture_request("AUTHORIZE"))).expect("an answer");
    assert_eq!(
        nothing.finding,
        Finding::Approved(Approval::Hold),
        "nothing is held yet, so nothing is taken"
    );
    assert_eq!(world.http.asked(), [format!("GET {ORDER_PATH}")]);
}

#[test]
fn f38_what_was_held_or_taken_already_is_read() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unprocessable("ORDER_ALREADY_AUTHORIZED")).will(answer(200, &held("CREATED")));
    let holding = done(gateway.hold(&hold_request("AUTHORIZE"))).expect("an answer");
    assert!(matches!(holding.finding, Finding::Held(_)));
    world
        .http
        .will(answer(200, &held("CREATED")))
        .will(unprocessable("AUTHORIZATION_ALREADY_CAPTURED"))
        .will(answer(200, &captured("COMPLETED")));
    let taken = done(gateway.capture(&capture_request("AUTHORIZE"))).expect("an answer");
    assert!(matches!(taken.finding, Finding::Paid(_)));
}

#[test]
fn pitfall_03_one_decision_to_take_held_money_has_one_request_id_and_the_next_one_another() {
    let world = World::new();
    let gateway = open(&world);
    let first = capture_request("AUTHORIZE");
    let second = CaptureRequest { intend_time: first.intend_time + Duration::SECOND, ..first.clone() };
    for request in [&first, &first, &second] {
        world.http.will(answer(200, &held("CREATED"))).will(unprocessable("TRANSACTION_REFUSED"));
        assert!(done(gateway.capture(request)).is_err());
    }
    let ids = request_ids(&world);
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn r05_a_capture_of_held_money_that_is_refused_says_why() {
    let table = [
        ("AUTHORIZATION_EXPIRED", "refused: CHANNEL_ALREADY_CLOSED"),
        ("AUTHORIZATION_VOIDED", "refused: CHANNEL_ALREADY_CLOSED"),
        ("AUTHORIZATION_DENIED", "refused: PAYER_ACCOUNT_UNUSABLE"),
        ("TRANSACTION_REFUSED", "refused: PAYER_ACCOUNT_UNUSABLE"),
        ("DUPLICATE_INVOICE_ID", "refused: CHANNEL_ALREADY_PAID"),
        ("INVENTED_LATER", "unknown"),
    ];
    for (name, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &held("CREATED"))).will(unprocessable(name));
        let refused = certainty(done(gateway.capture(&capture_request("AUTHORIZE"))));
        assert_eq!(refused, Err(expected.to_owned()), "{name}");
    }
}

#[test]
fn pitfall_22_held_money_is_let_go_and_the_order_proves_it() {
    for void in [raw(204, b""), answer(200, &json!({"id": "0AW1", "status": "VOIDED"}))] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &held("CREATED"))).will(void).will(answer(200, &held("VOIDED")));
        let closed = done(gateway.release(&release_request())).expect("closed");
        assert!(closed.evidence.verified_by.is_some());
        assert_eq!(world.http.asked()[1], "POST /v2/payments/authorizations/0AW1/void");
        assert_eq!(request_ids(&world), [format!("v-{NUMBER}")]);
    }
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(200, &held("CREATED"))).will(raw(204, b"")).will(answer(200, &held("CREATED")));
    assert_eq!(certainty(done(gateway.release(&release_request()))), Err("unknown".to_owned()));
}

#[test]
fn a_release_that_comes_too_late_or_to_nothing_says_so() {
    let table = [
        (captured("COMPLETED"), Err("refused: CHANNEL_ALREADY_PAID".to_owned())),
        (held("VOIDED"), Ok(())),
        (order("PAYER_ACTION_REQUIRED"), Err("refused: CHANNEL_NOT_FOUND".to_owned())),
    ];
    for (body, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &body));
        assert_eq!(certainty(done(gateway.release(&release_request()))), expected);
        assert_eq!(world.http.count(), 1, "nothing was voided");
    }
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(answer(200, &held("CREATED")))
        .will(unprocessable("PREVIOUSLY_CAPTURED"))
        .will(answer(200, &captured("COMPLETED")));
    let late = certainty(done(gateway.release(&release_request())));
    assert_eq!(late, Err("refused: CHANNEL_ALREADY_PAID".to_owned()));
}

#[test]
fn pitfall_08_an_order_cannot_be_closed() {
    let world = World::new();
    let gateway = open(&world);
    for handle in [None, Some(handle("CAPTURE"))] {
        let request = CloseRequest { payment_no: payment_no(), product: product("checkout"), handle };
        assert_eq!(certainty(done(gateway.close(&request))), Err("not sent".to_owned()));
    }
    assert_eq!(world.http.count(), 0);
}
