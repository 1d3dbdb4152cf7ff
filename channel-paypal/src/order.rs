//! Readers of orders, captures and authorizations. Pure: bytes in, findings out.
//!
//! An order's COMPLETED says that its intent was carried out, not that money came: only a capture's own COMPLETED does
//! (F37). Fields are optional wherever PayPal leaves them out in some state (F48); what a finding cannot do without and
//! is missing makes the whole answer unreadable.

#[cfg(test)]
mod tests;

use payment_core::{
    gateway::{Approval, Finding, HeldFinding, PaidFinding, Reason},
    identifiers::{ChannelHoldNo, ChannelTransactionNo, Payee},
    money::Money,
    payment::Failure,
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    currency::WireMoney,
    handle::ResourceId,
    refund::Refund,
    response::{Link, Unreadable, lenient_time, unreadable, up_link},
};

/// Where an order is. The set is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OrderStatus {
    Created,
    Saved,
    PayerActionRequired,
    Approved,
    Completed,
    Voided,
    #[serde(other)]
    Unlisted,
}

/// Where a capture is. The set is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum CaptureStatus {
    Completed,
    PartiallyRefunded,
    Refunded,
    Pending,
    Declined,
    Failed,
    #[serde(other)]
    Unlisted,
}

/// Where an authorization is. The set is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuthorizationStatus {
    Created,
    PartiallyCaptured,
    Captured,
    Pending,
    Denied,
    Voided,
    Expired,
    #[serde(other)]
    Unlisted,
}

/// What an order was created for. The set is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum OrderIntent {
    Capture,
    Authorize,
    #[serde(other)]
    Unlisted,
}

/// How long PayPal stands in for held money.
pub(crate) const HONOUR: Duration = Duration::days(3);

/// How long PayPal holds money at most. An authorization says itself when it ends.
pub(crate) const VALIDITY: Duration = Duration::days(29);

/// An order, as reads and writes answer it. The payer is not read: nobody here needs to know.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: ResourceId,
    pub(crate) status: OrderStatus,
    intent: Option<OrderIntent>,
    #[serde(default)]
    purchase_units: Vec<Unit>,
    #[serde(default)]
    pub(crate) links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Unit {
    custom_id: Option<String>,
    payee: Option<PayeeBody>,
    #[serde(default)]
    payments: Payments,
}

#[derive(Debug, Default, Deserialize)]
struct Payments {
    #[serde(default)]
    captures: Vec<Capture>,
    #[serde(default)]
    authorizations: Vec<Authorization>,
    #[serde(default)]
    refunds: Vec<Refund>,
}

#[derive(Debug, Deserialize)]
struct PayeeBody {
    merchant_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct SupplementaryData {
    #[serde(default)]
    related_ids: RelatedIds,
}

#[derive(Debug, Default, Deserialize)]
struct RelatedIds {
    order_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StatusDetails {
    reason: Option<String>,
}

/// Money that was taken, or was tried to be taken.
#[derive(Debug, Deserialize)]
pub(crate) struct Capture {
    pub(crate) id: ResourceId,
    status: CaptureStatus,
    status_details: Option<StatusDetails>,
    amount: Option<WireMoney>,
    pub(crate) custom_id: Option<String>,
    payee: Option<PayeeBody>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(crate) create_time: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient_time")]
    update_time: Option<OffsetDateTime>,
    #[serde(default)]
    supplementary_data: SupplementaryData,
    #[serde(default)]
    links: Vec<Link>,
}

/// Money that is held.
#[derive(Debug, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) id: ResourceId,
    pub(crate) status: AuthorizationStatus,
    amount: Option<WireMoney>,
    payee: Option<PayeeBody>,
    #[serde(default, deserialize_with = "lenient_time")]
    create_time: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient_time")]
    expiration_time: Option<OffsetDateTime>,
    #[serde(default)]
    supplementary_data: SupplementaryData,
    #[serde(default)]
    links: Vec<Link>,
}

const ORDERS: &str = "/v2/checkout/orders/";

fn related_order(related: &SupplementaryData, links: &[Link]) -> Option<ResourceId> {
    let named = related.related_ids.order_id.as_deref().and_then(ResourceId::parse);
    named.or_else(|| up_link(links, ORDERS))
}

impl Capture {
    /// The order that it is of, where PayPal tells.
    pub(crate) fn order_id(&self) -> Option<ResourceId> {
        related_order(&self.supplementary_data, &self.links)
    }

    /// A refund began after money had come, so a refunded capture was paid.
    pub(crate) const fn is_paid(&self) -> bool {
        matches!(
            self.status,
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded | CaptureStatus::Refunded
        )
    }

    /// What it says by itself. Whether a decline ends the payment, only its order tells.
    pub(crate) fn finding(&self) -> Result<Finding, Unreadable> {
        match self.status {
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded | CaptureStatus::Refunded => {
                self.paid(None).map(Finding::Paid)
            }
            CaptureStatus::Pending | CaptureStatus::Unlisted => Ok(Finding::Pending),
            CaptureStatus::Declined | CaptureStatus::Failed => Ok(Finding::AwaitingPayer),
        }
    }

    fn amount(&self) -> Result<Money, Unreadable> {
        self.amount.as_ref().and_then(WireMoney::read).ok_or_else(|| unreadable("capture.amount"))
    }

    fn paid(&self, unit_payee: Option<&PayeeBody>) -> Result<PaidFinding, Unreadable> {
        let payee = self.payee.as_ref().or(unit_payee).and_then(|payee| payee.merchant_id.clone());
        let payee = payee.and_then(|payee| Payee::parse(payee).ok());
        let settled = (self.status == CaptureStatus::Completed).then_some(self.update_time).flatten();
        Ok(PaidFinding {
            transaction_no: ChannelTransactionNo::parse(self.id.as_str())
                .map_err(|_| unreadable("capture.id"))?,
            amount: self.amount()?,
            payee: payee.ok_or_else(|| unreadable("payee.merchant_id"))?,
            paid_time: settled.or(self.create_time),
        })
    }

    fn failure(&self) -> Failure {
        let reason =
            self.status_details.as_ref().and_then(|details| details.reason.as_deref()).unwrap_or_default();
        let by_risk = reason == "DECLINED_BY_RISK_FRAUD_FILTERS";
        let status = if self.status == CaptureStatus::Failed { "CAPTURE_FAILED" } else { "CAPTURE_DECLINED" };
        Failure {
            reason: if by_risk { Reason::ForbiddenByChannel } else { Reason::PayerAccountUnusable },
            channel_code: status.to_owned(),
        }
    }
}

impl Authorization {
    /// The order that it is of, where PayPal tells.
    pub(crate) fn order_id(&self) -> Option<ResourceId> {
        related_order(&self.supplementary_data, &self.links)
    }

    /// The figures of held money. What it says of its end goes before what PayPal's documents say.
    fn held(&self, unit_payee: Option<&PayeeBody>) -> Result<HeldFinding, Unreadable> {
        let payee = self.payee.as_ref().or(unit_payee).and_then(|payee| payee.merchant_id.clone());
        let payee = payee.and_then(|payee| Payee::parse(payee).ok());
        let began = self.create_time.or_else(|| self.expiration_time.map(|end| end - VALIDITY));
        let began = began.ok_or_else(|| unreadable("authorization.create_time"))?;
        let amount = self.amount.as_ref().and_then(WireMoney::read);
        Ok(HeldFinding {
            hold_no: ChannelHoldNo::parse(self.id.as_str()).map_err(|_| unreadable("authorization.id"))?,
            amount: amount.ok_or_else(|| unreadable("authorization.amount"))?,
            payee: payee.ok_or_else(|| unreadable("payee.merchant_id"))?,
            hold_time: Some(began),
            honour_end_time: began + HONOUR,
            expire_time: self.expiration_time.unwrap_or(began + VALIDITY),
        })
    }
}

impl Order {
    /// The one purchase unit of orders that this service makes. In others each unit would have to be looked at.
    fn unit(&self) -> Result<&Unit, Unreadable> {
        match self.purchase_units.as_slice() {
            [unit] => Ok(unit),
            [] => Err(unreadable("purchase_units")),
            _ => Err(Unreadable(
                "an order of several purchase units, which this service does not make".to_owned(),
            )),
        }
    }

    /// Our number of the payment, which may be missing from a minimal answer and from foreign orders.
    pub(crate) fn payment_no(&self) -> Result<Option<&str>, Unreadable> {
        let unit = self.unit()?;
        let of_capture = || unit.payments.captures.iter().find_map(|capture| capture.custom_id.as_deref());
        Ok(unit.custom_id.as_deref().or_else(of_capture))
    }

    /// The authorization that can still be captured or voided.
    pub(crate) fn open_authorization(&self) -> Result<Option<&Authorization>, Unreadable> {
        let is_open = |authorization: &&Authorization| match authorization.status {
            AuthorizationStatus::Created | AuthorizationStatus::Pending => true,
            AuthorizationStatus::PartiallyCaptured
            | AuthorizationStatus::Captured
            | AuthorizationStatus::Denied
            | AuthorizationStatus::Voided
            | AuthorizationStatus::Expired
            | AuthorizationStatus::Unlisted => false,
        };
        Ok(self.unit()?.payments.authorizations.iter().find(is_open))
    }

    /// The refund of this number.
    pub(crate) fn refund(&self, is_ours: impl Fn(&Refund) -> bool) -> Result<Option<&Refund>, Unreadable> {
        Ok(self.unit()?.payments.refunds.iter().find(|refund| is_ours(refund)))
    }

    /// What it says.
    pub(crate) fn finding(&self) -> Result<Finding, Unreadable> {
        if let Some(paid) = self.paid()? {
            return Ok(Finding::Paid(paid));
        }
        match self.status {
            OrderStatus::Created
            | OrderStatus::Saved
            | OrderStatus::PayerActionRequired
            | OrderStatus::Unlisted => Ok(Finding::AwaitingPayer),
            OrderStatus::Approved => self.approval().map(Finding::Approved),
            OrderStatus::Completed => self.completed(),
            OrderStatus::Voided => Ok(Finding::Closed),
        }
    }

    /// What the payer approved. Money that may only be held must not be taken, so nothing is guessed.
    fn approval(&self) -> Result<Approval, Unreadable> {
        match self.intent {
            Some(OrderIntent::Capture) => Ok(Approval::Capture),
            Some(OrderIntent::Authorize) => Ok(Approval::Hold),
            Some(OrderIntent::Unlisted) | None => Err(unreadable("intent")),
        }
    }

    /// Money came if any capture says so, whatever the order says. Several captures are told as their sum, which the
    /// core compares with what was asked for.
    fn paid(&self) -> Result<Option<PaidFinding>, Unreadable> {
        let Ok(unit) = self.unit() else { return self.no_unit() };
        let mut captures = unit.payments.captures.iter().filter(|capture| capture.is_paid());
        let Some(first) = captures.next() else { return Ok(None) };
        let mut paid = first.paid(unit.payee.as_ref())?;
        for further in captures {
            let sum = paid.amount.checked_add(further.amount()?);
            paid.amount = sum.map_err(|error| Unreadable(format!("captures: {error}")))?;
        }
        Ok(Some(paid))
    }

    /// A create's minimal answer has no units and no money either; a completed order without them is unreadable.
    fn no_unit(&self) -> Result<Option<PaidFinding>, Unreadable> {
        let bare = self.purchase_units.is_empty() && self.status != OrderStatus::Completed;
        if bare { Ok(None) } else { self.unit().map(|_| None) }
    }

    /// Carried out, and no money came: pending, held, let go, or declined for good. An order is captured once only, so
    /// a declined capture of a completed order stays the last word.
    fn completed(&self) -> Result<Finding, Unreadable> {
        let unit = self.unit()?;
        let Payments { captures, authorizations, .. } = &unit.payments;
        let declined =
            |capture: &Capture| matches!(capture.status, CaptureStatus::Declined | CaptureStatus::Failed);
        if captures.iter().any(|capture| !declined(capture)) {
            return Ok(Finding::Pending);
        }
        match (captures.last(), authorizations.is_empty()) {
            (Some(last), true) => Ok(Finding::Failed(last.failure())),
            (None, true) => Ok(Finding::Pending),
            (Some(last), false) if is_used_up(authorizations) => Ok(Finding::Failed(last.failure())),
            (_, false) => held_or_over(authorizations, unit.payee.as_ref()),
        }
    }
}

/// Whether a capture took what was held, so that nothing is left which another one could take.
fn is_used_up(authorizations: &[Authorization]) -> bool {
    let is_over = |authorization: &Authorization| match authorization.status {
        AuthorizationStatus::Captured
        | AuthorizationStatus::Denied
        | AuthorizationStatus::Voided
        | AuthorizationStatus::Expired => true,
        AuthorizationStatus::Created
        | AuthorizationStatus::Pending
        | AuthorizationStatus::PartiallyCaptured
        | AuthorizationStatus::Unlisted => false,
    };
    let captured = |authorization: &Authorization| authorization.status == AuthorizationStatus::Captured;
    authorizations.iter().all(is_over) && authorizations.iter().any(captured)
}

/// Authorizations of which nothing was captured.
fn held_or_over(
    authorizations: &[Authorization],
    unit_payee: Option<&PayeeBody>,
) -> Result<Finding, Unreadable> {
    use AuthorizationStatus as S;
    if let Some(held) = authorizations.iter().rfind(|one| one.status == S::Created) {
        return held.held(unit_payee).map(Finding::Held);
    }
    let all = |over: &[S]| authorizations.iter().all(|one| over.contains(&one.status));
    Ok(if all(&[S::Voided, S::Expired]) {
        Finding::Closed
    } else if all(&[S::Denied]) {
        let channel_code = "AUTHORIZATION_DENIED".to_owned();
        Finding::Failed(Failure { reason: Reason::PayerAccountUnusable, channel_code })
    } else {
        Finding::Pending
    })
}
