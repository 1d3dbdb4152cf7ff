//! Faults to order: what may go wrong, for which request, how often.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operation::Operation;
use super::refund::RefundStatus;
pub use crate::simulator::Execution;
use crate::simulator::fault::{self, Rule, fits, take};
pub(super) use crate::simulator::fault::{remove_field, replace_field};

/// What goes wrong with one API request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The answer's signature begins with `WECHATPAY/SIGNTEST/` and is wrong.
    SignatureProbe,
    /// Signed by a key that is not the channel's, under the channel's serial.
    WrongKey,
    /// `Wechatpay-Serial` names a key that nobody has.
    UnknownSerial,
    /// None of the `Wechatpay-*` headers is there.
    MissingSignatureHeaders,
    /// Signed 301 seconds ago.
    StaleTimestamp,
    /// One byte of the body changed after signing.
    AlteredBody,
    /// The connection breaks before the first byte of the answer.
    ConnectionDropped {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// 500 `SYSTEM_ERROR`.
    SystemError {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// 429 `FREQUENCY_LIMITED`; the request has no effect.
    RateLimited,
    /// 502 with an unsigned HTML page; the request has no effect.
    BadGateway,
    /// A 204 becomes a 200 with a signed stray body.
    StrayBody,
    /// The answer holds fields that no document names.
    ExtraFields,
    /// One value of the answer is another, signed as if it were true: a lying channel.
    ReplacedField {
        /// JSON pointer into the body, e.g. `/amount/total`.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// One field of the answer is absent.
    RemovedField {
        /// JSON pointer into the body.
        pointer: String,
    },
    /// An error's code arrives in its older spelling.
    OldCodeSpelling,
    /// The answer comes after so many seconds of the simulator's clock. With a manual clock that is: when told to.
    SlowAnswer {
        /// Seconds.
        seconds: u64,
    },
    /// The payer pays, and the notification is delivered, before the prepay answer goes out.
    PaidBeforeAnswer,
    /// Query and close do not find the order for so long after its first prepay, nor a refund its fresh payment.
    NotVisibleYet {
        /// Seconds.
        seconds: u64,
    },
    /// Close answers 202 `USERPAYING` and has no effect.
    PayerIsPaying,
    /// Refunds answer 403 `NOT_ENOUGH`.
    NotEnoughBalance,
    /// The refund is accepted and ends so when it is settled by itself.
    RefundOutcome {
        /// The end.
        status: RefundStatus,
    },
}

/// Which requests a fault hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only this operation.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Only requests about this order, or about a refund of it.
    #[serde(default)]
    pub out_trade_no: Option<String>,
    /// How many requests; absent means until the faults are cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub fault: Fault,
}

/// What goes wrong with a notification.
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
    /// The attempt's signature begins with `WECHATPAY/SIGNTEST/` and is wrong.
    SignatureProbe,
    /// Signed by a key that is not the channel's, under the channel's serial.
    WrongKey,
    /// `Wechatpay-Serial` names a key that nobody has.
    UnknownSerial,
    /// None of the `Wechatpay-*` headers is there.
    MissingSignatureHeaders,
    /// Signed 301 seconds ago.
    StaleTimestamp,
    /// One byte of the body changed after signing.
    AlteredBody,
    /// `associated_data` is the empty string.
    EmptyAssociatedData,
    /// `associated_data` is not there.
    AbsentAssociatedData,
    /// One value of the plaintext is another, rightly encrypted and signed.
    ReplacedField {
        /// JSON pointer into the plaintext, e.g. `/amount/total` or `/payer`.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// One field of the plaintext is absent.
    RemovedField {
        /// JSON pointer into the plaintext.
        pointer: String,
    },
    /// `success_time` carries milliseconds.
    Milliseconds,
}

/// Which kind of notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// `TRANSACTION.SUCCESS`
    Payment,
    /// `REFUND.*`
    Refund,
}

/// Which notifications a fault hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationFaultRule {
    /// Only this kind.
    #[serde(default)]
    pub notification: Option<NotificationKind>,
    /// Only notifications about this order.
    #[serde(default)]
    pub out_trade_no: Option<String>,
    /// How many notifications (suppressed, delayed) or attempts (the rest); absent means until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub fault: NotificationFault,
}

impl NotificationFault {
    /// Some faults concern the notification as a whole and are drawn once; the others concern one attempt.
    const fn concerns_whole_notification(&self) -> bool {
        matches!(self, Self::Suppressed | Self::Delayed { .. })
    }
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
    /// The fault for a request about `out_trade_no`.
    pub(super) fn take(&mut self, operation: Operation, out_trade_no: Option<&str>) -> Option<Fault> {
        take(&mut self.requests, |rule| {
            fits(rule.operation.as_ref(), Some(&operation))
                && fits(rule.out_trade_no.as_deref(), out_trade_no)
        })
    }

    /// The fault for a whole new notification.
    pub(super) fn take_for_notification(
        &mut self,
        kind: NotificationKind,
        order: &str,
    ) -> Option<NotificationFault> {
        self.take_notification(kind, order, NotificationFault::concerns_whole_notification)
    }

    /// The fault for one attempt.
    pub(super) fn take_for_attempt(
        &mut self,
        kind: NotificationKind,
        order: &str,
    ) -> Option<NotificationFault> {
        self.take_notification(kind, order, |fault| !fault.concerns_whole_notification())
    }

    fn take_notification(
        &mut self,
        kind: NotificationKind,
        out_trade_no: &str,
        level: impl Fn(&NotificationFault) -> bool,
    ) -> Option<NotificationFault> {
        take(&mut self.notifications, |rule| {
            level(&rule.fault)
                && fits(rule.notification.as_ref(), Some(&kind))
                && fits(rule.out_trade_no.as_deref(), Some(out_trade_no))
        })
    }
}

/// Fields that no document names, at the top and inside `amount`.
pub(super) fn add_unknown_fields(document: &mut Value) {
    replace_field(document, "/undocumented_field", &json!({"list": [1, null, "x"]}));
    replace_field(document, "/amount/undocumented_amount", &json!(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_hits_its_order_so_often_and_no_other() {
        let rule = FaultRule {
            operation: Some(Operation::Close),
            out_trade_no: Some("ORDER1".to_owned()),
            times: Some(2),
            fault: Fault::RateLimited,
        };
        let mut board = FaultBoard { requests: vec![rule], notifications: Vec::new() };
        assert_eq!(board.take(Operation::Close, Some("ORDER2")), None);
        assert_eq!(board.take(Operation::QueryByOutTradeNo, Some("ORDER1")), None);
        assert_eq!(board.take(Operation::Close, Some("ORDER1")), Some(Fault::RateLimited));
        assert_eq!(board.take(Operation::Close, Some("ORDER1")), Some(Fault::RateLimited));
        assert_eq!(board.take(Operation::Close, Some("ORDER1")), None);
    }
}
