//! Notifications as they come, and as an enemy would send them.

use payment_core::gateway::{
    CallbackOutcome, CallbackRejection, ClientResultHint, EventContent, Finding, Gateway, RawCallback,
    RefundStatus, VerifiedEvent,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::Duration;

use super::{NUMBER, open, transaction};
use crate::{
    WeChatGateway,
    test_channel::{NOW, OTHER_KEY, PUBLIC_KEY_ID, Signer, World, done, envelope},
};

fn verdict(gateway: &WeChatGateway, callback: &RawCallback) -> Result<VerifiedEvent, CallbackRejection> {
    done(gateway.verify_callback(callback, NOW)).map_err(|rejected| rejected.kind)
}

fn paid_callback() -> RawCallback {
    Signer::public_key().callback(NOW, "TRANSACTION.SUCCESS", &transaction("SUCCESS"))
}

fn set(callback: &mut RawCallback, name: &str, value: &[u8]) {
    for (key, held) in &mut callback.headers {
        if key == name {
            *held = value.to_vec();
        }
    }
}

#[test]
fn a_success_is_read_with_its_number_and_evidence() {
    let world = World::new();
    let gateway = open(&world);
    let callback = paid_callback();
    let event = verdict(&gateway, &callback).expect("verified");
    assert_eq!(event.notification_id().as_str(), "a1b2c3d4-0000-5000-8000-000000000001");
    assert_eq!(event.evidence().bytes, callback.body);
    assert_eq!(event.evidence().verified_by.as_ref().map(|serial| serial.as_str()), Some(PUBLIC_KEY_ID));
    let EventContent::Payment { payment_no, finding: Finding::Paid(paid) } = event.content() else {
        panic!("{:?}", event.content())
    };
    assert_eq!((payment_no.as_str(), paid.payee.as_str()), (NUMBER, "1234567891/wxd678efh567hg6787"));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn f46_foreign_merchants_amounts_and_numbers_are_left_to_the_core() {
    let world = World::new();
    let gateway = open(&world);
    let mut foreign = transaction("SUCCESS");
    foreign["mchid"] = json!("9999999999");
    foreign["out_trade_no"] = json!("not*ours|1");
    foreign["amount"]["total"] = json!(1);
    let event = verdict(&gateway, &Signer::public_key().callback(NOW, "TRANSACTION.SUCCESS", &foreign));
    let event = event.expect("verified");
    let EventContent::Payment { payment_no, finding: Finding::Paid(paid) } = event.content() else {
        panic!("{:?}", event.content())
    };
    assert_eq!(payment_no, "not*ours|1");
    assert_eq!(paid.payee.as_str(), "9999999999/wxd678efh567hg6787");
    assert_eq!(paid.amount.minor_units(), 1);
}

#[test]
fn a_success_event_with_another_state_is_no_success() {
    let world = World::new();
    let gateway = open(&world);
    for state in ["NOTPAY", "USERPAYING", "PAYERROR", "INVENTED_LATER"] {
        let callback = Signer::public_key().callback(NOW, "TRANSACTION.SUCCESS", &transaction(state));
        let event = verdict(&gateway, &callback).expect("verified");
        let waiting =
            EventContent::Payment { payment_no: NUMBER.to_owned(), finding: Finding::AwaitingPayer };
        assert_eq!(event.content(), &waiting, "{state}");
    }
}

#[test]
fn f48_a_success_without_an_amount_is_unreadable_and_not_guessed() {
    let world = World::new();
    let gateway = open(&world);
    for field in ["amount", "transaction_id", "mchid", "appid", "out_trade_no"] {
        let mut sparse = transaction("SUCCESS");
        sparse.as_object_mut().expect("an object").remove(field);
        let callback = Signer::public_key().callback(NOW, "TRANSACTION.SUCCESS", &sparse);
        assert_eq!(verdict(&gateway, &callback).err(), Some(CallbackRejection::Unreadable), "{field}");
    }
    let mut combined = transaction("SUCCESS");
    combined["combine_out_trade_no"] = json!(NUMBER);
    let callback = Signer::public_key().callback(NOW, "TRANSACTION.SUCCESS", &combined);
    assert_eq!(verdict(&gateway, &callback).err(), Some(CallbackRejection::Unreadable));
}

fn refund_content() -> Value {
    json!({"mchid": "1234567891", "out_trade_no": NUMBER, "transaction_id": "4200002900202601059999999999",
        "out_refund_no": "R-1", "refund_id": "50302909102026010512345678901", "refund_status": "SUCCESS",
        "success_time": "2026-01-05T20:00:00+08:00", "user_received_account": "支付用户零钱",
        "amount": {"total": 100, "refund": 40, "payer_total": 90, "payer_refund": 36}})
}

#[test]
fn f06_refunds_are_told_apart_from_payments() {
    let world = World::new();
    let gateway = open(&world);
    for (word, status) in [
        ("SUCCESS", RefundStatus::Succeeded),
        ("ABNORMAL", RefundStatus::NeedsPerson),
        ("CLOSED", RefundStatus::Dead),
    ] {
        let mut content = refund_content();
        content["refund_status"] = json!(word);
        let callback = Signer::public_key().callback(NOW, &format!("REFUND.{word}"), &content);
        let event = verdict(&gateway, &callback).expect("verified");
        let EventContent::Refund(finding) = event.content() else { panic!("{:?}", event.content()) };
        assert_eq!((finding.status, finding.refund_no.as_str()), (status, "R-1"));
        assert_eq!(finding.amount.map(|amount| amount.minor_units()), Some(40));
    }
}

#[test]
fn what_is_not_for_us_is_irrelevant() {
    let world = World::new();
    let gateway = open(&world);
    let mut foreign = refund_content();
    foreign["out_refund_no"] = json!("a|b*c@d");
    for (event_type, content) in [("PAYSCORE.USER_PAID", json!({"any": 1})), ("REFUND.SUCCESS", foreign)] {
        let event =
            verdict(&gateway, &Signer::public_key().callback(NOW, event_type, &content)).expect("verified");
        assert_eq!(event.content(), &EventContent::Irrelevant { event_type: event_type.to_owned() });
    }
}

#[test]
fn f39_a_signature_probe_is_answered_401_and_the_real_one_is_taken() {
    let world = World::new();
    let gateway = open(&world);
    let mut probe = paid_callback();
    let signature = probe.single_header("wechatpay-signature").expect("a header").to_owned();
    set(&mut probe, "wechatpay-signature", format!("WECHATPAY/SIGNTEST/{}", &signature[19..]).as_bytes());
    let kind = verdict(&gateway, &probe).expect_err("refused");
    assert_eq!(kind, CallbackRejection::SignatureInvalid);
    assert_eq!(gateway.callback_reply(&CallbackOutcome::Rejected(kind)).status, 401);
    assert!(verdict(&gateway, &paid_callback()).is_ok());
}

#[test]
fn f43_missing_repeated_and_strange_headers_are_refused() {
    let world = World::new();
    let gateway = open(&world);
    let names = ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial"];
    for name in names {
        let mut missing = paid_callback();
        missing.headers.retain(|(key, _)| key != name);
        assert_eq!(verdict(&gateway, &missing).err(), Some(CallbackRejection::Malformed), "{name} missing");
        let mut repeated = paid_callback();
        repeated.headers.push((name.to_owned(), b"1767614400".to_vec()));
        assert_eq!(verdict(&gateway, &repeated).err(), Some(CallbackRejection::Malformed), "{name} repeated");
        let mut binary = paid_callback();
        set(&mut binary, name, b"\xff\xfe");
        assert_eq!(verdict(&gateway, &binary).err(), Some(CallbackRejection::Malformed), "{name} binary");
        let mut empty = paid_callback();
        set(&mut empty, name, b"");
        assert!(verdict(&gateway, &empty).is_err(), "{name} empty");
    }
    let mut typed = paid_callback();
    set(&mut typed, "wechatpay-signature-type", b"WECHATPAY2-SM2-WITH-SM3");
    assert_eq!(verdict(&gateway, &typed).err(), Some(CallbackRejection::Malformed));
    let mut untyped = paid_callback();
    untyped.headers.retain(|(key, _)| key != "wechatpay-signature-type");
    assert!(verdict(&gateway, &untyped).is_ok());
}

#[test]
fn forged_replayed_and_altered_notifications_are_refused() {
    let world = World::new();
    let gateway = open(&world);
    let content = transaction("SUCCESS");
    let forger = Signer::certificate(PUBLIC_KEY_ID, OTHER_KEY);
    let forged = forger.callback(NOW, "TRANSACTION.SUCCESS", &content);
    assert_eq!(verdict(&gateway, &forged).err(), Some(CallbackRejection::SignatureInvalid));
    let mut altered = paid_callback();
    altered.body.push(b' ');
    assert_eq!(verdict(&gateway, &altered).err(), Some(CallbackRejection::SignatureInvalid));
    for (seconds, expected) in
        [(300, None), (301, Some(CallbackRejection::Stale)), (-301, Some(CallbackRejection::Stale))]
    {
        let at = NOW - Duration::seconds(seconds);
        let callback = Signer::public_key().callback(at, "TRANSACTION.SUCCESS", &content);
        assert_eq!(verdict(&gateway, &callback).err(), expected, "{seconds}");
    }
}

#[test]
fn f40_a_certificate_serial_is_unknown_to_a_public_key_account() {
    let world = World::new();
    let gateway = open(&world);
    let signer =
        Signer::certificate("440024045C4A427599D09BB4E3DE0279F2E813FD", crate::test_channel::PLATFORM_KEY);
    let callback = signer.callback(NOW, "TRANSACTION.SUCCESS", &transaction("SUCCESS"));
    assert_eq!(verdict(&gateway, &callback).err(), Some(CallbackRejection::UnknownKey));
    assert_eq!(world.http.count(), 0, "nothing is downloaded for it");
}

#[test]
fn f42_signed_envelopes_that_do_not_open_are_unreadable() {
    let world = World::new();
    let gateway = open(&world);
    let altered = |change: fn(&mut Value)| {
        let mut envelope = envelope("TRANSACTION.SUCCESS", &transaction("SUCCESS"));
        change(&mut envelope);
        verdict(&gateway, &Signer::public_key().callback_of(NOW, &envelope)).err()
    };
    let changes: [fn(&mut Value); 9] = [
        |envelope| envelope["resource"]["nonce"] = json!(""),
        |envelope| envelope["resource"]["nonce"] = json!("n".repeat(100_000)),
        |envelope| envelope["resource"]["algorithm"] = json!("AEAD_SM4_GCM"),
        |envelope| envelope["resource"]["ciphertext"] = json!("%%%"),
        |envelope| envelope["resource"]["ciphertext"] = json!(""),
        |envelope| envelope["resource"]["associated_data"] = json!("refund"),
        |envelope| envelope["id"] = json!(""),
        |envelope| envelope["resource"] = json!(null),
        |envelope| *envelope = json!([]),
    ];
    for change in changes {
        assert_eq!(altered(change), Some(CallbackRejection::Unreadable));
    }
    assert_eq!(altered(|_| ()), None);
}

#[test]
fn replies_are_wechats_words() {
    let world = World::new();
    let gateway = open(&world);
    let recorded = gateway.callback_reply(&CallbackOutcome::Recorded);
    assert_eq!((recorded.status, recorded.content_type, recorded.body.len()), (200, None, 0));
    for kind in CallbackRejection::ALL {
        let reply = gateway.callback_reply(&CallbackOutcome::Rejected(kind));
        assert!((400..600).contains(&reply.status), "{kind:?}");
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!(body, json!({"code": "FAIL", "message": "失败"}));
    }
    assert_eq!(gateway.callback_reply(&CallbackOutcome::NotRecorded).status, 500);
}

#[test]
fn r01_the_apps_word_is_a_hint() {
    let world = World::new();
    let gateway = open(&world);
    let read = |report: &str| gateway.read_client_result(report.as_bytes());
    assert_eq!(read(r#"{"errCode": 0}"#), Ok(ClientResultHint::Paid));
    assert_eq!(read(r#"{"errCode":-2,"errStr":"x"}"#), Ok(ClientResultHint::Cancelled));
    assert_eq!(read(r#"{"errCode":-1}"#), Ok(ClientResultHint::Unclear));
    assert_eq!(read(r#"{"errCode":-7}"#), Ok(ClientResultHint::Unclear));
    for wrong in ["", "{}", "ok", r#"{"errCode":"0"}"#, r#"{"errCode":0.0}"#] {
        let violations = read(wrong).expect_err("refused");
        assert_eq!(
            violations.first().map(|violation| violation.field.as_str()),
            Some("sdk_result"),
            "{wrong}"
        );
    }
}

proptest! {
    #[test]
    fn f43_no_unsigned_bytes_panic_or_pass(
        body: Vec<u8>, names in proptest::collection::vec("(wechatpay-[a-z]{4,9}|.{0,12})", 0..8), value: Vec<u8>,
    ) {
        let world = World::new();
        let gateway = open(&world);
        let headers = names.into_iter().map(|name| (name, value.clone())).collect();
        let callback = RawCallback { method: "POST".to_owned(), target: "/".to_owned(), headers, body };
        prop_assert!(verdict(&gateway, &callback).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn f42_no_signed_bytes_panic(id in ".{0,40}", nonce in ".{0,20}", content in ".{0,60}", kind in "(TRANSACTION|REFUND)[.]SUCCESS") {
        let world = World::new();
        let gateway = open(&world);
        let resource = json!({"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "ciphertext": content});
        let hostile = json!({"id": id, "event_type": kind, "resource": resource});
        prop_assert!(verdict(&gateway, &Signer::public_key().callback_of(NOW, &hostile)).is_err());
        let sealed = envelope(&kind, &json!(content));
        prop_assert!(verdict(&gateway, &Signer::public_key().callback_of(NOW, &sealed)).is_err());
    }
}
