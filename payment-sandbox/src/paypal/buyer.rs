//! The buyer's pages: where a person sees an order and approves it or goes back, in place of PayPal's checkout.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::approval::{ApproveOptions, Funding};
use super::control::PaypalControl;
use super::engine::Engine;
use super::ledger::LedgerOrder;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:30rem;padding:0 1rem;color:#222}\
    h1{font-size:1.2rem;color:#003087}.amount{font-size:2.4rem;margin:.5rem 0}dl{display:grid;grid-template-columns:auto 1fr;\
    gap:.25rem 1rem}dt{color:#777}dd{margin:0;overflow-wrap:anywhere}form{display:inline-block;margin:1rem .5rem 0 0}\
    button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:1.5rem;background:#ffc439;color:#111}\
    button.cancel{background:#eee}select{font:inherit}table{border-collapse:collapse;width:100%}\
    td,th{text-align:left;padding:.3rem;border-bottom:1px solid #eee}";

/// The query of an approve link.
#[derive(Deserialize)]
pub(super) struct Entrance {
    token: String,
}

/// `GET /checkoutnow/orders`: every order of the simulator.
pub(super) async fn index(State(engine): State<Arc<Engine>>) -> Html<String> {
    let ledger = PaypalControl { engine }.ledger();
    let rows: String = ledger.orders.iter().map(row).collect();
    page("Orders", &format!("<h1>Orders</h1><table><tr><th>order<th>amount<th>status</tr>{rows}</table>"))
}

fn row(order: &LedgerOrder) -> String {
    let id = &order.order_id;
    let sum = format!("{} {}", order.total.value(), order.total.currency_code);
    format!("<tr><td><a href=\"/checkoutnow?token={id}\">{id}</a><td>{sum}<td>{}</tr>", order.status.code())
}

/// `GET /checkoutnow?token=`: where an approve link leads.
pub(super) async fn show(State(engine): State<Arc<Engine>>, Query(entrance): Query<Entrance>) -> Response {
    let control = PaypalControl { engine };
    match control.order(&entrance.token).filter(|order| !order.expired) {
        Some(order) => page("Pay", &order_page(&order)).into_response(),
        None => gone().into_response(),
    }
}

/// What the buyer chose.
#[derive(Deserialize)]
pub(super) struct Choice {
    token: String,
    action: Action,
    #[serde(default)]
    funding: Source,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Approve,
    Cancel,
}

/// The sources of money that the page offers.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    #[default]
    Balance,
    Echeck,
    Review,
    Refused,
    DeclinedCapture,
}

impl Source {
    fn funding(self) -> Funding {
        match self {
            Self::Balance => Funding::Balance,
            Self::Echeck => Funding::echeck(),
            Self::Review => Funding::review(),
            Self::Refused => Funding::Refused,
            Self::DeclinedCapture => Funding::DeclinedCapture,
        }
    }
}

/// `POST /checkoutnow`: the buyer approves or goes back.
pub(super) async fn choose(State(engine): State<Arc<Engine>>, Form(choice): Form<Choice>) -> Response {
    let control = PaypalControl { engine };
    let done = match choice.action {
        Action::Approve => control.approve(&choice.token, &ApproveOptions::with(choice.funding.funding())),
        Action::Cancel => control.cancel(&choice.token),
    };
    match done {
        Ok(Some(url)) => Redirect::to(&url).into_response(),
        Ok(None) => Redirect::to(&format!("/checkoutnow?token={}", encode(&choice.token))).into_response(),
        Err(error) => {
            let text = format!("<h1>Not done</h1><p>{}", escape(&error.to_string()));
            (StatusCode::CONFLICT, page("Not done", &text)).into_response()
        }
    }
}

fn gone() -> (StatusCode, Html<String>) {
    (StatusCode::NOT_FOUND, page("Gone", "<h1>This order is not there, or its time has passed</h1>"))
}

fn order_page(order: &LedgerOrder) -> String {
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or("-"));
    let forms = if order.status.is_open() { forms(&order.order_id) } else { String::new() };
    format!(
        "<h1>Simulated PayPal</h1><p class=\"amount\">{value} {currency}<dl><dt>Status<dd id=\"status\">{status}\
         <dt>Order<dd>{id}<dt>Invoice<dd>{invoice}<dt>Declined<dd>{declines}</dl>{forms}",
        value = order.total.value(),
        currency = order.total.currency_code,
        status = order.status.code(),
        id = order.order_id,
        invoice = text(&order.invoice_id),
        declines = order.declines,
    )
}

fn forms(order_id: &str) -> String {
    let token = format!("<input type=\"hidden\" name=\"token\" value=\"{order_id}\">");
    format!(
        "<form method=\"post\" action=\"/checkoutnow\">{token}<input type=\"hidden\" name=\"action\" value=\"approve\">\
         <label>Pay with <select name=\"funding\"><option value=\"balance\">balance<option value=\"echeck\">bank account, \
         takes days<option value=\"review\">balance, under review<option value=\"refused\">card that is refused\
         <option value=\"declined_capture\">card that is declined later</select></label> <button>Approve</button></form>\
         <form method=\"post\" action=\"/checkoutnow\">{token}<input type=\"hidden\" name=\"action\" value=\"cancel\">\
         <button class=\"cancel\">Cancel and return</button></form>"
    )
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>{body}</html>"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
