//! The one table from PayPal's error names and issues to what they mean: a reason, and how certain it is that nothing
//! was done.

use payment_core::gateway::{GatewayError, Reason};

/// What was asked when the error came. A few issues mean different things to different questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Announce an order.
    Create,
    /// Read an order, capture, authorization or refund.
    Read,
    /// Capture an order.
    Capture,
    /// Hold an order's money.
    Authorize,
    /// Capture held money.
    CaptureAuthorization,
    /// Let held money go.
    Void,
    /// Give money back.
    Refund,
    /// Have PayPal verify a webhook.
    VerifyWebhook,
}

impl Operation {
    /// Every operation.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Create,
        Self::Read,
        Self::Capture,
        Self::Authorize,
        Self::CaptureAuthorization,
        Self::Void,
        Self::Refund,
        Self::VerifyWebhook,
    ];

    /// The word in logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Capture => "capture",
            Self::Authorize => "authorize",
            Self::CaptureAuthorization => "capture_authorization",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::VerifyWebhook => "verify_webhook",
        }
    }
}

/// What an error answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Turned away before it was acted on: the same may be sent again.
    NotActed,
    /// The payer has to do something at PayPal first: approve, or choose another source of money.
    PayerMustAct,
    /// The payer's source of money was declined; another one may do, under a new request id.
    SourceDeclined,
    /// Looked at and refused.
    Refused(Reason),
    /// The invoice id was paid or refunded before: what was made then is to be looked for.
    InvoiceIdUsed,
    /// It was done earlier: to be read, and taken for success if it was one (F38).
    AlreadyDone,
    /// It may have been done, or is being done.
    Unknown,
}

impl Meaning {
    /// The core's error, with PayPal's own code.
    pub(crate) fn into_error(self, status: u16, code: &str) -> GatewayError {
        let refused = |reason| GatewayError::Refused { reason, channel_code: code.to_owned() };
        match self {
            Self::NotActed => GatewayError::NotSent(format!("HTTP {status} {code}")),
            Self::PayerMustAct => refused(Reason::PayerIsPaying),
            Self::SourceDeclined => refused(Reason::PayerAccountUnusable),
            Self::Refused(reason) => refused(reason),
            Self::InvoiceIdUsed | Self::AlreadyDone => refused(Reason::AlreadyPaid),
            Self::Unknown => GatewayError::Unknown(format!("HTTP {status} {code}")),
        }
    }

    /// Which of several issues decides: the one that ends least.
    const fn weight(self) -> u8 {
        match self {
            Self::NotActed => 0,
            Self::PayerMustAct => 1,
            Self::SourceDeclined => 2,
            Self::Refused(_) => 3,
            Self::InvoiceIdUsed => 4,
            Self::AlreadyDone => 5,
            Self::Unknown => 6,
        }
    }
}

/// The meaning of an error. A name or issue that is not in the table decides nothing.
pub(crate) fn meaning(operation: Operation, status: u16, name: &str, issues: &[&str]) -> Meaning {
    match status {
        // By status alone: the body has one of several shapes, or none.
        401 | 429 => Meaning::NotActed,
        400 | 403 | 404 | 415 | 422 => {
            let of_issues =
                issues.iter().map(|issue| of_issue(operation, issue)).max_by_key(|one| one.weight());
            of_issues.unwrap_or_else(|| of_name(status, name))
        }
        // 409 says that the same request is running at this moment.
        _ => Meaning::Unknown,
    }
}

/// An error without details. A proxy's page has none of these names.
fn of_name(status: u16, name: &str) -> Meaning {
    match (status, name) {
        (400, "INVALID_REQUEST" | "VALIDATION_ERROR") | (415, "UNSUPPORTED_MEDIA_TYPE") => {
            Meaning::Refused(Reason::ChannelRejected)
        }
        (403, "NOT_AUTHORIZED") => Meaning::Refused(Reason::AccountMisconfigured),
        (404, "RESOURCE_NOT_FOUND" | "INVALID_RESOURCE_ID") => Meaning::Refused(Reason::NotFound),
        _ => Meaning::Unknown,
    }
}

fn of_issue(operation: Operation, issue: &str) -> Meaning {
    use Meaning::{AlreadyDone, InvoiceIdUsed, NotActed, PayerMustAct, Refused, SourceDeclined};
    match issue {
        "ORDER_ALREADY_CAPTURED"
        | "ORDER_ALREADY_AUTHORIZED"
        | "ORDER_ALREADY_COMPLETED"
        | "AUTHORIZATION_ALREADY_CAPTURED"
        | "PREVIOUSLY_CAPTURED"
        | "PREVIOUSLY_VOIDED" => AlreadyDone,
        "DUPLICATE_INVOICE_ID" => InvoiceIdUsed,
        "ORDER_NOT_APPROVED" | "PAYER_ACTION_REQUIRED" | "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING" => {
            PayerMustAct
        }
        "INSTRUMENT_DECLINED" => SourceDeclined,
        // The money that is to be given back has not come yet.
        "PENDING_CAPTURE" if operation == Operation::Refund => NotActed,
        "INVALID_RESOURCE_ID" | "INVALID_RESOURCE" => Refused(Reason::NotFound),
        "ORDER_EXPIRED"
        | "ORDER_COMPLETED_OR_VOIDED"
        | "ORDER_VOIDED"
        | "AUTHORIZATION_VOIDED"
        | "AUTHORIZATION_EXPIRED" => Refused(Reason::AlreadyClosed),
        "TRANSACTION_REFUSED"
        | "PAYER_CANNOT_PAY"
        | "PAYER_ACCOUNT_RESTRICTED"
        | "PAYER_ACCOUNT_LOCKED_OR_CLOSED"
        | "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"
        | "AUTHORIZATION_DENIED" => Refused(Reason::PayerAccountUnusable),
        "PAYEE_BLOCKED_TRANSACTION"
        | "TRANSACTION_BLOCKED_BY_PAYEE"
        | "COMPLIANCE_VIOLATION"
        | "TRANSACTION_LIMIT_EXCEEDED"
        | "TRANSACTION_RECEIVING_LIMIT_EXCEEDED"
        | "DOMESTIC_TRANSACTION_REQUIRED"
        | "DECLINED_DUE_TO_RELATED_TXN"
        | "REFUND_NOT_ALLOWED"
        | "PARTIAL_REFUND_NOT_ALLOWED"
        | "REFUND_AMOUNT_TOO_LOW"
        | "REFUND_TIME_LIMIT_EXCEEDED"
        | "MAX_NUMBER_OF_REFUNDS_EXCEEDED"
        | "TRANSACTION_DISPUTED"
        | "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK"
        | "REFUND_IS_RESTRICTED"
        | "CANNOT_BE_VOIDED"
        | "MAX_CAPTURE_COUNT_EXCEEDED"
        | "MAX_CAPTURE_AMOUNT_EXCEEDED" => Refused(Reason::ForbiddenByChannel),
        "REFUND_FAILED_INSUFFICIENT_FUNDS" => Refused(Reason::MerchantBalanceInsufficient),
        "CAPTURE_FULLY_REFUNDED" | "REFUND_AMOUNT_EXCEEDED" => Refused(Reason::RefundExceedsPaid),
        "PAYEE_ACCOUNT_INVALID"
        | "PAYEE_ACCOUNT_RESTRICTED"
        | "PAYEE_ACCOUNT_LOCKED_OR_CLOSED"
        | "PAYEE_ACCOUNT_NOT_SUPPORTED"
        | "PAYEE_ACCOUNT_NOT_VERIFIED"
        | "AUTH_CAPTURE_NOT_ENABLED"
        | "PERMISSION_DENIED"
        | "CONSENT_NEEDED"
        | "INVALID_ACCOUNT_STATUS"
        | "UNSUPPORTED_PAYEE_CURRENCY" => Refused(Reason::AccountMisconfigured),
        "DUPLICATE_REQUEST_ID" | "PAYPAL_REQUEST_ID_PREVIOUSLY_USED" => Refused(Reason::NumberReused),
        "ACTION_DOES_NOT_MATCH_INTENT"
        | "PAYPAL_REQUEST_ID_REQUIRED"
        | "INVALID_PARAMETER_SYNTAX"
        | "INVALID_PARAMETER_VALUE"
        | "INVALID_STRING_LENGTH"
        | "INVALID_STRING_MAX_LENGTH"
        | "INVALID_ARRAY_MIN_ITEMS"
        | "INVALID_ARRAY_MAX_ITEMS"
        | "MALFORMED_REQUEST_JSON"
        | "MISSING_REQUIRED_PARAMETER"
        | "NOT_SUPPORTED"
        | "CANNOT_BE_ZERO_OR_NEGATIVE"
        | "CANNOT_BE_NEGATIVE"
        | "DECIMAL_PRECISION"
        | "DECIMALS_NOT_SUPPORTED"
        | "INVALID_CURRENCY_CODE"
        | "MAX_VALUE_EXCEEDED"
        | "AMOUNT_MISMATCH"
        | "CURRENCY_MISMATCH"
        | "REFUND_CAPTURE_CURRENCY_MISMATCH"
        | "AUTH_CAPTURE_CURRENCY_MISMATCH"
        | "UNSUPPORTED_INTENT"
        | "RETURN_URL_REQUIRED"
        | "CANCEL_URL_REQUIRED"
        | "INCOMPATIBLE_PARAMETER_VALUE"
        | "INVALID_COUNTRY_CODE" => Refused(Reason::ChannelRejected),
        // Also ORDER_COMPLETION_IN_PROGRESS and PREVIOUS_REQUEST_IN_PROGRESS: something is running.
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::{AlreadyDone, InvoiceIdUsed, NotActed, PayerMustAct, Refused, SourceDeclined, Unknown};
    use Operation::{Authorize, Capture, CaptureAuthorization, Read, Refund, Void};
    use Reason::{
        AccountMisconfigured, AlreadyClosed, ChannelRejected, ForbiddenByChannel,
        MerchantBalanceInsufficient, NotFound, NumberReused, PayerAccountUnusable, RefundExceedsPaid,
    };

    #[test]
    fn r05_the_reference_s_table_of_outcomes() {
        let table: &[(u16, &str, &[Operation], Meaning)] = &[
            (422, "ORDER_NOT_APPROVED", &[Capture, Authorize], PayerMustAct),
            (422, "PAYER_ACTION_REQUIRED", &[Capture, Authorize], PayerMustAct),
            (422, "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", &[Capture], PayerMustAct),
            (422, "INSTRUMENT_DECLINED", &[Capture, Authorize], SourceDeclined),
            (422, "ORDER_ALREADY_CAPTURED", &[Capture], AlreadyDone),
            (422, "ORDER_ALREADY_AUTHORIZED", &[Authorize], AlreadyDone),
            (422, "AUTHORIZATION_ALREADY_CAPTURED", &[CaptureAuthorization], AlreadyDone),
            (422, "PREVIOUSLY_VOIDED", &[Void], AlreadyDone),
            (422, "ORDER_COMPLETION_IN_PROGRESS", &[Capture, Authorize], Unknown),
            (409, "PREVIOUS_REQUEST_IN_PROGRESS", &[Refund, CaptureAuthorization], Unknown),
            (422, "DUPLICATE_INVOICE_ID", &[Capture, Refund], InvoiceIdUsed),
            (422, "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", &[Capture], Refused(PayerAccountUnusable)),
            (422, "ORDER_EXPIRED", &[Capture, Authorize], Refused(AlreadyClosed)),
            (422, "ACTION_DOES_NOT_MATCH_INTENT", &[Capture], Refused(ChannelRejected)),
            (422, "TRANSACTION_REFUSED", &[Capture], Refused(PayerAccountUnusable)),
            (422, "COMPLIANCE_VIOLATION", &[Capture], Refused(ForbiddenByChannel)),
            (422, "PAYEE_ACCOUNT_RESTRICTED", &[Capture, Refund], Refused(AccountMisconfigured)),
            (403, "PERMISSION_DENIED", &[Capture, Refund], Refused(AccountMisconfigured)),
            (404, "INVALID_RESOURCE_ID", &[Read, Capture, Refund], Refused(NotFound)),
            (422, "PENDING_CAPTURE", &[Refund], NotActed),
            (422, "REFUND_AMOUNT_EXCEEDED", &[Refund], Refused(RefundExceedsPaid)),
            (422, "CAPTURE_FULLY_REFUNDED", &[Refund], Refused(RefundExceedsPaid)),
            (422, "REFUND_FAILED_INSUFFICIENT_FUNDS", &[Refund], Refused(MerchantBalanceInsufficient)),
            (422, "REFUND_TIME_LIMIT_EXCEEDED", &[Refund], Refused(ForbiddenByChannel)),
            (422, "TRANSACTION_DISPUTED", &[Refund], Refused(ForbiddenByChannel)),
            (400, "DUPLICATE_REQUEST_ID", &[Capture], Refused(NumberReused)),
            (400, "INVALID_PARAMETER_SYNTAX", &Operation::ALL, Refused(ChannelRejected)),
            (422, "INVENTED_LATER", &Operation::ALL, Unknown),
        ];
        for (status, issue, operations, expected) in table {
            for operation in *operations {
                assert_eq!(meaning(*operation, *status, "X", &[issue]), *expected, "{operation:?} {issue}");
            }
        }
    }

    #[test]
    fn pitfall_05_401_and_429_are_told_by_status_alone() {
        for operation in Operation::ALL {
            for name in ["", "invalid_token", "AUTHENTICATION_FAILURE"] {
                assert_eq!(meaning(operation, 401, name, &[]), NotActed);
                assert_eq!(meaning(operation, 401, name, &["INVALID_ACCOUNT_STATUS"]), NotActed);
            }
            assert_eq!(meaning(operation, 429, "RATE_LIMIT_REACHED", &[]), NotActed);
        }
    }

    #[test]
    fn r05_f32_what_is_not_in_the_table_decides_nothing() {
        for operation in Operation::ALL {
            for status in [302, 408, 409, 500, 502, 503, 504] {
                assert_eq!(meaning(operation, status, "INTERNAL_SERVER_ERROR", &["ORDER_EXPIRED"]), Unknown);
            }
            assert_eq!(meaning(operation, 404, "", &[]), Unknown, "a proxy's page");
            assert_eq!(meaning(operation, 422, "UNPROCESSABLE_ENTITY", &[]), Unknown);
        }
    }

    #[test]
    fn of_several_issues_the_one_that_ends_least_decides() {
        let both =
            |one, two| [meaning(Capture, 422, "", &[one, two]), meaning(Capture, 422, "", &[two, one])];
        assert_eq!(both("ORDER_EXPIRED", "ORDER_ALREADY_CAPTURED"), [AlreadyDone; 2]);
        assert_eq!(both("ORDER_EXPIRED", "INVENTED_LATER"), [Unknown; 2]);
        assert_eq!(both("INSTRUMENT_DECLINED", "ORDER_EXPIRED"), [Refused(AlreadyClosed); 2]);
    }
}
