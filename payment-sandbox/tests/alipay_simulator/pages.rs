//! Wap and page pay, and the payer's pages, as a browser sees them.

use payment_sandbox::alipay::{InvokeOptions, Product};
use serde_json::{Value, json};

use crate::client::answer;
use crate::stage::Stage;

const RETURN: &str = "https://shop.example.cn/back?from=alipay";

fn content(number: &str, product_code: &str) -> Value {
    let mut content = Stage::content(number);
    content["product_code"] = json!(product_code);
    content["quit_url"] = json!("https://shop.example.cn/quit");
    content
}

/// Follows the address to the cashier and returns the cashier's own.
async fn visit(stage: &Stage, url: &str) -> String {
    let answer = stage.client.get(url).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    format!("{}{}", stage.simulator.base_url(), answer.headers["location"].to_str().unwrap())
}

async fn choose(stage: &Stage, cashier: &str, action: &str) -> (u16, String) {
    let request = stage.client.http.post(cashier).header("content-type", "application/x-www-form-urlencoded");
    let answer = answer(request.body(format!("action={action}")).send().await.unwrap()).await.unwrap();
    let location = answer.headers.get("location").map(|value| value.to_str().unwrap().to_owned());
    (answer.status, location.unwrap_or_default())
}

#[tokio::test]
async fn a_browser_pays_and_is_led_back_with_signed_parameters() {
    let stage = Stage::new().await;
    for (method, code, product) in [
        ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY", Product::Page),
        ("alipay.trade.wap.pay", "QUICK_WAP_WAY", Product::Wap),
    ] {
        let number = format!("{product:?}1");
        let url = stage.client.page_url(method, &stage.receiver.url, RETURN, &content(&number, code));
        let cashier = visit(&stage, &url).await;
        assert_eq!(stage.state(&number).await, "ACQ.TRADE_NOT_EXIST", "nobody has logged in");
        let page = stage.client.get(&cashier).await;
        assert!(page.body.contains("¥88.88") && page.body.contains("no trade yet"), "{}", page.body);
        assert_eq!(choose(&stage, &cashier, "open").await.0, 303);
        assert_eq!(stage.state(&number).await, "WAIT_BUYER_PAY");
        let (status, back) = choose(&stage, &cashier, "pay").await;
        assert_eq!(status, 303);
        let query = back.strip_prefix(&format!("{RETURN}&")).unwrap();
        let pairs = stage.client.verify_form(query).unwrap();
        assert_eq!(pairs.len(), 12, "{pairs:?}");
        assert_eq!(pairs["method"], format!("{method}.return"));
        assert_eq!((&*pairs["out_trade_no"], &*pairs["total_amount"]), (&*number, "88.88"));
        assert!(!pairs.contains_key("trade_status"));
        assert_eq!(stage.line(&number).product, product);
        stage.control.settled().await;
        assert_eq!(stage.told()["out_trade_no"], number);
    }
}

#[tokio::test]
async fn a_posted_form_works_as_the_address_does() {
    let stage = Stage::new().await;
    let mut pairs =
        stage.client.parameters("alipay.trade.page.pay", &content("ORDER1", "FAST_INSTANT_TRADE_PAY"));
    pairs.insert("return_url".to_owned(), RETURN.to_owned());
    assert_eq!(stage.client.send(&stage.client.signed(pairs)).await.unwrap().status, 302);
}

#[tokio::test]
async fn whoever_refuses_is_led_to_the_quit_address() {
    let stage = Stage::new().await;
    let content = content("ORDER1", "QUICK_WAP_PAY");
    let url = stage.client.page_url("alipay.trade.wap.pay", &stage.receiver.url, RETURN, &content);
    let cashier = visit(&stage, &url).await;
    let (_, target) = choose(&stage, &cashier, "refuse").await;
    assert_eq!(target, "https://shop.example.cn/quit");
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn errors_are_shown_to_the_payer_in_gbk() {
    let stage = Stage::new().await;
    let content = content("ORDER1", "FAST_INSTANT_TRADE_PAY");
    let url = stage.client.page_url("alipay.trade.page.pay", &stage.receiver.url, RETURN, &content);
    for (url, code) in [
        (url.replace(stage.app_id(), "2021999999999999"), "invalid-app-id"),
        (url.replace("88.88", "00.01"), "invalid-signature"),
    ] {
        let response = stage.client.http.get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/html;charset=GBK");
        let page = response.bytes().await.unwrap();
        let words = b"\xb4\xed\xce\xf3\xb4\xfa\xc2\xeb ";
        let position = page.windows(words.len()).position(|window| window == words).unwrap();
        assert!(page[position + words.len()..].starts_with(code.as_bytes()), "{code}");
    }
    assert!(stage.control.order(stage.app_id(), "ORDER1").is_none());
}

#[tokio::test]
async fn opening_a_qr_code_is_scanning_it() {
    let stage = Stage::new().await;
    let qr_code = stage.precreate(&Stage::content("ORDER1")).await;
    let wallet = stage.simulator.wallet_url(&qr_code);
    let by_number = stage.client.get(&stage.simulator.wallet_url("ORDER1")).await;
    assert!(by_number.body.contains("no trade yet"));
    let page = stage.client.get(&wallet).await;
    assert!(page.body.contains("WAIT_BUYER_PAY"), "{}", page.body);
    assert_eq!(choose(&stage, &wallet, "pay").await.0, 303);
    assert_eq!(choose(&stage, &wallet, "pay").await.0, 409);
    assert!(stage.client.get(&wallet).await.body.contains("TRADE_SUCCESS"));
    assert_eq!(stage.client.get(&stage.simulator.wallet_url("NOTHING")).await.status, 404);
}

#[tokio::test]
async fn an_order_string_can_be_pasted_and_texts_are_escaped() {
    let stage = Stage::new().await;
    let mut content = Stage::content("ORDER1");
    content["subject"] = json!("<script>alert(1)<");
    let string = stage.client.order_string(&stage.receiver.url, &content);
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("order_string", &string).finish();
    let address = format!("{}/wallet/order-string", stage.simulator.base_url());
    let request = stage.client.http.post(address).header("content-type", "application/x-www-form-urlencoded");
    let result = answer(request.body(form).send().await.unwrap()).await.unwrap();
    assert!(result.body.contains("<dd id=\"state\">9000"), "{}", result.body);
    let page = stage.client.get(&stage.simulator.wallet_url("ORDER1")).await;
    assert!(page.body.contains("&lt;script&gt;") && !page.body.contains("<script>"));
    let index = stage.client.get(&format!("{}/wallet", stage.simulator.base_url())).await;
    assert!(index.body.contains("ORDER1") && index.body.contains("TRADE_SUCCESS"));
    stage.control.invoke(&string, &InvokeOptions::default()).unwrap_err();
}
