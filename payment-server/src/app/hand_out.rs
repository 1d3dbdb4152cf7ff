//! Announcing a payment to its channel and handing payment data out, as often as it is asked for.

use std::time::Duration;

use payment_core::{
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{CreateRequest, Created, GatewayError, Reason, RepeatedCreate},
    payment::{Failure, Payment, apply::Happening, state::PaymentState},
};

use super::{
    App,
    command::CreatedPayment,
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

/// How long another task or replica that is announcing the same payment is left to do so, before it is taken for dead
/// and its create is repeated.
const GRACE: time::Duration = time::Duration::seconds(2);

/// How long to wait between looks whether it did, unless woken; and how many looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const LOOKS: usize = 8;

impl App {
    /// Announces a payment to the channel and hands its payment data out. Must run detached.
    ///
    /// The same payment may be announced again: the request's bytes are the same each time.
    pub(super) async fn announce(
        &self,
        payment: Payment,
        account: &Account,
    ) -> Result<CreatedPayment, AppError> {
        let created = account.gateway.create(&create_request(&payment, account)).await;
        crash_point::reach(CrashPoint::CreateAnswered);
        match created {
            Ok(created) => self.record_created(payment, account, created).await,
            Err(GatewayError::Refused { reason, channel_code }) => {
                self.create_refused(payment, account, Failure { reason, channel_code }).await
            }
            Err(GatewayError::NotSent(cause)) => {
                tracing::warn!(payment.no = %payment.payment_no, cause, "the channel did not take a create");
                Err(AppError::ChannelUnavailable {
                    account: payment.channel_account,
                    payment_no: payment.payment_no,
                })
            }
            // The intent is kept; repeating the request, or asking, goes on from here (R5).
            Err(GatewayError::Unknown(cause)) => {
                tracing::warn!(payment.no = %payment.payment_no, cause, "the outcome of a create is unknown");
                Ok(CreatedPayment { payment, payment_data: None })
            }
        }
    }

    async fn record_created(
        &self,
        payment: Payment,
        account: &Account,
        created: Created,
    ) -> Result<CreatedPayment, AppError> {
        let evidence = Evidence { source: Source::CreateAnswer, caller: None, channel: created.evidence };
        let payment = match created.finding {
            Some(finding) => {
                self.record_create_answer(payment, Happening::Found(finding), evidence.clone()).await?
            }
            None => payment,
        };
        let payment = if payment.state.awaits_payer() {
            self.record_create_answer(payment, Happening::Created(created.handle), evidence).await?
        } else {
            payment
        };
        self.payment_data(payment, account)
    }

    /// What proves a success goes first: a payment that the create itself took is paid from the answer, and waits for
    /// nobody.
    async fn record_create_answer(
        &self,
        payment: Payment,
        happening: Happening,
        evidence: Evidence,
    ) -> Result<Payment, AppError> {
        let applied =
            self.apply(&payment.merchant_id, &payment.payment_no, happening, evidence, None).await?;
        crash_point::reach(CrashPoint::CreateRecorded);
        Ok(applied.map_or(payment, |applied| applied.payment))
    }

    /// Some refusals say that the channel knows the number: then it is asked, for only its facts decide (R4).
    async fn create_refused(
        &self,
        payment: Payment,
        account: &Account,
        failure: Failure,
    ) -> Result<CreatedPayment, AppError> {
        match failure.reason {
            Reason::AlreadyPaid
            | Reason::AlreadyClosed
            | Reason::NumberReused
            | Reason::NotFound
            | Reason::PayerIsPaying => {
                let synced = self.ask(&payment, account).await?;
                self.payment_data(synced.payment, account)
            }
            Reason::ChannelRejected
            | Reason::AccountMisconfigured
            | Reason::PayerAccountUnusable
            | Reason::MerchantBalanceInsufficient
            | Reason::RefundExceedsPaid
            | Reason::ForbiddenByChannel => self.record_refused(payment, account, failure).await,
        }
    }

    async fn record_refused(
        &self,
        payment: Payment,
        account: &Account,
        failure: Failure,
    ) -> Result<CreatedPayment, AppError> {
        let words = ChannelEvidence { bytes: failure.channel_code.clone().into_bytes(), verified_by: None };
        let evidence = Evidence::of_channel(Source::CreateAnswer, words);
        let happening = Happening::CreateRefused(failure.clone());
        let applied =
            self.apply(&payment.merchant_id, &payment.payment_no, happening, evidence, None).await?;
        crash_point::reach(CrashPoint::CreateRecorded);
        let payment = applied.map_or(payment, |applied| applied.payment);
        if payment.state == PaymentState::Failed {
            return Err(AppError::ChannelRefused {
                payment_no: payment.payment_no,
                reason: failure.reason,
                channel_code: failure.channel_code,
            });
        }
        self.payment_data(payment, account)
    }

    /// Hands out what a payment of an earlier request has, completing or renewing it where the channel allows.
    /// Must run detached.
    pub(super) async fn resume(
        &self,
        payment: Payment,
        account: &Account,
    ) -> Result<CreatedPayment, AppError> {
        let payment = self.wait_while_announced_elsewhere(payment).await?;
        let now = self.now();
        let payable = payment.state.awaits_payer() && now < payment.times.expire;
        let handle_lives = payment.handle.as_ref().is_some_and(|handle| now < handle.expire_time);
        let repeatable = account.gateway.capabilities().repeated_create == RepeatedCreate::Safe;
        if payable && !handle_lives && repeatable {
            return self.announce(payment, account).await;
        }
        self.payment_data(payment, account)
    }

    /// Gives a task that is announcing this payment right now the time to finish.
    pub(super) async fn wait_while_announced_elsewhere(&self, payment: Payment) -> Result<Payment, AppError> {
        if payment.state != PaymentState::Initiating || self.now() >= payment.times.create + GRACE {
            return Ok(payment);
        }
        let mut waiter = self.changes.waiter(&payment.payment_no);
        for _ in 0..LOOKS {
            waiter.before_look();
            let read = self.payment(&payment.merchant_id, &payment.payment_no).await?;
            if read.state != PaymentState::Initiating {
                return Ok(read);
            }
            waiter.changed_or(LOOK_AGAIN).await;
        }
        self.payment(&payment.merchant_id, &payment.payment_no).await
    }

    /// The payment with payment data signed for this moment, if it still awaits its payer.
    pub(super) fn payment_data(
        &self,
        payment: Payment,
        account: &Account,
    ) -> Result<CreatedPayment, AppError> {
        let awaits_payer = payment.state.awaits_payer() && self.now() < payment.times.expire;
        let handle = payment.handle.as_ref().filter(|_| awaits_payer);
        let payment_data =
            match handle {
                None => None,
                Some(handle) => {
                    let made = account.gateway.payment_data(&payment.product, handle);
                    Some(made.map_err(|error| {
                        AppError::Internal(format!("payment data cannot be made: {error}"))
                    })?)
                }
            };
        Ok(CreatedPayment { payment, payment_data })
    }
}

/// The request as it was first sent: every value comes from the record.
pub(super) fn create_request(payment: &Payment, account: &Account) -> CreateRequest {
    CreateRequest {
        payment_no: payment.payment_no.clone(),
        product: payment.product.clone(),
        amount: payment.amount,
        description: payment.description.clone(),
        expire_time: payment.times.expire,
        notify_url: payment.notify_url.clone().unwrap_or_else(|| account.notify_url.clone()),
        options: payment.options.clone(),
        payer_ip: payment.payer_client_ip,
    }
}
