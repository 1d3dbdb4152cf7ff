//! Notifications as they come, and as an enemy would send them.

use payment_core::gateway::{
    CallbackOutcome, CallbackRejection, EventContent, Finding, Gateway, RawCallback, RefundStatus,
    VerifiedEvent,
};
use proptest::prelude::*;
use time::Duration;

use super::{NUMBER, TRADE_NO, cny, open};
use crate::{
    form,
    test_channel::{
        APP_ID, NOW, OTHER_KEY, PLATFORM_KEY, SELLER_ID, World, done, notification, raw, signature,
    },
};

fn verdict(callback: &RawCallback) -> Result<VerifiedEvent, CallbackRejection> {
    let world = World::new();
    let outcome = done(open(&world).verify_callback(callback, NOW)).map_err(|rejected| rejected.kind);
    assert_eq!(world.http.count(), 0);
    outcome
}

/// A payment's notice, with fields that nobody here knows.
fn paid_parameters() -> Vec<(&'static str, &'static str)> {
    vec![
        ("gmt_create", "2027-03-01 12:31:02"),
        ("charset", "utf-8"),
        ("subject", "测试 A+B 50% <&\"'> %2B"),
        ("buyer_id", "2088000000000002"),
        ("notify_id", "2027030100222123110012345678901234"),
        ("notify_type", "trade_status_sync"),
        ("fund_bill_list", r#"[{"amount":"88.88","fundChannel":"ALIPAYACCOUNT"}]"#),
        ("vocher_detail_list", "[]"),
        ("trade_status", "TRADE_SUCCESS"),
        ("receipt_amount", "80.00"),
        ("total_amount", "88.88"),
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("gmt_payment", "2027-03-01 12:31:10"),
        ("notify_time", "2027-03-01 12:31:11"),
        ("out_trade_no", NUMBER),
        ("trade_no", TRADE_NO),
        ("version", "1.0"),
        ("passback_params", "a%3D1%26b%3D2"),
    ]
}

/// The same with fields changed, added, or left out where the value is empty.
fn changed(changes: &[(&'static str, &'static str)]) -> RawCallback {
    let mut parameters = paid_parameters();
    parameters.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    notification(&parameters, PLATFORM_KEY)
}

fn content(changes: &[(&'static str, &'static str)]) -> EventContent {
    verdict(&changed(changes)).expect("verified").content().clone()
}

fn finding(changes: &[(&'static str, &'static str)]) -> Finding {
    match content(changes) {
        EventContent::Payment { payment_no, finding } => {
            assert_eq!(payment_no, NUMBER);
            finding
        }
        other @ (EventContent::Refund(_) | EventContent::Contest(_) | EventContent::Irrelevant { .. }) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn f45_a_success_is_read_with_its_number_and_evidence() {
    let callback = changed(&[]);
    let event = verdict(&callback).expect("verified");
    assert_eq!(event.notification_id().as_str(), "2027030100222123110012345678901234");
    assert_eq!(event.evidence().bytes, callback.body);
    let key = event.evidence().verified_by.as_ref().expect("a key").as_str();
    assert!(key.starts_with("sha256:"));
    let Finding::Paid(paid) = finding(&[]) else { panic!("unpaid") };
    assert_eq!((paid.amount, paid.transaction_no.as_str()), (cny(8888), TRADE_NO));
    assert_eq!(paid.payee.as_str(), format!("{APP_ID}/{SELLER_ID}"));
    assert_eq!(paid.paid_time, Some(NOW + Duration::seconds(25)));
}

const REFUND: [(&str, &str); 3] =
    [("refund_fee", "8.88"), ("gmt_refund", "2027-03-01 15:31:10.421"), ("out_biz_no", "R-1")];
const CLOSED: (&str, &str) = ("trade_status", "TRADE_CLOSED");
const FINISHED: (&str, &str) = ("trade_status", "TRADE_FINISHED");

#[test]
fn f06_section_8_2_payments_refunds_and_closes_are_told_apart_by_content() {
    assert!(matches!(finding(&[]), Finding::Paid(_)));
    assert!(matches!(finding(&[("refund_fee", "0.00")]), Finding::Paid(_)), "a sum of nothing");
    assert_eq!(finding(&[CLOSED, ("gmt_payment", "")]), Finding::Closed);
    assert!(matches!(finding(&[CLOSED]), Finding::Paid(_)), "paid, then closed: money had come");
    for status in [None, Some(CLOSED)] {
        let changes: Vec<_> = REFUND.into_iter().chain(status).collect();
        let EventContent::Refund(refund) = content(&changes) else { panic!("{status:?}") };
        assert_eq!((refund.refund_no.as_str(), refund.payment_no.as_str()), ("R-1", NUMBER));
        assert_eq!(
            (refund.status, refund.amount),
            (RefundStatus::Succeeded, None),
            "a running total is no amount"
        );
        assert!(refund.refunded_time.is_some());
    }
    assert_eq!(finding(&[("trade_status", "WAIT_BUYER_PAY"), ("gmt_payment", "")]), Finding::AwaitingPayer);
    assert_eq!(finding(&[("trade_status", "INVENTED_LATER")]), Finding::AwaitingPayer);
}

#[test]
fn f06_section_8_2_each_mark_of_a_refund_is_enough() {
    for marks in [&REFUND[..1], &REFUND[1..2]] {
        let changes: Vec<_> = marks.iter().copied().chain([("out_biz_no", "R-1")]).collect();
        assert!(matches!(content(&changes), EventContent::Refund(_)), "{marks:?}");
    }
    let changes: Vec<_> = REFUND
        .into_iter()
        .chain([("refund_amount", "8.88"), ("refund_status", "REFUND_PROCESSING")])
        .collect();
    let EventContent::Refund(refund) = content(&changes) else { panic!("no refund") };
    assert_eq!((refund.amount, refund.status), (Some(cny(888)), RefundStatus::Processing));
}

#[test]
fn f07_section_8_2_finished_is_paid_and_repeats_old_refunds_as_no_news() {
    assert!(matches!(finding(&[FINISHED]), Finding::Paid(_)));
    assert!(matches!(finding(&[FINISHED, ("refund_fee", "8.88")]), Finding::Paid(_)));
    let changes: Vec<_> = REFUND.into_iter().chain([FINISHED]).collect();
    assert!(matches!(content(&changes), EventContent::Refund(_)));
}

#[test]
fn section_6_4_4_a_refund_without_a_number_has_the_payments_if_it_is_whole() {
    let whole = [CLOSED, ("refund_fee", "88.88"), ("gmt_refund", "2027-03-01 15:31:10")];
    let EventContent::Refund(refund) = content(&whole) else { panic!("no refund") };
    assert_eq!(refund.refund_no.as_str(), NUMBER);
    for strange in [vec![("refund_fee", "8.88")], vec![("refund_fee", "8.88"), ("out_biz_no", "a|b*c")]] {
        assert!(matches!(content(&strange), EventContent::Irrelevant { .. }), "{strange:?}");
    }
}

#[test]
fn f46_section_8_5_foreign_applications_sellers_amounts_and_numbers_are_left_to_the_core() {
    let Finding::Paid(paid) = finding(&[
        ("app_id", "2021999999999999"),
        ("auth_app_id", ""),
        ("seller_id", "2088999999999999"),
        ("total_amount", "0.01"),
    ]) else {
        panic!("unpaid")
    };
    assert_eq!((paid.payee.as_str(), paid.amount), ("2021999999999999/2088999999999999", cny(1)));
    let Finding::Paid(paid) = finding(&[("auth_app_id", "2021999999999999")]) else { panic!("unpaid") };
    assert_eq!(paid.payee.as_str(), format!("{APP_ID}:2021999999999999/{SELLER_ID}"), "acting for another");
    let EventContent::Payment { payment_no, .. } = content(&[("out_trade_no", "not*ours|1")]) else {
        panic!("no payment")
    };
    assert_eq!(payment_no, "not*ours|1");
}

#[test]
fn f48_a_success_without_its_figures_is_unreadable_and_not_guessed() {
    for field in [
        "total_amount",
        "trade_no",
        "seller_id",
        "app_id",
        "out_trade_no",
        "trade_status",
        "notify_type",
        "notify_id",
    ] {
        assert_eq!(verdict(&changed(&[(field, "")])).err(), Some(CallbackRejection::Unreadable), "{field}");
    }
    for amount in ["88.888", "-88.88", "8.888e1", "88,88", "+1"] {
        assert_eq!(verdict(&changed(&[("total_amount", amount)])).err(), Some(CallbackRejection::Unreadable));
    }
    for (amount, fen) in [("10", 1000), ("10.0", 1000), ("0.05", 5)] {
        let Finding::Paid(paid) = finding(&[("total_amount", amount)]) else { panic!("unpaid") };
        assert_eq!(paid.amount, cny(fen));
    }
    for field in ["receipt_amount", "gmt_payment", "buyer_id", "subject", "fund_bill_list", "auth_app_id"] {
        assert!(matches!(finding(&[(field, "")]), Finding::Paid(_)), "{field}");
    }
}

#[test]
fn section_8_5_what_is_not_about_trades_is_irrelevant() {
    let expected = EventContent::Irrelevant { event_type: "dut_user_sign".to_owned() };
    assert_eq!(content(&[("notify_type", "dut_user_sign")]), expected);
}

#[test]
fn f43_section_8_4_what_is_unsigned_otherwise_signed_or_ambiguous_is_refused() {
    let good = String::from_utf8(changed(&[]).body).expect("ASCII");
    assert!(verdict(&raw(good.clone().into_bytes())).is_ok());
    let (unsigned, _) = good.split_once("&sign=").expect("a signature");
    let malformed = [
        unsigned.to_owned(),
        format!("{unsigned}&sign="),
        good.replace("sign_type=RSA2", "sign_type=RSA"),
        good.replace("&sign_type=RSA2", ""),
        format!("{good}&total_amount=88.88"),
        format!("{good}&sign=AAAA"),
        format!("{good}&x=%zz"),
        good.replace("charset=utf-8", "charset=GBK"),
        good.replace("charset=utf-8", "charset=latin1"),
        good.replace("charset=utf-8&", ""),
        good.replace("subject=", "subject=%B2%E2"),
        String::new(),
    ];
    for body in malformed {
        assert_eq!(
            verdict(&raw(body.clone().into_bytes())).err(),
            Some(CallbackRejection::Malformed),
            "{body}"
        );
    }
    let forged = [
        good.replace("88.88", "88.89"),
        format!("{good}&added=1"),
        good.replace("&version=1.0", ""),
        good.replace("&sign=", "&sign=%40"),
    ];
    for body in forged {
        assert_eq!(
            verdict(&raw(body.clone().into_bytes())).err(),
            Some(CallbackRejection::SignatureInvalid),
            "{body}"
        );
    }
    let foreign = notification(&paid_parameters(), OTHER_KEY);
    assert_eq!(verdict(&foreign).err(), Some(CallbackRejection::SignatureInvalid));
}

#[test]
fn f47_accounts_do_not_verify_with_each_others_keys() {
    let world = World::new();
    let mut other = crate::test_channel::settings();
    other.insert("app_private_key".to_owned(), serde_json::json!(OTHER_KEY));
    other.insert("alipay_public_key".to_owned(), serde_json::json!(crate::test_channel::APP_PUBLIC_KEY));
    let other = super::open_with(&world, other);
    let own = notification(&paid_parameters(), PLATFORM_KEY);
    assert!(verdict(&own).is_ok());
    let refused = done(other.verify_callback(&own, NOW)).map_err(|rejected| rejected.kind);
    assert_eq!(refused.err(), Some(CallbackRejection::SignatureInvalid));
}

#[test]
fn f45_section_8_4_empty_values_verify_however_they_were_signed() {
    let mut parameters = paid_parameters();
    parameters.push(("body", ""));
    assert!(verdict(&notification(&parameters, PLATFORM_KEY)).is_ok(), "left out");
    let sorted: std::collections::BTreeMap<_, _> = parameters.iter().copied().collect();
    let sign = signature(PLATFORM_KEY, &crate::sign::content_with_empty(sorted));
    let all = parameters.into_iter().chain([("sign_type", "RSA2"), ("sign", sign.as_str())]);
    assert!(verdict(&raw(form::write(all).into_bytes())).is_ok(), "kept");
}

/// Decoded once: nothing is trimmed, unescaped, dropped or read as a number before the signature is checked.
#[test]
fn f45_section_8_4_values_are_taken_as_they_stand_after_one_decoding() {
    for text in [
        "100% sure",
        "%25 and %2B",
        "a+b c",
        "&quot;x&quot; &amp; <y>",
        "@file.txt",
        "=a=b&c=d",
        " spaced ",
        "1.0",
        "商品 ünïcödé",
    ] {
        for field in ["subject", "passback_params", "fund_bill_list"] {
            assert!(verdict(&changed(&[(field, text)])).is_ok(), "{field} {text}");
        }
    }
}

/// Messages about other matters than payments keep `sign_type` in what they sign. Taken here, it would be a second text
/// for one signature.
#[test]
fn f43_section_8_4_a_payment_s_notice_does_not_sign_its_sign_type() {
    let with_type: std::collections::BTreeMap<_, _> =
        paid_parameters().into_iter().chain([("sign_type", "RSA2")]).collect();
    let sign =
        signature(PLATFORM_KEY, &crate::sign::content(with_type.iter().map(|(name, value)| (*name, *value))));
    let all = with_type.into_iter().chain([("sign", sign.as_str())]);
    let refused = verdict(&raw(form::write(all).into_bytes()));
    assert_eq!(refused.err(), Some(CallbackRejection::SignatureInvalid));
}

/// Newer applications get the payer's open id and no `buyer_id`. Nobody here needs to know either.
#[test]
fn section_8_3_a_payer_who_is_named_by_an_open_id_has_paid_too() {
    let payer = [("buyer_id", ""), ("buyer_open_id", "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5")];
    assert!(matches!(finding(&payer), Finding::Paid(_)));
}

#[test]
fn r02_section_8_1_alipay_is_told_success_in_seven_bytes_and_nothing_else() {
    let gateway = open(&World::new());
    let kept = gateway.callback_reply(&CallbackOutcome::Recorded);
    assert_eq!((kept.status, kept.body.as_slice()), (200, &b"success"[..]));
    let rejected = CallbackRejection::ALL.map(CallbackOutcome::Rejected);
    for outcome in rejected.iter().chain([&CallbackOutcome::NotRecorded]) {
        let reply = gateway.callback_reply(outcome);
        assert!(reply.status >= 400 && reply.body == b"fail", "{outcome:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn f45_sections_8_3_8_4_notices_with_any_texts_and_unknown_fields_verify(subject in ".{1,60}", passback in ".{1,60}", unknown in ".{1,60}") {
        let mut parameters: Vec<(&str, &str)> = paid_parameters();
        parameters.retain(|(name, _)| !["subject", "passback_params"].contains(name));
        parameters.extend([("subject", subject.as_str()), ("passback_params", passback.as_str()), ("invented", unknown.as_str())]);
        prop_assert!(verdict(&notification(&parameters, PLATFORM_KEY)).is_ok());
    }

    #[test]
    fn f43_no_body_panics_or_verifies(body: Vec<u8>) {
        prop_assert!(verdict(&raw(body)).is_err());
    }
}
