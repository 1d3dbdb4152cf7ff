//! A row of `payment_case` and its translation to the domain.

use diesel::prelude::*;
use payment_core::{
    case::{
        CaseKind,
        resolution::{Case, CaseDecision, Resolution},
        state::CaseState,
    },
    evidence::Source,
    identifiers::{ChannelAccountId, ChannelName, ChannelTransactionNo, MerchantId, OrderNo, RefundNo},
    money::{Currency, Money},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{error::StoreError, schema::payment_case, words::Word as _};

const CORRUPT: StoreError = StoreError::Corrupt("payment_case");

/// A row of `payment_case` without the bytes of its evidence.
#[derive(Queryable, Selectable)]
#[diesel(table_name = payment_case, check_for_backend(diesel::pg::Pg))]
pub(super) struct CaseRow {
    case_id: Uuid,
    merchant_id: String,
    kind: String,
    channel: String,
    channel_account: String,
    payment_no: String,
    refund_no: Option<String>,
    order_no: Option<String>,
    channel_transaction_no: Option<String>,
    currency: Option<String>,
    amount: Option<i64>,
    description: String,
    source: String,
    notification_id: Option<Uuid>,
    verified_by: Option<String>,
    open_time: OffsetDateTime,
    state: String,
    resolution: Option<String>,
    resolution_order_no: Option<String>,
    resolution_reason: Option<String>,
    proposed_by: Option<String>,
    approved_by: Option<String>,
    resolution_refund_no: Option<String>,
    update_time: Option<OffsetDateTime>,
    resolve_time: Option<OffsetDateTime>,
}

impl CaseRow {
    /// The delivery that opened it.
    pub(super) const fn notification_id(&self) -> Option<Uuid> {
        self.notification_id
    }

    pub(super) fn into_domain(mut self) -> Result<Case, StoreError> {
        let decision = self.decision()?;
        Ok(Case {
            case_id: self.case_id.to_string(),
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| CORRUPT)?,
            kind: CaseKind::of_word(&self.kind)?,
            channel: ChannelName::parse(self.channel).map_err(|_| CORRUPT)?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(|_| CORRUPT)?,
            payment_no: self.payment_no,
            refund_no: read(self.refund_no, RefundNo::parse)?,
            order_no: read(self.order_no, OrderNo::parse)?,
            channel_transaction_no: read(self.channel_transaction_no, ChannelTransactionNo::parse)?,
            amount: amount(self.currency, self.amount)?,
            description: self.description,
            source: Source::of_word(&self.source)?,
            notification_id: self.notification_id.map(|id| id.to_string()),
            verified_by: self.verified_by,
            open_time: self.open_time,
            state: CaseState::of_word(&self.state)?,
            decision,
            update_time: self.update_time,
            resolve_time: self.resolve_time,
        })
    }

    /// What was decided: the CHECKs let its parts stand together or not at all.
    fn decision(&mut self) -> Result<Option<CaseDecision>, StoreError> {
        let parts = (self.resolution.take(), self.resolution_reason.take(), self.proposed_by.take());
        let (Some(word), Some(reason), Some(proposed_by)) = parts else { return Ok(None) };
        let resolution = match word.as_str() {
            "ATTACH" => {
                Resolution::Attach { order_no: read(self.resolution_order_no.take(), OrderNo::parse)? }
            }
            "REFUND" => Resolution::Refund,
            "DISMISS" => Resolution::Dismiss,
            "SETTLED" => Resolution::Settled,
            _ => return Err(CORRUPT),
        };
        let refund_no = read(self.resolution_refund_no.take(), RefundNo::parse)?;
        Ok(Some(CaseDecision {
            resolution,
            reason,
            proposed_by,
            approved_by: self.approved_by.take(),
            refund_no,
        }))
    }
}

fn read<T, E>(
    text: Option<String>,
    parse: impl FnOnce(String) -> Result<T, E>,
) -> Result<Option<T>, StoreError> {
    text.map(parse).transpose().map_err(|_| CORRUPT)
}

fn amount(currency: Option<String>, amount: Option<i64>) -> Result<Option<Money>, StoreError> {
    match (currency, amount) {
        (Some(code), Some(minor_units)) => {
            let currency = Currency::parse(&code).map_err(|_| CORRUPT)?;
            Ok(Some(Money::new(currency, minor_units)))
        }
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(CORRUPT),
    }
}
