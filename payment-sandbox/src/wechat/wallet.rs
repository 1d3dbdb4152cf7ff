//! The wallet: pages on which a person sees an order and pays or refuses, in place of WeChat's app.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::control::WechatControl;
use super::engine::Engine;
use super::ledger::{self, LedgerOrder};
use super::operation::Product;
use super::order::{OrderKey, TradeState};
use super::payment::PayOptions;
use super::world::World;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:30rem;padding:0 1rem;color:#222}\
    h1{font-size:1.2rem;color:#07c160}.amount{font-size:2.4rem;margin:.5rem 0}dl{display:grid;grid-template-columns:auto 1fr;\
    gap:.25rem 1rem}dt{color:#777}dd{margin:0;overflow-wrap:anywhere}form{display:inline-block;margin:1rem .5rem 0 0}\
    button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#07c160;color:#fff}\
    button.refuse{background:#eee;color:#222}input{font:inherit;width:5rem}table{border-collapse:collapse;width:100%}\
    td,th{text-align:left;padding:.3rem;border-bottom:1px solid #eee}";

/// The H5 page's address in the simulated channel, as the real one has it.
#[derive(Deserialize)]
pub(super) struct H5Entrance {
    prepay_id: String,
    /// Where the merchant wants the payer afterwards.
    redirect_url: Option<String>,
}

/// `GET /wallet`: every order, newest last.
pub(super) async fn index(State(engine): State<Arc<Engine>>) -> Html<String> {
    let ledger = WechatControl { engine }.ledger();
    let rows: String = ledger.orders.iter().map(row).collect();
    let body = format!("<h1>Orders</h1><table><tr><th>order<th>amount<th>state</tr>{rows}</table>");
    page("Simulated WeChat Pay", &body)
}

fn row(order: &LedgerOrder) -> String {
    let number = escape(&order.out_trade_no);
    let link = format!("/wallet/{}", encode(order.prepay_id.as_deref().unwrap_or(&order.out_trade_no)));
    format!("<tr><td><a href=\"{link}\">{number}</a><td>{}<td>{}</tr>", yuan(order.total), order.state.code())
}

/// `GET /wallet/{reference}`: one order by its number, a prepay_id, or the code of its native QR.
pub(super) async fn show(State(engine): State<Arc<Engine>>, Path(reference): Path<String>) -> Response {
    render(&engine, &reference, None)
}

/// `GET /cgi-bin/mmpayweb-bin/checkmweb?prepay_id=`: where an `h5_url` leads.
pub(super) async fn h5(State(engine): State<Arc<Engine>>, Query(entrance): Query<H5Entrance>) -> Response {
    render(&engine, &entrance.prepay_id, entrance.redirect_url.as_deref())
}

/// What the payer chose.
#[derive(Deserialize)]
pub(super) struct Choice {
    action: Action,
    /// Coupon in fen.
    #[serde(default)]
    coupon: i64,
    #[serde(default)]
    redirect_url: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Pay,
    Refuse,
}

/// `POST /wallet/{reference}`: the payer pays or refuses.
pub(super) async fn choose(
    State(engine): State<Arc<Engine>>,
    Path(reference): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let found = engine.with_world(|world, _| find(world, &reference));
    let Some(key) = found else { return unknown(&reference) };
    let control = WechatControl { engine };
    let options = PayOptions { coupon: choice.coupon, ..PayOptions::default() };
    let done = match choice.action {
        Action::Pay => control.pay(&key.mchid, &key.out_trade_no, &options).map(drop),
        Action::Refuse => control.fail_payment(&key.mchid, &key.out_trade_no),
    };
    let back = format!("/wallet/{}", encode(&reference));
    match (done, choice.redirect_url.filter(|url| url.starts_with("http"))) {
        (Ok(()), Some(url)) => Redirect::to(&url).into_response(),
        (Ok(()), None) => Redirect::to(&back).into_response(),
        (Err(error), _) => {
            let text =
                format!("<h1>Not paid</h1><p>{}<p><a href=\"{back}\">back</a>", escape(&error.to_string()));
            (StatusCode::CONFLICT, page("Not paid", &text)).into_response()
        }
    }
}

fn render(engine: &Engine, reference: &str, redirect_url: Option<&str>) -> Response {
    let line = engine.with_world(|world, now| {
        let order = world.orders.get(&find(world, reference)?)?;
        Some((ledger::order_line(world, order, now, &engine.settings), order.native_code.clone()))
    });
    match line {
        Some((order, native_code)) => {
            page("Pay", &order_page(&order, &native_code, reference, redirect_url)).into_response()
        }
        None => unknown(reference),
    }
}

/// By prepay_id or QR code, which are unique; else by order number, which several merchants may have used.
fn find(world: &World, reference: &str) -> Option<OrderKey> {
    let by_prepay = world.order_of_prepay.get(reference);
    by_prepay.or_else(|| world.orders.keys().find(|key| key.out_trade_no == reference)).cloned()
}

fn unknown(reference: &str) -> Response {
    let text = format!("<h1>No such order</h1><p>{}", escape(reference));
    (StatusCode::NOT_FOUND, page("No such order", &text)).into_response()
}

fn order_page(order: &LedgerOrder, native_code: &str, reference: &str, redirect_url: Option<&str>) -> String {
    let qr = match order.product {
        Product::Native => format!("<dt>QR code<dd><code>weixin://wxpay/bizpayurl?pr={native_code}</code>"),
        Product::App | Product::Jsapi | Product::H5 => String::new(),
    };
    let forms = match order.state {
        TradeState::NotPay => forms(reference, redirect_url),
        TradeState::Success | TradeState::Refund | TradeState::Closed => String::new(),
    };
    format!(
        "<h1>Simulated WeChat Pay</h1><p>{description}<p class=\"amount\">{amount}<dl><dt>State<dd id=\"state\">{state}\
         <dt>Order<dd>{number}<dt>Merchant<dd>{mchid}<dt>Given back<dd>{given_back}{qr}</dl>{forms}",
        description = escape(&order.description),
        amount = yuan(order.total),
        state = order.state.code(),
        number = escape(&order.out_trade_no),
        mchid = escape(&order.mchid),
        given_back = yuan(order.given_back),
    )
}

fn forms(reference: &str, redirect_url: Option<&str>) -> String {
    let target = format!("/wallet/{}", encode(reference));
    let redirect = redirect_url
        .map(|url| format!("<input type=\"hidden\" name=\"redirect_url\" value=\"{}\">", escape(url)))
        .unwrap_or_default();
    format!(
        "<form method=\"post\" action=\"{target}\">{redirect}<input type=\"hidden\" name=\"action\" value=\"pay\">\
         <label>Coupon (fen) <input name=\"coupon\" type=\"number\" min=\"0\" value=\"0\"></label> <button>Pay</button></form>\
         <form method=\"post\" action=\"{target}\"><input type=\"hidden\" name=\"action\" value=\"refuse\">\
         <button class=\"refuse\">Refuse</button></form>"
    )
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>{body}</html>"
    ))
}

/// Fen as yuan, without a float.
fn yuan(fen: i64) -> String {
    format!("¥{}.{:02}", fen / 100, fen % 100)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn encode(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect()
}
