//! Accounts with platform certificates: opening, rotation, migration.

use payment_core::{
    gateway::{CallbackRejection, Finding, Gateway, GatewayError, QueryRequest, TransactionReference},
    identifiers::Product,
    ports::{HttpError, HttpResponse},
    violation::Violation,
};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{open_with, transaction, unsigned};
use crate::{
    AbnormalRefundDestination, AbnormalRefundRequest, WeChatGateway,
    test_channel::{
        NOW, OTHER_KEY, PLATFORM_KEY, PUBLIC_KEY_ID, Root, Signer, World, account, bare_settings, done,
        settings,
    },
};

const OLD: &str = "440024045C4A427599D09BB4E3DE0279F2E813FD";
const NEW: &str = "7400240A5C4A427599D09BB4E3DE0279F2E813AA";
const LIFE: Duration = Duration::days(1825);

fn old() -> Signer {
    Signer::certificate(OLD, PLATFORM_KEY)
}

fn new() -> Signer {
    Signer::certificate(NEW, OTHER_KEY)
}

fn pinned(root: &Root) -> Map<String, Value> {
    let mut settings = bare_settings();
    settings.insert("platform_root_certificates".to_owned(), json!(root.pem));
    settings
}

/// A download that lists `listed` and is signed by `signer`.
fn list(world: &World, root: &Root, listed: &[&Signer], signer: &Signer) -> Result<HttpResponse, HttpError> {
    let entries: Vec<_> =
        listed.iter().map(|one| one.entry(&one.issue(root, NOW - Duration::DAY, LIFE))).collect();
    Ok(signer.answer(world.now(), 200, json!({"data": entries}).to_string().as_bytes()))
}

fn violation(world: &World, settings: Map<String, Value>) -> Violation {
    let violations = done(WeChatGateway::open(&account(settings), &world.ports())).expect_err("violations");
    violations.into_iter().next().expect("one")
}

fn verdict(world: &World, gateway: &WeChatGateway, signer: &Signer) -> Option<CallbackRejection> {
    let callback = signer.callback(world.now(), "TRANSACTION.SUCCESS", &transaction("SUCCESS"));
    done(gateway.verify_callback(&callback, world.now())).err().map(|rejected| rejected.kind)
}

#[test]
fn an_account_opens_with_the_certificates_that_it_downloads() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &root, &[&old(), &new()], &old()));
    let gateway = open_with(&world, pinned(&root));
    let sent = world.http.request(0);
    assert_eq!(sent.url.path(), "/v3/certificates");
    assert!(!sent.headers.iter().any(|(name, _)| *name == "wechatpay-serial"));
    assert_eq!(verdict(&world, &gateway, &old()), None);
    assert_eq!(verdict(&world, &gateway, &new()), None);
    assert_eq!(world.http.count(), 1);
}

#[test]
fn what_keeps_an_account_from_opening_is_named_by_its_key() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &Root::new("root"), &[&old()], &old()));
    assert_eq!(violation(&world, pinned(&root)).field, "platform_root_certificates");
    world.http.will(list(&world, &root, &[&old()], &old()));
    let mut wrong_key = pinned(&root);
    wrong_key.insert("api_v3_key".to_owned(), json!("ffffffffffffffffffffffffffffffff"));
    assert_eq!(violation(&world, wrong_key).field, "api_v3_key");
    world.http.will(unsigned(404, "RESOURCE_NOT_EXISTS"));
    assert_eq!(violation(&world, pinned(&root)).field, "wechatpay_public_key");
    world.http.will(list(&world, &root, &[], &old()));
    assert_eq!(violation(&world, pinned(&root)).field, "wechatpay_public_key");
    for answer in [unsigned(401, "SIGN_ERROR"), unsigned(403, "NO_AUTH"), unsigned(200, "")] {
        world.http.will(answer);
        assert_eq!(violation(&world, pinned(&root)).field, "download_platform_certificates");
    }
    // Listed, but the list itself is signed by a key that it does not hold.
    world.http.will(list(&world, &root, &[&old()], &new()));
    assert_eq!(violation(&world, pinned(&root)).field, "download_platform_certificates");
}

/// Everything that keeps a list from coming and says nothing about the settings.
fn outages() -> [Result<HttpResponse, HttpError>; 5] {
    [
        Err(HttpError::NotSent("refused".to_owned())),
        Err(HttpError::Unknown("timeout".to_owned())),
        unsigned(429, "FREQUENCY_LIMITED"),
        unsigned(500, "SYSTEM_ERROR"),
        unsigned(502, ""),
    ]
}

/// Our merchant's account at a simulator's host, which has no backup: one download is one request.
fn pinned_without_backup(root: &Root) -> Map<String, Value> {
    let mut settings = pinned(root);
    settings.insert("base_url".to_owned(), json!("http://127.0.0.1:9000"));
    settings
}

#[test]
fn r05_an_outage_of_the_channel_does_not_keep_an_account_from_opening() {
    for outage in outages() {
        let (world, root) = (World::new(), Root::new("root"));
        world.http.will(outage);
        let gateway = open_with(&world, pinned_without_backup(&root));
        assert_eq!(world.http.count(), 1);
        world.http.will(list(&world, &root, &[&old()], &old()));
        assert_eq!(verdict(&world, &gateway, &old()), None, "the first use downloads, without any pause");
        assert_eq!(world.http.count(), 2);
    }
}

#[test]
fn r05_without_certificates_nothing_is_believed_and_one_download_a_minute_is_tried() {
    let (world, root) = (World::new(), Root::new("root"));
    let outage = || Err(HttpError::NotSent("refused".to_owned()));
    world.http.will(outage());
    let gateway = open_with(&world, pinned_without_backup(&root));
    world.http.will(outage());
    for _ in 0..10 {
        assert_eq!(verdict(&world, &gateway, &old()), Some(CallbackRejection::ProofUnavailable));
    }
    assert_eq!(world.http.count(), 2);
    let request = QueryRequest {
        reference: TransactionReference::PaymentNo(super::payment_no()),
        product: Product::parse("app").expect("a product"),
        handle: None,
    };
    let answer = transaction("SUCCESS").to_string();
    world.http.will(Ok(old().answer(world.now(), 200, answer.as_bytes())));
    let unknown = done(gateway.query(&request)).expect_err("nothing proves it");
    assert!(matches!(unknown, GatewayError::Unknown(_)), "{unknown:?}");

    world.clock.advance(Duration::MINUTE);
    world.http.will(Ok(old().answer(world.now(), 200, answer.as_bytes())));
    world.http.will(list(&world, &root, &[&old()], &old()));
    let paid = done(gateway.query(&request)).expect("an answer");
    assert!(matches!(paid.finding, Finding::Paid(_)), "the download came in the middle of the query");
}

#[test]
fn what_a_later_download_finds_wrong_is_believed_no_more_than_at_the_opening() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(Err(HttpError::NotSent("refused".to_owned())));
    let gateway = open_with(&world, pinned_without_backup(&root));
    world.http.will(list(&world, &Root::new("root"), &[&old()], &old()));
    assert_eq!(verdict(&world, &gateway, &old()), Some(CallbackRejection::ProofUnavailable));
}

#[test]
fn f40_an_unknown_serial_is_downloaded_once_a_minute() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &root, &[&old()], &old()));
    let gateway = open_with(&world, pinned(&root));
    assert_eq!(verdict(&world, &gateway, &new()), Some(CallbackRejection::UnknownKey));
    assert_eq!(world.http.count(), 1, "the first minute belongs to the download at the opening");
    world.clock.advance(Duration::MINUTE);
    world.http.will(list(&world, &root, &[&old(), &new()], &old()));
    assert_eq!(verdict(&world, &gateway, &new()), None);
    assert_eq!(world.http.count(), 2);
    let forger = Signer::certificate("00AA", OTHER_KEY);
    for _ in 0..100 {
        assert_eq!(verdict(&world, &gateway, &forger), Some(CallbackRejection::UnknownKey));
    }
    assert_eq!(world.http.count(), 2);
}

#[test]
fn f40_stale_notifications_cause_no_download() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &root, &[&old()], &old()));
    let gateway = open_with(&world, pinned(&root));
    world.clock.advance(Duration::hours(1));
    let callback = new().callback(NOW, "TRANSACTION.SUCCESS", &transaction("SUCCESS"));
    let rejected = done(gateway.verify_callback(&callback, world.now())).expect_err("refused");
    assert_eq!((rejected.kind, world.http.count()), (CallbackRejection::Stale, 1));
}

#[test]
fn f41_old_certificates_are_refreshed_on_use_and_kept_when_that_fails() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &root, &[&old()], &old()));
    let gateway = open_with(&world, pinned(&root));
    world.clock.advance(Duration::hours(12) + Duration::SECOND);
    world.http.will(Err(HttpError::Unknown("timeout".to_owned())));
    assert_eq!(verdict(&world, &gateway, &old()), None);
    assert_eq!(world.http.count(), 2);
    assert_eq!(verdict(&world, &gateway, &old()), None);
    assert_eq!(world.http.count(), 2, "the failure was less than a minute ago");
    world.clock.advance(Duration::MINUTE);
    world.http.will(list(&world, &root, &[&new()], &old()));
    assert_eq!(verdict(&world, &gateway, &new()), None);
    assert_eq!(verdict(&world, &gateway, &old()), Some(CallbackRejection::UnknownKey), "no longer listed");
}

#[test]
fn f40_both_kinds_of_key_hold_during_a_migration() {
    let (world, root) = (World::new(), Root::new("root"));
    let mut both = settings();
    both.insert("platform_root_certificates".to_owned(), json!(root.pem));
    world.http.will(list(&world, &root, &[&new()], &Signer::public_key()));
    let gateway = open_with(&world, both);
    let sent = world.http.request(0);
    assert!(sent.headers.contains(&("wechatpay-serial", PUBLIC_KEY_ID.to_owned())));
    assert_eq!(verdict(&world, &gateway, &new()), None);
    assert_eq!(verdict(&world, &gateway, &Signer::public_key()), None);
}

#[test]
fn f40_a_public_key_opens_the_account_though_certificates_cannot_be_had() {
    for answer in [unsigned(404, "RESOURCE_NOT_EXISTS"), unsigned(500, "SYSTEM_ERROR")] {
        let world = World::new();
        let mut both = settings();
        both.insert("download_platform_certificates".to_owned(), json!(true));
        world.http.will(answer);
        let gateway = open_with(&world, both);
        world.http.will(Err(HttpError::NotSent("refused".to_owned())));
        world.http.will(Err(HttpError::NotSent("refused".to_owned())));
        world.clock.advance(Duration::MINUTE);
        assert_eq!(verdict(&world, &gateway, &Signer::public_key()), None);
    }
}

#[test]
fn sensitive_fields_are_encrypted_for_the_certificate_that_is_named() {
    let (world, root) = (World::new(), Root::new("root"));
    world.http.will(list(&world, &root, &[&old()], &old()));
    let gateway = open_with(&world, pinned(&root));
    world.http.will(unsigned(400, "INVALID_REQUEST"));
    let request = AbnormalRefundRequest {
        refund_no: payment_core::identifiers::RefundNo::parse("R-1").expect("a number"),
        payment_no: super::payment_no(),
        channel_refund_no: payment_core::identifiers::ChannelRefundNo::parse("503").expect("a number"),
        destination: AbnormalRefundDestination::MerchantBankCard,
    };
    assert!(done(gateway.apply_abnormal_refund(&request)).is_err());
    assert!(world.http.request(1).headers.contains(&("wechatpay-serial", OLD.to_owned())));
}
