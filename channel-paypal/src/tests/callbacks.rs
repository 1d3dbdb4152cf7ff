//! Webhooks as they come, and as an enemy would send them.

use payment_core::{
    gateway::{
        Approval, CallbackOutcome, CallbackRejection, ClientResultHint, Contest, EventContent, Finding,
        Gateway, RawCallback, RefundStatus, VerifiedEvent,
    },
    ports::HttpError,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::Duration;

use super::{CAPTURE, NUMBER, ORDER, ORDER_PATH, capture_body, captured, open_with, order};
use crate::{
    PaypalGateway,
    test_channel::{
        Authority, CERTIFICATE_URL, Delivery, Leaf, MERCHANT_ID, NOW, OTHER_KEY, WEBHOOK_ID, World, answer,
        done, gone, raw, settings, token,
    },
};

pub(super) fn trusting(root: &Authority) -> Map<String, Value> {
    let mut trusting = settings();
    trusting.insert("webhook_certificate_authorities".to_owned(), json!(root.pem));
    trusting
}

/// An account that trusts a test root, with the answer to the fetch of its certificate ready.
fn opened() -> (World, PaypalGateway) {
    let (world, root) = (World::new(), Authority::root());
    let gateway = open_with(&world, trusting(&root));
    world.http.will(raw(200, root.issue(&Leaf::paypals()).as_bytes()));
    (world, gateway)
}

pub(super) fn verdict(
    gateway: &PaypalGateway,
    callback: &RawCallback,
) -> Result<VerifiedEvent, CallbackRejection> {
    done(gateway.verify_callback(callback, NOW)).map_err(|rejected| rejected.kind)
}

pub(super) fn approved() -> Delivery {
    Delivery::of("CHECKOUT.ORDER.APPROVED", &json!({"id": ORDER, "amount": {"breakdown": {}}}))
}

fn finding(event: &VerifiedEvent) -> &Finding {
    match event.content() {
        EventContent::Payment { payment_no, finding } => {
            assert_eq!(payment_no, NUMBER);
            finding
        }
        EventContent::Refund(_) | EventContent::Contest(_) | EventContent::Irrelevant { .. } => {
            panic!("{:?}", event.content())
        }
    }
}

#[test]
fn an_approval_is_verified_read_again_and_told_with_its_evidence() {
    let (world, gateway) = opened();
    world.http.will(answer(200, &order("APPROVED")));
    let callback = approved().signed();
    let event = verdict(&gateway, &callback).expect("verified");
    assert_eq!(finding(&event), &Finding::Approved(Approval::Capture));
    assert_eq!(event.notification_id().as_str(), "WH-58D329510W468432D-8HN650336L201105X");
    assert_eq!(event.evidence().bytes, callback.body);
    assert!(event.evidence().verified_by.is_some());
    let asked = world.http.asked();
    assert_eq!(
        asked,
        ["GET /v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb", &format!("GET {ORDER_PATH}")]
    );
    assert_eq!(world.http.request(0).url.as_str(), CERTIFICATE_URL);
    assert!(world.http.request(0).headers.iter().all(|(name, _)| *name != "authorization"));
}

#[test]
fn r07_a_webhook_s_own_words_are_never_believed() {
    let (world, gateway) = opened();
    let claims = json!({"id": CAPTURE, "status": "COMPLETED", "custom_id": "P202701050000000000000000000009",
        "amount": {"currency_code": "EUR", "value": "99999.00"}, "payee": {"merchant_id": MERCHANT_ID}});
    world.http.will(answer(200, &capture_body("PENDING"))).will(answer(200, &captured("PENDING")));
    let event =
        verdict(&gateway, &Delivery::of("PAYMENT.CAPTURE.COMPLETED", &claims).signed()).expect("verified");
    assert_eq!(finding(&event), &Finding::Pending);
}

#[test]
fn r07_what_cannot_be_read_again_is_refused_for_now() {
    for reply in [raw(500, b""), raw(200, b"{}"), gone(), Err(HttpError::Unknown("cut".to_owned()))] {
        let (world, gateway) = opened();
        world.http.will(reply);
        let refused = verdict(&gateway, &approved().signed());
        assert_eq!(refused.err(), Some(CallbackRejection::ProofUnavailable));
    }
    let (world, gateway) = opened();
    world.http.will_for_token(raw(503, b"")).will_for_token(token("x", 100));
    assert_eq!(verdict(&gateway, &approved().signed()).err(), Some(CallbackRejection::ProofUnavailable));
}

/// 48 blanks and tabs at the end of `forged`, chosen so that its CRC-32 is that of `signed`: the checksum is linear, so
/// it is a matter of solving 32 equations.
fn collide(signed: &[u8], forged: &[u8]) -> Vec<u8> {
    const ROOM: usize = 48;
    let with = |tabs: u64| {
        let filling = (0..ROOM).map(|place| if tabs >> place & 1 == 1 { b'\t' } else { b' ' });
        forged.iter().copied().chain(filling).collect::<Vec<u8>>()
    };
    let base = crc32fast::hash(&with(0));
    let mut rows: Vec<(u32, u64)> = Vec::new();
    let reduce = |rows: &[(u32, u64)], mut effect: u32, mut tabs: u64| {
        for (pivot, places) in rows {
            if effect ^ pivot < effect {
                (effect, tabs) = (effect ^ pivot, tabs ^ places);
            }
        }
        (effect, tabs)
    };
    for place in 0..ROOM {
        let reduced = reduce(&rows, crc32fast::hash(&with(1 << place)) ^ base, 1 << place);
        if reduced.0 != 0 {
            rows.push(reduced);
            rows.sort_by_key(|(pivot, _)| std::cmp::Reverse(*pivot));
        }
    }
    let (rest, tabs) = reduce(&rows, crc32fast::hash(signed) ^ base, 0);
    assert_eq!(rest, 0, "48 places span all 32 bits");
    with(tabs)
}

#[test]
fn r07_pitfall_15_a_forged_body_with_the_same_checksum_does_nothing() {
    let (world, gateway) = opened();
    let genuine = Delivery::of("CUSTOMER.DISPUTE.CREATED", &json!({"dispute_id": "PP-D-1"}));
    let mut stolen = genuine.signed();
    let claims = json!({"id": CAPTURE, "status": "COMPLETED", "custom_id": NUMBER, "invoice_id": NUMBER,
        "amount": {"currency_code": "EUR", "value": "24.90"}, "payee": {"merchant_id": MERCHANT_ID}});
    let forged = Delivery::of("PAYMENT.CAPTURE.COMPLETED", &claims).body;
    stolen.body = collide(&genuine.body, &forged);
    assert_ne!(stolen.body, genuine.body);
    assert_eq!(crc32fast::hash(&stolen.body), crc32fast::hash(&genuine.body));
    // PayPal's signature verifies, and the API tells what is so: the payer has not even approved.
    let unpaid = json!({"id": CAPTURE, "status": "DECLINED", "custom_id": NUMBER,
        "supplementary_data": {"related_ids": {"order_id": ORDER}}});
    world.http.will(answer(200, &unpaid)).will(answer(200, &order("PAYER_ACTION_REQUIRED")));
    let event = verdict(&gateway, &stolen).expect("its signature verifies");
    assert_eq!(finding(&event), &Finding::AwaitingPayer);
    world.http.will(gone());
    assert_eq!(verdict(&gateway, &stolen).err(), Some(CallbackRejection::ProofUnavailable));
    assert_eq!(world.http.left(), 0);
}

#[test]
fn f37_every_capture_event_is_told_by_the_order() {
    let table = [
        ("PAYMENT.CAPTURE.COMPLETED", "COMPLETED"),
        ("PAYMENT.CAPTURE.PENDING", "PENDING"),
        ("PAYMENT.CAPTURE.DECLINED", "DECLINED"),
        ("PAYMENT.CAPTURE.DENIED", "DECLINED"),
    ];
    for (event_type, status) in table {
        let (world, gateway) = opened();
        world.http.will(answer(200, &capture_body(status))).will(answer(200, &captured(status)));
        let event =
            verdict(&gateway, &Delivery::of(event_type, &json!({"id": CAPTURE})).signed()).expect("verified");
        let found = finding(&event);
        assert_eq!(matches!(found, Finding::Paid(_)), status == "COMPLETED", "{event_type}");
        assert_eq!(matches!(found, Finding::Failed(_)), status == "DECLINED", "{event_type}");
    }
}

#[test]
fn authorizations_lead_to_their_order() {
    let (world, gateway) = opened();
    let authorization = json!({"id": "0AW1", "status": "CREATED", "supplementary_data": {"related_ids": {"order_id": ORDER}}});
    world.http.will(answer(200, &authorization)).will(answer(200, &order("APPROVED")));
    let delivery = Delivery::of("PAYMENT.AUTHORIZATION.CREATED", &json!({"id": "0AW1"}));
    let event = verdict(&gateway, &delivery.signed()).expect("verified");
    assert_eq!(finding(&event), &Finding::Approved(Approval::Capture));
}

fn refund(custom_id: &Value) -> Value {
    json!({"id": "1RF2", "status": "COMPLETED", "custom_id": custom_id,
        "amount": {"currency_code": "EUR", "value": "10.00"},
        "links": [{"rel": "up", "href": format!("https://x.example/v2/payments/captures/{CAPTURE}")}]})
}

#[test]
fn pitfall_11_a_refund_is_read_with_the_payment_that_it_is_of() {
    for event_type in ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED"] {
        let (world, gateway) = opened();
        world
            .http
            .will(answer(200, &refund(&json!("R-1"))))
            .will(answer(200, &capture_body("PARTIALLY_REFUNDED")));
        let event =
            verdict(&gateway, &Delivery::of(event_type, &json!({"id": "1RF2"})).signed()).expect("verified");
        let EventContent::Refund(found) = event.content() else { panic!("{:?}", event.content()) };
        assert_eq!((found.refund_no.as_str(), found.payment_no.as_str()), ("R-1", NUMBER));
        assert_eq!(found.status, RefundStatus::Succeeded);
    }
}

#[test]
fn r18_a_refund_of_the_console_goes_by_paypals_number() {
    for custom_id in [Value::Null, json!(NUMBER), json!("another system's note")] {
        let (world, gateway) = opened();
        world.http.will(answer(200, &refund(&custom_id))).will(answer(200, &capture_body("REFUNDED")));
        let delivery = Delivery::of("PAYMENT.CAPTURE.REFUNDED", &json!({"id": "1RF2"}));
        let event = verdict(&gateway, &delivery.signed()).expect("verified");
        let EventContent::Refund(found) = event.content() else { panic!("{:?}", event.content()) };
        assert_eq!((found.refund_no.as_str(), found.payment_no.as_str()), ("PAYPAL-1RF2", NUMBER));
        assert_eq!(found.amount.map(|amount| amount.minor_units()), Some(1000));
    }
}

fn reversal() -> Delivery {
    let up = format!("https://api.paypal.com/v2/payments/captures/{CAPTURE}");
    Delivery::of("PAYMENT.CAPTURE.REVERSED", &json!({"id": "1RF2", "links": [{"rel": "up", "href": up}]}))
}

#[test]
fn pitfall_12_a_reversal_is_no_refund_of_ours_and_is_told_with_what_paypal_proves() {
    for (read, amount) in [(answer(200, &refund(&Value::Null)), Some(1000)), (gone(), None)] {
        let (world, gateway) = opened();
        world.http.will(read).will(answer(200, &capture_body("PARTIALLY_REFUNDED")));
        let event = verdict(&gateway, &reversal().signed()).expect("verified");
        let EventContent::Contest(contest) = event.content() else { panic!("{:?}", event.content()) };
        assert_eq!((contest.kind, contest.payment_no.as_str()), (Contest::Reversed, NUMBER));
        assert_eq!((contest.transaction_no.as_str(), contest.reference.as_str()), (CAPTURE, "1RF2"));
        assert_eq!(contest.amount.map(|amount| amount.minor_units()), amount);
    }
}

#[test]
fn r07_a_reversal_that_the_api_shows_to_be_our_own_refund_is_that_refund() {
    let (world, gateway) = opened();
    let ours = refund(&json!("R-1"));
    let capture = capture_body("PARTIALLY_REFUNDED");
    world
        .http
        .will(answer(200, &ours))
        .will(answer(200, &capture))
        .will(answer(200, &ours))
        .will(answer(200, &capture));
    let event = verdict(&gateway, &reversal().signed()).expect("verified");
    assert!(matches!(event.content(), EventContent::Refund(found) if found.refund_no.as_str() == "R-1"));
}

#[test]
fn a_dispute_is_told_once_its_capture_is_proven_to_be_ours() {
    let (world, gateway) = opened();
    let dispute =
        json!({"dispute_id": "PP-D-1", "disputed_transactions": [{"seller_transaction_id": CAPTURE}]});
    world.http.will(answer(200, &capture_body("COMPLETED")));
    let delivery = Delivery::of("CUSTOMER.DISPUTE.CREATED", &dispute);
    let event = verdict(&gateway, &delivery.signed()).expect("verified");
    let EventContent::Contest(contest) = event.content() else { panic!("{:?}", event.content()) };
    assert_eq!(
        (contest.kind, contest.reference.as_str(), contest.amount),
        (Contest::Disputed, "PP-D-1", None)
    );
    let (world, gateway) = opened();
    let mut foreign = capture_body("COMPLETED");
    foreign["custom_id"] = Value::Null;
    world.http.will(answer(200, &foreign));
    let event = verdict(&gateway, &delivery.signed()).expect("verified");
    assert!(matches!(event.content(), EventContent::Irrelevant { .. }), "another system's payment");
}

#[test]
fn pitfall_12_what_is_not_ours_is_kept_and_acknowledged() {
    for event_type in ["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.RESOLVED", "INVENTED.LATER"] {
        let (world, gateway) = opened();
        let event =
            verdict(&gateway, &Delivery::of(event_type, &json!({"id": "1RF2"})).signed()).expect("verified");
        assert_eq!(event.content(), &EventContent::Irrelevant { event_type: event_type.to_owned() });
        assert_eq!((world.http.count(), world.http.token_count()), (1, 0));
    }
    let (world, gateway) = opened();
    let mut unmarked = order("APPROVED");
    unmarked["purchase_units"][0]["custom_id"] = Value::Null;
    world.http.will(answer(200, &unmarked));
    let event = verdict(&gateway, &approved().signed()).expect("verified");
    assert!(matches!(event.content(), EventContent::Irrelevant { .. }), "another system's order");
}

#[test]
fn f46_foreign_numbers_payees_and_amounts_are_left_to_the_core() {
    let (world, gateway) = opened();
    let mut foreign = captured("COMPLETED");
    foreign["purchase_units"][0]["custom_id"] = json!("not*ours|1");
    foreign["purchase_units"][0]["payee"]["merchant_id"] = json!("ZZZZZZZZZZZZZ");
    world.http.will(answer(200, &foreign));
    let event = verdict(&gateway, &approved().signed()).expect("verified");
    let EventContent::Payment { payment_no, finding: Finding::Paid(paid) } = event.content() else {
        panic!("{:?}", event.content())
    };
    assert_eq!((payment_no.as_str(), paid.payee.as_str()), ("not*ours|1", "ZZZZZZZZZZZZZ"));
}

#[test]
fn f43_missing_repeated_empty_and_odd_headers_are_refused_before_anything_is_fetched() {
    let (world, gateway) = opened();
    let good = approved().signed();
    for index in 0..good.headers.len() {
        let mut missing = good.clone();
        missing.headers.remove(index);
        let mut repeated = good.clone();
        repeated.headers.push(good.headers[index].clone());
        let set = |value: &[u8]| {
            let mut changed = good.clone();
            changed.headers[index].1 = value.to_vec();
            changed
        };
        let long = set(&[b'A'; 501]);
        for wrong in [missing, repeated, set(b""), set(b"a|b"), set(b"a b"), set(b"\xff"), long] {
            assert_eq!(verdict(&gateway, &wrong).err(), Some(CallbackRejection::Malformed), "{index}");
        }
    }
    for algorithm in ["SHA1withRSA", "MD5withRSA", "sha256withrsa", "none"] {
        let wrong = Delivery { algorithm: algorithm.to_owned(), ..approved() }.signed();
        assert_eq!(verdict(&gateway, &wrong).err(), Some(CallbackRejection::Malformed));
    }
    assert_eq!(world.http.count(), 0);
}

#[test]
fn deliveries_are_taken_for_three_days() {
    let at = |time: &str| {
        let (world, gateway) = opened();
        world.http.will(answer(200, &order("APPROVED")));
        verdict(&gateway, &Delivery { time: time.to_owned(), ..approved() }.signed()).map(drop)
    };
    for fine in ["2027-01-02T11:00:00Z", "2027-01-05T12:05:00Z", "2027-01-05T04:00:00-08:00"] {
        assert_eq!(at(fine), Ok(()), "{fine}");
    }
    for stale in ["2027-01-02T10:59:59Z", "2027-01-05T12:05:01Z"] {
        assert_eq!(at(stale), Err(CallbackRejection::Stale), "{stale}");
    }
    assert_eq!(at("yesterday"), Err(CallbackRejection::Malformed));
}

#[test]
fn f43_what_paypal_did_not_sign_for_this_webhook_is_refused() {
    let deliveries = [
        Delivery { key: OTHER_KEY, ..approved() },
        Delivery { webhook_id: "9XX999999X9999999".to_owned(), ..approved() },
        Delivery { webhook_id: "WEBHOOK_ID".to_owned(), ..approved() },
    ];
    for delivery in deliveries {
        let (world, gateway) = opened();
        assert_eq!(verdict(&gateway, &delivery.signed()).err(), Some(CallbackRejection::SignatureInvalid));
        assert_eq!(world.http.token_count(), 0);
    }
    let (_, gateway) = opened();
    let good = approved().signed();
    for index in 0..good.body.len() {
        let mut changed = good.clone();
        changed.body[index] ^= 1;
        assert_eq!(verdict(&gateway, &changed).err(), Some(CallbackRejection::SignatureInvalid));
    }
}

#[test]
fn during_a_change_of_url_both_webhooks_are_known() {
    let (world, root) = (World::new(), Authority::root());
    let mut both = trusting(&root);
    both.insert("webhook_ids".to_owned(), json!([WEBHOOK_ID, "9XX999999X9999999"]));
    let gateway = open_with(&world, both);
    world.http.will(raw(200, root.issue(&Leaf::paypals()).as_bytes()));
    for webhook_id in [WEBHOOK_ID, "9XX999999X9999999"] {
        world.http.will(answer(200, &order("APPROVED")));
        let delivery = Delivery { webhook_id: webhook_id.to_owned(), ..approved() };
        assert!(verdict(&gateway, &delivery.signed()).is_ok());
    }
}

#[test]
fn a_signed_body_that_is_no_event_is_unreadable() {
    for body in
        [&b""[..], b"{}", b"[]", b"\xff", br#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}"#]
    {
        let (_, gateway) = opened();
        let delivery = Delivery { body: body.to_vec(), ..approved() };
        assert_eq!(verdict(&gateway, &delivery.signed()).err(), Some(CallbackRejection::Unreadable));
    }
    let (world, gateway) = opened();
    let huge = Delivery { body: vec![b' '; 1_048_577], ..approved() };
    assert_eq!(verdict(&gateway, &huge.signed()).err(), Some(CallbackRejection::Malformed));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn paypal_sends_again_what_is_not_answered_with_2xx() {
    let (_, gateway) = opened();
    let status = |outcome| gateway.callback_reply(&outcome).status;
    assert_eq!(status(CallbackOutcome::Recorded), 200);
    assert_eq!(status(CallbackOutcome::NotRecorded), 500);
    for kind in CallbackRejection::ALL {
        let status = status(CallbackOutcome::Rejected(kind));
        assert_eq!(status >= 500, kind == CallbackRejection::ProofUnavailable, "{kind:?}");
        assert!(status >= 400);
    }
    assert_eq!(gateway.read_client_result(b"token=4TX1&PayerID=A"), Ok(ClientResultHint::Paid));
}

#[test]
fn a_delivery_may_come_in_any_number_of_times() {
    let (world, gateway) = opened();
    for _ in 0..5 {
        world.http.will(answer(200, &order("APPROVED")));
        assert!(verdict(&gateway, &approved().signed()).is_ok());
    }
    world.clock.advance(Duration::days(2));
    world.http.will(answer(200, &captured("COMPLETED")));
    let late = verdict(&gateway, &approved().signed()).expect("verified");
    assert!(matches!(finding(&late), Finding::Paid(_)));
}

proptest! {
    #[test]
    fn f43_no_callback_panics_or_proves(headers: Vec<(String, Vec<u8>)>, body: Vec<u8>, url in ".{0,80}") {
        let (_, gateway) = opened();
        let mut callback = approved().signed();
        callback.headers.extend(headers);
        callback.body = body;
        callback.headers[3].1 = url.into_bytes();
        prop_assert!(verdict(&gateway, &callback).is_err());
    }
}
