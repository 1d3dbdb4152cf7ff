//! Naming another account for a refund that the payer's own refused: for a person to decide, so not in the gateway trait.

use payment_core::{
    gateway::GatewayError,
    identifiers::{ChannelRefundNo, PaymentNo, RefundNo},
};
use secrecy::SecretString;

use crate::{
    keys::{FieldTooLong, PlatformKey},
    request::{self, AbnormalRefundBody, Call},
};

/// Where the money of an abnormal refund shall go. WeChat takes it only while the refund's status is `ABNORMAL`.
#[derive(Debug, Clone)]
pub struct AbnormalRefundRequest {
    /// Our number of the refund.
    pub refund_no: RefundNo,
    /// The payment that it is part of.
    pub payment_no: PaymentNo,
    /// WeChat's number of the refund, `refund_id`.
    pub channel_refund_no: ChannelRefundNo,
    /// The account.
    pub destination: AbnormalRefundDestination,
}

/// An account that can take an abnormal refund.
#[derive(Debug, Clone)]
pub enum AbnormalRefundDestination {
    /// A bank card of the payer.
    UserBankCard {
        /// WeChat's code of the bank, such as `ICBC_DEBIT`.
        bank_type: String,
        /// The card's number; sent encrypted.
        bank_account: SecretString,
        /// The holder's name; sent encrypted.
        real_name: SecretString,
    },
    /// The merchant's own card: the payer is then paid by other means.
    MerchantBankCard,
}

/// The call, with its sensitive fields encrypted for the holder of `key`.
///
/// Encryption takes fresh randomness inside the cryptographic library, so two such calls differ; WeChat tells repeats by
/// `refund_id`.
pub(crate) fn call(request: &AbnormalRefundRequest, key: &PlatformKey) -> Result<Call, GatewayError> {
    let body = body(request, key).map_err(|failure| GatewayError::NotSent(failure.to_string()))?;
    request::abnormal_refund(&request.channel_refund_no, &body, key.serial().to_string())
}

fn body<'a>(
    request: &'a AbnormalRefundRequest,
    key: &PlatformKey,
) -> Result<AbnormalRefundBody<'a>, FieldTooLong> {
    let out_refund_no = request.refund_no.as_str();
    match &request.destination {
        AbnormalRefundDestination::MerchantBankCard => Ok(AbnormalRefundBody {
            out_refund_no,
            kind: "MERCHANT_BANK_CARD",
            bank_type: None,
            bank_account: None,
            real_name: None,
        }),
        AbnormalRefundDestination::UserBankCard { bank_type, bank_account, real_name } => {
            Ok(AbnormalRefundBody {
                out_refund_no,
                kind: "USER_BANK_CARD",
                bank_type: Some(bank_type),
                bank_account: Some(key.encrypt(bank_account)?),
                real_name: Some(key.encrypt(real_name)?),
            })
        }
    }
}
