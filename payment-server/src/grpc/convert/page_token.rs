//! Page tokens: the last entry of a page, bound to the list and the filters that it was listed with.
//!
//! A token opens nothing, because a list shows the caller's own entries only; its digest is there to refuse a token
//! that was cut, changed or used with another list or other filters, which would silently skip entries.

use std::fmt::Display;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use payment_core::identifiers::{MerchantId, PaymentNo, RefundNo};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::event::EventList;
use crate::app::{
    command::{EventFilter, EventPage, ListPayments, ListRefunds, PaymentPage, RefundPage},
    webhooks::ListDeliveries,
};

/// Bytes of digest in a token.
const DIGEST_BYTES: usize = 16;

/// The only answer to a token that is not ours.
const RULE: &str = "must be the next_page_token of the page before, with the same filters";

/// The token of the page after `page`, empty on the last one.
pub(crate) fn next_page_token(merchant: &MerchantId, command: &ListPayments, page: &PaymentPage) -> String {
    let last = page.next.as_ref();
    last.map(|last| write(&payment_filters(merchant, command), last.as_str())).unwrap_or_default()
}

/// The token of the page after `page`, empty on the last one.
pub(crate) fn next_refund_page_token(
    merchant: &MerchantId,
    command: &ListRefunds,
    page: &RefundPage,
) -> String {
    let last = page.next.as_ref();
    last.map(|last| write_timed(&refund_filters(merchant, command), last)).unwrap_or_default()
}

/// The token of the page after the delivery of event `next`, empty on the last page.
pub(crate) fn next_delivery_page_token(command: &ListDeliveries, next: Option<i64>) -> String {
    next.map(|event_no| write(&delivery_filters(command), &event_no.to_string())).unwrap_or_default()
}

/// The event of the last delivery of the page before.
pub(super) fn read_deliveries(command: &ListDeliveries, token: &str) -> Result<i64, &'static str> {
    opened(&delivery_filters(command), token)?.parse().map_err(|_| RULE)
}

/// The last payment of the page before. The page's size may change from page to page and is not bound.
pub(super) fn read(
    merchant: &MerchantId,
    command: &ListPayments,
    token: &str,
) -> Result<PaymentNo, &'static str> {
    PaymentNo::parse(opened(&payment_filters(merchant, command), token)?).map_err(|_| RULE)
}

/// The last refund of the page before, by its creation and number.
pub(super) fn read_refunds(
    merchant: &MerchantId,
    command: &ListRefunds,
    token: &str,
) -> Result<(OffsetDateTime, RefundNo), &'static str> {
    read_timed(&refund_filters(merchant, command), token, |refund_no| RefundNo::parse(refund_no))
}

/// The token of the page after `page`, empty if nothing follows.
pub(crate) fn next_event_page_token(merchant: &MerchantId, list: &EventList, page: &EventPage) -> String {
    let filters = event_filters(merchant, list.after, &list.command.filter);
    if page.more { write(&filters, &page.reached.to_string()) } else { String::new() }
}

/// Where the page before ended.
pub(super) fn read_events(
    merchant: &MerchantId,
    after: Option<i64>,
    filter: &EventFilter,
    token: &str,
) -> Result<i64, &'static str> {
    opened(&event_filters(merchant, after, filter), token)?.parse().map_err(|_| RULE)
}

/// A place in a merchant's feed, good with any filter.
pub(crate) fn event_cursor(merchant: &MerchantId, feed_no: i64) -> String {
    write(&cursors(merchant), &feed_no.to_string())
}

/// The place that a cursor names.
pub(super) fn read_event_cursor(merchant: &MerchantId, cursor: &str) -> Result<i64, &'static str> {
    const RULE: &str = "must be the cursor of an event or of an answer of this merchant's feed";
    opened(&cursors(merchant), cursor).ok().and_then(|place| place.parse().ok()).ok_or(RULE)
}

fn cursors(merchant: &MerchantId) -> String {
    format!("event cursor 1\n{merchant}")
}

/// Everything that decides which events a list holds.
fn event_filters(merchant: &MerchantId, after: Option<i64>, filter: &EventFilter) -> String {
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    format!("events 1\n{merchant}\n{after:?}\n{kinds:?}\n{:?}", filter.payment_no)
}

/// Everything that decides which payments a list holds.
fn payment_filters(merchant: &MerchantId, command: &ListPayments) -> String {
    let states: Vec<&str> = command.states.iter().map(|state| state.as_str()).collect();
    let instant = |time: Option<OffsetDateTime>| time.map(|time| time.unix_timestamp_nanos());
    format!(
        "1\n{merchant}\n{:?}\n{states:?}\n{:?}\n{:?}",
        command.order_no,
        instant(command.create_time_from),
        instant(command.create_time_before),
    )
}

/// Everything that decides which refunds a list holds.
fn refund_filters(merchant: &MerchantId, command: &ListRefunds) -> String {
    let states: Vec<&str> = command.states.iter().map(|state| state.as_str()).collect();
    format!("refunds 1\n{merchant}\n{:?}\n{:?}\n{states:?}", command.payment_no, command.order_no)
}

/// Everything that decides which deliveries a list holds.
fn delivery_filters(command: &ListDeliveries) -> String {
    let ListDeliveries { endpoint, undelivered_only, payment_no, .. } = command;
    let (merchant_id, name) = (&endpoint.merchant_id, &endpoint.name);
    format!("webhook deliveries 1\n{merchant_id}\n{name}\n{undelivered_only}\n{payment_no:?}")
}

/// A token for the page that begins after an entry of this time and name.
pub(super) fn write_timed(filters: &str, (time, name): &(OffsetDateTime, impl Display)) -> String {
    write(filters, &format!("{}.{name}", time.unix_timestamp_nanos()))
}

/// The time and name in a token that was written for the same filters.
pub(super) fn read_timed<T, E>(
    filters: &str,
    token: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<(OffsetDateTime, T), &'static str> {
    let place = opened(filters, token)?;
    let (time, name) = place.split_once('.').ok_or(RULE)?;
    let time = time.parse().map_err(|_| RULE)?;
    let time = OffsetDateTime::from_unix_timestamp_nanos(time).map_err(|_| RULE)?;
    Ok((time, parse(name).map_err(|_| RULE)?))
}

/// A token for the page that begins after `place`.
fn write(filters: &str, place: &str) -> String {
    let mut token = digest(filters, place).to_vec();
    token.extend_from_slice(place.as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// The place in a token that was written for the same filters.
fn opened(filters: &str, token: &str) -> Result<String, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| RULE)?;
    let (presented, place) = bytes.split_at_checked(DIGEST_BYTES).ok_or(RULE)?;
    let place = std::str::from_utf8(place).map_err(|_| RULE)?;
    if presented == digest(filters, place) { Ok(place.to_owned()) } else { Err(RULE) }
}

fn digest(filters: &str, place: &str) -> [u8; DIGEST_BYTES] {
    let mut digest = [0; DIGEST_BYTES];
    for (to, from) in digest.iter_mut().zip(Sha256::digest(format!("{filters}\n{place}"))) {
        *to = from;
    }
    digest
}
