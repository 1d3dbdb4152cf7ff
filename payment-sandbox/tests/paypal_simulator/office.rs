//! The back office: webhooks by API, the log of events, reports that lag, buyers' cases.

use std::time::Duration;

use payment_sandbox::paypal::{DeliveryState, Funding, MerchantOptions, SimulatorOptions};
use serde_json::{Value, json};

use crate::client::PLAIN;
use crate::receiver::Reply;
use crate::stage::Stage;

const WEBHOOKS: &str = "/v1/notifications/webhooks";
const EVENTS: &str = "/v1/notifications/webhooks-events";
const JANUARY: &str = "start_date=2026-01-01T00:00:00Z&end_date=2026-01-31T00:00:00Z";

fn texts<'a>(items: &'a Value, pointer: &str) -> Vec<&'a str> {
    items.as_array().unwrap().iter().map(|item| item.pointer(pointer).unwrap().as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_taken_away() {
    let stage = Stage::new().await;
    let own = format!("{WEBHOOKS}/{}", stage.client.merchant.webhook_id);
    let listed = stage.client.get(WEBHOOKS).await.json();
    assert_eq!(texts(&listed["webhooks"], "/url"), [stage.receiver.url.as_str()]);
    let same = json!({"url": stage.receiver.url, "event_types": [{"name": "*"}]});
    let refused = stage.client.post(WEBHOOKS, &same, PLAIN).await.refusal();
    assert_eq!(refused, (400, "WEBHOOK_URL_ALREADY_EXISTS".to_owned()));
    let fewer =
        json!([{"op": "replace", "path": "/event_types", "value": [{"name": "PAYMENT.CAPTURE.COMPLETED"}]}]);
    let changed = stage.client.send("PATCH", &own, fewer.to_string().as_bytes(), PLAIN).await.unwrap();
    assert_eq!(texts(&changed.json()["event_types"], "/name"), ["PAYMENT.CAPTURE.COMPLETED"]);
    stage.captured("one", Funding::Balance).await;
    let told: Vec<String> = stage.events().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, ["PAYMENT.CAPTURE.COMPLETED"], "the others were not subscribed to");
    assert_eq!(stage.client.send("DELETE", &own, b"", PLAIN).await.unwrap().status, 204);
    assert_eq!(stage.client.get(&own).await.refusal(), (404, "INVALID_RESOURCE_ID".to_owned()));
    stage.captured("two", Funding::Balance).await;
    assert_eq!(stage.receiver.arrived().len(), 1, "nobody is told any more");
    for (url, event) in
        [("https://shop.example/hooks", "INVENTED"), ("https://", "*"), ("ftp://shop.example", "*")]
    {
        let wrong = json!({"url": url, "event_types": [{"name": event}]});
        assert_eq!(stage.client.post(WEBHOOKS, &wrong, PLAIN).await.status, 400, "{wrong}");
    }
    let made = stage.client.post(WEBHOOKS, &same, PLAIN).await;
    assert_eq!((made.status, &made.json()["id"]), (201, &json!(stage.client.merchant.webhook_id)));
    let known = stage.client.get("/v1/notifications/webhooks-event-types").await.json();
    assert!(texts(&known["event_types"], "/name").contains(&"CUSTOMER.DISPUTE.CREATED"));
}

#[tokio::test]
async fn events_are_listed_page_by_page_and_sent_again() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Status(500); 78]);
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let first = stage.client.get(&format!("{EVENTS}?page_size=2")).await.json();
    assert_eq!(first["count"], 2);
    let next = first["links"][0]["href"].as_str().unwrap().replace(&stage.client.base_url, "");
    let second = stage.client.get(&next).await.json();
    assert_eq!((&second["count"], &second["links"]), (&json!(1), &json!([])));
    let about = stage.client.get(&format!("{EVENTS}?transaction_id={capture}")).await.json();
    assert!(texts(&about["events"], "/event_type").contains(&"PAYMENT.CAPTURE.COMPLETED"), "{about}");
    let completed = format!("{EVENTS}?event_type=PAYMENT.CAPTURE.COMPLETED");
    let event = stage.client.get(&completed).await.json()["events"][0].clone();
    let own = format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    assert_eq!(stage.client.get(&own).await.json(), event);

    let again = json!({"webhook_ids": [stage.client.merchant.webhook_id]});
    let arrived = stage.receiver.arrived().len();
    assert_eq!(stage.client.post(&format!("{own}/resend"), &again, PLAIN).await.status, 202);
    stage.control.settled().await;
    assert_eq!(stage.receiver.arrived().len(), arrived, "one that waits is not sent beside that");
    stage.control.advance(Duration::from_secs(4 * 86_400)).await.unwrap();
    // The token has ended meanwhile.
    stage.client.forget_token().await;
    let exhausted = |state: &DeliveryState| *state == DeliveryState::Exhausted;
    assert!(stage.control.deliveries().iter().all(|delivery| exhausted(&delivery.state)));
    assert_eq!(stage.client.post(&format!("{own}/resend"), &again, PLAIN).await.status, 202);
    stage.control.settled().await;
    let last = stage.receiver.arrived().last().unwrap().clone();
    assert_eq!(serde_json::from_slice::<Value>(&last.body).unwrap(), event);
    stage.client.verify(&last.headers, &last.body).await.unwrap();

    let slash = stage.client.get("/v2/checkout/orders/UNKNOWN123/").await.refusal();
    assert_eq!(slash, (404, "RESOURCE_NOT_FOUND".to_owned()), "a payment's own path ends without one");

    let unknown = stage.client.get(&format!("{EVENTS}/WH-1")).await.refusal();
    assert_eq!(unknown, (404, "INVALID_RESOURCE_ID".to_owned()));
    let old = stage.client.get(&format!("{EVENTS}?start_time=2025-11-01T00:00:00Z")).await;
    assert_eq!((old.status, &old.json()["details"][0]["field"]), (400, &json!("start_time")));
}

#[tokio::test]
async fn reports_come_hours_later_with_fees_and_refunds() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let back = json!({"amount": {"currency_code": "EUR", "value": "10.00"}});
    let refund = stage.client.refund(&capture, &back, "r-1").await.json()["id"].as_str().unwrap().to_owned();
    let report = format!("/v1/reporting/transactions?{JANUARY}");
    let early = stage.client.get(&report).await.json();
    assert_eq!(
        (&early["total_items"], &early["last_refreshed_datetime"]),
        (&json!(0), &json!("2026-01-02T00:04:05+0000"))
    );
    stage.control.advance(Duration::from_secs(3 * 3600)).await.unwrap();
    let full = stage.client.get(&report).await.json();
    let lines = &full["transaction_details"];
    let mut codes = texts(lines, "/transaction_info/transaction_event_code");
    codes.sort_unstable();
    assert_eq!(codes, ["T0006", "T1107"]);
    let line = |id: &str| {
        let mut all = lines.as_array().unwrap().iter().map(|line| &line["transaction_info"]);
        all.find(|line| line["transaction_id"] == id).unwrap()
    };
    assert_eq!(
        (&line(&capture)["fee_amount"]["value"], &line(&capture)["custom_field"]),
        (&json!("-1.13"), &json!("one"))
    );
    assert_eq!(line(&refund)["transaction_amount"]["value"], "-10.00");
    assert_eq!(
        (&line(&refund)["paypal_reference_id"], &line(&refund)["transaction_status"]),
        (&json!(capture), &json!("S"))
    );
    assert_eq!(line(&capture)["transaction_initiation_date"], "2026-01-02T03:04:05+0000");
    let balances = stage.client.get("/v1/reporting/balances").await.json();
    assert_eq!(balances["balances"][0]["total_balance"], json!({"currency_code": "EUR", "value": "13.77"}));
    let long = "start_date=2026-01-01T00:00:00Z&end_date=2026-02-02T00:00:00Z";
    assert_eq!(stage.client.get(&format!("/v1/reporting/transactions?{long}")).await.status, 400);
    assert_eq!(stage.client.get("/v1/reporting/transactions").await.status, 400);
}

#[tokio::test]
async fn a_report_of_too_many_lines_is_refused_whole() {
    let options = SimulatorOptions { reporting_cap: 1, reporting_lag: Duration::ZERO, ..Stage::options() };
    let stage = Stage::open(options, MerchantOptions::standard()).await;
    let report = format!("/v1/reporting/transactions?{JANUARY}");
    stage.captured("one", Funding::Balance).await;
    assert_eq!(stage.client.get(&report).await.json()["total_items"], 1);
    stage.captured("two", Funding::Balance).await;
    assert_eq!(stage.client.get(&report).await.refusal(), (400, "RESULTSET_TOO_LARGE".to_owned()));
}

#[tokio::test]
async fn cases_are_read_as_they_stand() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let (_, other) = stage.captured("two", Funding::Balance).await;
    let case = stage.control.open_dispute(&capture).unwrap();
    stage.control.open_dispute(&other).unwrap();
    let about = format!("/v1/customer/disputes?disputed_transaction_id={capture}");
    let listed = stage.client.get(&about).await.json();
    assert_eq!(texts(&listed["items"], "/dispute_id"), [case.as_str()]);
    let page = stage.client.get("/v1/customer/disputes?page_size=1").await;
    let next = page.link("next").unwrap().replace(&stage.client.base_url, "");
    assert_eq!(stage.client.get(&next).await.json()["items"].as_array().unwrap().len(), 1);
    let state = async || {
        let shown = stage.client.get(&format!("/v1/customer/disputes/{case}")).await.json();
        (shown["status"].as_str().unwrap().to_owned(), shown["dispute_state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state().await, ("OPEN".to_owned(), "OPEN_INQUIRIES".to_owned()));
    stage.control.close_dispute(&capture).unwrap();
    assert_eq!(state().await, ("RESOLVED".to_owned(), "RESOLVED".to_owned()));
    let both = format!("{about}&start_time=2026-01-01T00:00:00Z");
    assert_eq!(stage.client.get(&both).await.status, 400);
    for (from, cases) in [("2026-01-02T03:04:05.000Z", 2), ("2026-01-02T03:04:06.000Z", 0)] {
        let since = stage.client.get(&format!("/v1/customer/disputes?start_time={from}")).await.json();
        assert_eq!(since["items"].as_array().unwrap().len(), cases, "{from}");
    }
    let tomorrow = stage.client.get("/v1/customer/disputes?start_time=tomorrow").await.refusal();
    assert_eq!(tomorrow, (400, "INVALID_PARAMETER_SYNTAX".to_owned()));
    assert_eq!(stage.client.get("/v1/customer/disputes/PP-R-X").await.status, 404);
}
