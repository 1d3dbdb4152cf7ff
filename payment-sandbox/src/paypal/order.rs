//! An order: its states, its time, and how it is shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::approval::{Funding, Payer};
use super::error::link;
use super::fault::replace_field;
use super::identifiers::api_time;
use super::money::Money;
use super::operation::Operation;
use super::world::{Preference, World};

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Intent {
    /// Money moves at once.
    Capture,
    /// Money is held, and moves later.
    Authorize,
}

impl Intent {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Capture => "CAPTURE",
            Self::Authorize => "AUTHORIZE",
        }
    }

    /// The operation that carries it out.
    pub(super) const fn operation(self) -> Operation {
        match self {
            Self::Capture => Operation::CaptureOrder,
            Self::Authorize => Operation::AuthorizeOrder,
        }
    }

    const fn rel(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Authorize => "authorize",
        }
    }
}

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Made without a payment source; nobody approved it.
    Created,
    /// The buyer must act: for the first time, or after a refused funding source.
    PayerActionRequired,
    /// The buyer approved; no money moved.
    Approved,
    /// The intent was carried out. A capture of it may still be pending or declined.
    Completed,
    /// Every authorization of it was voided.
    Voided,
}

impl OrderStatus {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::PayerActionRequired => "PAYER_ACTION_REQUIRED",
            Self::Approved => "APPROVED",
            Self::Completed => "COMPLETED",
            Self::Voided => "VOIDED",
        }
    }

    /// Whether a buyer can approve it.
    pub(super) const fn is_open(self) -> bool {
        match self {
            Self::Created | Self::PayerActionRequired | Self::Approved => true,
            Self::Completed | Self::Voided => false,
        }
    }
}

/// The two ways of creating an order, which answer with other links and another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreateStyle {
    /// With `payment_source.paypal`.
    PaymentSource,
    /// Without, or with the older `application_context`.
    Plain,
}

/// One purchase unit.
pub(super) struct Unit {
    pub(super) reference_id: String,
    pub(super) amount: Money,
    /// The unit as it was sent, without `reference_id` and `payee`.
    pub(super) fields: Map<String, Value>,
    pub(super) captures: Vec<String>,
    pub(super) authorizations: Vec<String>,
}

impl Unit {
    /// A text field of the request.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

/// One order.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) intent: Intent,
    pub(super) status: OrderStatus,
    pub(super) style: CreateStyle,
    pub(super) units: Vec<Unit>,
    /// `experience_context`, or `application_context`.
    pub(super) context: Map<String, Value>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
    /// When it vanishes unless it is completed before.
    pub(super) expires_at: OffsetDateTime,
    pub(super) payer: Option<Payer>,
    pub(super) funding: Option<Funding>,
    pub(super) declines: u32,
    pub(super) cancellations: u32,
}

impl Order {
    /// Whether it has vanished. What is completed stays.
    pub(super) fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.status.is_open() && now >= self.expires_at
    }

    /// Where the buyer approves it.
    pub(super) fn approve_url(&self, base_url: &str) -> String {
        format!("{base_url}/checkoutnow?token={}", self.id)
    }

    /// An address of the merchant, from the experience context.
    pub(super) fn context_text(&self, name: &str) -> Option<&str> {
        self.context.get(name).and_then(Value::as_str)
    }

    fn links(&self, base_url: &str) -> Vec<Value> {
        let own = format!("{base_url}/v2/checkout/orders/{}", self.id);
        let mut links = vec![link(&own, "self", "GET")];
        let approve = self.approve_url(base_url);
        match (self.status, self.style) {
            (OrderStatus::PayerActionRequired, _) => links.push(link(&approve, "payer-action", "GET")),
            (OrderStatus::Created, _) => links.push(link(&approve, "approve", "GET")),
            (OrderStatus::Approved | OrderStatus::Completed | OrderStatus::Voided, _) => {}
        }
        if matches!(self.status, OrderStatus::Created | OrderStatus::Approved) {
            links.push(link(&own, "update", "PATCH"));
            links.push(link(&format!("{own}/{}", self.intent.rel()), self.intent.rel(), "POST"));
        }
        links
    }

    /// The answer of create and show.
    pub(super) fn view(&self, world: &World, base_url: &str, preference: Preference) -> Value {
        let mut view = json!({
            "id": self.id, "status": self.status.code(), "links": self.links(base_url),
        });
        let mut add = |name: &str, value: Value| replace_field(&mut view, &format!("/{name}"), &value);
        if self.style == CreateStyle::PaymentSource || self.payer.is_some() {
            let source = self.payer.as_ref().map_or_else(|| json!({}), Payer::payment_source);
            add("payment_source", json!({"paypal": source}));
        }
        if preference == Preference::Representation {
            add("intent", json!(self.intent.code()));
            add("create_time", json!(api_time(self.created_at)));
            add("update_time", json!(api_time(self.updated_at)));
            if let Some(payer) = &self.payer {
                add("payer", payer.json());
            }
            let units: Vec<Value> =
                self.units.iter().map(|unit| self.unit_view(world, unit, base_url)).collect();
            add("purchase_units", Value::Array(units));
        }
        view
    }

    /// The answer of capture and authorize: as of show, but the minimal one holds the payments too.
    pub(super) fn payment_view(&self, world: &World, base_url: &str, preference: Preference) -> Value {
        let mut view = self.view(world, base_url, preference);
        if preference == Preference::Minimal {
            let unit = |unit: &Unit| json!({"reference_id": unit.reference_id, "payments": payments(world, unit, base_url)});
            let units: Vec<Value> = self.units.iter().map(unit).collect();
            replace_field(&mut view, "/purchase_units", &Value::Array(units));
            if let Some(payer) = &self.payer {
                replace_field(&mut view, "/payer", &payer.json());
            }
        }
        view
    }

    fn unit_view(&self, world: &World, unit: &Unit, base_url: &str) -> Value {
        let mut view = Value::Object(unit.fields.clone());
        replace_field(&mut view, "/reference_id", &json!(unit.reference_id));
        replace_field(&mut view, "/amount/currency_code", &json!(unit.amount.currency_code));
        replace_field(&mut view, "/amount/value", &json!(unit.amount.value()));
        if let Some(merchant) = world.merchants.get(&self.client_id) {
            let payee = json!({"email_address": merchant.email_address, "merchant_id": merchant.merchant_id});
            replace_field(&mut view, "/payee", &payee);
        }
        if !unit.captures.is_empty() || !unit.authorizations.is_empty() {
            replace_field(&mut view, "/payments", &payments(world, unit, base_url));
        }
        view
    }
}

/// What has been paid for a unit: captures, authorizations and refunds, each only where there are any.
fn payments(world: &World, unit: &Unit, base_url: &str) -> Value {
    let captures: Vec<_> = unit.captures.iter().filter_map(|id| world.captures.get(id)).collect();
    let refunds = captures.iter().flat_map(|capture| &capture.refunds);
    let refunds: Vec<Value> = refunds
        .filter_map(|id| world.refunds.get(id))
        .map(|refund| refund.view(world, base_url, Preference::Representation))
        .collect();
    let authorizations = unit.authorizations.iter().filter_map(|id| world.authorizations.get(id));
    let authorizations: Vec<Value> = authorizations.map(|held| held.view(world, base_url)).collect();
    let captures: Vec<Value> = captures.iter().map(|capture| capture.view(world, base_url)).collect();
    let lists = [("captures", captures), ("authorizations", authorizations), ("refunds", refunds)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    Value::Object(lists.map(|(name, list)| (name.to_owned(), Value::Array(list))).collect())
}
