//! Webhooks: which resource one is about, and our words for the answer. Nothing else is taken from a webhook's body: its
//! signature covers a checksum only, so the resource is read again by API before anything is believed (R7).

use payment_core::{
    gateway::{CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, RawCallback},
    identifiers::{ChannelNotificationId, ChannelRefundNo},
};
use serde::Deserialize;

use crate::{
    handle::ResourceId,
    response::{self, Link, Unreadable, up_link},
};

/// The resource that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An order.
    Order(ResourceId),
    /// A capture.
    Capture(ResourceId),
    /// An authorization.
    Authorization(ResourceId),
    /// A refund.
    Refund(ResourceId),
    /// Money that was taken back.
    Reversal(Taken),
    /// Money that the payer asks back.
    Dispute(Taken),
    /// Nothing that moves a payment of ours.
    None,
}

/// What others than us do to a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// PayPal's number of what is done.
    pub(crate) reference: ChannelRefundNo,
    /// The capture that it is done to, as the webhook says.
    pub(crate) capture_id: ResourceId,
}

/// What a webhook claims to be about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// PayPal's number of the event, the same in each delivery.
    pub(crate) id: ChannelNotificationId,
    /// Its type.
    pub(crate) event_type: String,
    /// What to read.
    pub(crate) subject: Subject,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    #[serde(default)]
    resource: Resource,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    id: String,
    /// Where `CHECKOUT.PAYMENT-APPROVAL.REVERSED` has the order.
    #[serde(default)]
    order_id: String,
    /// Where a reversal has its capture.
    #[serde(default)]
    links: Vec<Link>,
    /// A dispute's own number.
    #[serde(default)]
    dispute_id: String,
    /// What a dispute is about.
    #[serde(default)]
    disputed_transactions: Vec<Disputed>,
}

#[derive(Deserialize)]
struct Disputed {
    /// The capture.
    #[serde(default)]
    seller_transaction_id: String,
}

impl Resource {
    fn reversal(&self) -> Option<Taken> {
        let reference = ChannelRefundNo::parse(ResourceId::parse(&self.id)?.as_str()).ok()?;
        Some(Taken { reference, capture_id: up_link(&self.links, "/v2/payments/captures/")? })
    }

    /// The first that names a capture: a dispute over several is one dispute.
    fn dispute(&self) -> Option<Taken> {
        let reference = ChannelRefundNo::parse(self.dispute_id.as_str()).ok()?;
        let mut ids = self.disputed_transactions.iter();
        let capture_id = ids.find_map(|disputed| ResourceId::parse(&disputed.seller_transaction_id))?;
        Some(Taken { reference, capture_id })
    }
}

/// Reads the claim of a webhook that PayPal sent.
pub(crate) fn read(callback: &RawCallback) -> Result<Claim, CallbackRejected> {
    claim(&callback.body)
        .map_err(|error| CallbackRejected::new(CallbackRejection::Unreadable, format!("event: {error}")))
}

fn claim(body: &[u8]) -> Result<Claim, Unreadable> {
    let envelope: Envelope = response::json(body)?;
    let id = ChannelNotificationId::parse(envelope.id).map_err(|error| Unreadable(format!("id: {error}")))?;
    let visible = |byte: u8| byte.is_ascii_graphic();
    if !(1..=100).contains(&envelope.event_type.len()) || !envelope.event_type.bytes().all(visible) {
        return Err(response::unreadable("event_type"));
    }
    let subject = subject(&envelope.event_type, &envelope.resource)?;
    Ok(Claim { id, event_type: envelope.event_type, subject })
}

/// `PAYMENT.CAPTURE.REFUNDED` brings a refund, not a capture. `PAYMENT.CAPTURE.REVERSED` brings what looks like one and is
/// not ours: a chargeback. A dispute that does not say what it is about, and unknown types, are kept and acknowledged.
fn subject(event_type: &str, resource: &Resource) -> Result<Subject, Unreadable> {
    let id = |text: &str, field| ResourceId::parse(text).ok_or_else(|| response::unreadable(field));
    let own = || id(&resource.id, "resource.id");
    match event_type {
        "CHECKOUT.ORDER.APPROVED" | "CHECKOUT.ORDER.COMPLETED" => own().map(Subject::Order),
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED" => {
            id(&resource.order_id, "resource.order_id").map(Subject::Order)
        }
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DECLINED"
        | "PAYMENT.CAPTURE.DENIED" => own().map(Subject::Capture),
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
            own().map(Subject::Refund)
        }
        "PAYMENT.CAPTURE.REVERSED" => resource
            .reversal()
            .map(Subject::Reversal)
            .ok_or_else(|| response::unreadable("resource.links[up]")),
        "CUSTOMER.DISPUTE.CREATED" | "CUSTOMER.DISPUTE.UPDATED" | "RISK.DISPUTE.CREATED" => {
            Ok(resource.dispute().map_or(Subject::None, Subject::Dispute))
        }
        "PAYMENT.AUTHORIZATION.CREATED" | "PAYMENT.AUTHORIZATION.VOIDED" => own().map(Subject::Authorization),
        _ => Ok(Subject::None),
    }
}

/// PayPal takes any 2xx for kept, and sends again for 3 days after anything else. A refusal gives no reason: only its
/// sender would profit from one.
pub(crate) fn reply(outcome: &CallbackOutcome) -> CallbackReply {
    let status = match outcome {
        CallbackOutcome::Recorded => 200,
        CallbackOutcome::Rejected(kind) => match kind {
            CallbackRejection::Malformed | CallbackRejection::Unreadable => 400,
            CallbackRejection::Stale
            | CallbackRejection::UnknownKey
            | CallbackRejection::SignatureInvalid => 401,
            CallbackRejection::ProofUnavailable => 503,
        },
        CallbackOutcome::NotRecorded => 500,
    };
    CallbackReply { status, content_type: None, body: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(event_type: &str, resource: Value) -> Result<Subject, Unreadable> {
        let event = json!({"id": "WH-1-2", "event_type": event_type, "resource": resource});
        claim(event.to_string().as_bytes()).map(|claim| claim.subject)
    }

    fn id() -> ResourceId {
        ResourceId::parse("7AB1").expect("an id")
    }

    #[test]
    fn each_event_type_names_what_to_read() {
        let table = [
            ("CHECKOUT.ORDER.APPROVED", Subject::Order(id())),
            ("CHECKOUT.ORDER.COMPLETED", Subject::Order(id())),
            ("PAYMENT.CAPTURE.COMPLETED", Subject::Capture(id())),
            ("PAYMENT.CAPTURE.PENDING", Subject::Capture(id())),
            ("PAYMENT.CAPTURE.DECLINED", Subject::Capture(id())),
            ("PAYMENT.CAPTURE.DENIED", Subject::Capture(id())),
            ("PAYMENT.CAPTURE.REFUNDED", Subject::Refund(id())),
            ("PAYMENT.REFUND.PENDING", Subject::Refund(id())),
            ("PAYMENT.REFUND.FAILED", Subject::Refund(id())),
            ("PAYMENT.AUTHORIZATION.CREATED", Subject::Authorization(id())),
            ("PAYMENT.AUTHORIZATION.VOIDED", Subject::Authorization(id())),
            ("CUSTOMER.DISPUTE.CREATED", Subject::None),
            ("INVENTED.LATER", Subject::None),
        ];
        for (event_type, expected) in table {
            assert_eq!(read(event_type, json!({"id": "7AB1"})), Ok(expected), "{event_type}");
        }
    }

    #[test]
    fn pitfall_13_a_reversed_approval_has_its_order_elsewhere() {
        let reversed = "CHECKOUT.PAYMENT-APPROVAL.REVERSED";
        assert_eq!(read(reversed, json!({"order_id": "7AB1"})), Ok(Subject::Order(id())));
        assert!(read(reversed, json!({"id": "7AB1"})).is_err());
    }

    #[test]
    fn pitfall_12_a_reversal_names_the_capture_that_was_taken_back() {
        let taken = |reference: &str| Taken {
            reference: ChannelRefundNo::parse(reference).expect("a number"),
            capture_id: id(),
        };
        let up = json!([{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/7AB1"}]);
        let reversed = read("PAYMENT.CAPTURE.REVERSED", json!({"id": "1RV2", "links": up}));
        assert_eq!(reversed, Ok(Subject::Reversal(taken("1RV2"))));
        assert!(read("PAYMENT.CAPTURE.REVERSED", json!({"id": "1RV2"})).is_err());
        let disputed =
            json!({"dispute_id": "PP-D-1", "disputed_transactions": [{"seller_transaction_id": "7AB1"}]});
        for event_type in ["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "RISK.DISPUTE.CREATED"] {
            assert_eq!(read(event_type, disputed.clone()), Ok(Subject::Dispute(taken("PP-D-1"))));
        }
        assert_eq!(read("CUSTOMER.DISPUTE.RESOLVED", disputed), Ok(Subject::None));
    }

    #[test]
    fn ids_that_are_none_are_unreadable() {
        for wrong in [json!({}), json!({"id": ""}), json!({"id": "../x"}), json!({"id": 7})] {
            assert!(read("PAYMENT.CAPTURE.COMPLETED", wrong).is_err());
        }
        assert!(claim(b"{}").is_err() && claim(b"[]").is_err() && claim(b"").is_err());
    }
}
