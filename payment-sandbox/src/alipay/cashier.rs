//! The payer's pages: the cashier to which page products lead a browser, the page behind a scanned QR code, and a list of
//! orders with a field for order strings, in place of Alipay's app.

use std::sync::Arc;

use axum::Form;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::authorization::{Caller, escape};
use super::control::AlipayControl;
use super::engine::Engine;
use super::failure::Failure;
use super::identifiers::api_time;
use super::ledger::{self, LedgerOrder};
use super::operation::{Operation, Product};
use super::order::{Order, OrderKey, TradeStatus};
use super::parameters::Parameters;
use super::payer::{self, PayOptions};
use super::placing::{self, QR_ADDRESS};
use super::world::{Call, World};
use super::{amount, app, content, request};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:34rem;padding:0 1rem;color:#222}\
    h1{font-size:1.2rem;color:#1677ff}.amount{font-size:2.4rem;margin:.5rem 0}dl{display:grid;grid-template-columns:auto 1fr;\
    gap:.25rem 1rem}dt{color:#777}dd{margin:0;overflow-wrap:anywhere}form{display:inline-block;margin:1rem .5rem 0 0}\
    button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#1677ff;color:#fff}\
    button.refuse{background:#eee;color:#222}textarea{width:100%;height:8rem}table{border-collapse:collapse;width:100%}\
    td,th{text-align:left;padding:.3rem;border-bottom:1px solid #eee}";

/// A browser brings `alipay.trade.page.pay` or `alipay.trade.wap.pay`: the order becomes known, the cashier opens.
pub(super) fn enter(engine: &Engine, caller: &Caller, parameters: &Parameters) -> Response {
    let product = if caller.operation == Operation::WapPay { Product::Wap } else { Product::Page };
    match place(engine, caller, parameters, product) {
        Ok(token) => {
            let target = HeaderValue::from_str(&format!("/wallet/{token}"));
            let mut response = StatusCode::FOUND.into_response();
            if let Ok(target) = target {
                response.headers_mut().insert(header::LOCATION, target);
            }
            response
        }
        Err(failure) => error_page(&failure),
    }
}

fn place(
    engine: &Engine,
    caller: &Caller,
    parameters: &Parameters,
    product: Product,
) -> Result<String, Failure> {
    let text = parameters.get("biz_content");
    engine.with_world(|world, now| {
        let decrypted = match parameters.get("encrypt_type") {
            None => text.map(str::to_owned),
            Some(_) => {
                let key = world.merchants.get(&caller.app_id).map(|merchant| merchant.aes_key);
                let key = key.ok_or_else(Failure::system)?;
                let wrong = |_| Failure::new("40003", "isv.decryption-error-unknown", "解密出错, 未知错误");
                Some(content::decrypt(&key, text.unwrap_or_default()).map_err(wrong)?)
            }
        };
        let content = request::content(decrypted.as_deref())?;
        let order = request::order(&content, product, now)?;
        let call = Call {
            now,
            settings: &engine.settings,
            app_id: &caller.app_id,
            content: &content,
            notify_url: parameters.get("notify_url"),
            return_url: parameters.get("return_url"),
            fault: None,
        };
        let key = placing::place(world, &call, product, order)?;
        world.orders.get(&key).map(|order| order.cashier_token.clone()).ok_or_else(Failure::system)
    })
}

/// The page that only the payer sees: HTTP 200, GBK, the code without its prefix.
pub(super) fn error_page(failure: &Failure) -> Response {
    /// "错误代码" in GBK.
    const WORDS: &[u8] = b"\xb4\xed\xce\xf3\xb4\xfa\xc2\xeb ";
    let code = failure.sub_code.strip_prefix("isv.").unwrap_or(&failure.sub_code);
    let mut page = b"<html><head><meta charset=\"GBK\"></head><body><p>".to_vec();
    page.extend_from_slice(WORDS);
    page.extend_from_slice(escape(code).as_bytes());
    page.extend_from_slice(b"</body></html>");
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html;charset=GBK"));
    response
}

/// `GET /wallet`: every order, newest last, and a field for an order string.
pub(super) async fn index(State(engine): State<Arc<Engine>>) -> Html<String> {
    let ledger = AlipayControl { engine }.ledger();
    let rows: String = ledger.orders.iter().map(row).collect();
    let body = format!(
        "<h1>Orders</h1><table><tr><th>order<th>amount<th>status</tr>{rows}</table><h1>Pay as the app</h1>\
         <form method=\"post\" action=\"/wallet/order-string\"><textarea name=\"order_string\"></textarea><br>\
         <button>Pay</button></form>"
    );
    page("Simulated Alipay", &body)
}

fn row(order: &LedgerOrder) -> String {
    let link = format!("/wallet/{}", encode(&order.cashier_token));
    let number = escape(&order.out_trade_no);
    format!(
        "<tr><td><a href=\"{link}\">{number}</a><td>{}<td>{}</tr>",
        yuan(order.total),
        status_text(order.status)
    )
}

const fn status_text(status: Option<TradeStatus>) -> &'static str {
    match status {
        Some(status) => status.code(),
        None => "no trade yet",
    }
}

/// What a person pasted.
#[derive(Deserialize)]
pub(super) struct Pasted {
    order_string: String,
}

/// `POST /wallet/order-string`: pays an order string and shows what the app would get.
pub(super) async fn paste(State(engine): State<Arc<Engine>>, Form(pasted): Form<Pasted>) -> Response {
    match app::invoke(&engine, pasted.order_string.trim(), &app::InvokeOptions::default()) {
        Ok(result) => {
            let text = format!(
                "<h1>The app's result</h1><dl><dt>resultStatus<dd id=\"state\">{}<dt>memo<dd>{}<dt>result<dd>{}</dl>\
                 <p><a href=\"/wallet\">orders</a>",
                escape(&result.result_status),
                escape(&result.memo),
                escape(&result.result)
            );
            page("The app's result", &text).into_response()
        }
        Err(refused) => refusal(&refused.to_string(), "/wallet"),
    }
}

/// `GET /wallet/{reference}`: an order by the name of its cashier page, its number or its trade's. The code of a QR code
/// is scanned by opening it: the trade begins to exist.
pub(super) async fn show(State(engine): State<Arc<Engine>>, Path(reference): Path<String>) -> Response {
    let found = engine.with_world(|world, now| {
        let key = find(world, &reference)?;
        let order = world.orders.get(&key)?;
        if order.trade.is_none() && order.qr_codes.iter().any(|qr| qr.code == reference) {
            // The page below says so when the order cannot be opened any more.
            let _ = payer::open(world, &key, None, now, &engine.settings);
        }
        let order = world.orders.get(&key)?;
        Some((ledger::order_line(order, now, &engine.settings), order.cashier_token.clone()))
    });
    match found {
        Some((line, token)) => page("Pay", &order_page(&line, &token)).into_response(),
        None => unknown(&reference),
    }
}

/// What the payer chose.
#[derive(Deserialize)]
pub(super) struct Choice {
    action: Action,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Logs in: the trade begins to exist.
    Open,
    Pay,
    Refuse,
}

/// `POST /wallet/{reference}`: the payer logs in, pays or refuses, and is led back to the merchant.
pub(super) async fn choose(
    State(engine): State<Arc<Engine>>,
    Path(reference): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let Some(key) = engine.with_world(|world, _| find(world, &reference)) else { return unknown(&reference) };
    let here = format!("/wallet/{}", encode(&reference));
    let done = engine.with_world(|world, now| match choice.action {
        Action::Open => payer::open(world, &key, None, now, &engine.settings).map(|_| None),
        Action::Pay => {
            payer::pay(world, &key, &PayOptions::default(), now, &engine.settings)?;
            Ok(return_address(world, &key, api_time(now)))
        }
        Action::Refuse => {
            payer::fail(world, &key, now, &engine.settings)?;
            Ok(world.orders.get(&key).and_then(|order| order.quit_url.clone()))
        }
    });
    match done {
        Ok(target) => Redirect::to(target.as_deref().unwrap_or(&here)).into_response(),
        Err(refused) => refusal(&refused.to_string(), &here),
    }
}

/// `return_url` with the twelve signed parameters, which say nothing of the trade's status.
fn return_address(world: &World, key: &OrderKey, timestamp: String) -> Option<String> {
    let order: &Order = world.orders.get(key)?;
    let merchant = world.merchants.get(&key.app_id)?;
    let return_url = order.return_url.as_deref()?;
    let method = if order.product == Product::Wap { "wap" } else { "page" };
    let mut parameters = Parameters::default();
    for (name, value) in [
        ("charset", "utf-8"),
        ("out_trade_no", &key.out_trade_no),
        ("method", &format!("alipay.trade.{method}.pay.return")),
        ("total_amount", &amount::text(order.total)),
        ("trade_no", &order.trade.as_ref()?.trade_no),
        ("auth_app_id", &key.app_id),
        ("version", "1.0"),
        ("app_id", &key.app_id),
        ("sign_type", "RSA2"),
        ("seller_id", &order.seller_id),
        ("timestamp", &timestamp),
    ] {
        parameters.set(name, value);
    }
    let signature = merchant.signer.key.sign(parameters.text_to_sign(&["sign", "sign_type"]).as_bytes());
    parameters.set("sign", signature.ok()?);
    let joint = if return_url.contains('?') { '&' } else { '?' };
    Some(format!("{return_url}{joint}{}", parameters.encoded()))
}

/// By QR code or cashier page, which are unique; else by number, which several merchants may have used.
fn find(world: &World, reference: &str) -> Option<OrderKey> {
    let code = reference.strip_prefix(QR_ADDRESS).unwrap_or(reference);
    let by_code = world.order_of_code.get(code).or_else(|| world.order_of_trade.get(reference));
    by_code.or_else(|| world.orders.keys().find(|key| key.out_trade_no == reference)).cloned()
}

fn unknown(reference: &str) -> Response {
    let text = format!("<h1>No such order</h1><p>{}", escape(reference));
    (StatusCode::NOT_FOUND, page("No such order", &text)).into_response()
}

fn refusal(reason: &str, back: &str) -> Response {
    let text = format!("<h1>Not paid</h1><p>{}<p><a href=\"{back}\">back</a>", escape(reason));
    (StatusCode::CONFLICT, page("Not paid", &text)).into_response()
}

fn order_page(order: &LedgerOrder, token: &str) -> String {
    let form = |action: &str, class: &str, label: &str| {
        format!(
            "<form method=\"post\" action=\"/wallet/{token}\"><input type=\"hidden\" name=\"action\" value=\"{action}\">\
             <button class=\"{class}\">{label}</button></form>"
        )
    };
    let forms = match order.status {
        None => {
            [form("open", "", "Log in"), form("pay", "", "Pay"), form("refuse", "refuse", "Refuse")].concat()
        }
        Some(TradeStatus::WaitBuyerPay) => {
            [form("pay", "", "Pay"), form("refuse", "refuse", "Refuse")].concat()
        }
        Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => String::new(),
    };
    let codes: String =
        order.qr_codes.iter().map(|code| format!("<dt>QR code<dd><code>{}</code>", escape(code))).collect();
    format!(
        "<h1>Simulated Alipay</h1><p>{subject}<p class=\"amount\">{total}<dl><dt>Status<dd id=\"state\">{status}\
         <dt>Order<dd>{number}<dt>Application<dd>{app_id}<dt>Given back<dd>{given_back}{codes}</dl>{forms}",
        subject = escape(&order.subject),
        total = yuan(order.total),
        status = status_text(order.status),
        number = escape(&order.out_trade_no),
        app_id = escape(&order.app_id),
        given_back = yuan(order.given_back),
    )
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>{body}</html>"
    ))
}

fn yuan(fen: i64) -> String {
    format!("¥{}", amount::text(fen))
}

pub(super) fn encode(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect()
}
