//! `ClosePayment`: query, close at the channel, query again, then close locally. A success found on the way wins (R20).

use std::sync::Arc;

use futures::FutureExt as _;
use payment_core::{
    evidence::{Evidence, Source},
    gateway::{CloseCapability, CloseRequest, Closed, Finding, GatewayError, Reason, ReleaseRequest},
    identifiers::PaymentNo,
    payment::{Payment, apply::Happening, state::PaymentState},
};

use super::{
    App,
    command::{Caller, ChannelContact, SyncedPayment},
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

impl App {
    /// Closes a payment so that it can no longer be paid.
    ///
    /// # Errors
    /// As [`App::sync_payment`].
    pub async fn close_payment(
        self: &Arc<Self>,
        caller: &Caller,
        payment_no: &PaymentNo,
    ) -> Result<SyncedPayment, AppError> {
        let payment = self.payment(&caller.merchant_id, payment_no).await?;
        let account = self.account_of(&payment)?;
        let app = Arc::clone(self);
        self.detached(async move { app.close(payment, &account).await }).await
    }

    /// Closes. Must run detached. The payment stays open where the channel gave no proof.
    pub(super) async fn close(&self, payment: Payment, account: &Account) -> Result<SyncedPayment, AppError> {
        if !payment.state.is_open() {
            return Ok(SyncedPayment { payment, contact: ChannelContact::Answered });
        }
        let asked = self.ask(&payment, account).await?;
        if !asked.payment.state.is_open() {
            return Ok(asked);
        }
        if asked.payment.hold_intend_time.is_some() || asked.payment.state == PaymentState::Held {
            return self.let_go(asked.payment, account).await;
        }
        if account.gateway.capabilities().close == CloseCapability::Never {
            let payment = self.close_gate(asked.payment).await?;
            return Ok(SyncedPayment { payment, contact: asked.contact });
        }
        let known = self.make_known(asked.payment, account).boxed().await?;
        if !known.state.is_open() {
            return Ok(SyncedPayment { payment: known, contact: ChannelContact::Answered });
        }
        let request = CloseRequest {
            payment_no: known.payment_no.clone(),
            product: known.product.clone(),
            handle: known.handle.clone(),
        };
        let closed = account.gateway.close(&request).await;
        crash_point::reach(CrashPoint::CloseAnswered);
        match closed {
            Ok(closed) => self.record_closed(known, account, closed).await,
            Err(error) => self.close_refused(known, account, &error).await,
        }
    }

    /// Lets the payer's held money go. What may be on its way to be held is let go once the channel shows it.
    async fn let_go(&self, payment: Payment, account: &Account) -> Result<SyncedPayment, AppError> {
        let Some(handle) = payment.handle.clone() else {
            return Ok(SyncedPayment { payment, contact: ChannelContact::NotReached });
        };
        let (payment_no, product) = (payment.payment_no.clone(), payment.product.clone());
        let released = account.gateway.release(&ReleaseRequest { payment_no, product, handle }).await;
        crash_point::reach(CrashPoint::ReleaseAnswered);
        match released {
            Ok(closed) => self.record_closed(payment, account, closed).await,
            Err(error) => self.close_refused(payment, account, &error).await,
        }
    }

    /// A channel can only close what it knows. A create that may still be on its way could arrive after a "not found",
    /// so it is repeated first: then there is something to close (R4).
    async fn make_known(&self, payment: Payment, account: &Account) -> Result<Payment, AppError> {
        if payment.state != PaymentState::Initiating {
            return Ok(payment);
        }
        match self.announce(payment.clone(), account).await {
            Ok(created) => Ok(created.payment),
            Err(AppError::ChannelUnavailable { .. }) => Ok(payment),
            Err(AppError::ChannelRefused { .. }) => {
                self.payment(&payment.merchant_id, &payment.payment_no).await
            }
            Err(error) => Err(error),
        }
    }

    /// The channel proved it closed; a payment that raced the close is looked for before that is believed (F29).
    async fn record_closed(
        &self,
        payment: Payment,
        account: &Account,
        closed: Closed,
    ) -> Result<SyncedPayment, AppError> {
        let again = self.query(&payment, account).await;
        if let Some(answer) = again.filter(|answer| matches!(answer.finding, Finding::Paid(_))) {
            let payment = self.apply_query_answer(&payment, answer).await?;
            return Ok(SyncedPayment { payment, contact: ChannelContact::Answered });
        }
        let evidence = Evidence::of_channel(Source::CloseAnswer, closed.evidence);
        let happening = Happening::Found(Finding::Closed);
        let applied =
            self.apply(&payment.merchant_id, &payment.payment_no, happening, evidence, None).await?;
        crash_point::reach(CrashPoint::CloseRecorded);
        let payment = applied.map_or(payment, |applied| applied.payment);
        Ok(SyncedPayment { payment, contact: ChannelContact::Answered })
    }

    /// A refusal is a reason to ask, never an end: paid, closed already, or the payer is paying at this moment.
    async fn close_refused(
        &self,
        payment: Payment,
        account: &Account,
        error: &GatewayError,
    ) -> Result<SyncedPayment, AppError> {
        tracing::warn!(payment.no = %payment.payment_no, %error, "the channel did not close a payment");
        match error {
            GatewayError::Refused { reason: Reason::AlreadyPaid | Reason::AlreadyClosed, .. }
            | GatewayError::Unknown(_) => self.ask(&payment, account).await,
            GatewayError::Refused { .. } => Ok(SyncedPayment { payment, contact: ChannelContact::Answered }),
            GatewayError::NotSent(_) => Ok(SyncedPayment { payment, contact: ChannelContact::NotReached }),
        }
    }
}
