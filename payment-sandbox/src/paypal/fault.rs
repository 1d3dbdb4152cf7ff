//! Faults to order: what may go wrong, for which request or webhook, how often.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operation::Operation;
pub use crate::simulator::Execution;
use crate::simulator::fault::{self, Rule, fits, take};
pub(super) use crate::simulator::fault::{remove_field, replace_field};

/// What goes wrong with one API request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The connection breaks before the first byte of the answer.
    ConnectionDropped {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// 500 `INTERNAL_SERVER_ERROR`.
    ServerError {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// 503 `SERVICE_UNAVAILABLE`; the request has no effect.
    ServiceUnavailable,
    /// 429 `RATE_LIMIT_REACHED`; the request has no effect.
    RateLimited {
        /// Seconds in `Retry-After`, which is absent without them.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// 502 with an HTML page.
    HtmlPage {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// The answer's JSON stops half-way; the request took effect.
    TruncatedBody,
    /// 401 `invalid_token`, whatever the token; the request has no effect.
    TokenRejected,
    /// The refusal that belongs to an issue, such as `INSTRUMENT_DECLINED`; the request has no effect.
    Refused {
        /// PayPal's code.
        issue: String,
    },
    /// The answer holds fields that no document names.
    ExtraFields,
    /// One value of the answer is another: a lying channel.
    ReplacedField {
        /// JSON pointer into the body, e.g. `/purchase_units/0/payments/captures/0/amount/value`.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// One field of the answer is absent.
    RemovedField {
        /// JSON pointer into the body.
        pointer: String,
    },
    /// The answer comes after so many seconds of the simulator's clock. With a manual clock that is: when told to.
    SlowAnswer {
        /// Seconds.
        seconds: u64,
    },
    /// The webhooks that the request causes are delivered before its answer goes out.
    NotifiedBeforeAnswer,
    /// Show does not find a resource for so long after it was made.
    NotVisibleYet {
        /// Seconds.
        seconds: u64,
    },
    /// The refund is `PENDING` until it is settled.
    RefundPending,
}

/// Which requests a fault hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only this operation.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Only requests about the order that has this id, `custom_id` or `invoice_id`, or this capture, authorization or
    /// refund.
    #[serde(default)]
    pub reference: Option<String>,
    /// How many requests; absent means until the faults are cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub fault: Fault,
}

/// What goes wrong with a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NotificationFault {
    /// It is never sent; the delivery log shows it as suppressed.
    Suppressed,
    /// Its first attempt comes so many seconds late, which also reorders it behind others.
    Delayed {
        /// Seconds.
        seconds: u64,
    },
    /// One attempt arrives as so many requests at once.
    Duplicated {
        /// Requests at once, the original included.
        copies: u32,
    },
    /// Signed by a key that is not the channel's, under the channel's certificate.
    WrongKey,
    /// Signed by a forger, whose self-signed certificate has the right name and lies on the right host.
    ForeignCertificate,
    /// Signed under a certificate of the right chain whose time has passed.
    ExpiredCertificate,
    /// Signed under a certificate of the right chain for another name.
    WrongCertificateName,
    /// Signed by a forger who says that the certificate is elsewhere.
    CertificateUrl {
        /// The address in `PAYPAL-CERT-URL`.
        url: String,
    },
    /// None of the `PAYPAL-*` headers is there.
    MissingSignatureHeaders,
    /// Sent, and rightly signed, so many seconds ago.
    StaleTransmission {
        /// Seconds.
        seconds: u64,
    },
    /// One byte of the body changed after signing.
    AlteredBody,
    /// One value changed after signing, and blanks put in so that the checksum, and with it the signature, still fits.
    CrcCollision {
        /// JSON pointer into the body, e.g. `/resource/amount/value`.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// Signed over the id of another webhook.
    WrongWebhookId,
    /// Signed over the literal `WEBHOOK_ID`, as the simulator in PayPal's dashboard does.
    DashboardWebhookId,
    /// One value of the body is another, rightly signed.
    ReplacedField {
        /// JSON pointer into the body.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// One field of the body is absent.
    RemovedField {
        /// JSON pointer into the body.
        pointer: String,
    },
    /// The same content in other bytes: line breaks, `\/`, `\u` escapes, an empty `breakdown`.
    OddNotation,
}

impl NotificationFault {
    /// Some faults concern the webhook as a whole and are drawn once; the others concern one attempt.
    const fn concerns_whole_notification(&self) -> bool {
        matches!(self, Self::Suppressed | Self::Delayed { .. })
    }
}

/// Which webhooks a fault hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationFaultRule {
    /// Only this event, e.g. `PAYMENT.CAPTURE.COMPLETED`.
    #[serde(default)]
    pub event_type: Option<String>,
    /// Only webhooks about this order, by any of its names: see [`FaultRule::reference`].
    #[serde(default)]
    pub reference: Option<String>,
    /// How many webhooks (suppressed, delayed) or attempts (the rest); absent means until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub fault: NotificationFault,
}

impl Rule for FaultRule {
    type Fault = Fault;

    fn fault(&self) -> &Fault {
        &self.fault
    }

    fn times(&mut self) -> &mut Option<u32> {
        &mut self.times
    }
}

impl Rule for NotificationFaultRule {
    type Fault = NotificationFault;

    fn fault(&self) -> &NotificationFault {
        &self.fault
    }

    fn times(&mut self) -> &mut Option<u32> {
        &mut self.times
    }
}

/// The faults that are ordered now. The first rule that fits is used up by one.
pub(super) type FaultBoard = fault::FaultBoard<FaultRule, NotificationFaultRule>;

impl FaultBoard {
    /// The fault for a request about something with these names.
    pub(super) fn take(&mut self, operation: Operation, references: &[String]) -> Option<Fault> {
        take(&mut self.requests, |rule| {
            fits(rule.operation.as_ref(), Some(&operation)) && names(rule.reference.as_deref(), references)
        })
    }

    /// The fault for a whole new webhook.
    pub(super) fn take_for_notification(
        &mut self,
        event_type: &str,
        references: &[String],
    ) -> Option<NotificationFault> {
        self.take_notification(event_type, references, NotificationFault::concerns_whole_notification)
    }

    /// The fault for one attempt.
    pub(super) fn take_for_attempt(
        &mut self,
        event_type: &str,
        references: &[String],
    ) -> Option<NotificationFault> {
        self.take_notification(event_type, references, |fault| !fault.concerns_whole_notification())
    }

    fn take_notification(
        &mut self,
        event_type: &str,
        references: &[String],
        level: impl Fn(&NotificationFault) -> bool,
    ) -> Option<NotificationFault> {
        take(&mut self.notifications, |rule| {
            level(&rule.fault)
                && fits(rule.event_type.as_deref(), Some(event_type))
                && names(rule.reference.as_deref(), references)
        })
    }
}

fn names(wanted: Option<&str>, references: &[String]) -> bool {
    wanted.is_none_or(|wanted| references.iter().any(|reference| reference == wanted))
}

/// Fields that no document names.
pub(super) fn add_unknown_fields(document: &mut Value) {
    replace_field(document, "/undocumented_field", &json!({"list": [1, null, "x"]}));
    replace_field(document, "/purchase_units/0/undocumented_unit_field", &json!(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_hits_its_order_so_often_and_no_other() {
        let rule = FaultRule {
            operation: Some(Operation::CaptureOrder),
            reference: Some("ORDER1".to_owned()),
            times: Some(2),
            fault: Fault::ServiceUnavailable,
        };
        let mut board = FaultBoard { requests: vec![rule], notifications: Vec::new() };
        let (one, two) = (["CUSTOM1".to_owned(), "ORDER1".to_owned()], ["ORDER2".to_owned()]);
        assert_eq!(board.take(Operation::CaptureOrder, &two), None);
        assert_eq!(board.take(Operation::ShowOrder, &one), None);
        assert_eq!(board.take(Operation::CaptureOrder, &one), Some(Fault::ServiceUnavailable));
        assert_eq!(board.take(Operation::CaptureOrder, &one), Some(Fault::ServiceUnavailable));
        assert_eq!(board.take(Operation::CaptureOrder, &one), None);
    }
}
