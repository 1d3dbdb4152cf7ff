//! Which certificates are fetched, and which of them are believed.

use payment_core::{gateway::CallbackRejection, ports::HttpError};
use rcgen::KeyUsagePurpose;
use serde_json::json;
use time::Duration;

use super::{
    callbacks::{approved, trusting, verdict},
    open_with, order,
};
use crate::test_channel::{
    Authority, CERTIFICATE_URL, Delivery, Leaf, NOW, OTHER_KEY, PAYPAL_KEY, World, answer, done, raw,
    settings,
};
use payment_core::gateway::{Gateway, RawCallback};

fn certificate_url(number: usize) -> String {
    format!("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{number}")
}

/// The verdict on an approval whose certificate is `served`, under a root that may or may not be its.
fn with_served(root: &Authority, served: &[u8]) -> Result<(), CallbackRejection> {
    let world = World::new();
    let gateway = open_with(&world, trusting(root));
    world.http.will(raw(200, served)).will(answer(200, &order("APPROVED")));
    verdict(&gateway, &approved().signed()).map(drop)
}

#[test]
fn pitfall_16_a_certificate_on_any_other_address_is_never_fetched() {
    let world = World::new();
    let gateway = open_with(&world, trusting(&Authority::root()));
    let path = "/v1/notifications/certs/CERT-360caa42";
    let addresses = [
        format!("https://evil.example{path}"),
        format!("http://api.sandbox.paypal.com{path}"),
        format!("https://api.paypal.com{path}"),
        format!("https://api-m.paypal.com{path}"),
        format!("https://API.sandbox.paypal.com{path}"),
        format!("https://api.sandbox.paypal.com.evil.example{path}"),
        format!("https://evil-api.sandbox.paypal.com{path}"),
        format!("https://evil.example/https://api.sandbox.paypal.com{path}"),
        format!("https://api.sandbox.paypal.com@evil.example{path}"),
        format!("https://user@api.sandbox.paypal.com{path}"),
        format!("https://api.sandbox.paypal.com:8443{path}"),
        format!("https://api.sandbox.paypal.com:443{path}"),
        format!("https://api.sandbox.paypal.com.{path}"),
        format!("https:\\\\api.sandbox.paypal.com{path}"),
        format!("https://127.0.0.1{path}"),
        format!("https://api.sandbox.paypal.com{path}?x=1"),
        format!("https://api.sandbox.paypal.com{path}#x"),
        format!("https://api.sandbox.paypal.com{path}/../../../x"),
        format!("https://api.sandbox.paypal.com{path}%2e"),
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-".to_owned(),
        "https://api.sandbox.paypal.com/v1/notifications/certs/evil".to_owned(),
        "https://api.sandbox.paypal.com/redirect?to=https://evil.example".to_owned(),
        format!("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{}", "a".repeat(65)),
        "file:///etc/passwd".to_owned(),
    ];
    for certificate_url in addresses {
        let delivery = Delivery { certificate_url: certificate_url.clone(), ..approved() };
        let refused = verdict(&gateway, &delivery.signed()).err();
        assert_eq!(refused, Some(CallbackRejection::UnknownKey), "{certificate_url}");
    }
    assert_eq!(world.http.count() + world.http.token_count(), 0);
}

#[test]
fn a_simulator_s_certificate_comes_from_its_own_origin_only() {
    let (world, root) = (World::new(), Authority::root());
    let mut simulated = trusting(&root);
    simulated.insert("base_url".to_owned(), json!("http://127.0.0.1:9000"));
    let gateway = open_with(&world, simulated);
    world.http.will(raw(200, root.issue(&Leaf::paypals()).as_bytes())).will(answer(200, &order("APPROVED")));
    let at = |origin: &str| {
        let certificate_url = format!("{origin}/v1/notifications/certs/CERT-1");
        verdict(&gateway, &Delivery { certificate_url, ..approved() }.signed()).map(drop)
    };
    assert_eq!(at("http://127.0.0.1:9001"), Err(CallbackRejection::UnknownKey));
    assert_eq!(at("https://api.sandbox.paypal.com"), Err(CallbackRejection::UnknownKey));
    assert_eq!(world.http.count(), 0);
    assert_eq!(at("http://127.0.0.1:9000"), Ok(()));
}

#[test]
fn pitfall_16_only_paypal_s_own_certificates_are_believed() {
    let (root, stranger) = (Authority::root(), Authority::root());
    let issue = |leaf: Leaf| with_served(&root, root.issue(&leaf).as_bytes());
    assert_eq!(issue(Leaf::paypals()), Ok(()));
    let wrong = [
        ("name", Leaf { name: "messageverificationcerts.paypal.com", ..Leaf::paypals() }),
        (
            "suffix",
            Leaf { name: "messageverificationcerts.sandbox.paypal.com.evil.example", ..Leaf::paypals() },
        ),
        ("ended", Leaf { from: NOW - Duration::days(400), ..Leaf::paypals() }),
        ("early", Leaf { from: NOW + Duration::HOUR, ..Leaf::paypals() }),
        ("usage", Leaf { usage: KeyUsagePurpose::KeyEncipherment, ..Leaf::paypals() }),
    ];
    for (what, leaf) in wrong {
        assert_eq!(issue(leaf), Err(CallbackRejection::UnknownKey), "{what}");
    }
    let foreign = stranger.issue(&Leaf::paypals());
    assert_eq!(with_served(&root, foreign.as_bytes()), Err(CallbackRejection::UnknownKey), "a foreign chain");
    let with_own_root = format!("{foreign}{}", stranger.pem);
    assert_eq!(
        with_served(&root, with_own_root.as_bytes()),
        Err(CallbackRejection::UnknownKey),
        "its own root"
    );
    for served in [&b""[..], b"<html>", PAYPAL_KEY.as_bytes(), &[b'A'; 65_537]] {
        assert_eq!(with_served(&root, served), Err(CallbackRejection::UnknownKey));
    }
}

#[test]
fn certificates_between_may_be_served_or_configured() {
    let root = Authority::root();
    let between = root.intermediate();
    let leaf = between.issue(&Leaf::paypals());
    let crlf = format!("{leaf}{}", between.pem).replace("\r\n", "\n").replace('\n', "\r\n");
    assert_eq!(with_served(&root, crlf.as_bytes()), Ok(()));
    assert_eq!(with_served(&root, leaf.as_bytes()), Err(CallbackRejection::UnknownKey));
    let world = World::new();
    let mut configured = settings();
    let bundle = json!(format!("{}{}", root.pem, between.pem));
    configured.insert("webhook_certificate_authorities".to_owned(), bundle);
    let gateway = open_with(&world, configured);
    world.http.will(raw(200, leaf.as_bytes())).will(answer(200, &order("APPROVED")));
    assert!(verdict(&gateway, &approved().signed()).is_ok());
}

/// `testdata/golden.sh` made certificate, checksum and signature with OpenSSL and Python.
#[test]
fn f44_pitfall_14_what_openssl_signed_over_the_raw_bytes_is_proven() {
    let world = World::new();
    let mut golden = settings();
    let root = json!(include_str!("../../testdata/root.pem"));
    golden.insert("webhook_certificate_authorities".to_owned(), root);
    let gateway = open_with(&world, golden);
    world
        .http
        .will(raw(200, include_bytes!("../../testdata/leaf.crlf.pem")))
        .will(answer(200, &order("APPROVED")));
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let callback = RawCallback {
        method: "POST".to_owned(),
        target: "/v1/callbacks/paypal/main".to_owned(),
        headers: vec![
            header("paypal-transmission-id", "1c6772d0-5106-11ef-9b66-89f3f924d48a"),
            header("paypal-transmission-time", "2027-01-05T11:59:35Z"),
            header("paypal-transmission-sig", include_str!("../../testdata/event.signature")),
            header("paypal-cert-url", CERTIFICATE_URL),
            header("paypal-auth-algo", "SHA256withRSA"),
        ],
        body: include_bytes!("../../testdata/event.json").to_vec(),
    };
    let event = done(gateway.verify_callback(&callback, NOW)).expect("verified");
    assert_eq!(event.evidence().verified_by.as_ref().map(|key| key.as_str()), Some("440024045C4A427599D0"));
    // The same event, written anew as a careless proxy would.
    let value: serde_json::Value = serde_json::from_slice(&callback.body).expect("JSON");
    let rewritten = RawCallback { body: value.to_string().into_bytes(), ..callback };
    assert_eq!(verdict(&gateway, &rewritten).err(), Some(CallbackRejection::SignatureInvalid));
}

#[test]
fn a_certificate_is_fetched_once_until_it_ends() {
    let (world, root) = (World::new(), Authority::root());
    let gateway = open_with(&world, trusting(&root));
    world.http.will(raw(200, root.issue(&Leaf { life: Duration::days(2), ..Leaf::paypals() }).as_bytes()));
    for _ in 0..3 {
        world.http.will(answer(200, &order("APPROVED")));
        assert!(verdict(&gateway, &approved().signed()).is_ok());
    }
    assert_eq!(world.http.count(), 4);
    world.clock.advance(Duration::days(2));
    let renewed = Leaf { from: NOW, key: OTHER_KEY, ..Leaf::paypals() };
    world.http.will(raw(200, root.issue(&renewed).as_bytes())).will(answer(200, &order("APPROVED")));
    assert!(verdict(&gateway, &Delivery { key: OTHER_KEY, ..approved() }.signed()).is_ok());
}

#[test]
fn a_certificate_that_cannot_be_fetched_makes_paypal_send_again() {
    let replies = [
        raw(500, b""),
        raw(429, b""),
        Err(HttpError::NotSent("x".to_owned())),
        Err(HttpError::Unknown("x".to_owned())),
    ];
    for reply in replies {
        let (world, root) = (World::new(), Authority::root());
        let gateway = open_with(&world, trusting(&root));
        world.http.will(reply);
        assert_eq!(verdict(&gateway, &approved().signed()).err(), Some(CallbackRejection::ProofUnavailable));
        world
            .http
            .will(raw(200, root.issue(&Leaf::paypals()).as_bytes()))
            .will(answer(200, &order("APPROVED")));
        assert!(verdict(&gateway, &approved().signed()).is_ok());
    }
}

#[test]
fn pitfall_16_redirects_lead_nowhere_and_refusals_are_remembered_a_while() {
    for status in [301, 302, 307, 404, 400, 204] {
        let (world, root) = (World::new(), Authority::root());
        let gateway = open_with(&world, trusting(&root));
        world.http.will(raw(status, root.issue(&Leaf::paypals()).as_bytes()));
        for _ in 0..3 {
            assert_eq!(verdict(&gateway, &approved().signed()).err(), Some(CallbackRejection::UnknownKey));
        }
        assert_eq!(world.http.count(), 1);
        world.clock.advance(Duration::minutes(5));
        world
            .http
            .will(raw(200, root.issue(&Leaf::paypals()).as_bytes()))
            .will(answer(200, &order("APPROVED")));
        assert!(verdict(&gateway, &approved().signed()).is_ok());
    }
}

#[test]
fn pitfall_16_endless_addresses_do_not_make_us_busy_nor_forget_what_we_know() {
    let (world, root) = (World::new(), Authority::root());
    let gateway = open_with(&world, trusting(&root));
    world.http.will(raw(200, root.issue(&Leaf::paypals()).as_bytes())).will(answer(200, &order("APPROVED")));
    assert!(verdict(&gateway, &approved().signed()).is_ok());
    for round in 0..6 {
        world.clock.advance(Duration::minutes(1));
        let before = world.http.count();
        for _ in 0..6 {
            world.http.will(raw(404, b""));
        }
        for number in 0..20 {
            let certificate_url = certificate_url(round * 100 + number);
            assert!(verdict(&gateway, &Delivery { certificate_url, ..approved() }.signed()).is_err());
        }
        assert_eq!(world.http.count() - before, 6);
    }
    world.http.will(answer(200, &order("APPROVED")));
    assert!(verdict(&gateway, &approved().signed()).is_ok());
    assert_eq!(world.http.left(), 0);
}
