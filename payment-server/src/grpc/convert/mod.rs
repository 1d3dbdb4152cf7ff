//! Between the contract's messages and the use cases' types. Requests are read with all their violations at once;
//! answers are written by exhaustive match.

mod api_key;
mod case;
mod event;
mod explanation;
mod fields;
mod json;
mod notification;
mod operator;
mod options;
mod order;
mod page_token;
mod payment;
mod refund;
mod request;
#[cfg(test)]
mod tests;
mod time;
mod webhook;

pub(crate) use api_key::{api_key, api_key_to_revoke, create_api_key, key_holder, listed_api_keys};
pub(crate) use case::{case, list_cases, next_case_page_token, reject_or_approve, resolve_case};
pub(crate) use event::{event, followed, list_events, stream_events};
pub(crate) use explanation::{Shown, explain_payment, explained};
pub(crate) use notification::{MAX_HEADER_BYTES, Notification, notification, notification_reply};
pub(crate) use operator::{
    case_id, channel_health, health_window, job, job_named, job_run, list_notifications,
    next_notification_page_token, notification_id, postpone_refund, reason, stored_notification,
};
pub(crate) use order::order;
pub(crate) use page_token::{
    event_cursor, next_delivery_page_token, next_event_page_token, next_page_token, next_refund_page_token,
};
pub(crate) use payment::{channel_contact, payment, payment_data};
pub(crate) use refund::{create_refund, list_refunds, refund, refund_no};
pub(crate) use request::{confirm_payment, create_payment, list_payments, order_no, payment_no};
pub(crate) use time::timestamp;
pub(crate) use webhook::{
    endpoint_id, list_webhook_deliveries, merchant_in_sight, replay_webhook_events, webhook_delivery,
    webhook_endpoint,
};
