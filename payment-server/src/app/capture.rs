//! Taking or holding the money that a payer approved, where the channel leaves that to us: never for a payment that was
//! closed or whose order somebody else has paid, and never without the intent on record first (R11, R23).

use payment_core::{
    evidence::{Evidence, Source},
    gateway::{
        Approval, CaptureRequest, CompletionCapability, Finding, GatewayError, HoldCapability, HoldRequest,
        PaymentAnswer, Reason,
    },
    payment::{Failure, Payment, apply::Happening, state::PaymentState},
};

use super::{
    App,
    command::ChannelContact,
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

/// What came of trying to move a payer's money.
pub(super) struct Moved {
    /// The payment as it is now.
    pub(super) payment: Payment,
    /// Whether the channel answered.
    pub(super) contact: ChannelContact,
    /// Its refusal, if it was one.
    pub(super) refusal: Option<Failure>,
}

impl Moved {
    const fn not_tried(payment: Payment) -> Self {
        Self { payment, contact: ChannelContact::Answered, refusal: None }
    }
}

impl App {
    /// Goes on from what a channel found: takes or holds what was approved, takes what is held once that was intended.
    /// Must run detached. Repeating it moves nothing more.
    pub(super) async fn carry_out(
        &self,
        payment: Payment,
        account: &Account,
        found: &Finding,
    ) -> Result<Payment, AppError> {
        match found {
            Finding::Approved(Approval::Capture) => Ok(self.capture(payment, account).await?.payment),
            Finding::Approved(Approval::Hold) => Ok(self.hold(payment, account).await?.payment),
            Finding::Held(_) if payment.capture_intend_time.is_some() => {
                Ok(self.capture(payment, account).await?.payment)
            }
            Finding::Held(_)
            | Finding::Paid(_)
            | Finding::AwaitingPayer
            | Finding::Pending
            | Finding::NotFound
            | Finding::Closed
            | Finding::Failed(_) => Ok(payment),
        }
    }

    /// Takes the money if that is ours to do and still right.
    pub(super) async fn capture(&self, payment: Payment, account: &Account) -> Result<Moved, AppError> {
        if account.gateway.capabilities().completion != CompletionCapability::ByCapture {
            return Ok(Moved::not_tried(payment));
        }
        let payment = match payment.capture_intend_time {
            Some(_) => payment,
            None => self.intend(payment, Happening::CaptureIntended, CrashPoint::CaptureIntended).await?,
        };
        let intend_time = payment.capture_intend_time.filter(|_| payment.state.is_open());
        let (Some(handle), Some(intend_time)) = (payment.handle.clone(), intend_time) else {
            return Ok(Moved::not_tried(payment));
        };
        let request = CaptureRequest {
            payment_no: payment.payment_no.clone(),
            product: payment.product.clone(),
            handle,
            amount: payment.amount,
            intend_time,
        };
        let answer = account.gateway.capture(&request).await;
        crash_point::reach(CrashPoint::CaptureAnswered);
        self.record_moved(payment, answer, Source::CaptureAnswer).await
    }

    /// Has the money held if that is ours to do and still right.
    async fn hold(&self, payment: Payment, account: &Account) -> Result<Moved, AppError> {
        if account.gateway.capabilities().hold == HoldCapability::Never {
            return Ok(Moved::not_tried(payment));
        }
        let payment = match payment.hold_intend_time {
            Some(_) => payment,
            None => self.intend(payment, Happening::HoldIntended, CrashPoint::HoldIntended).await?,
        };
        let may_hold = payment.state.awaits_payer() && payment.hold_intend_time.is_some();
        let (Some(handle), true) = (payment.handle.clone(), may_hold) else {
            return Ok(Moved::not_tried(payment));
        };
        let (payment_no, product) = (payment.payment_no.clone(), payment.product.clone());
        let answer = account.gateway.hold(&HoldRequest { payment_no, product, handle }).await;
        crash_point::reach(CrashPoint::HoldAnswered);
        self.record_moved(payment, answer, Source::HoldAnswer).await
    }

    async fn intend(
        &self,
        payment: Payment,
        happening: Happening,
        point: CrashPoint,
    ) -> Result<Payment, AppError> {
        let intended = self.apply_gate(payment, happening).await?;
        crash_point::reach(point);
        Ok(intended)
    }

    /// What is unknown is found out by the next question, and the same call is then repeated (R5). What certainly did not
    /// happen is on record as such: then the payment can be closed, or tried again.
    async fn record_moved(
        &self,
        payment: Payment,
        answer: Result<PaymentAnswer, GatewayError>,
        source: Source,
    ) -> Result<Moved, AppError> {
        let number = payment.payment_no.clone();
        match answer {
            Ok(PaymentAnswer { finding, evidence }) => {
                let nothing_moved = nothing_moved(&finding, source);
                let evidence = Evidence::of_channel(source, evidence);
                let mut payment = self.apply_to(payment, Happening::Found(finding), evidence).await?;
                if nothing_moved {
                    payment = self.apply_gate(payment, Happening::NothingMoved).await?;
                }
                Ok(Moved { payment, contact: ChannelContact::Answered, refusal: None })
            }
            Err(GatewayError::Refused { reason, channel_code }) => {
                tracing::warn!(payment.no = %number, ?reason, channel_code, "the channel refused to move a payer's money");
                let payment = if is_final(reason) {
                    self.apply_gate(payment, Happening::NothingMoved).await?
                } else {
                    payment
                };
                let refusal = Some(Failure { reason, channel_code });
                Ok(Moved { payment, contact: ChannelContact::Answered, refusal })
            }
            Err(error @ (GatewayError::NotSent(_) | GatewayError::Unknown(_))) => {
                tracing::warn!(payment.no = %number, %error, "the channel gave no answer to a capture");
                Ok(Moved { payment, contact: ChannelContact::NotReached, refusal: None })
            }
        }
    }

    /// Where no money moves without our capture, our record that we never will is the proof that it is closed. A
    /// payment whose capture was intended stays open until the channel has said what became of it.
    pub(super) async fn close_gate(&self, payment: Payment) -> Result<Payment, AppError> {
        self.apply_gate(payment, Happening::GateClosed).await
    }

    /// Our own word about what we mean to do.
    async fn apply_gate(&self, payment: Payment, happening: Happening) -> Result<Payment, AppError> {
        let evidence = Evidence { source: Source::CaptureGate, caller: None, channel: None };
        self.apply_to(payment, happening, evidence).await
    }

    async fn apply_to(
        &self,
        payment: Payment,
        happening: Happening,
        evidence: Evidence,
    ) -> Result<Payment, AppError> {
        let applied =
            self.apply(&payment.merchant_id, &payment.payment_no, happening, evidence, None).await?;
        Ok(applied.map_or(payment, |applied| applied.payment))
    }

    /// Whether held money is to be let go by itself: the payment had ended before, or another one paid an order of its.
    pub(super) async fn is_to_be_let_go(&self, payment: &Payment) -> Result<bool, AppError> {
        match payment.state {
            PaymentState::Held => {
                Ok(payment.is_held_late() || self.store.payment_outrun(payment).await?.is_some())
            }
            PaymentState::Initiating
            | PaymentState::AwaitingPayer
            | PaymentState::ClientReported
            | PaymentState::Succeeded
            | PaymentState::Closed
            | PaymentState::Failed => Ok(false),
        }
    }
}

/// Whether an answer to a capture or a hold says that it did not happen. Money that is on its way is neither.
const fn nothing_moved(finding: &Finding, source: Source) -> bool {
    match finding {
        Finding::AwaitingPayer | Finding::Approved(_) => true,
        Finding::Held(_) => matches!(source, Source::CaptureAnswer),
        Finding::Paid(_) | Finding::Pending | Finding::NotFound | Finding::Closed | Finding::Failed(_) => {
            false
        }
    }
}

/// Whether a refusal says that nothing moved and nothing will by this call. Others say that something is known already.
const fn is_final(reason: Reason) -> bool {
    match reason {
        Reason::ChannelRejected
        | Reason::AccountMisconfigured
        | Reason::AlreadyClosed
        | Reason::PayerAccountUnusable
        | Reason::MerchantBalanceInsufficient
        | Reason::RefundExceedsPaid
        | Reason::ForbiddenByChannel => true,
        Reason::AlreadyPaid | Reason::NumberReused | Reason::NotFound | Reason::PayerIsPaying => false,
    }
}
