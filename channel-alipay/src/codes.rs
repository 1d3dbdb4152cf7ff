//! The one table from Alipay's codes to what they mean: a reason, and how certain it is that nothing was done.

use payment_core::gateway::{GatewayError, Reason};

/// What was asked when a code came. A few codes mean different things to different questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Sign an order string for the app.
    AppPay,
    /// Sign an address for a mobile browser.
    WapPay,
    /// Sign an address for a desktop browser.
    PagePay,
    /// Ask for a QR code.
    Precreate,
    /// Take a payment by the payer's code.
    Pay,
    /// Ask where a payment is.
    Query,
    /// Close an unpaid payment.
    Close,
    /// Undo a payment whose outcome is not known.
    Cancel,
    /// Ask for a refund.
    Refund,
    /// Ask where a refund is.
    QueryRefund,
    /// Download a certificate of Alipay's.
    DownloadCertificate,
}

impl Operation {
    /// Every operation.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 11] = [
        Self::AppPay,
        Self::WapPay,
        Self::PagePay,
        Self::Precreate,
        Self::Pay,
        Self::Query,
        Self::Close,
        Self::Cancel,
        Self::Refund,
        Self::QueryRefund,
        Self::DownloadCertificate,
    ];

    /// The method on the wire, and the word in logs.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::AppPay => "alipay.trade.app.pay",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::PagePay => "alipay.trade.page.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::Pay => "alipay.trade.pay",
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Cancel => "alipay.trade.cancel",
            Self::Refund => "alipay.trade.refund",
            Self::QueryRefund => "alipay.trade.fastpay.refund.query",
            Self::DownloadCertificate => "alipay.open.app.alipaycert.download",
        }
    }

    /// The name of the answer's node.
    pub(crate) fn node(self) -> String {
        format!("{}_response", self.method().replace('.', "_"))
    }
}

/// What a signed answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Done.
    Done,
    /// The payer is being asked for the password.
    AwaitingPayer,
    /// Turned away before its content was looked at: the same may be sent again.
    NotActed,
    /// Looked at and refused.
    Refused(Reason),
    /// It may have been done.
    Unknown,
}

impl Meaning {
    /// The core's error. `code` and `sub_code` are Alipay's.
    pub(crate) fn into_error(self, code: &str, sub_code: &str) -> GatewayError {
        match self {
            Self::NotActed => GatewayError::NotSent(format!("{code} {sub_code}")),
            Self::Refused(reason) => GatewayError::Refused { reason, channel_code: sub_code.to_owned() },
            Self::Done | Self::AwaitingPayer | Self::Unknown => {
                GatewayError::Unknown(format!("{code} {sub_code}"))
            }
        }
    }
}

/// The meaning of a signed answer. What is not in the table decides nothing.
pub(crate) fn meaning(operation: Operation, code: &str, sub_code: &str) -> Meaning {
    let sub_code = normalised(sub_code);
    if sub_code.ends_with("SYSTEM_ERROR") {
        return Meaning::Unknown;
    }
    match code {
        "10000" if sub_code.is_empty() => Meaning::Done,
        "10003" if operation == Operation::Pay => Meaning::AwaitingPayer,
        "20001" | "40003" | "40006" => Meaning::Refused(Reason::AccountMisconfigured),
        "40001" | "40002" => argument(&sub_code),
        "40004" => business(operation, &sub_code),
        "40005" => Meaning::NotActed,
        _ => Meaning::Unknown,
    }
}

/// The meaning of an answer that nobody signed: at most that the gateway turned the request away, as it does before it
/// knows the application's keys. Whatever else it says, anybody could have said.
pub(crate) fn unsigned(code: &str) -> Meaning {
    match code {
        "20001" | "40001" | "40002" | "40003" | "40005" | "40006" => Meaning::NotActed,
        _ => Meaning::Unknown,
    }
}

/// Missing and invalid arguments. What is about keys, times and encodings is looked at before the content is.
fn argument(sub_code: &str) -> Meaning {
    match sub_code {
        "INVALID_PARAMETER" | "ILLEGAL_JSON" | "SUSPECTED_ATTACK" | "INVALID_DIGEST" => {
            Meaning::Refused(Reason::ChannelRejected)
        }
        "INVALID_APP_ID" | "NOT_ONLINE_APP" | "FORBIDDEN_API" | "NOT_SUPPORT_APP_AUTH" | "INVALID_METHOD" => {
            Meaning::Refused(Reason::AccountMisconfigured)
        }
        _ => Meaning::NotActed,
    }
}

/// Business refusals, `ACQ.*`. The names are the platform's, with its own misspellings.
fn business(operation: Operation, sub_code: &str) -> Meaning {
    let reason = match sub_code {
        "TRADE_NOT_EXIST" => Reason::NotFound,
        "TRADE_HAS_SUCCESS" => Reason::AlreadyPaid,
        "TRADE_HAS_CLOSE" => Reason::AlreadyClosed,
        "TRADE_STATUS_ERROR"
        | "REASON_TRADE_STATUS_INVALID"
        | "REASON_ILLEGAL_STATUS"
        | "TRADE_HAS_FINISHED" => wrong_status(operation),
        "CONTEXT_INCONSISTENT" | "DISCORDANT_REPEAT_REQUEST" => Reason::NumberReused,
        "SELLER_BALANCE_NOT_ENOUGH" => Reason::MerchantBalanceInsufficient,
        "REASON_TRADE_REFUND_FEE_ERR" | "REFUND_FEE_ERR" => Reason::RefundExceedsPaid,
        "INVALID_PARAMETER"
        | "INVAILID_ARGUMENTS"
        | "INVALID_ARGUMENTS"
        | "ILLEGAL_ARGUMENT"
        | "EXIST_FORBIDDEN_WORD"
        | "REFUND_AMT_NOT_EQUAL_TOTAL"
        | "NOW_TIME_AFTER_EXPIRE_TIME_ERROR"
        | "SUB_GOODS_SIZE_MAX_COUNT"
        | "INVALID_STORE_ID"
        | "CURRENCY_NOT_SUPPORT"
        | "ALLOC_AMOUNT_VALIDATE_ERROR"
        | "RISK_MERCHANT_IP_NOT_EXIST" => Reason::ChannelRejected,
        "ACCESS_FORBIDDEN"
        | "PARTNER_ERROR"
        | "SELLER_NOT_EXIST"
        | "INVALID_RECEIVE_ACCOUNT"
        | "DEFAULT_SETTLE_RULE_NOT_EXIST"
        | "APPLY_PC_MERCHANT_CODE_ERROR"
        | "MERCHANT_STATUS_NOT_NORMAL"
        | "UNBOUND_APPLICATION"
        | "BIZ_PRODUCT_NOT_ALLOWED" => Reason::AccountMisconfigured,
        "PAYMENT_AUTH_CODE_INVALID"
        | "MOBILE_PAYMENT_SWITCH_OFF"
        | "USER_FACE_PAYMENT_SWITCH_OFF"
        | "PULL_MOBILE_CASHIER_FAIL"
        | "ERROR_BALANCE_PAYMENT_DISABLE"
        | "ERROR_BUYER_CERTIFY_LEVEL_LIMIT"
        | "NO_PAYMENT_INSTRUMENTS_AVAILABLE"
        | "TRADE_BUYER_NOT_MATCH"
        | "PAYER_UNMATCHED"
        | "USER_NOT_MATCH_ERR"
        | "USER_LOGONID_DUP"
        | "CUSTOMER_VALIDATE_ERROR"
        | "PAYMENT_FAIL"
        | "REFUND_ACCOUNT_NOT_EXIST" => Reason::PayerAccountUnusable,
        "TOTAL_FEE_EXCEED"
        | "REQUEST_AMOUNT_EXCEED"
        | "SELLER_BEEN_BLOCKED"
        | "PAYMENT_REQUEST_HAS_RISK"
        | "TRADE_SETTLE_ERROR"
        | "ENTERPRISE_PAY_BIZ_ERROR"
        | "REASON_TRADE_BEEN_FREEZEN"
        | "TRADE_CANCEL_TIME_OUT"
        | "CANCEL_NOT_ALLOWED"
        | "TRADE_NOT_ALLOW_REFUND"
        | "NOT_ALLOW_PARTIAL_REFUND"
        | "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND"
        | "REFUND_CHARGE_ERROR"
        | "REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST"
        | "REFUNDALLOC_UNAUTH_LIMIT"
        | "ERROR_SELLER_CERTIFY_LEVEL_LIMIT" => Reason::ForbiddenByChannel,
        "SYSTEM_RATE_LIMIT" | "USER_RATE_LIMIT" => return Meaning::NotActed,
        other => return family(other),
    };
    Meaning::Refused(reason)
}

/// Codes that the platform adds to by families.
fn family(sub_code: &str) -> Meaning {
    let families = [
        ("BUYER_", Reason::PayerAccountUnusable),
        ("BEYOND_", Reason::ForbiddenByChannel),
        ("MERCHANT_PERM_RECEIPT_", Reason::ForbiddenByChannel),
        ("OVERDRAFT_", Reason::ForbiddenByChannel),
        ("SECONDARY_MERCHANT_", Reason::AccountMisconfigured),
        ("SUB_MERCHANT_", Reason::AccountMisconfigured),
    ];
    let known = families.into_iter().find(|(prefix, _)| sub_code.starts_with(prefix));
    known.map_or(Meaning::Unknown, |(_, reason)| Meaning::Refused(reason))
}

/// A payment whose status does not admit the request: to a refund it is unpaid or beyond refunding, to all others most
/// likely paid, which asking will tell.
const fn wrong_status(operation: Operation) -> Reason {
    match operation {
        Operation::Refund | Operation::QueryRefund => Reason::ForbiddenByChannel,
        Operation::AppPay
        | Operation::WapPay
        | Operation::PagePay
        | Operation::Precreate
        | Operation::Pay
        | Operation::Query
        | Operation::Close
        | Operation::Cancel
        | Operation::DownloadCertificate => Reason::AlreadyPaid,
    }
}

/// `aop.ACQ.SYSTEM_ERROR`, `AQC.SYSTEM_ERROR` and `isp.unknow-error` as one spelling: without prefixes, upper case, with
/// underscores. Prefixes come and go, and one API misspells its own.
pub(crate) fn normalised(sub_code: &str) -> String {
    let bare = sub_code.rsplit('.').next().unwrap_or_default();
    bare.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_uppercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::{AwaitingPayer, Done, NotActed, Refused, Unknown};
    use Operation::{Cancel, Close, Pay, Precreate, Query, QueryRefund, Refund};
    use Reason::{
        AccountMisconfigured, AlreadyClosed, AlreadyPaid, ChannelRejected, ForbiddenByChannel,
        MerchantBalanceInsufficient, NotFound, NumberReused, PayerAccountUnusable, RefundExceedsPaid,
    };

    /// The public codes and what the reference does about each.
    #[test]
    fn r05_section_7_1_every_public_code_has_its_meaning() {
        let table = [
            ("10000", "", Done),
            ("10000", "ACQ.TRADE_NOT_EXIST", Unknown),
            ("20000", "isp.unknow-error", Unknown),
            ("20000", "aop.unknow-error", Unknown),
            ("20000", "aop.ACQ.SYSTEM_ERROR", Unknown),
            ("20001", "aop.invalid-app-auth-token", Refused(AccountMisconfigured)),
            ("40001", "isv.missing-signature", NotActed),
            ("40001", "isv.missing-encypt-key", NotActed),
            ("40002", "isv.invalid-signature", NotActed),
            ("40002", "isv.invalid-timestamp", NotActed),
            ("40002", "isv.app-cert-expired", NotActed),
            ("40002", "isv.decryption-error-not-valid-encrypt-key", NotActed),
            ("40002", "isv.invalid-parameter", Refused(ChannelRejected)),
            ("40002", "isv.suspected-attack", Refused(ChannelRejected)),
            ("40002", "isv.invalid-app-id", Refused(AccountMisconfigured)),
            ("40003", "isv.missing-signature-config", Refused(AccountMisconfigured)),
            ("40005", "isv.app-call-limited", NotActed),
            ("40006", "isv.insufficient-isv-permissions", Refused(AccountMisconfigured)),
            ("", "", Unknown),
            ("50000", "ACQ.TRADE_NOT_EXIST", Unknown),
            ("40004", "ACQ.INVENTED_LATER", Unknown),
            ("40004", "", Unknown),
        ];
        for (code, sub_code, expected) in table {
            for operation in Operation::ALL {
                assert_eq!(meaning(operation, code, sub_code), expected, "{operation:?} {code} {sub_code}");
            }
        }
    }

    #[test]
    fn f32_section_5_7_waiting_for_the_password_is_a_state_of_its_own_and_no_failure() {
        for operation in Operation::ALL {
            let expected = if operation == Pay { AwaitingPayer } else { Unknown };
            assert_eq!(meaning(operation, "10003", ""), expected, "{operation:?}");
        }
    }

    /// The enumerations of the reference, operation by operation.
    #[test]
    fn r05_sections_7_2_7_3_every_business_code_has_its_meaning() {
        let table: &[(&[Operation], &str, Meaning)] = &[
            (&Operation::ALL, "ACQ.SYSTEM_ERROR", Unknown),
            (&Operation::ALL, "ACQ.INVALID_PARAMETER", Refused(ChannelRejected)),
            (&[Query, Close, Refund, QueryRefund], "ACQ.TRADE_NOT_EXIST", Refused(NotFound)),
            (&[QueryRefund], "TRADE_NOT_EXIST", Refused(NotFound)),
            (&[Close], "ACQ.TRADE_STATUS_ERROR", Refused(AlreadyPaid)),
            (&[Close], "ACQ.REASON_TRADE_STATUS_INVALID", Refused(AlreadyPaid)),
            (&[Close], "ACQ.REASON_ILLEGAL_STATUS", Refused(AlreadyPaid)),
            (&[Cancel], "AQC.SYSTEM_ERROR", Unknown),
            (&[Cancel, Refund], "ACQ.SELLER_BALANCE_NOT_ENOUGH", Refused(MerchantBalanceInsufficient)),
            (&[Cancel, Refund], "ACQ.REASON_TRADE_BEEN_FREEZEN", Refused(ForbiddenByChannel)),
            (&[Cancel], "ACQ.TRADE_CANCEL_TIME_OUT", Refused(ForbiddenByChannel)),
            (&[Cancel, Refund], "ACQ.REASON_TRADE_REFUND_FEE_ERR", Refused(RefundExceedsPaid)),
            (&[Cancel], "ACQ.CANCEL_NOT_ALLOWED", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", Refused(ChannelRejected)),
            (&[Refund], "ACQ.TRADE_HAS_FINISHED", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.TRADE_STATUS_ERROR", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.DISCORDANT_REPEAT_REQUEST", Refused(NumberReused)),
            (&[Refund], "ACQ.REFUND_FEE_ERR", Refused(RefundExceedsPaid)),
            (&[Refund], "ACQ.TRADE_HAS_CLOSE", Refused(AlreadyClosed)),
            (&[Refund], "ACQ.TRADE_NOT_ALLOW_REFUND", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.NOT_ALLOW_PARTIAL_REFUND", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.BUYER_NOT_EXIST", Refused(PayerAccountUnusable)),
            (&[Refund, Pay], "ACQ.BUYER_ENABLE_STATUS_FORBID", Refused(PayerAccountUnusable)),
            (&[Refund], "ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", Refused(ForbiddenByChannel)),
            (&[Refund], "ACQ.OVERDRAFT_AGREEMENT_NOT_MATCH", Refused(ForbiddenByChannel)),
            (&[Precreate, Pay], "ACQ.ACCESS_FORBIDDEN", Refused(AccountMisconfigured)),
            (&[Precreate, Pay], "ACQ.EXIST_FORBIDDEN_WORD", Refused(ChannelRejected)),
            (&[Precreate, Pay], "ACQ.TOTAL_FEE_EXCEED", Refused(ForbiddenByChannel)),
            (&[Precreate, Pay], "ACQ.CONTEXT_INCONSISTENT", Refused(NumberReused)),
            (&[Precreate, Pay], "ACQ.TRADE_HAS_SUCCESS", Refused(AlreadyPaid)),
            (&[Precreate, Pay], "ACQ.TRADE_HAS_CLOSE", Refused(AlreadyClosed)),
            (&[Precreate, Pay], "ACQ.BUYER_SELLER_EQUAL", Refused(PayerAccountUnusable)),
            (&[Precreate, Pay], "ACQ.BEYOND_PER_RECEIPT_RESTRICTION", Refused(ForbiddenByChannel)),
            (&[Precreate, Pay], "ACQ.SECONDARY_MERCHANT_STATUS_ERROR", Refused(AccountMisconfigured)),
            (&[Precreate, Pay], "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", Refused(ChannelRejected)),
            (&[Pay], "ACQ.PAYMENT_AUTH_CODE_INVALID", Refused(PayerAccountUnusable)),
            (&[Pay], "ACQ.BUYER_BALANCE_NOT_ENOUGH", Refused(PayerAccountUnusable)),
            (&[Pay], "ACQ.BUYER_BANKCARD_DECLINED", Refused(PayerAccountUnusable)),
            (&[Pay], "ACQ.PAYMENT_REQUEST_HAS_RISK", Refused(ForbiddenByChannel)),
            (&Operation::ALL, "SYSTEM_RATE_LIMIT", NotActed),
        ];
        for (operations, sub_code, expected) in table {
            for operation in *operations {
                assert_eq!(meaning(*operation, "40004", sub_code), *expected, "{operation:?} {sub_code}");
            }
        }
    }

    #[test]
    fn section_7_1_the_platforms_own_spellings_are_known() {
        for (one, other) in [
            ("AQC.SYSTEM_ERROR", "ACQ.SYSTEM_ERROR"),
            ("aop.ACQ.SYSTEM_ERROR", "ACQ.SYSTEM_ERROR"),
            ("INVAILID_ARGUMENTS", "isp.invalid-arguments"),
            ("TRADE_NOT_EXIST", "acq.trade_not_exist"),
            ("isv.invalid-parameter", "ACQ.INVALID_PARAMETER"),
        ] {
            for operation in Operation::ALL {
                assert_eq!(meaning(operation, "40004", one), meaning(operation, "40004", other), "{one}");
            }
        }
    }

    #[test]
    fn r05_section_7_1_a_system_error_is_unknown_under_whichever_code_it_comes() {
        for operation in Operation::ALL {
            for code in ["20000", "40004"] {
                for sub_code in ["ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR"] {
                    assert_eq!(
                        meaning(operation, code, sub_code),
                        Unknown,
                        "{operation:?} {code} {sub_code}"
                    );
                }
            }
        }
    }

    #[test]
    fn r04_section_7_1_what_nobody_signed_decides_nothing() {
        for code in ["10000", "10003", "20000", "40004", "", "99999"] {
            assert_eq!(unsigned(code), Unknown, "{code}");
        }
        for code in ["20001", "40001", "40002", "40003", "40005", "40006"] {
            assert_eq!(unsigned(code), NotActed, "{code}");
        }
    }

    #[test]
    fn nodes_are_named_after_their_methods() {
        assert_eq!(Query.node(), "alipay_trade_query_response");
        assert_eq!(QueryRefund.node(), "alipay_trade_fastpay_refund_query_response");
    }
}
