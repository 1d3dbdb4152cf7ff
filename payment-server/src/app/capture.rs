//! Taking the money of an approved payment, where the channel leaves that to us: never for a payment that was closed or
//! whose order somebody else has paid, and never without the intent on record first (R11, R23).

use payment_core::{
    evidence::{Evidence, Source},
    gateway::{CaptureRequest, CompletionCapability, PaymentAnswer},
    payment::{Payment, apply::Happening},
};

use super::{
    App,
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

impl App {
    /// Captures if that is ours to do and still right. Must run detached. Repeating it takes nothing more.
    pub(super) async fn capture(&self, payment: Payment, account: &Account) -> Result<Payment, AppError> {
        if account.gateway.capabilities().completion != CompletionCapability::ByCapture {
            return Ok(payment);
        }
        let payment = self.intend_capture(payment).await?;
        let (Some(handle), true) = (payment.handle.clone(), may_capture(&payment)) else {
            return Ok(payment);
        };
        let request = CaptureRequest {
            payment_no: payment.payment_no.clone(),
            product: payment.product.clone(),
            handle,
            amount: payment.amount,
        };
        let answer = account.gateway.capture(&request).await;
        crash_point::reach(CrashPoint::CaptureAnswered);
        match answer {
            Ok(PaymentAnswer { finding, evidence }) => {
                let evidence = Evidence::of_channel(Source::CaptureAnswer, evidence);
                self.apply_to(payment, Happening::Found(finding), evidence).await
            }
            // Whatever it was, the next question finds out; the same capture is then repeated (R5).
            Err(error) => {
                tracing::warn!(payment.no = %payment.payment_no, %error, "the channel gave no answer to a capture");
                Ok(payment)
            }
        }
    }

    async fn intend_capture(&self, payment: Payment) -> Result<Payment, AppError> {
        if payment.capture_intend_time.is_some() {
            return Ok(payment);
        }
        let evidence = Evidence { source: Source::CaptureGate, caller: None, channel: None };
        let intended = self.apply_to(payment, Happening::CaptureIntended, evidence).await?;
        crash_point::reach(CrashPoint::CaptureIntended);
        Ok(intended)
    }

    /// Where no money moves without our capture, our record that we never will is the proof that it is closed. A
    /// payment whose capture was intended stays open until the channel has said what became of it.
    pub(super) async fn close_gate(&self, payment: Payment) -> Result<Payment, AppError> {
        let evidence = Evidence { source: Source::CaptureGate, caller: None, channel: None };
        self.apply_to(payment, Happening::GateClosed, evidence).await
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
}

const fn may_capture(payment: &Payment) -> bool {
    payment.state.is_open() && payment.capture_intend_time.is_some()
}
