//! Certificate mode: serials in requests, named certificates in answers, and their replacement.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{
    gateway::{CallbackRejection, Finding, Gateway, QueryRequest, TransactionReference},
    ports::{HttpError, HttpResponse},
};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{NUMBER, certainty, open_with, paid_trade, payment_no, product, refused};
use crate::{
    AlipayGateway,
    certificates::{Leaf, Roots},
    codes::Operation,
    test_channel::{
        APP_CERTIFICATE, Authority, NOW, OTHER_KEY, PLATFORM_CERTIFICATE, PLATFORM_KEY, PLATFORM_PUBLIC_KEY,
        ROOTS, SUCCESSOR_KEY, World, answer, body, certificate_settings, done, notification, ok,
    },
};

fn serial(pem: &str) -> String {
    Leaf::read(pem).expect("a leaf").serial
}

fn query(gateway: &AlipayGateway) -> Result<(), String> {
    let reference = TransactionReference::PaymentNo(payment_no());
    let request = QueryRequest { reference, product: product("app"), handle: None };
    certainty(
        done(gateway.query(&request)).inspect(|answer| assert!(matches!(answer.finding, Finding::Paid(_)))),
    )
}

fn paid(key: &str, serial: Option<&str>) -> Result<HttpResponse, HttpError> {
    ok(answer(Operation::Query, &paid_trade("TRADE_SUCCESS"), key, serial))
}

/// The download of a certificate, signed with a key that nobody knows yet.
fn download(pem: &str) -> Result<HttpResponse, HttpError> {
    let node = json!({"code": "10000", "alipay_cert_content": STANDARD.encode(pem)});
    ok(answer(Operation::DownloadCertificate, &node, SUCCESSOR_KEY, Some("new")))
}

/// An account under an authority of the test's own.
struct Rotating {
    world: World,
    authority: Authority,
    gateway: AlipayGateway,
    present: String,
}

impl Rotating {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        let (world, authority) = (World::new(), Authority::new("root"));
        let present = authority.leaf(&[1], "Alipay", PLATFORM_KEY, NOW);
        let mut settings = certificate_settings();
        let chain = format!("{present}{}", authority.intermediate_pem);
        settings.insert("alipay_certificate".to_owned(), json!(chain));
        settings.insert("alipay_root_certificates".to_owned(), json!(authority.root_pem));
        change(&mut settings);
        let gateway = open_with(&world, settings);
        let present = serial(&present);
        Self { world, authority, gateway, present }
    }

    fn successor(&self) -> String {
        self.authority.leaf(&[2], "Alipay", SUCCESSOR_KEY, NOW)
    }
}

#[test]
fn requests_name_the_serials_of_the_application_and_of_the_roots() {
    let world = World::new();
    let gateway = open_with(&world, certificate_settings());
    world.http.will(paid(PLATFORM_KEY, Some(&serial(PLATFORM_CERTIFICATE))));
    assert_eq!(query(&gateway), Ok(()));
    let sent = world.http.parameters(0);
    assert_eq!(sent.get("app_cert_sn"), Some(serial(APP_CERTIFICATE).as_str()));
    let roots = Roots::read(ROOTS).expect("roots").serial;
    assert_eq!(sent.get("alipay_root_cert_sn"), Some(roots.as_str()));
}

#[test]
fn f43_an_answer_without_a_serial_is_not_believed() {
    let world = World::new();
    let gateway = open_with(&world, certificate_settings());
    world.http.will(paid(PLATFORM_KEY, None));
    assert_eq!(query(&gateway), Err("unknown".to_owned()));
    world.http.will(paid(OTHER_KEY, Some(&serial(PLATFORM_CERTIFICATE))));
    assert_eq!(query(&gateway), Err("unknown".to_owned()));
    assert_eq!(world.http.count(), 2, "a wrong signature by a known key fetches nothing");
}

#[test]
fn f41_an_unknown_serial_fetches_the_successor_once_and_both_hold() {
    let rotating = Rotating::new();
    let successor = rotating.successor();
    let new = serial(&successor);
    rotating.world.http.will(paid(SUCCESSOR_KEY, Some(&new))).will(download(&successor));
    assert_eq!(query(&rotating.gateway), Ok(()));
    assert_eq!(rotating.world.http.content(1), json!({"alipay_cert_sn": new}));
    assert_eq!(rotating.world.http.parameters(1).get("method"), Some("alipay.open.app.alipaycert.download"));
    rotating
        .world
        .http
        .will(paid(PLATFORM_KEY, Some(&rotating.present)))
        .will(paid(SUCCESSOR_KEY, Some(&new)));
    assert_eq!((query(&rotating.gateway), query(&rotating.gateway)), (Ok(()), Ok(())));
    assert_eq!(rotating.world.http.count(), 4, "no second download");
}

#[test]
fn what_does_not_chain_to_the_roots_is_not_taken_up() {
    let rotating = Rotating::new();
    let forger = Authority::new("root");
    let forged = forger.leaf(&[2], "Alipay", OTHER_KEY, NOW);
    let merchants = rotating.authority.leaf(&[3], "Some Merchant", OTHER_KEY, NOW);
    let asked_for_another = rotating.successor();
    for (named, pem) in [
        (serial(&forged), format!("{forged}{}", forger.intermediate_pem)),
        (serial(&merchants), merchants),
        ("0".repeat(32), asked_for_another),
        ("1".repeat(32), "no certificate".to_owned()),
    ] {
        rotating.world.http.will(paid(OTHER_KEY, Some(&named))).will(download(&pem));
        assert_eq!(query(&rotating.gateway), Err("unknown".to_owned()));
        rotating.world.clock.advance(Duration::MINUTE);
    }
    let absent = json!({"code": "40002", "sub_code": "isv.alipay-cert-not-exist"}).to_string();
    rotating.world.http.will(paid(OTHER_KEY, Some(&"2".repeat(32))));
    rotating.world.http.will(ok(body(&Operation::DownloadCertificate.node(), &absent, None, None)));
    assert_eq!(query(&rotating.gateway), Err("unknown".to_owned()));
}

#[test]
fn forged_serials_make_one_download_a_minute_and_leave_answers_theirs() {
    let rotating = Rotating::new();
    let forged = |name: &str| {
        let parameters = [
            ("charset", "utf-8"),
            ("notify_id", "1"),
            ("notify_type", "trade_status_sync"),
            ("alipay_cert_sn", name),
        ];
        notification(&parameters, OTHER_KEY)
    };
    let rejected = |name: &str| {
        done(rotating.gateway.verify_callback(&forged(name), NOW)).map_err(|error| error.kind).err()
    };
    assert_eq!(rejected("../not-a-serial"), Some(CallbackRejection::SignatureInvalid));
    assert_eq!(rejected(&rotating.present), Some(CallbackRejection::SignatureInvalid));
    assert_eq!(rotating.world.http.count(), 0);
    rotating.world.http.will(Err(HttpError::Unknown("timeout".to_owned())));
    for digit in ["3", "4", "5"] {
        assert_eq!(rejected(&digit.repeat(32)), Some(CallbackRejection::SignatureInvalid));
    }
    assert_eq!(rotating.world.http.count(), 1);
    let successor = rotating.successor();
    rotating.world.http.will(paid(SUCCESSOR_KEY, Some(&serial(&successor)))).will(download(&successor));
    assert_eq!(query(&rotating.gateway), Ok(()));
}

#[test]
fn notifications_verify_with_any_current_key_and_fetch_the_one_they_name() {
    let rotating = Rotating::new();
    let parameters = |serial: &'static str| {
        let all = [
            ("charset", "utf-8"),
            ("notify_id", "1"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", NUMBER),
            ("trade_status", "WAIT_BUYER_PAY"),
            ("alipay_cert_sn", serial),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>()
    };
    let unnamed = notification(&parameters(""), PLATFORM_KEY);
    let event = done(rotating.gateway.verify_callback(&unnamed, NOW)).expect("verified");
    assert_eq!(
        event.evidence().verified_by.as_ref().map(|key| key.as_str()),
        Some(rotating.present.as_str())
    );
    let successor = rotating.successor();
    let named = notification(&parameters(serial(&successor).leak()), SUCCESSOR_KEY);
    rotating.world.http.will(download(&successor));
    assert!(done(rotating.gateway.verify_callback(&named, NOW)).is_ok());
    let unnamed = notification(&parameters(""), SUCCESSOR_KEY);
    assert!(done(rotating.gateway.verify_callback(&unnamed, NOW)).is_ok(), "taken up");
}

#[test]
fn a_certificate_that_has_ended_proves_nothing() {
    let rotating = Rotating::new();
    rotating.world.clock.advance(Duration::days(1826));
    rotating.world.http.will(paid(PLATFORM_KEY, Some(&rotating.present)));
    rotating.world.http.will(Err(HttpError::Unknown("timeout".to_owned())));
    assert_eq!(query(&rotating.gateway), Err("unknown".to_owned()));
}

#[test]
fn f40_both_modes_hold_while_an_application_changes_over() {
    let rotating = Rotating::with(|settings| {
        let present = Authority::new("root").leaf(&[1], "Alipay", SUCCESSOR_KEY, NOW);
        settings.insert("alipay_certificate".to_owned(), json!(present));
        settings.insert("alipay_public_key".to_owned(), json!(PLATFORM_PUBLIC_KEY));
    });
    let parameters = [("charset", "utf-8"), ("notify_id", "1"), ("notify_type", "dut_user_sign")];
    for key in [PLATFORM_KEY, SUCCESSOR_KEY] {
        assert!(done(rotating.gateway.verify_callback(&notification(&parameters, key), NOW)).is_ok());
    }
    rotating.world.http.will(refused(Operation::Query, "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(query(&rotating.gateway), Err("unknown".to_owned()), "answers name their certificate");
}
