//! The operations of the API and the paths that lead to them.

use serde::{Deserialize, Serialize};

use super::error::Api;

/// One operation of the API; faults name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /v1/oauth2/token`
    Token,
    /// `POST /v2/checkout/orders`
    CreateOrder,
    /// `GET /v2/checkout/orders/{id}`
    ShowOrder,
    /// `PATCH /v2/checkout/orders/{id}`
    PatchOrder,
    /// `POST /v2/checkout/orders/{id}/capture`
    CaptureOrder,
    /// `POST /v2/checkout/orders/{id}/authorize`
    AuthorizeOrder,
    /// `GET /v2/payments/captures/{id}`
    ShowCapture,
    /// `POST /v2/payments/captures/{id}/refund`
    RefundCapture,
    /// `GET /v2/payments/authorizations/{id}`
    ShowAuthorization,
    /// `POST /v2/payments/authorizations/{id}/capture`
    CaptureAuthorization,
    /// `POST /v2/payments/authorizations/{id}/void`
    VoidAuthorization,
    /// `GET /v2/payments/refunds/{id}`
    ShowRefund,
    /// `POST /v1/notifications/verify-webhook-signature`
    VerifyWebhook,
    /// `GET /v1/notifications/certs/{name}`
    Certificate,
    /// `/v1/notifications/webhooks` and what is below, and `GET /v1/notifications/webhooks-event-types`
    Webhooks,
    /// `/v1/notifications/webhooks-events` and what is below
    WebhookEvents,
    /// `GET /v1/reporting/transactions` and `.../balances`
    Reporting,
    /// `GET /v1/customer/disputes` and what is below
    Disputes,
}

impl Operation {
    /// Whose words its refusals use.
    pub(super) const fn api(self) -> Api {
        match self {
            Self::Token
            | Self::CreateOrder
            | Self::ShowOrder
            | Self::PatchOrder
            | Self::CaptureOrder
            | Self::AuthorizeOrder
            | Self::VerifyWebhook
            | Self::Certificate
            | Self::Webhooks
            | Self::WebhookEvents
            | Self::Reporting
            | Self::Disputes => Api::Orders,
            Self::ShowCapture
            | Self::RefundCapture
            | Self::ShowAuthorization
            | Self::CaptureAuthorization
            | Self::VoidAuthorization
            | Self::ShowRefund => Api::Payments,
        }
    }

    /// Whether `PayPal-Request-Id` makes it idempotent.
    pub(super) const fn takes_request_id(self) -> bool {
        match self {
            Self::CreateOrder
            | Self::CaptureOrder
            | Self::AuthorizeOrder
            | Self::RefundCapture
            | Self::CaptureAuthorization
            | Self::VoidAuthorization => true,
            Self::Token
            | Self::ShowOrder
            | Self::PatchOrder
            | Self::ShowCapture
            | Self::ShowAuthorization
            | Self::ShowRefund
            | Self::VerifyWebhook
            | Self::Certificate
            | Self::Webhooks
            | Self::WebhookEvents
            | Self::Reporting
            | Self::Disputes => false,
        }
    }
}

/// A request's operation and the id in its path, empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) id: String,
}

impl Route {
    /// The route of a method and a path without its query.
    pub(super) fn find(method: &str, path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if let Some((operation, below)) = office(&segments) {
            return Some(Self { operation, id: below.join("/") });
        }
        let (operation, id) = match (method, segments.as_slice()) {
            ("POST", ["v1", "oauth2", "token"]) => (Operation::Token, ""),
            ("POST", ["v2", "checkout", "orders"]) => (Operation::CreateOrder, ""),
            ("GET", ["v2", "checkout", "orders", id]) => (Operation::ShowOrder, *id),
            ("PATCH", ["v2", "checkout", "orders", id]) => (Operation::PatchOrder, *id),
            ("POST", ["v2", "checkout", "orders", id, "capture"]) => (Operation::CaptureOrder, *id),
            ("POST", ["v2", "checkout", "orders", id, "authorize"]) => (Operation::AuthorizeOrder, *id),
            ("GET", ["v2", "payments", "captures", id]) => (Operation::ShowCapture, *id),
            ("POST", ["v2", "payments", "captures", id, "refund"]) => (Operation::RefundCapture, *id),
            ("GET", ["v2", "payments", "authorizations", id]) => (Operation::ShowAuthorization, *id),
            ("POST", ["v2", "payments", "authorizations", id, "capture"]) => {
                (Operation::CaptureAuthorization, *id)
            }
            ("POST", ["v2", "payments", "authorizations", id, "void"]) => (Operation::VoidAuthorization, *id),
            ("GET", ["v2", "payments", "refunds", id]) => (Operation::ShowRefund, *id),
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => (Operation::VerifyWebhook, ""),
            ("GET", ["v1", "notifications", "certs", name]) => (Operation::Certificate, *name),
            _ => return None,
        };
        Some(Self { operation, id: id.to_owned() })
    }
}

/// The desk of the back office that a path leads to, and what follows: nothing, too, where a desk's own path ends with a slash, as
/// in some of PayPal's links.
fn office<'a>(segments: &'a [&'a str]) -> Option<(Operation, &'a [&'a str])> {
    match segments {
        ["v1", "notifications", "webhooks", below @ ..] => Some((Operation::Webhooks, below)),
        ["v1", "notifications", "webhooks-event-types"] => {
            Some((Operation::Webhooks, segments.get(2..).unwrap_or_default()))
        }
        ["v1", "notifications", "webhooks-events", below @ ..] => Some((Operation::WebhookEvents, below)),
        ["v1", "reporting", below @ ..] => Some((Operation::Reporting, below)),
        ["v1", "customer", "disputes", below @ ..] => Some((Operation::Disputes, below)),
        _ => None,
    }
}
