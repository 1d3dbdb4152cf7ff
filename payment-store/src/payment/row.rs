//! Rows of `payment` and `allocation`, and their translation to the domain. What cannot be translated is corrupt.

use diesel::prelude::*;
use payment_core::{
    identifiers::{
        ChannelAccountId, ChannelHoldNo, ChannelName, ChannelTransactionNo, MerchantId, OrderNo, Payee,
        PaymentNo, Product, RequestId,
    },
    money::{Currency, Money},
    payment::{Allocation, ChannelHandle, Failure, Hold, Payment, PaymentTimes, state::PaymentState},
    schedule::Schedules,
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    error::StoreError,
    schema::{allocation, payment, payment_hold},
    words::Word,
};

/// A row of `payment`.
#[derive(Queryable, Selectable, Insertable)]
// `None` is written as NULL: written as DEFAULT it would change the text, and Diesel would prepare it each time.
#[diesel(table_name = payment, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub(crate) struct PaymentRow {
    pub(crate) payment_no: String,
    pub(crate) merchant_id: String,
    pub(crate) request_id: String,
    pub(crate) created_by: String,
    pub(crate) channel: String,
    pub(crate) channel_account: String,
    pub(crate) product: String,
    pub(crate) payee: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) description: String,
    pub(crate) options: Value,
    pub(crate) payer_client_ip: Option<String>,
    pub(crate) state: String,
    pub(crate) revision: i32,
    pub(crate) channel_transaction_no: Option<String>,
    pub(crate) handle: Option<String>,
    pub(crate) handle_expire_time: Option<OffsetDateTime>,
    pub(crate) failure_reason: Option<String>,
    pub(crate) failure_code: Option<String>,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) expire_time: OffsetDateTime,
    pub(crate) update_time: OffsetDateTime,
    pub(crate) client_report_time: Option<OffsetDateTime>,
    pub(crate) succeed_time: Option<OffsetDateTime>,
    pub(crate) end_time: Option<OffsetDateTime>,
    pub(crate) next_check_time: Option<OffsetDateTime>,
    pub(crate) capture_intend_time: Option<OffsetDateTime>,
    pub(crate) notify_url: Option<String>,
    pub(crate) hold_intend_time: Option<OffsetDateTime>,
}

/// A row of `payment_hold`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payment_hold, check_for_backend(diesel::pg::Pg))]
pub(crate) struct HoldRow {
    pub(crate) payment_no: String,
    pub(crate) hold_no: String,
    pub(crate) hold_time: OffsetDateTime,
    pub(crate) honour_end_time: OffsetDateTime,
    pub(crate) expire_time: OffsetDateTime,
}

impl HoldRow {
    /// The row of a payment's hold.
    pub(crate) fn of(payment_no: &PaymentNo, hold: &Hold) -> Self {
        Self {
            payment_no: payment_no.to_string(),
            hold_no: hold.hold_no.to_string(),
            hold_time: hold.hold_time,
            honour_end_time: hold.honour_end_time,
            expire_time: hold.expire_time,
        }
    }

    fn into_domain(self) -> Result<Hold, StoreError> {
        Ok(Hold {
            hold_no: ChannelHoldNo::parse(self.hold_no).map_err(|_| StoreError::Corrupt("payment_hold"))?,
            hold_time: self.hold_time,
            honour_end_time: self.honour_end_time,
            expire_time: self.expire_time,
        })
    }
}

/// A row of `allocation`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = allocation, check_for_backend(diesel::pg::Pg))]
pub(crate) struct AllocationRow {
    pub(crate) payment_no: String,
    pub(crate) order_no: String,
    pub(crate) merchant_id: String,
    pub(crate) amount: i64,
    pub(crate) state: String,
    pub(crate) refund_reserved: i64,
}

impl PaymentRow {
    /// A new payment's row.
    pub(crate) fn of(payment: &Payment, created_by: &str, schedules: Schedules) -> Self {
        Self {
            payment_no: payment.payment_no.to_string(),
            merchant_id: payment.merchant_id.to_string(),
            request_id: payment.request_id.to_string(),
            created_by: created_by.to_owned(),
            channel: payment.channel.to_string(),
            channel_account: payment.channel_account.to_string(),
            product: payment.product.to_string(),
            payee: payment.payee.to_string(),
            currency: payment.amount.currency().to_string(),
            amount: payment.amount.minor_units(),
            description: payment.description.clone(),
            options: payment.options.clone(),
            payer_client_ip: payment.payer_client_ip.map(|address| address.to_string()),
            state: payment.state.as_str().to_owned(),
            revision: payment.revision,
            channel_transaction_no: payment.channel_transaction_no.as_ref().map(ToString::to_string),
            handle: payment.handle.as_ref().map(|handle| handle.value.clone()),
            handle_expire_time: payment.handle.as_ref().map(|handle| handle.expire_time),
            failure_reason: payment.failure.as_ref().map(|failure| failure.reason.as_str().to_owned()),
            failure_code: payment.failure.as_ref().map(|failure| failure.channel_code.clone()),
            create_time: payment.times.create,
            expire_time: payment.times.expire,
            update_time: payment.times.update,
            client_report_time: payment.times.client_report,
            succeed_time: payment.times.succeed,
            end_time: payment.times.end,
            // Whoever creates it calls the channel at once; a scheduler looks after it if nothing came of that.
            next_check_time: payment.state.is_open().then(|| schedules.payment.first(payment.times.create)),
            capture_intend_time: payment.capture_intend_time,
            notify_url: payment.notify_url.as_ref().map(ToString::to_string),
            hold_intend_time: payment.hold_intend_time,
        }
    }

    /// Whether the payment may have a row in `payment_hold`: most have none, and are read without looking for one.
    pub(crate) fn may_have_hold(&self) -> bool {
        self.hold_intend_time.is_some() || self.state == PaymentState::Held.as_str()
    }

    /// The domain's view, with the payment's allocations in any order.
    pub(crate) fn into_domain(
        self,
        allocations: Vec<AllocationRow>,
        hold: Option<HoldRow>,
    ) -> Result<Payment, StoreError> {
        let currency = Currency::parse(&self.currency).map_err(|_| CORRUPT)?;
        let mut allocations = allocations
            .into_iter()
            .map(|allocation| allocation.into_domain(currency))
            .collect::<Result<Vec<_>, _>>()?;
        allocations.sort_by(|one, other| one.order_no.cmp(&other.order_no));
        let transaction_no = self.channel_transaction_no.map(ChannelTransactionNo::parse).transpose();
        Ok(Payment {
            payment_no: PaymentNo::parse(self.payment_no).map_err(|_| CORRUPT)?,
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| CORRUPT)?,
            request_id: RequestId::parse(self.request_id).map_err(|_| CORRUPT)?,
            channel: ChannelName::parse(self.channel).map_err(|_| CORRUPT)?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(|_| CORRUPT)?,
            product: Product::parse(self.product).map_err(|_| CORRUPT)?,
            payee: Payee::parse(self.payee).map_err(|_| CORRUPT)?,
            amount: Money::new(currency, self.amount),
            description: self.description,
            options: self.options,
            payer_client_ip: self
                .payer_client_ip
                .map(|text| text.parse())
                .transpose()
                .map_err(|_| CORRUPT)?,
            state: Word::of_word(&self.state)?,
            revision: self.revision,
            allocations,
            channel_transaction_no: transaction_no.map_err(|_| CORRUPT)?,
            handle: handle(self.handle, self.handle_expire_time)?,
            failure: failure(self.failure_reason, self.failure_code)?,
            hold_intend_time: self.hold_intend_time,
            hold: hold.map(HoldRow::into_domain).transpose()?,
            capture_intend_time: self.capture_intend_time,
            notify_url: self.notify_url.map(|text| text.parse()).transpose().map_err(|_| CORRUPT)?,
            times: PaymentTimes {
                create: self.create_time,
                expire: self.expire_time,
                update: self.update_time,
                client_report: self.client_report_time,
                succeed: self.succeed_time,
                end: self.end_time,
            },
        })
    }
}

const CORRUPT: StoreError = StoreError::Corrupt("payment");

fn handle(
    value: Option<String>,
    expire_time: Option<OffsetDateTime>,
) -> Result<Option<ChannelHandle>, StoreError> {
    match (value, expire_time) {
        (Some(value), Some(expire_time)) => Ok(Some(ChannelHandle { value, expire_time })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(CORRUPT),
    }
}

fn failure(reason: Option<String>, code: Option<String>) -> Result<Option<Failure>, StoreError> {
    match (reason, code) {
        (Some(reason), Some(channel_code)) => {
            Ok(Some(Failure { reason: Word::of_word(&reason)?, channel_code }))
        }
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(CORRUPT),
    }
}

impl AllocationRow {
    fn into_domain(self, currency: Currency) -> Result<Allocation, StoreError> {
        Ok(Allocation {
            order_no: OrderNo::parse(self.order_no).map_err(|_| StoreError::Corrupt("allocation"))?,
            amount: Money::new(currency, self.amount),
            state: Word::of_word(&self.state)?,
            refund_reserved: Money::new(currency, self.refund_reserved),
        })
    }
}
