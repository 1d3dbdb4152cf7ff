//! Tokens and orders: creation in both shapes, validation, PATCH, time, buyers' pages.

use std::time::Duration;

use payment_sandbox::paypal::{ApproveOptions, Fault, Funding, OrderStatus};
use serde_json::{Value, json};

use crate::client::{PLAIN, WHOLE, With, key, link};
use crate::stage::{ORDERS, Stage};

#[tokio::test]
async fn the_same_token_is_given_out_until_it_ends() {
    let stage = Stage::new().await;
    let secret = stage.client.merchant.client_secret.clone();
    let ask = async || stage.client.ask_token(&secret, "grant_type=client_credentials").await.json();
    let first = ask().await;
    assert_eq!((first["expires_in"].as_i64(), first["token_type"].as_str()), (Some(32400), Some("Bearer")));
    stage.control.advance(Duration::from_secs(400)).await.unwrap();
    let second = ask().await;
    assert_eq!(second["access_token"], first["access_token"]);
    assert_eq!(second["expires_in"], 32000);
    stage.control.advance(Duration::from_secs(32000)).await.unwrap();
    assert_ne!(ask().await["access_token"], first["access_token"]);
    assert_eq!(stage.control.ledger().merchants[0].tokens_requested, 3);
}

#[tokio::test]
async fn a_token_that_ended_is_401_in_oauths_shape_and_a_missing_one_in_the_apis() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    stage.control.expire_token(&stage.client.merchant.client_id).unwrap();
    let path = format!("{ORDERS}/{id}");
    assert_eq!(stage.client.get(&path).await.refusal(), (401, "invalid_token".to_owned()));
    stage.client.forget_token().await;
    assert_eq!(stage.client.get(&path).await.status, 200);
    let naked = reqwest::get(format!("{}{path}", stage.client.base_url)).await.unwrap();
    assert_eq!(naked.status().as_u16(), 401);
    assert_eq!(naked.json::<Value>().await.unwrap()["name"], "AUTHENTICATION_FAILURE");
    let wrong = stage.client.ask_token("wrong", "grant_type=client_credentials").await;
    assert_eq!(wrong.refusal(), (401, "invalid_client".to_owned()));
    let secret = stage.client.merchant.client_secret.clone();
    let wrong = stage.client.ask_token(&secret, "grant_type=password").await;
    assert_eq!(wrong.refusal(), (400, "unsupported_grant_type".to_owned()));
}

#[tokio::test]
async fn an_order_is_created_in_two_shapes() {
    let stage = Stage::new().await;
    let mut body = Stage::body("one", "invoice-1");
    let wallet = stage.create(&body, "o-1").await;
    assert_eq!(wallet.status, 201);
    let shown = wallet.json();
    assert_eq!(shown["status"], "PAYER_ACTION_REQUIRED");
    assert_eq!(shown["payment_source"], json!({"paypal": {}}));
    assert!(shown.get("purchase_units").is_none(), "minimal");
    let id = shown["id"].as_str().unwrap();
    assert_eq!(wallet.link("payer-action"), Some(stage.simulator.approve_url(id)));

    body.as_object_mut().unwrap().remove("payment_source");
    let plain = stage.client.post(&format!("{ORDERS}?"), &body, WHOLE).await;
    let shown = plain.json();
    assert_eq!((plain.status, shown["status"].as_str()), (201, Some("CREATED")));
    let rels: Vec<_> = shown["links"].as_array().unwrap().iter().map(|link| link["rel"].clone()).collect();
    assert_eq!(rels, ["self", "approve", "update", "capture"]);
    let unit = &shown["purchase_units"][0];
    assert_eq!(
        (unit["reference_id"].as_str(), unit["amount"]["value"].as_str()),
        (Some("default"), Some("24.90"))
    );
    assert_eq!(unit["payee"]["merchant_id"], stage.client.merchant.merchant_id);
}

#[tokio::test]
async fn a_payment_source_needs_a_request_id() {
    let stage = Stage::new().await;
    let answer = stage.client.post(ORDERS, &Stage::body("one", "1"), PLAIN).await;
    assert_eq!(answer.refusal(), (400, "PAYPAL_REQUEST_ID_REQUIRED".to_owned()));
}

#[tokio::test]
async fn what_paypal_refuses_in_an_order_is_refused_with_its_issue() {
    let stage = Stage::new().await;
    let unit = "/purchase_units/0";
    let amount = |value: &str, currency: &str| json!({"currency_code": currency, "value": value});
    let second = json!({"reference_id": "b", "amount": amount("1.00", "EUR")});
    let cases = [
        ("/intent", json!("SELL"), (400, "INVALID_PARAMETER_VALUE")),
        ("/purchase_units", json!([]), (400, "INVALID_ARRAY_MIN_ITEMS")),
        ("/purchase_units/0/amount/value", json!(24.9), (400, "INVALID_PARAMETER_SYNTAX")),
        ("/purchase_units/0/amount/value", json!("1e1"), (422, "INVALID_PARAMETER_SYNTAX")),
        ("/purchase_units/0/custom_id", json!("x".repeat(128)), (400, "INVALID_STRING_LENGTH")),
        ("/purchase_units/0/amount", amount("0.00", "EUR"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ("/purchase_units/0/amount", amount("1.001", "EUR"), (422, "DECIMAL_PRECISION")),
        ("/purchase_units/0/amount", amount("10.5", "HUF"), (422, "DECIMAL_PRECISION")),
        ("/purchase_units/0/amount", amount("10.00", "TWD"), (422, "DECIMAL_PRECISION")),
        ("/purchase_units/0/amount", amount("1.000", "KWD"), (422, "INVALID_CURRENCY_CODE")),
        ("/purchase_units/0/amount", amount("1000000000000000", "EUR"), (422, "MAX_VALUE_EXCEEDED")),
        (
            "/purchase_units/0/amount/breakdown",
            json!({"item_total": amount("24.80", "EUR")}),
            (422, "AMOUNT_MISMATCH"),
        ),
        (
            "/purchase_units/0/items",
            json!([{"name": "x", "quantity": "1", "unit_amount": amount("24.90", "EUR")}]),
            (422, "ITEM_TOTAL_REQUIRED"),
        ),
        ("/purchase_units/0/payee", json!({"merchant_id": "ABCDEFGH23456"}), (422, "PAYEE_ACCOUNT_INVALID")),
        (
            "/purchase_units",
            json!([{"amount": amount("1.00", "EUR")}, second]),
            (422, "REFERENCE_ID_REQUIRED"),
        ),
        ("/purchase_units", json!([second, second]), (422, "DUPLICATE_REFERENCE_ID")),
        (
            "/purchase_units",
            json!([second, {"reference_id": "c", "amount": amount("1.00", "USD")}]),
            (422, "MULTI_CURRENCY_ORDER"),
        ),
        ("/payment_source", json!({"card": {}}), (400, "NOT_SUPPORTED")),
    ];
    for (index, (pointer, value, (status, issue))) in cases.into_iter().enumerate() {
        let mut body = Stage::body("one", "1");
        match body.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => body.pointer_mut(unit).unwrap()[pointer.rsplit('/').next().unwrap()] = value,
        }
        if pointer.ends_with("breakdown") {
            let breakdown = json!({"item_total": amount("24.80", "EUR")});
            body.pointer_mut("/purchase_units/0/amount").unwrap()["breakdown"] = breakdown;
        }
        let answer = stage.create(&body, &format!("o-{index}")).await;
        let refusal = answer.refusal();
        // A text that is no number is refused by its pattern.
        let expected = if issue == "INVALID_PARAMETER_SYNTAX" { 400 } else { status };
        assert_eq!(refusal, (expected, issue.to_owned()), "{pointer}");
    }
    let answer = stage.client.send("POST", ORDERS, b"{", key("o")).await.unwrap();
    assert_eq!(answer.refusal(), (400, "MALFORMED_REQUEST_JSON".to_owned()));
    assert_eq!(stage.control.ledger().orders.len(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_415() {
    let stage = Stage::new().await;
    let request = reqwest::Client::new()
        .post(format!("{}{ORDERS}", stage.client.base_url))
        .header("authorization", format!("Bearer {}", stage.client.token().await))
        .body("{}");
    assert_eq!(request.send().await.unwrap().status().as_u16(), 415);
}

#[tokio::test]
async fn an_order_vanishes_after_its_time_and_after_the_approvals_time() {
    let stage = Stage::new().await;
    let hours = |hours: u64| Duration::from_secs(hours * 3600 - 1);
    let (idle, approved) = (stage.order("idle").await, stage.order("approved").await);
    stage.control.advance(hours(3)).await.unwrap();
    assert_eq!(stage.client.show(&idle).await["status"], "PAYER_ACTION_REQUIRED");
    stage.control.approve(&approved, &ApproveOptions::with(Funding::Balance)).unwrap();
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    let gone = (404, "INVALID_RESOURCE_ID".to_owned());
    assert_eq!(stage.client.get(&format!("{ORDERS}/{idle}")).await.refusal(), gone);
    assert_eq!(stage.client.capture(&idle, "c-1").await.refusal(), gone);
    assert!(stage.control.approve(&idle, &ApproveOptions::with(Funding::Balance)).is_err());
    stage.client.forget_token().await;
    stage.control.advance(hours(3)).await.unwrap();
    assert_eq!(stage.client.capture(&approved, "c-2").await.refusal(), gone);
    assert!(stage.line(&idle).expired);
}

#[tokio::test]
async fn an_order_of_another_app_is_not_there() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    let other = stage.control.create_merchant(payment_sandbox::paypal::MerchantOptions::standard()).unwrap();
    let clock = stage.control.clock().clone();
    let stranger = crate::client::Client::new(&stage.client.base_url, other, clock);
    assert_eq!(stranger.get(&format!("{ORDERS}/{id}")).await.status, 404);
    assert_eq!(stranger.capture(&id, "c").await.status, 404);
}

#[tokio::test]
async fn the_invoice_of_an_order_can_be_patched_until_it_is_complete() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    let path = format!("{ORDERS}/{id}");
    let patch = async |operation: Value| {
        let body = json!([operation]).to_string().into_bytes();
        stage.client.send("PATCH", &path, &body, PLAIN).await.unwrap()
    };
    let target = |field: &str| format!("/purchase_units/@reference_id=='default'/{field}");
    let done = patch(json!({"op": "replace", "path": target("invoice_id"), "value": "other"})).await;
    assert_eq!((done.status, done.body.len()), (204, 0));
    assert_eq!(stage.client.show(&id).await["purchase_units"][0]["invoice_id"], "other");
    let amount = json!({"currency_code": "EUR", "value": "1.00"});
    let cases = [
        (json!({"op": "replace", "path": target("amount"), "value": amount}), "AMOUNT_CHANGE_NOT_ALLOWED"),
        (json!({"op": "add", "path": target("custom_id"), "value": "x"}), "INVALID_PATCH_OPERATION"),
        (json!({"op": "replace", "path": target("payments"), "value": "x"}), "NOT_PATCHABLE"),
        (json!({"op": "replace", "path": "/custom_id", "value": "x"}), "INVALID_JSON_POINTER_FORMAT"),
        (json!({"op": "replace", "path": target("custom_id")}), "PATCH_VALUE_REQUIRED"),
    ];
    for (operation, issue) in cases {
        assert_eq!(patch(operation).await.refusal().1, issue);
    }
    stage.client.capture(&id, "c-1").await;
    let late = patch(json!({"op": "replace", "path": target("invoice_id"), "value": "x"})).await;
    assert_eq!(late.refusal(), (422, "ORDER_ALREADY_COMPLETED".to_owned()));
}

#[tokio::test]
async fn a_person_approves_or_cancels_in_a_browser() {
    let stage = Stage::new().await;
    let id = stage.order("<b>one").await;
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let shown = stage.client.show(&id).await;
    let url = link(&shown, "payer-action").unwrap();
    let page = browser.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("24.90 EUR") && page.contains("invoice-&lt;b&gt;one"), "{page}");
    let choose = async |action: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("token", id.as_str()), ("action", action)])
            .finish();
        let request = browser
            .post(format!("{}/checkoutnow", stage.client.base_url))
            .header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form).send().await.unwrap();
        let location = response.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    };
    assert_eq!(choose("cancel").await, (303, Some(format!("https://shop.example/cancel?token={id}"))));
    assert_eq!(stage.client.show(&id).await["status"], "PAYER_ACTION_REQUIRED", "the link stays alive");
    let (status, place) = choose("approve").await;
    let payer = stage.client.show(&id).await["payer"]["payer_id"].as_str().unwrap().to_owned();
    let expected = format!("https://shop.example/return?mine=1&token={id}&PayerID={payer}");
    assert_eq!((status, place), (303, Some(expected)));
    assert_eq!((stage.line(&id).status, stage.line(&id).taken), (OrderStatus::Approved, 0));
    stage.client.capture(&id, "c-1").await;
    assert_eq!(choose("approve").await.0, 409);
    let list = browser.get(stage.simulator.orders_url()).send().await.unwrap().text().await.unwrap();
    assert!(list.contains(&id));
}

#[tokio::test]
async fn negative_tests_of_paypals_own_header_work() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    for header in [
        r#"{"mock_application_codes":"INSTRUMENT_DECLINED"}"#,
        r#"{"mock_application_codes":["INSTRUMENT_DECLINED"]}"#,
    ] {
        let headers = [("paypal-mock-response", header)];
        let with = With { request_id: Some("c-1"), headers: &headers };
        let answer = stage.client.post(&format!("{ORDERS}/{id}/capture"), &json!({}), with).await;
        assert_eq!(answer.refusal(), (422, "INSTRUMENT_DECLINED".to_owned()));
    }
    assert_eq!(stage.client.capture(&id, "c-1").await.status, 201);
    stage.control.add_order_fault(&id, 1, Fault::Refused { issue: "PERMISSION_DENIED".to_owned() });
    assert_eq!(stage.client.get(&format!("{ORDERS}/{id}")).await.refusal().0, 403);
}
