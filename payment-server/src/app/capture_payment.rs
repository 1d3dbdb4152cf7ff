//! `CapturePayment`: takes held money, whole and once.

use std::sync::Arc;

use payment_core::{
    gateway::{HoldCapability, Reason},
    identifiers::PaymentNo,
    payment::{Failure, Payment, state::PaymentState},
};

use super::{
    App,
    capture::Moved,
    command::{Caller, ChannelContact, SyncedPayment},
    error::AppError,
};
use crate::channels::Account;

impl App {
    /// Takes the money that the channel holds for a payment. Repeating it takes nothing more.
    ///
    /// # Errors
    /// As [`App::sync_payment`]; [`AppError::CapabilityUnsupported`] at a channel that holds nothing,
    /// [`AppError::PaymentStateConflict`] for a payment whose money is not held, [`AppError::OrderAlreadyPaid`] if another
    /// payment has paid one of its orders, [`AppError::ChannelRefused`] if the channel does not let it be taken. A channel
    /// that does not answer is no error: the service goes on with it.
    pub async fn capture_payment(
        self: &Arc<Self>,
        caller: &Caller,
        payment_no: &PaymentNo,
    ) -> Result<SyncedPayment, AppError> {
        let payment = self.payment(&caller.merchant_id, payment_no).await?;
        let account = self.account_of(&payment)?;
        if account.gateway.capabilities().hold == HoldCapability::Never {
            let capability = "hold money for a later capture".to_owned();
            return Err(AppError::CapabilityUnsupported { channel: payment.channel, capability });
        }
        let app = Arc::clone(self);
        self.detached(async move { app.capture_held(payment, &account).await }).await
    }

    async fn capture_held(&self, payment: Payment, account: &Account) -> Result<SyncedPayment, AppError> {
        match payment.state {
            PaymentState::Succeeded => {
                return Ok(SyncedPayment { payment, contact: ChannelContact::Answered });
            }
            PaymentState::Held if !payment.is_held_late() => {}
            PaymentState::Held
            | PaymentState::Initiating
            | PaymentState::AwaitingPayer
            | PaymentState::ClientReported
            | PaymentState::Closed
            | PaymentState::Failed => return Err(state_conflict(&payment)),
        }
        let Moved { payment, contact, refusal } = self.capture(payment, account).await?;
        match (payment.state, refusal) {
            (PaymentState::Succeeded, _) => Ok(SyncedPayment { payment, contact }),
            (_, Some(failure)) => self.capture_refused(payment, account, failure).await,
            (PaymentState::Held, None) if payment.capture_intend_time.is_some() => {
                Ok(SyncedPayment { payment, contact })
            }
            (_, None) => Err(self.not_captured(&payment).await?),
        }
    }

    /// Some refusals say that the money moved already, to us or back to the payer: then the channel is asked.
    async fn capture_refused(
        &self,
        payment: Payment,
        account: &Account,
        failure: Failure,
    ) -> Result<SyncedPayment, AppError> {
        match failure.reason {
            Reason::AlreadyPaid
            | Reason::AlreadyClosed
            | Reason::NumberReused
            | Reason::NotFound
            | Reason::PayerIsPaying => {
                let asked = self.ask(&payment, account).await?;
                match asked.payment.state {
                    PaymentState::Succeeded | PaymentState::Held => Ok(asked),
                    PaymentState::Initiating
                    | PaymentState::AwaitingPayer
                    | PaymentState::ClientReported
                    | PaymentState::Closed
                    | PaymentState::Failed => Err(state_conflict(&asked.payment)),
                }
            }
            reason @ (Reason::ChannelRejected
            | Reason::AccountMisconfigured
            | Reason::PayerAccountUnusable
            | Reason::MerchantBalanceInsufficient
            | Reason::RefundExceedsPaid
            | Reason::ForbiddenByChannel) => Err(AppError::ChannelRefused {
                payment_no: payment.payment_no,
                reason,
                channel_code: failure.channel_code,
            }),
        }
    }

    /// Why there was no capture: another payment paid an order, the money was let go meanwhile, or it was declined.
    async fn not_captured(&self, payment: &Payment) -> Result<AppError, AppError> {
        let paid = self.store.payment_outrun(payment).await?;
        Ok(match (paid, payment.state) {
            (Some(paid), _) => {
                AppError::OrderAlreadyPaid { order_no: paid.order_no, payment_no: paid.payment_no }
            }
            (None, PaymentState::Held) => AppError::ChannelRefused {
                payment_no: payment.payment_no.clone(),
                reason: Reason::PayerAccountUnusable,
                channel_code: "CAPTURE_DECLINED".to_owned(),
            },
            (None, _) => state_conflict(payment),
        })
    }
}

fn state_conflict(payment: &Payment) -> AppError {
    AppError::PaymentStateConflict { payment_no: payment.payment_no.clone(), state: payment.state.as_str() }
}
