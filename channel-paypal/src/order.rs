//! Readers of orders, captures and authorizations. Pure: bytes in, findings out.
//!
//! An order's COMPLETED says that its intent was carried out, not that money came: only a capture's own COMPLETED does
//! (F37). Fields are optional wherever PayPal leaves them out in some state (F48); what a finding cannot do without and
//! is missing makes the whole answer unreadable.

use payment_core::{
    gateway::{Finding, PaidFinding, Reason},
    identifiers::{ChannelTransactionNo, Payee},
    money::Money,
    payment::Failure,
};
use serde::Deserialize;
use time::OffsetDateTime;

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
    #[serde(other)]
    Unlisted,
}

/// An order, as reads and writes answer it. The payer is not read: nobody here needs to know.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: ResourceId,
    pub(crate) status: OrderStatus,
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
        if self.is_paid() { self.paid(None).map(Finding::Paid) } else { Ok(Finding::AwaitingPayer) }
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
            OrderStatus::Approved => Ok(Finding::Approved),
            OrderStatus::Completed => self.completed(),
            OrderStatus::Voided => Ok(Finding::Closed),
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
        let Payments { captures, authorizations, .. } = &self.unit()?.payments;
        let declined =
            |capture: &Capture| matches!(capture.status, CaptureStatus::Declined | CaptureStatus::Failed);
        let all = |status: AuthorizationStatus| {
            !authorizations.is_empty() && authorizations.iter().all(|one| one.status == status)
        };
        if authorizations.is_empty() {
            return Ok(match captures.last() {
                Some(last) if captures.iter().all(declined) => Finding::Failed(last.failure()),
                Some(_) | None => Finding::AwaitingPayer,
            });
        }
        if captures.iter().any(|capture| !declined(capture)) {
            return Ok(Finding::AwaitingPayer);
        }
        Ok(if authorizations.iter().any(|one| one.status == AuthorizationStatus::Created) {
            Finding::Approved
        } else if all(AuthorizationStatus::Voided) {
            Finding::Closed
        } else if all(AuthorizationStatus::Denied) {
            let channel_code = "AUTHORIZATION_DENIED".to_owned();
            Finding::Failed(Failure { reason: Reason::PayerAccountUnusable, channel_code })
        } else {
            Finding::AwaitingPayer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn capture(status: &str) -> Value {
        json!({"id": "7AB1", "status": status, "amount": {"currency_code": "EUR", "value": "24.90"},
            "create_time": "2027-01-05T11:00:00Z", "update_time": "2027-01-05T11:30:00Z"})
    }

    fn order(status: &str, payments: Value) -> Value {
        json!({"id": "4TX1", "status": status, "purchase_units": [{"custom_id": "P1",
            "payee": {"merchant_id": "ABCDEFGH23456"}, "payments": payments}]})
    }

    fn finding(order: Value) -> Result<Finding, Unreadable> {
        serde_json::from_value::<Order>(order).expect("an order").finding()
    }

    #[test]
    fn pitfall_21_each_order_status_known_or_new_has_its_finding() {
        let table = [
            ("CREATED", Finding::AwaitingPayer),
            ("SAVED", Finding::AwaitingPayer),
            ("PAYER_ACTION_REQUIRED", Finding::AwaitingPayer),
            ("APPROVED", Finding::Approved),
            ("VOIDED", Finding::Closed),
            ("COMPLETED", Finding::AwaitingPayer),
            ("INVENTED_LATER", Finding::AwaitingPayer),
        ];
        for (status, expected) in table {
            assert_eq!(finding(order(status, json!({}))), Ok(expected), "{status}");
        }
    }

    #[test]
    fn f37_pitfall_01_a_completed_order_is_paid_by_a_completed_capture_only() {
        for status in ["PENDING", "INVENTED_LATER"] {
            let pending = order("COMPLETED", json!({"captures": [capture(status)]}));
            assert_eq!(finding(pending), Ok(Finding::AwaitingPayer), "{status}");
        }
        for status in ["COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"] {
            let Ok(Finding::Paid(paid)) = finding(order("COMPLETED", json!({"captures": [capture(status)]})))
            else {
                panic!("{status}")
            };
            assert_eq!((paid.transaction_no.as_str(), paid.payee.as_str()), ("7AB1", "ABCDEFGH23456"));
            assert_eq!(paid.amount.minor_units(), 2490);
        }
    }

    #[test]
    fn f37_a_declined_capture_ends_a_completed_order_and_no_other() {
        for (status, code) in [("DECLINED", "CAPTURE_DECLINED"), ("FAILED", "CAPTURE_FAILED")] {
            let captures = json!({"captures": [capture(status)]});
            let Ok(Finding::Failed(failure)) = finding(order("COMPLETED", captures.clone())) else {
                panic!("{status}")
            };
            assert_eq!((failure.reason, failure.channel_code.as_str()), (Reason::PayerAccountUnusable, code));
            assert_eq!(finding(order("APPROVED", captures)), Ok(Finding::Approved));
        }
        let mut risky = capture("DECLINED");
        risky["status_details"] = json!({"reason": "DECLINED_BY_RISK_FRAUD_FILTERS"});
        let risky = finding(order("COMPLETED", json!({"captures": [risky]})));
        assert!(
            matches!(risky, Ok(Finding::Failed(failure)) if failure.reason == Reason::ForbiddenByChannel)
        );
    }

    #[test]
    fn f05_money_that_came_outlives_every_later_word() {
        for status in ["COMPLETED", "VOIDED", "CREATED", "INVENTED_LATER"] {
            let captures = json!({"captures": [capture("DECLINED"), capture("COMPLETED")]});
            assert!(matches!(finding(order(status, captures)), Ok(Finding::Paid(_))), "{status}");
        }
    }

    #[test]
    fn captures_are_told_as_their_sum() {
        let Ok(Finding::Paid(paid)) =
            finding(order("COMPLETED", json!({"captures": [capture("COMPLETED"), capture("COMPLETED")]})))
        else {
            panic!("paid")
        };
        assert_eq!(paid.amount.minor_units(), 4980);
    }

    #[test]
    fn held_money_is_approved_and_let_go_money_is_closed() {
        let held = |statuses: &[&str]| {
            let all: Vec<_> = statuses.iter().map(|status| json!({"id": "0AW1", "status": status})).collect();
            finding(order("COMPLETED", json!({"authorizations": all})))
        };
        assert_eq!(held(&["CREATED"]), Ok(Finding::Approved));
        assert_eq!(held(&["VOIDED", "CREATED"]), Ok(Finding::Approved));
        assert_eq!(held(&["PENDING"]), Ok(Finding::AwaitingPayer));
        assert_eq!(held(&["EXPIRED"]), Ok(Finding::AwaitingPayer));
        assert_eq!(held(&["VOIDED"]), Ok(Finding::Closed));
        assert!(matches!(held(&["DENIED"]), Ok(Finding::Failed(_))));
        let pending = json!({"authorizations": [{"id": "0AW1", "status": "CAPTURED"}], "captures": [capture("PENDING")]});
        assert_eq!(finding(order("COMPLETED", pending)), Ok(Finding::AwaitingPayer));
    }

    #[test]
    fn f48_a_success_without_its_figures_is_unreadable_and_not_guessed() {
        let mut no_amount = capture("COMPLETED");
        no_amount.as_object_mut().expect("an object").remove("amount");
        assert!(finding(order("COMPLETED", json!({"captures": [no_amount]}))).is_err());
        let mut odd = capture("COMPLETED");
        odd["amount"] = json!({"currency_code": "JPY", "value": "24.90"});
        assert!(finding(order("COMPLETED", json!({"captures": [odd]}))).is_err());
        let mut no_payee = order("COMPLETED", json!({"captures": [capture("COMPLETED")]}));
        no_payee["purchase_units"][0].as_object_mut().expect("an object").remove("payee");
        assert!(finding(no_payee).is_err());
        assert!(finding(json!({"id": "4TX1", "status": "COMPLETED"})).is_err());
        assert_eq!(finding(json!({"id": "4TX1", "status": "CREATED"})), Ok(Finding::AwaitingPayer));
    }

    #[test]
    fn pitfall_20_orders_of_several_units_are_not_ours() {
        let mut several = order("COMPLETED", json!({"captures": [capture("COMPLETED")]}));
        let unit = several["purchase_units"][0].clone();
        several["purchase_units"] = json!([unit, unit]);
        assert!(finding(several).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in r#"\{"id":"[A-Z]{0,3}","status":"(COMPLETED|APPROVED|x)","purchase_units":.{0,60}\}?"#) {
            if let Ok(order) = serde_json::from_str::<Order>(&text) {
                let _ = order.finding();
            }
        }
    }
}
