//! Asking a channel where a payment is, and applying what it says: `SyncPayment`, and a step of other use cases.

use std::sync::Arc;

use payment_core::{
    evidence::{Evidence, Source},
    gateway::{PaymentAnswer, QueryRequest, TransactionReference},
    identifiers::PaymentNo,
    payment::{Payment, apply::Happening},
};

use super::{
    App, Caller,
    command::{ChannelContact, SyncedPayment},
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

impl App {
    /// Asks the channel where a payment is, now.
    ///
    /// # Errors
    /// [`AppError::PaymentNotFound`], [`AppError::ChannelNotEnabled`], [`AppError::StoreUnavailable`]. A channel that does
    /// not answer is no error: [`ChannelContact::NotReached`].
    pub async fn sync_payment(
        self: &Arc<Self>,
        caller: &Caller,
        payment_no: &PaymentNo,
    ) -> Result<SyncedPayment, AppError> {
        let payment = self.payment(&caller.merchant_id, payment_no).await?;
        let account = self.account_of(&payment)?;
        let app = Arc::clone(self);
        self.detached(async move { app.ask(&payment, &account).await }).await
    }

    /// Asks and applies. Must run detached.
    pub(super) async fn ask(&self, payment: &Payment, account: &Account) -> Result<SyncedPayment, AppError> {
        match self.query(payment, account).await {
            None => Ok(SyncedPayment { payment: payment.clone(), contact: ChannelContact::NotReached }),
            Some(answer) => {
                let found = answer.finding.clone();
                let payment = self.apply_query_answer(payment, answer).await?;
                let payment = self.carry_out(payment, account, &found).await?;
                Ok(SyncedPayment { payment, contact: ChannelContact::Answered })
            }
        }
    }

    /// The channel's answer, if there is one that can be believed.
    pub(super) async fn query(&self, payment: &Payment, account: &Account) -> Option<PaymentAnswer> {
        let request = QueryRequest {
            reference: TransactionReference::PaymentNo(payment.payment_no.clone()),
            product: payment.product.clone(),
            handle: payment.handle.clone(),
        };
        let answer = account.gateway.query(&request).await;
        crash_point::reach(CrashPoint::QueryAnswered);
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(payment.no = %payment.payment_no, %error, "the channel gave no answer to a query");
                None
            }
        }
    }

    /// Applies an answer. One that decides nothing, as most do, takes no locks: the payment is read as it is by now.
    pub(super) async fn apply_query_answer(
        &self,
        payment: &Payment,
        answer: PaymentAnswer,
    ) -> Result<Payment, AppError> {
        if answer.finding.decides_nothing() {
            return self.payment(&payment.merchant_id, &payment.payment_no).await;
        }
        let evidence = Evidence::of_channel(Source::QueryAnswer, answer.evidence);
        let happening = Happening::Found(answer.finding);
        let applied =
            self.apply(&payment.merchant_id, &payment.payment_no, happening, evidence, None).await?;
        crash_point::reach(CrashPoint::QueryRecorded);
        Ok(applied.map_or_else(|| payment.clone(), |applied| applied.payment))
    }
}
