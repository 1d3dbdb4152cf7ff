//! The one table from WeChat's error codes to what they mean: a reason, and how certain it is that nothing was done.
//!
//! Error answers may be unsigned, so none of these meanings ever proves where money is; they only say what to do next.

use payment_core::gateway::{GatewayError, Reason};

/// What was asked when the error came. A few codes mean different things to different questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Announce a payment.
    Create,
    /// Ask where a payment is.
    Query,
    /// Close a payment.
    Close,
    /// Ask for a refund.
    Refund,
    /// Ask where a refund is.
    QueryRefund,
    /// Name another account for an abnormal refund.
    AbnormalRefund,
    /// Download platform certificates.
    Certificates,
}

impl Operation {
    /// Every operation.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::Create,
        Self::Query,
        Self::Close,
        Self::Refund,
        Self::QueryRefund,
        Self::AbnormalRefund,
        Self::Certificates,
    ];

    /// The word in logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Query => "query",
            Self::Close => "close",
            Self::Refund => "refund",
            Self::QueryRefund => "query_refund",
            Self::AbnormalRefund => "abnormal_refund",
            Self::Certificates => "certificates",
        }
    }
}

/// What an error answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Turned away before its content was looked at: the same may be sent again.
    NotActed,
    /// Looked at and refused.
    Refused(Reason),
    /// It may have been done.
    Unknown,
}

impl Meaning {
    /// The core's error, with WeChat's own code.
    pub(crate) fn into_error(self, status: u16, code: &str) -> GatewayError {
        match self {
            Self::NotActed => GatewayError::NotSent(format!("HTTP {status} {code}")),
            Self::Refused(reason) => GatewayError::Refused { reason, channel_code: code.to_owned() },
            Self::Unknown => GatewayError::Unknown(format!("HTTP {status} {code}")),
        }
    }
}

/// The meaning of `code` under `status`. A code that is not in the table decides nothing.
pub(crate) fn meaning(operation: Operation, status: u16, code: &str) -> Meaning {
    match status {
        202 => accepted(operation, code),
        401 if normalised(code) == "SIGNERROR" => Meaning::NotActed,
        // WeChat answers a close so while the payer is typing the password.
        429 if operation == Operation::Close => Meaning::Refused(Reason::PayerIsPaying),
        429 => Meaning::NotActed,
        400..=499 => refusal(operation, code),
        500 => internal(operation, code),
        _ => Meaning::Unknown,
    }
}

/// 202 tells that the payer is paying, which only a close can take as an answer.
fn accepted(operation: Operation, code: &str) -> Meaning {
    match (operation, normalised(code).as_str()) {
        (Operation::Close, "USERPAYING") => Meaning::Refused(Reason::PayerIsPaying),
        _ => Meaning::Unknown,
    }
}

fn refusal(operation: Operation, code: &str) -> Meaning {
    let reason = match normalised(code).as_str() {
        "PARAMERROR" | "INVALIDREQUEST" => Reason::ChannelRejected,
        "APPIDMCHIDNOTMATCH" | "MCHNOTEXISTS" | "NOAUTH" => Reason::AccountMisconfigured,
        "ORDERPAID" => Reason::AlreadyPaid,
        "ORDERCLOSED" => Reason::AlreadyClosed,
        "OUTTRADENOUSED" => Reason::NumberReused,
        "ORDERNOTEXIST" | "RESOURCENOTEXISTS" | "REFUNDNOTEXISTS" => Reason::NotFound,
        "USERPAYING" => Reason::PayerIsPaying,
        "ACCOUNTERROR" | "USERACCOUNTABNORMAL" => Reason::PayerAccountUnusable,
        "NOTENOUGH" => Reason::MerchantBalanceInsufficient,
        "RULELIMIT" | "TRADEERROR" | "REQUESTBLOCKED" => Reason::ForbiddenByChannel,
        "FREQUENCYLIMITED" | "FREQUENCYLIMITEXCEED" | "RATELIMITEXCEEDED" => {
            return meaning(operation, 429, code);
        }
        _ => return Meaning::Unknown,
    };
    Meaning::Refused(reason)
}

/// A 500 leaves the outcome unknown, but for two codes by which a create, which moves no money, is refused for good.
fn internal(operation: Operation, code: &str) -> Meaning {
    match (operation, normalised(code).as_str()) {
        (Operation::Create, "OPENIDMISMATCH" | "INVALIDTRANSACTIONID") => {
            Meaning::Refused(Reason::ChannelRejected)
        }
        _ => Meaning::Unknown,
    }
}

/// Old and new spellings of one code differ in underscores only: `ORDERPAID`, `ORDER_PAID`.
fn normalised(code: &str) -> String {
    code.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::{NotActed, Refused, Unknown};
    use Operation::{AbnormalRefund, Certificates, Close, Create, Query, QueryRefund, Refund};
    use Reason::{
        AccountMisconfigured, AlreadyClosed, AlreadyPaid, ChannelRejected, ForbiddenByChannel,
        MerchantBalanceInsufficient, NotFound, NumberReused, PayerAccountUnusable, PayerIsPaying,
    };

    /// Every line of WeChat's own list of codes, with the operations that it is documented for.
    #[test]
    fn r05_every_documented_code_has_its_meaning() {
        let table: &[(u16, &str, &[Operation], Meaning)] = &[
            (202, "USERPAYING", &[Close], Refused(PayerIsPaying)),
            (202, "USERPAYING", &[Create, Query, Refund, QueryRefund], Unknown),
            (400, "PARAM_ERROR", &Operation::ALL, Refused(ChannelRejected)),
            (400, "INVALID_REQUEST", &Operation::ALL, Refused(ChannelRejected)),
            (400, "APPID_MCHID_NOT_MATCH", &[Create], Refused(AccountMisconfigured)),
            (400, "MCH_NOT_EXISTS", &Operation::ALL, Refused(AccountMisconfigured)),
            (404, "MCH_NOT_EXISTS", &[Refund, QueryRefund], Refused(AccountMisconfigured)),
            (400, "ORDER_CLOSED", &[Create, Close], Refused(AlreadyClosed)),
            (400, "ORDERPAID", &[Create, Close], Refused(AlreadyPaid)),
            (401, "SIGN_ERROR", &Operation::ALL, NotActed),
            (403, "NO_AUTH", &Operation::ALL, Refused(AccountMisconfigured)),
            (403, "ACCOUNT_ERROR", &[Create, Refund], Refused(PayerAccountUnusable)),
            (403, "USER_ACCOUNT_ABNORMAL", &[Create, Refund], Refused(PayerAccountUnusable)),
            (403, "NOT_ENOUGH", &[Refund], Refused(MerchantBalanceInsufficient)),
            (403, "OUT_TRADE_NO_USED", &[Create], Refused(NumberReused)),
            (403, "RULE_LIMIT", &[Create, Query, Close, Refund], Refused(ForbiddenByChannel)),
            (403, "TRADE_ERROR", &[Create, Query, Close, Refund], Refused(ForbiddenByChannel)),
            (403, "REQUEST_BLOCKED", &[Create, Query, Close, Refund], Refused(ForbiddenByChannel)),
            (404, "ORDER_NOT_EXIST", &[Query, Close], Refused(NotFound)),
            (404, "RESOURCE_NOT_EXISTS", &[Refund, QueryRefund, Certificates], Refused(NotFound)),
            (429, "FREQUENCY_LIMITED", &[Create, Query, Refund, QueryRefund, AbnormalRefund], NotActed),
            (429, "FREQUENCY_LIMITED", &[Close], Refused(PayerIsPaying)),
            (500, "SYSTEM_ERROR", &Operation::ALL, Unknown),
            (500, "BANK_ERROR", &[Create], Unknown),
            (500, "OPENID_MISMATCH", &[Create], Refused(ChannelRejected)),
            (500, "INVALID_TRANSACTIONID", &[Create], Refused(ChannelRejected)),
            (501, "SYSTEM_ERROR", &Operation::ALL, Unknown),
            (502, "", &Operation::ALL, Unknown),
            (503, "", &Operation::ALL, Unknown),
            // Bills are not this crate's: their codes decide nothing here.
            (400, "NO_STATEMENT_EXIST", &Operation::ALL, Unknown),
            (400, "STATEMENT_CREATING", &Operation::ALL, Unknown),
        ];
        for (status, code, operations, expected) in table {
            for operation in *operations {
                assert_eq!(meaning(*operation, *status, code), *expected, "{operation:?} {status} {code}");
            }
        }
    }

    #[test]
    fn f32_both_spellings_of_a_code_mean_the_same() {
        let pairs = [
            (500, "SYSTEMERROR", "SYSTEM_ERROR"),
            (404, "ORDERNOTEXIST", "ORDER_NOT_EXIST"),
            (403, "NOAUTH", "NO_AUTH"),
            (403, "NOTENOUGH", "NOT_ENOUGH"),
            (403, "RULELIMIT", "RULE_LIMIT"),
            (202, "USERPAYING", "USER_PAYING"),
            (400, "ORDERPAID", "ORDER_PAID"),
            (400, "ORDERCLOSED", "ORDER_CLOSED"),
            (403, "ACCOUNTERROR", "ACCOUNT_ERROR"),
            (400, "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED"),
            (400, "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"),
            (404, "REFUND_NOT_EXISTS", "RESOURCE_NOT_EXISTS"),
        ];
        for (status, one, other) in pairs {
            for operation in Operation::ALL {
                assert_eq!(meaning(operation, status, one), meaning(operation, status, other), "{one}");
            }
        }
    }

    #[test]
    fn r05_what_is_not_in_the_table_decides_nothing() {
        for operation in Operation::ALL {
            for (status, code) in
                [(400, "NEW_CODE"), (401, "NEW_CODE"), (404, ""), (302, ""), (500, "ORDERPAID")]
            {
                assert_eq!(meaning(operation, status, code), Unknown, "{operation:?} {status} {code}");
            }
        }
    }
}
