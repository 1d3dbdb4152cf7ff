//! The OAuth token on its way: one for many calls, renewed once, never shown.

use payment_core::{gateway::Gateway, ports::HttpError};
use serde_json::json;
use time::Duration;

use super::{capture_request, captured, certainty, header, open, order, query_request};
use crate::test_channel::{CLIENT_SECRET, TOKEN, World, answer, done, issue, raw, token};

fn bearer(world: &World, index: usize) -> String {
    header(&world.http.request(index), "authorization").unwrap_or_default().to_owned()
}

#[test]
fn one_token_serves_many_calls_and_is_renewed_before_its_end() {
    let world = World::new();
    let gateway = open(&world);
    for _ in 0..3 {
        world.http.will(answer(200, &order("APPROVED")));
    }
    assert!(done(gateway.query(&query_request())).is_ok() && done(gateway.query(&query_request())).is_ok());
    assert_eq!(world.http.token_count(), 1);
    let asked = world.http.token_request(0);
    assert_eq!(asked.url.as_str(), "https://api-m.sandbox.paypal.com/v1/oauth2/token");
    assert_eq!(asked.body, b"grant_type=client_credentials");
    // printf 'AbCdEfClientId:EsEcReTvalue123' | base64
    assert_eq!(header(&asked, "authorization"), Some("Basic QWJDZEVmQ2xpZW50SWQ6RXNFY1JlVHZhbHVlMTIz"));
    world.clock.advance(Duration::hours(9));
    assert!(done(gateway.query(&query_request())).is_ok());
    assert_eq!(world.http.token_count(), 2);
}

#[test]
fn pitfall_05_a_401_is_answered_by_one_new_token_and_the_same_request() {
    let world = World::new();
    let gateway = open(&world);
    let unknown_token =
        json!({"error": "invalid_token", "error_description": "Access Token not found in cache"});
    world.http.will_for_token(token("OLD", 32_400)).will_for_token(token("NEW", 32_400));
    world.http.will(answer(401, &unknown_token)).will(answer(201, &captured("COMPLETED")));
    assert!(done(gateway.capture(&capture_request("CAPTURE"))).is_ok());
    assert_eq!((bearer(&world, 0).as_str(), bearer(&world, 1).as_str()), ("Bearer OLD", "Bearer NEW"));
    let id = |index| header(&world.http.request(index), "paypal-request-id").map(str::to_owned);
    assert_eq!(id(0), id(1));
    assert_eq!(world.http.request(0).body, world.http.request(1).body);
}

#[test]
fn pitfall_05_a_second_401_or_the_same_token_again_ends_it() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will_for_token(token("OLD", 32_400)).will_for_token(token("NEW", 32_400));
    world.http.will(raw(401, b"")).will(issue(401, "AUTHENTICATION_FAILURE", "INVALID_ACCOUNT_STATUS"));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("not sent".to_owned()));
    assert_eq!((world.http.count(), world.http.token_count()), (2, 2));
    let world = World::new();
    let gateway = open(&world);
    world.http.will(raw(401, b""));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("not sent".to_owned()));
    assert_eq!((world.http.count(), world.http.token_count()), (1, 2));
}

#[test]
fn without_a_token_nothing_is_sent() {
    for reply in [
        raw(401, br#"{"error":"invalid_client","error_description":"Client Authentication failed"}"#),
        raw(503, b"<html>"),
        raw(200, b"{}"),
        Err(HttpError::Unknown("timed out".to_owned())),
    ] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will_for_token(reply);
        assert_eq!(certainty(done(gateway.capture(&capture_request("CAPTURE")))), Err("not sent".to_owned()));
        assert_eq!(world.http.count(), 0);
    }
}

#[test]
fn a_failing_token_endpoint_does_not_take_away_a_token_that_lives() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(200, &order("APPROVED"))).will(answer(200, &order("APPROVED")));
    assert!(done(gateway.query(&query_request())).is_ok());
    world.clock.advance(Duration::seconds(32_000));
    world.http.will_for_token(raw(429, b""));
    assert!(done(gateway.query(&query_request())).is_ok());
    assert_eq!(world.http.token_count(), 2);
}

#[test]
fn r29_no_error_and_no_debug_shows_token_or_secret() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will_for_token(token(TOKEN, 100)).will(raw(401, TOKEN.as_bytes()));
    let error = done(gateway.query(&query_request())).expect_err("an error");
    let shown = format!(
        "{error} {error:?} {gateway:?} {:?} {:?}",
        world.http.request(0),
        world.http.token_request(0)
    );
    assert!(!shown.contains(TOKEN) && !shown.contains(CLIENT_SECRET), "{shown}");
}
