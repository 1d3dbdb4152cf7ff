//! Faults to order: what goes wrong with which requests and which notifications, and how often.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operation::Operation;
pub use crate::simulator::Execution;
use crate::simulator::fault::{self, Rule, fits, take};
pub(super) use crate::simulator::fault::{remove_field, replace_field};

/// The forms in which "system error" arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemErrorSpelling {
    /// `20000`, `aop.ACQ.SYSTEM_ERROR`
    Unavailable,
    /// `20000`, `isp.unknow-error`, spelt as the platform does.
    UnknowError,
    /// `40004`, `ACQ.SYSTEM_ERROR`: a business failure by its code, and still an unknown result.
    Business,
    /// `40004`, `AQC.SYSTEM_ERROR`, spelt as cancel does.
    MisspeltBusiness,
}

impl SystemErrorSpelling {
    pub(super) const fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Unavailable => ("20000", "aop.ACQ.SYSTEM_ERROR"),
            Self::UnknowError => ("20000", "isp.unknow-error"),
            Self::Business => ("40004", "ACQ.SYSTEM_ERROR"),
            Self::MisspeltBusiness => ("40004", "AQC.SYSTEM_ERROR"),
        }
    }
}

/// Whether a refusal carries a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalSignature {
    /// As business failures.
    #[default]
    Signed,
    /// As refusals from in front of the keys.
    Unsigned,
}

/// What goes wrong with one API request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The connection breaks before the first byte of the answer.
    ConnectionDropped {
        /// Whether the request took effect.
        execution: Execution,
    },
    /// "System error" in one of its forms.
    SystemError {
        /// Whether the request took effect.
        execution: Execution,
        /// The form.
        spelling: SystemErrorSpelling,
    },
    /// Any refusal, e.g. `40005` `isv.app-call-limited` or `40004` `ACQ.SELLER_BALANCE_NOT_ENOUGH`.
    Refused {
        /// Public code.
        code: String,
        /// `sub_code` with its prefix.
        sub_code: String,
        /// Whether the request took effect.
        execution: Execution,
        /// Whether the refusal is signed.
        #[serde(default)]
        signature: RefusalSignature,
    },
    /// Another HTTP status than 200 with an unsigned HTML page, 502 for instance.
    HttpError {
        /// The status.
        status: u16,
        /// Whether the request took effect.
        execution: Execution,
    },
    /// Barcode payments answer `10003` and leave the trade waiting, whatever the payer's code says.
    PasswordNeeded,
    /// Signed by a key that is not the channel's.
    WrongKey,
    /// No `sign`.
    MissingSignature,
    /// `sign` is there and empty.
    EmptySignature,
    /// One letter of the node changed after signing.
    AlteredBody,
    /// The body breaks off in the middle.
    TruncatedBody,
    /// The node's name stands twice at the top level; the first is signed.
    RepeatedNode,
    /// The signature is over the text with `/`, the body has `\/`.
    SlashesPlainInSignature,
    /// Certificate mode: `alipay_cert_sn` names a certificate that nobody has.
    UnknownCertificate,
    /// Certificate mode: no `alipay_cert_sn`.
    MissingCertificateSn,
    /// The answer holds fields that no document names.
    ExtraFields,
    /// One value of the answer is another, signed as if it were true: a lying channel.
    ReplacedField {
        /// JSON pointer into the node, e.g. `/total_amount`.
        pointer: String,
        /// The value put there.
        value: Value,
    },
    /// One field of the answer is absent.
    RemovedField {
        /// JSON pointer into the node.
        pointer: String,
    },
    /// The answer comes after so many seconds of the simulator's clock. With a manual clock that is: when told to.
    SlowAnswer {
        /// Seconds.
        seconds: u64,
    },
    /// The payer pays, and the notification is delivered, before the answer goes out.
    PaidBeforeAnswer,
    /// The refund is accepted with `fund_change=N` and waits for the control API.
    RefundDelayed,
}

/// What is wrong with the signature or the shape of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerDefect {
    WrongKey,
    MissingSignature,
    EmptySignature,
    AlteredBody,
    Truncated,
    RepeatedNode,
    SlashesPlainInSignature,
    UnknownCertificate,
    MissingCertificateSn,
}

impl Fault {
    pub(super) const fn defect(&self) -> Option<AnswerDefect> {
        match self {
            Self::WrongKey => Some(AnswerDefect::WrongKey),
            Self::MissingSignature => Some(AnswerDefect::MissingSignature),
            Self::EmptySignature => Some(AnswerDefect::EmptySignature),
            Self::AlteredBody => Some(AnswerDefect::AlteredBody),
            Self::TruncatedBody => Some(AnswerDefect::Truncated),
            Self::RepeatedNode => Some(AnswerDefect::RepeatedNode),
            Self::SlashesPlainInSignature => Some(AnswerDefect::SlashesPlainInSignature),
            Self::UnknownCertificate => Some(AnswerDefect::UnknownCertificate),
            Self::MissingCertificateSn => Some(AnswerDefect::MissingCertificateSn),
            Self::ConnectionDropped { .. }
            | Self::SystemError { .. }
            | Self::Refused { .. }
            | Self::HttpError { .. }
            | Self::PasswordNeeded
            | Self::ExtraFields
            | Self::ReplacedField { .. }
            | Self::RemovedField { .. }
            | Self::SlowAnswer { .. }
            | Self::PaidBeforeAnswer
            | Self::RefundDelayed => None,
        }
    }

    /// Whether the request is executed at all.
    pub(super) const fn execution(&self) -> Execution {
        match self {
            Self::ConnectionDropped { execution }
            | Self::SystemError { execution, .. }
            | Self::Refused { execution, .. }
            | Self::HttpError { execution, .. } => *execution,
            Self::PasswordNeeded
            | Self::WrongKey
            | Self::MissingSignature
            | Self::EmptySignature
            | Self::AlteredBody
            | Self::TruncatedBody
            | Self::RepeatedNode
            | Self::SlashesPlainInSignature
            | Self::UnknownCertificate
            | Self::MissingCertificateSn
            | Self::ExtraFields
            | Self::ReplacedField { .. }
            | Self::RemovedField { .. }
            | Self::SlowAnswer { .. }
            | Self::PaidBeforeAnswer
            | Self::RefundDelayed => Execution::Done,
        }
    }
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
    /// Signed by a key that is not the channel's.
    WrongKey,
    /// No `sign`.
    MissingSignature,
    /// `sign` is there and empty.
    EmptySignature,
    /// One value changed after signing.
    AlteredBody,
    /// `sign_type` says `RSA`, the signature is RSA2.
    OldSignType,
    /// One value is another, rightly signed.
    ReplacedField {
        /// The parameter's name.
        name: String,
        /// The value put there.
        value: String,
    },
    /// One parameter is absent.
    RemovedField {
        /// The parameter's name.
        name: String,
    },
    /// Parameters that no document names, rightly signed.
    ExtraFields,
    /// A parameter without a value, which takes part in the signature as `body=`.
    EmptyValue,
}

/// Which kind of notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// The payer paid.
    Payment,
    /// Money went back, in part or in full.
    Refund,
    /// An unpaid trade ended.
    Close,
    /// The refund window of a paid trade is over.
    Finish,
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

/// Fields that no document names, with braces, quotes and slashes in them, which naive extractors stumble over.
pub(super) fn add_unknown_fields(document: &mut Value) {
    replace_field(document, "/undocumented_field", &json!({"list": ["1", null, "a\"}{/\\b"]}));
    replace_field(document, "/undocumented_text", &json!("}},\"sign\":\"x\""));
}
