//! The page on which a payer pays in a browser, by the ticket that the payment data carries.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};

use crate::app::{Engine, OrderState};

/// Shows what is to be paid, and whether it is.
pub(crate) async fn show(State(engine): State<Arc<Engine>>, Path(ticket): Path<String>) -> Response {
    let now = engine.clock.now();
    let world = engine.world();
    let Some(order) = world.orders().find(|order| order.ticket == ticket) else {
        return (StatusCode::NOT_FOUND, "Bad Pay knows no such ticket.\n").into_response();
    };
    let end = match order.state(now) {
        OrderState::Unpaid => "<form method=\"post\"><button>Pay</button></form>",
        OrderState::Paid => "<p>Paid. Bad Pay will not tell the shop.</p>",
        OrderState::Closed => "<p>Nobody can pay this any more.</p>",
    };
    let greeting = order.greeting().unwrap_or("Pay with Bad Pay");
    let (yuan, fen) = (order.minor_units() / 100, order.minor_units() % 100);
    let (greeting, text) = (escaped(greeting), escaped(&order.content.text));
    Html(format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Bad Pay</title>\n\
         <h1>{greeting}</h1><p>{text}: ¥{yuan}.{fen:02}</p>{end}\n"
    ))
    .into_response()
}

/// The payer pays.
pub(crate) async fn pay(State(engine): State<Arc<Engine>>, Path(ticket): Path<String>) -> Response {
    let now = engine.clock.now();
    let mut world = engine.world();
    match world.orders_mut().find(|order| order.ticket == ticket) {
        None => (StatusCode::NOT_FOUND, "Bad Pay knows no such ticket.\n").into_response(),
        Some(order) if order.state(now) != OrderState::Unpaid => {
            (StatusCode::CONFLICT, "Nobody can pay this.\n").into_response()
        }
        Some(order) => {
            order.take_money(now);
            Redirect::to(&format!("/page/{ticket}")).into_response()
        }
    }
}

/// Text from a shop, which is no HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
