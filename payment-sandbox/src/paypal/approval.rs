//! What the buyer does on PayPal's page: approves with some source of money, or goes back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::identifiers;
use super::order::{Order, OrderStatus};
use super::webhook::{self, EventType};
use super::world::{Preference, Settings, World};

/// The source of money that the buyer chose; it decides what capture brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Funding {
    /// Money that is there: the capture completes.
    Balance,
    /// A capture that stays `PENDING` until it is settled.
    Pending {
        /// `ECHECK`, `PENDING_REVIEW`, `RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION` and so on.
        reason: String,
    },
    /// A source that refuses: capture answers 422 `INSTRUMENT_DECLINED`, and the buyer must come back.
    Refused,
    /// Capture answers with success, and the capture in it is `DECLINED`.
    DeclinedCapture,
}

impl Funding {
    /// A payment from the buyer's bank account, which takes days.
    pub fn echeck() -> Self {
        Self::Pending { reason: "ECHECK".to_owned() }
    }

    /// A payment that PayPal looks at by hand.
    pub fn review() -> Self {
        Self::Pending { reason: "PENDING_REVIEW".to_owned() }
    }
}

/// How the buyer approves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveOptions {
    /// Where the money comes from.
    pub funding: Funding,
    /// The buyer's first name.
    #[serde(default = "given_name")]
    pub given_name: String,
    /// The buyer's address.
    #[serde(default = "email_address")]
    pub email_address: String,
}

fn given_name() -> String {
    // Beyond ASCII, as real names are.
    "Zoë".to_owned()
}

/// The usual payer's address.
pub(crate) const PAYER_ADDRESS: &str = "buyer@example.com";

fn email_address() -> String {
    PAYER_ADDRESS.to_owned()
}

impl ApproveOptions {
    /// The usual buyer with this source of money.
    pub fn with(funding: Funding) -> Self {
        Self { funding, given_name: given_name(), email_address: email_address() }
    }
}

/// The buyer as orders show them.
#[derive(Clone)]
pub(super) struct Payer {
    pub(super) account_id: String,
    given_name: String,
    email_address: String,
}

impl Payer {
    fn new(options: &ApproveOptions) -> Self {
        Self {
            account_id: identifiers::payer_id(),
            given_name: options.given_name.clone(),
            email_address: options.email_address.clone(),
        }
    }

    fn name(&self) -> Value {
        json!({"given_name": self.given_name, "surname": "Example"})
    }

    /// `payer`
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name(), "email_address": self.email_address,
            "payer_id": self.account_id, "address": {"country_code": "DE"},
        })
    }

    /// `payment_source.paypal`
    pub(super) fn payment_source(&self) -> Value {
        json!({
            "email_address": self.email_address, "account_id": self.account_id, "account_status": "VERIFIED",
            "name": self.name(), "address": {"country_code": "DE"},
        })
    }
}

/// Why nobody can approve or cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefused {
    /// Unknown, or vanished after its time.
    #[error("there is no such order, or its time has passed")]
    UnknownOrder,
    /// It is paid or voided.
    #[error("the order is {0:?} already")]
    Finished(OrderStatus),
}

/// The buyer approves. A second approval chooses another source of money; only the first one, and the first one after
/// a refusal, is announced. Returns where the buyer's browser goes.
pub(super) fn approve(
    world: &mut World,
    id: &str,
    options: &ApproveOptions,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<Option<String>, ApprovalRefused> {
    let order = open_order(world, id, now)?;
    let news = order.status != OrderStatus::Approved;
    let payer = order.payer.take().unwrap_or_else(|| Payer::new(options));
    let back = order
        .context_text("return_url")
        .and_then(|url| returning(url, &[("token", id), ("PayerID", &payer.account_id)]));
    order.payer = Some(payer);
    order.funding = Some(options.funding.clone());
    order.status = OrderStatus::Approved;
    order.updated_at = now;
    order.expires_at = now + settings.order_lifetime;
    let client_id = order.client_id.clone();
    if news && let Some(order) = world.orders.get(id) {
        let resource = order.view(world, &settings.base_url, Preference::Representation);
        let references = world.references(id);
        webhook::announce(world, &client_id, EventType::OrderApproved, resource, references, now);
    }
    Ok(back)
}

/// The buyer goes back to the shop. The order stays as it is, and its link goes on leading to it.
pub(super) fn cancel(
    world: &mut World,
    id: &str,
    now: OffsetDateTime,
) -> Result<Option<String>, ApprovalRefused> {
    let order = open_order(world, id, now)?;
    order.cancellations += 1;
    Ok(order.context_text("cancel_url").and_then(|url| returning(url, &[("token", id)])))
}

fn open_order<'a>(
    world: &'a mut World,
    id: &str,
    now: OffsetDateTime,
) -> Result<&'a mut Order, ApprovalRefused> {
    let order = world.orders.get_mut(id).filter(|order| !order.is_expired(now));
    let order = order.ok_or(ApprovalRefused::UnknownOrder)?;
    if order.status.is_open() { Ok(order) } else { Err(ApprovalRefused::Finished(order.status)) }
}

/// The merchant's address with PayPal's parameters after its own.
fn returning(address: &str, parameters: &[(&str, &str)]) -> Option<String> {
    let mut url = url::Url::parse(address).ok()?;
    url.query_pairs_mut().extend_pairs(parameters);
    Some(url.into())
}
