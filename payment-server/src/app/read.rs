//! Reads: payments and orders as they are recorded, without asking a channel.

use payment_core::{
    identifiers::{OrderNo, PaymentNo, RefundNo},
    payment::Payment,
    refund::Refund,
};
use payment_store::{payment::PaymentFilter, refund::RefundFilter};

use super::{
    App,
    command::{Caller, ListPayments, ListRefunds, Order, PaymentPage, RefundPage},
    error::AppError,
};

/// How many attempts `GetOrder` shows at most.
const ATTEMPTS_SHOWN: i64 = 200;

impl App {
    /// A payment as it is recorded.
    ///
    /// # Errors
    /// [`AppError::PaymentNotFound`], [`AppError::StoreUnavailable`].
    pub async fn get_payment(&self, caller: &Caller, payment_no: &PaymentNo) -> Result<Payment, AppError> {
        self.payment(&caller.merchant_id, payment_no).await
    }

    /// One page of payments, newest first.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn list_payments(&self, caller: &Caller, list: ListPayments) -> Result<PaymentPage, AppError> {
        let size = usize::from(list.page_size);
        let filter = PaymentFilter {
            merchant_id: caller.merchant_id.clone(),
            order_no: list.order_no,
            states: list.states,
            create_time_from: list.create_time_from,
            create_time_before: list.create_time_before,
            below: list.after,
            // One more than asked for tells whether there are more.
            limit: i64::from(list.page_size) + 1,
        };
        let mut payments = self.store.payment_list(&filter).await?;
        let more = payments.len() > size;
        payments.truncate(size);
        let next = payments.last().filter(|_| more).map(|payment| payment.payment_no.clone());
        Ok(PaymentPage { payments, next })
    }

    /// An order with every payment that covers it.
    ///
    /// # Errors
    /// [`AppError::OrderNotFound`], [`AppError::StoreUnavailable`].
    pub async fn get_order(&self, caller: &Caller, order_no: &OrderNo) -> Result<Order, AppError> {
        let filter = PaymentFilter {
            merchant_id: caller.merchant_id.clone(),
            order_no: Some(order_no.clone()),
            states: Vec::new(),
            create_time_from: None,
            create_time_before: None,
            below: None,
            limit: ATTEMPTS_SHOWN,
        };
        let payments = self.store.payment_list(&filter).await?;
        if payments.is_empty() {
            return Err(AppError::OrderNotFound(order_no.clone()));
        }
        let refunds = RefundFilter {
            merchant_id: caller.merchant_id.clone(),
            payment_no: None,
            order_no: Some(order_no.clone()),
            states: Vec::new(),
            below: None,
            limit: ATTEMPTS_SHOWN,
        };
        let refunds = self.store.refund_list(&refunds).await?;
        Ok(Order { order_no: order_no.clone(), payments, refunds })
    }

    /// A refund as it is recorded.
    ///
    /// # Errors
    /// [`AppError::RefundNotFound`], [`AppError::StoreUnavailable`].
    pub async fn get_refund(&self, caller: &Caller, refund_no: &RefundNo) -> Result<Refund, AppError> {
        let found = self.store.refund_get(&caller.merchant_id, refund_no).await?;
        found.ok_or_else(|| AppError::RefundNotFound(refund_no.clone()))
    }

    /// One page of refunds, newest first.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn list_refunds(&self, caller: &Caller, list: ListRefunds) -> Result<RefundPage, AppError> {
        let size = usize::from(list.page_size);
        let filter = RefundFilter {
            merchant_id: caller.merchant_id.clone(),
            payment_no: list.payment_no,
            order_no: list.order_no,
            states: list.states,
            below: list.after,
            // One more than asked for tells whether there are more.
            limit: i64::from(list.page_size) + 1,
        };
        let mut refunds = self.store.refund_list(&filter).await?;
        let more = refunds.len() > size;
        refunds.truncate(size);
        let last = refunds.last().filter(|_| more);
        let next = last.map(|refund| (refund.times.create, refund.refund_no.clone()));
        Ok(RefundPage { refunds, next })
    }
}
