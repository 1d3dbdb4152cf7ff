//! Rows of `refund` and `refund_part`, and their translation to the domain.

use diesel::prelude::*;
use payment_core::{
    identifiers::{
        ChannelAccountId, ChannelName, ChannelRefundNo, ChannelTransactionNo, MerchantId, OrderNo, PaymentNo,
        Product, RefundNo,
    },
    money::{Currency, Money},
    refund::{Refund, RefundPart, RefundTimes},
};
use time::OffsetDateTime;

use crate::{
    error::StoreError,
    schema::{payment, refund, refund_part},
    words::Word,
};

/// A row of `refund`, but for what only schedulers use.
#[derive(Queryable, Selectable, Insertable)]
// `None` is written as NULL, as in `PaymentRow`: one text for all refunds.
#[diesel(table_name = refund, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub(crate) struct RefundRow {
    pub(crate) merchant_id: String,
    pub(crate) refund_no: String,
    pub(crate) payment_no: String,
    pub(crate) channel: String,
    pub(crate) channel_account: String,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) description: String,
    pub(crate) origin: String,
    pub(crate) created_by: Option<String>,
    pub(crate) state: String,
    pub(crate) revision: i32,
    pub(crate) sent_as: String,
    pub(crate) successors: i16,
    pub(crate) channel_refund_no: Option<String>,
    pub(crate) attention: Option<String>,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) update_time: OffsetDateTime,
    pub(crate) succeed_time: Option<OffsetDateTime>,
    pub(crate) next_check_time: Option<OffsetDateTime>,
    pub(crate) notify_url: Option<String>,
}

/// A row of `refund_part`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = refund_part, check_for_backend(diesel::pg::Pg))]
pub(crate) struct RefundPartRow {
    pub(crate) merchant_id: String,
    pub(crate) refund_no: String,
    pub(crate) order_no: String,
    pub(crate) amount: i64,
}

/// What a refund takes over from its payment, none of which changes once it is paid.
#[derive(Queryable, Selectable)]
#[diesel(table_name = payment, check_for_backend(diesel::pg::Pg))]
pub(crate) struct PaidRow {
    pub(crate) product: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) channel_transaction_no: Option<String>,
    pub(crate) succeed_time: Option<OffsetDateTime>,
}

const CORRUPT: StoreError = StoreError::Corrupt("refund");

impl RefundRow {
    /// The row of a refund that schedulers look after from `first_check_time` on.
    pub(crate) fn of(refund: &Refund, created_by: Option<&str>, first_check_time: OffsetDateTime) -> Self {
        Self {
            merchant_id: refund.merchant_id.to_string(),
            refund_no: refund.refund_no.to_string(),
            payment_no: refund.payment_no.to_string(),
            channel: refund.channel.to_string(),
            channel_account: refund.channel_account.to_string(),
            amount: refund.amount.minor_units(),
            reason: refund.reason.word().to_owned(),
            description: refund.description.clone(),
            origin: refund.origin.word().to_owned(),
            created_by: created_by.map(str::to_owned),
            state: refund.state.word().to_owned(),
            revision: refund.revision,
            sent_as: refund.sent_as.to_string(),
            successors: i16::try_from(refund.successors).unwrap_or(i16::MAX),
            channel_refund_no: refund.channel_refund_no.as_ref().map(ToString::to_string),
            attention: refund.attention.map(|reason| reason.word().to_owned()),
            create_time: refund.times.create,
            update_time: refund.times.update,
            succeed_time: refund.times.succeed,
            next_check_time: refund.times.succeed.is_none().then_some(first_check_time),
            notify_url: refund.notify_url.as_ref().map(ToString::to_string),
        }
    }

    /// The domain's view, with its payment and its parts in any order.
    pub(crate) fn into_domain(self, paid: PaidRow, parts: Vec<RefundPartRow>) -> Result<Refund, StoreError> {
        let currency = Currency::parse(&paid.currency).map_err(|_| CORRUPT)?;
        let transaction_no = paid.channel_transaction_no.ok_or(CORRUPT)?;
        let mut parts =
            parts.into_iter().map(|part| part.into_domain(currency)).collect::<Result<Vec<_>, _>>()?;
        parts.sort_by(|one, other| one.order_no.cmp(&other.order_no));
        let channel_refund_no = self.channel_refund_no.map(ChannelRefundNo::parse).transpose();
        Ok(Refund {
            refund_no: RefundNo::parse(self.refund_no).map_err(|_| CORRUPT)?,
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| CORRUPT)?,
            payment_no: PaymentNo::parse(self.payment_no).map_err(|_| CORRUPT)?,
            channel: ChannelName::parse(self.channel).map_err(|_| CORRUPT)?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(|_| CORRUPT)?,
            product: Product::parse(paid.product).map_err(|_| CORRUPT)?,
            channel_transaction_no: ChannelTransactionNo::parse(transaction_no).map_err(|_| CORRUPT)?,
            paid_amount: Money::new(currency, paid.amount),
            paid_time: paid.succeed_time.ok_or(CORRUPT)?,
            amount: Money::new(currency, self.amount),
            parts,
            reason: Word::of_word(&self.reason)?,
            description: self.description,
            origin: Word::of_word(&self.origin)?,
            state: Word::of_word(&self.state)?,
            revision: self.revision,
            sent_as: RefundNo::parse(self.sent_as).map_err(|_| CORRUPT)?,
            successors: u16::try_from(self.successors).map_err(|_| CORRUPT)?,
            notify_url: self.notify_url.map(|text| text.parse()).transpose().map_err(|_| CORRUPT)?,
            channel_refund_no: channel_refund_no.map_err(|_| CORRUPT)?,
            attention: self.attention.map(|word| Word::of_word(&word)).transpose()?,
            times: RefundTimes {
                create: self.create_time,
                update: self.update_time,
                succeed: self.succeed_time,
            },
        })
    }
}

impl RefundPartRow {
    fn into_domain(self, currency: Currency) -> Result<RefundPart, StoreError> {
        let order_no = OrderNo::parse(self.order_no).map_err(|_| StoreError::Corrupt("refund_part"))?;
        Ok(RefundPart { order_no, amount: Money::new(currency, self.amount) })
    }
}
