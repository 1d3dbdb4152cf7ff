//! The reader of refunds. Pure.

use payment_core::{
    gateway::{RefundFinding, RefundStatus},
    identifiers::{ChannelRefundNo, PaymentNo, RefundNo},
    money::Money,
};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::{
    currency::WireMoney,
    handle::ResourceId,
    response::{Link, Unreadable, lenient_time, unreadable, up_link},
};

/// Where a refund is. The set is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Pending,
    Completed,
    Failed,
    Cancelled,
    #[serde(other)]
    Unlisted,
}

/// What stands before PayPal's own number of a refund that we did not make.
const FOREIGN: &str = "PAYPAL-";

/// PayPal's number in the number of a refund that we did not make.
pub(crate) fn of_foreign_no(refund_no: &RefundNo) -> Option<ResourceId> {
    ResourceId::parse(refund_no.as_str().strip_prefix(FOREIGN)?)
}

/// A refund. A minimal answer has its id, status and links only.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refund {
    id: ResourceId,
    status: Status,
    amount: Option<WireMoney>,
    custom_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_time")]
    update_time: Option<OffsetDateTime>,
    #[serde(default)]
    links: Vec<Link>,
}

impl Refund {
    /// PayPal's number.
    pub(crate) fn id(&self) -> &ResourceId {
        &self.id
    }

    /// Our number of it. A refund made in PayPal's console has none, or repeats the payment's.
    pub(crate) fn custom_id(&self) -> Option<&str> {
        self.custom_id.as_deref()
    }

    /// The number under which a refund that we did not make is recorded: there is no other name of it.
    pub(crate) fn foreign_no(&self) -> Result<RefundNo, Unreadable> {
        RefundNo::parse(format!("{FOREIGN}{}", self.id.as_str())).map_err(|_| unreadable("refund.id"))
    }

    /// The capture that it is of.
    pub(crate) fn capture_id(&self) -> Option<ResourceId> {
        up_link(&self.links, "/v2/payments/captures/")
    }

    /// What is given back, where it says so.
    pub(crate) fn amount(&self) -> Result<Option<Money>, Unreadable> {
        let read = |amount: &WireMoney| amount.read().ok_or_else(|| unreadable("refund.amount"));
        self.amount.as_ref().map(read).transpose()
    }

    /// What it says about the refund `refund_no`.
    ///
    /// # Errors
    /// [`Unreadable`] if it names another refund, or an amount that cannot be read.
    pub(crate) fn finding(
        &self,
        refund_no: RefundNo,
        payment_no: PaymentNo,
    ) -> Result<RefundFinding, Unreadable> {
        let names_another = self.custom_id.as_deref().is_some_and(|named| named != refund_no.as_str());
        if names_another && self.foreign_no()? != refund_no {
            return Err(Unreadable("custom_id is another than was asked about".to_owned()));
        }
        let status = match self.status {
            // Funded from the seller's bank, which takes days.
            Status::Pending | Status::Unlisted => RefundStatus::Processing,
            Status::Completed => RefundStatus::Succeeded,
            Status::Failed | Status::Cancelled => RefundStatus::Dead,
        };
        Ok(RefundFinding {
            refund_no,
            payment_no,
            channel_refund_no: Some(
                ChannelRefundNo::parse(self.id.as_str()).map_err(|_| unreadable("refund.id"))?,
            ),
            amount: self.amount()?,
            status,
            refunded_time: (status == RefundStatus::Succeeded).then_some(self.update_time).flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finding(status: &str, custom_id: Option<&str>) -> Result<RefundFinding, Unreadable> {
        let refund = json!({"id": "1RF2", "status": status, "custom_id": custom_id,
            "amount": {"currency_code": "EUR", "value": "10.00"}, "update_time": "2027-01-05T04:00:00-08:00"});
        let refund: Refund = serde_json::from_value(refund).expect("a refund");
        let refund_no = RefundNo::parse("R-1").expect("a number");
        refund.finding(refund_no, PaymentNo::parse("P202701050000000000000000000000").expect("a number"))
    }

    #[test]
    fn each_status_has_its_finding() {
        let table = [
            ("PENDING", RefundStatus::Processing),
            ("COMPLETED", RefundStatus::Succeeded),
            ("FAILED", RefundStatus::Dead),
            ("CANCELLED", RefundStatus::Dead),
            ("INVENTED_LATER", RefundStatus::Processing),
        ];
        for (status, expected) in table {
            let found = finding(status, Some("R-1")).expect("a finding");
            assert_eq!((found.status, found.amount.map(|money| money.minor_units())), (expected, Some(1000)));
            assert_eq!(found.refunded_time.is_some(), expected == RefundStatus::Succeeded, "{status}");
        }
    }

    #[test]
    fn an_answer_about_another_refund_is_no_answer() {
        assert!(finding("COMPLETED", Some("R-2")).is_err());
        assert!(finding("COMPLETED", None).is_ok());
    }

    #[test]
    fn r18_a_refund_of_the_console_is_known_by_paypals_number() {
        for custom_id in [None, Some("P202701050000000000000000000000")] {
            let refund = json!({"id": "1RF2", "status": "COMPLETED", "custom_id": custom_id});
            let refund: Refund = serde_json::from_value(refund).expect("a refund");
            let number = refund.foreign_no().expect("a number");
            assert_eq!(number.as_str(), "PAYPAL-1RF2");
            assert_eq!(of_foreign_no(&number).as_ref(), Some(refund.id()));
            let payment_no = PaymentNo::parse("P202701050000000000000000000000").expect("a number");
            assert!(refund.finding(number, payment_no).is_ok());
        }
        assert_eq!(of_foreign_no(&RefundNo::parse("R-1").expect("a number")), None);
    }
}
