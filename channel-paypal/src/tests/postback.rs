//! Webhooks verified by PayPal's own word, where the configuration says so.

use payment_core::gateway::{Approval, CallbackRejection, EventContent, Finding};
use serde_json::{Map, Value, json};

use super::{
    NUMBER,
    callbacks::{approved, trusting, verdict},
    open_with, order,
};
use crate::test_channel::{Authority, Delivery, Leaf, OTHER_KEY, WEBHOOK_ID, World, answer, raw, settings};

const PATH: &str = "POST /v1/notifications/verify-webhook-signature";

fn with(verification: &str) -> Map<String, Value> {
    let mut settings = settings();
    settings.insert("webhook_verification".to_owned(), json!(verification));
    settings
}

fn word(status: &str) -> Value {
    json!({"verification_status": status})
}

#[test]
fn a_success_is_read_again_all_the_same() {
    let world = World::new();
    let gateway = open_with(&world, with("postback"));
    world.http.will(answer(200, &word("SUCCESS"))).will(answer(200, &order("APPROVED")));
    let callback = approved().signed();
    let event = verdict(&gateway, &callback).expect("verified");
    let expected = EventContent::Payment {
        payment_no: NUMBER.to_owned(),
        finding: Finding::Approved(Approval::Capture),
    };
    assert_eq!(event.content(), &expected);
    let proof = event.evidence().verified_by.as_ref().map(|key| key.to_string());
    assert_eq!(proof, Some(format!("postback:{WEBHOOK_ID}")));
    assert_eq!(world.http.asked()[0], PATH);
    let sent = world.http.request(0).body;
    assert!(sent.windows(callback.body.len()).any(|window| window == callback.body));
}

#[test]
fn only_the_word_success_is_a_success() {
    let table = [
        (answer(200, &word("FAILURE")), CallbackRejection::SignatureInvalid),
        (answer(200, &word("MAYBE")), CallbackRejection::ProofUnavailable),
        (answer(200, &json!({})), CallbackRejection::ProofUnavailable),
        (answer(400, &word("SUCCESS")), CallbackRejection::ProofUnavailable),
        (raw(500, b""), CallbackRejection::ProofUnavailable),
        (raw(429, b""), CallbackRejection::ProofUnavailable),
    ];
    for (reply, expected) in table {
        let world = World::new();
        let gateway = open_with(&world, with("postback"));
        world.http.will(reply);
        assert_eq!(verdict(&gateway, &approved().signed()).err(), Some(expected));
    }
}

#[test]
fn f44_a_body_that_is_no_json_cannot_bring_fields_of_its_own() {
    let world = World::new();
    let gateway = open_with(&world, with("postback"));
    for body in [&br#"{},"webhook_id":"EVIL","x":{}"#[..], b"", b"{", b"{}}", b"\xff"] {
        let delivery = Delivery { body: body.to_vec(), ..approved() };
        assert_eq!(verdict(&gateway, &delivery.signed()).err(), Some(CallbackRejection::Malformed));
    }
    let foreign = Delivery { certificate_url: "https://evil.example/CERT-1".to_owned(), ..approved() };
    assert_eq!(verdict(&gateway, &foreign.signed()).err(), Some(CallbackRejection::UnknownKey));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn every_webhook_id_is_tried() {
    let world = World::new();
    let mut both = with("postback");
    both.insert("webhook_ids".to_owned(), json!(["9XX999999X9999999", WEBHOOK_ID]));
    let gateway = open_with(&world, both);
    world
        .http
        .will(answer(200, &word("FAILURE")))
        .will(answer(200, &word("SUCCESS")))
        .will(answer(200, &order("APPROVED")));
    assert!(verdict(&gateway, &approved().signed()).is_ok());
}

#[test]
fn strangers_cannot_make_us_ask_paypal_without_end() {
    let world = World::new();
    let gateway = open_with(&world, with("local_then_postback"));
    for _ in 0..6 {
        world.http.will(raw(404, b""));
    }
    for number in 0..30 {
        let certificate_url =
            format!("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{}", number % 15);
        assert!(verdict(&gateway, &Delivery { certificate_url, ..approved() }.signed()).is_err());
    }
    assert!(world.http.asked().iter().all(|asked| asked.starts_with("GET /v1/notifications/certs/")));
    assert_eq!(world.http.count(), 6);
}

#[test]
fn postback_helps_out_where_no_trusted_certificate_can_be_had_and_not_where_a_signature_is_wrong() {
    let root = Authority::root();
    let stranger = root.issue(&Leaf::paypals());
    for reply in [raw(503, b""), raw(200, stranger.as_bytes())] {
        let world = World::new();
        let gateway = open_with(&world, with("local_then_postback"));
        world.http.will(reply).will(answer(200, &word("SUCCESS"))).will(answer(200, &order("APPROVED")));
        assert!(verdict(&gateway, &approved().signed()).is_ok());
        assert_eq!(world.http.asked()[1], PATH);
    }
    let world = World::new();
    let mut trusting = trusting(&root);
    trusting.extend(with("local_then_postback"));
    let gateway = open_with(&world, trusting);
    world.http.will(raw(200, stranger.as_bytes()));
    let forged = Delivery { key: OTHER_KEY, ..approved() }.signed();
    assert_eq!(verdict(&gateway, &forged).err(), Some(CallbackRejection::SignatureInvalid));
    assert_eq!(world.http.count(), 1);
}
