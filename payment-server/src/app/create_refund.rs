//! `CreateRefund`: reserved under locks first, then sent; from there on it is driven until it arrives (R15 to R17).

use std::sync::Arc;

use futures::FutureExt as _;
use payment_core::{
    identifiers::{PaymentNo, RefundNo},
    payment::Payment,
    refund::{
        Refund,
        reserve::{CannotReserve, RefundContent, differing_field},
    },
    violation::Violation,
};
use payment_store::refund::{NewRefund, RefundOutcome};

use super::{
    App,
    command::{Caller, CreateRefund, PaymentChoice},
    crash_point::{self, CrashPoint},
    error::AppError,
};

impl App {
    /// Records a refund and sends it to the channel.
    ///
    /// # Errors
    /// As the table of `docs/errors.md` says for `CreateRefund`. A channel that refuses or does not answer is no error:
    /// the refund is recorded and goes on being tried.
    pub async fn create_refund(
        self: &Arc<Self>,
        caller: &Caller,
        command: CreateRefund,
    ) -> Result<Refund, AppError> {
        let payment = self.payment_to_refund(caller, &command.payment).await?;
        self.within_refund_window(&payment, &command.refund_no).await?;
        let account = self.account_of(&payment)?;
        let CreateRefund { refund_no, split, reason, description, .. } = command;
        let new = NewRefund {
            merchant_id: caller.merchant_id.clone(),
            refund_no,
            content: RefundContent { payment_no: payment.payment_no, split, reason, description },
            created_by: caller.api_key_id.clone(),
            most_parts: account.gateway.capabilities().refund.parts,
            notify_url: Some(account.notify_url.clone()),
            now: self.now(),
        };
        let app = Arc::clone(self);
        self.detached(async move { app.record_and_send(new).await }).await
    }

    /// The payment by its number, or the one that paid an order: there is at most one, and it stays (R9).
    async fn payment_to_refund(&self, caller: &Caller, choice: &PaymentChoice) -> Result<Payment, AppError> {
        let order_no = match choice {
            PaymentChoice::Payment(payment_no) => return self.payment(&caller.merchant_id, payment_no).await,
            PaymentChoice::OfOrder(order_no) => order_no,
        };
        let order = self.get_order(caller, order_no).await?;
        let paid = order.payments.iter().find(|payment| payment.pays(order_no));
        let refused = |latest: &Payment| AppError::PaymentStateConflict {
            payment_no: latest.payment_no.clone(),
            state: latest.state.as_str(),
        };
        let not_paid = || order.payments.first().map(refused);
        let not_found = || AppError::OrderNotFound(order_no.clone());
        paid.cloned().ok_or_else(|| not_paid().unwrap_or_else(not_found))
    }

    pub(super) async fn record_and_send(&self, new: NewRefund) -> Result<Refund, AppError> {
        let creating = self.store.refund_create(&new).boxed();
        match self.turns.take(&new.content.payment_no, creating).await?? {
            RefundOutcome::Created(refund) => {
                crash_point::reach(CrashPoint::RefundReserved);
                self.drive_refund(*refund).await.map(|driven| driven.refund)
            }
            RefundOutcome::Known(refund) => known(*refund, &new.content),
            RefundOutcome::PaymentNotFound => Err(AppError::PaymentNotFound(new.content.payment_no)),
            RefundOutcome::NotPaid(state) => Err(AppError::PaymentStateConflict {
                payment_no: new.content.payment_no,
                state: state.as_str(),
            }),
            RefundOutcome::TooManyParts => Err(AppError::CapabilityUnsupported {
                channel: self.payment(&new.merchant_id, &new.content.payment_no).await?.channel,
                capability: format!("refund a payment in more than {} parts", new.most_parts),
            }),
            RefundOutcome::CannotReserve(cannot) => Err(cannot_reserve(cannot, new.content.payment_no)),
        }
    }

    /// Channels limit how long after the payment they give back. A repeat of a known refund is let through.
    async fn within_refund_window(&self, payment: &Payment, refund_no: &RefundNo) -> Result<(), AppError> {
        let window = self.account_of(payment)?.gateway.capabilities().refund.window;
        let too_late = payment.times.succeed.is_some_and(|paid| self.now() > paid + window);
        if !too_late || self.store.refund_get(&payment.merchant_id, refund_no).await?.is_some() {
            return Ok(());
        }
        let capability =
            format!("refund a payment later than {} days after it was paid", window.whole_days());
        Err(AppError::CapabilityUnsupported { channel: payment.channel.clone(), capability })
    }
}

/// The same number with the same content is the same refund (R16).
fn known(refund: Refund, wanted: &RefundContent) -> Result<Refund, AppError> {
    match differing_field(&refund, wanted) {
        None => Ok(refund),
        Some(differing_field) => {
            Err(AppError::RefundNoReused { differing_field, refund_no: refund.refund_no })
        }
    }
}

fn cannot_reserve(cannot: CannotReserve, payment_no: PaymentNo) -> AppError {
    let invalid =
        |field: &str, problem: String| AppError::InvalidFields(vec![Violation::new(field, problem)]);
    match cannot {
        CannotReserve::Exceeds { order_no, left } => {
            AppError::RefundExceedsPaid { payment_no, order_no: Some(order_no), left: Some(left) }
        }
        CannotReserve::NothingLeft => AppError::RefundExceedsPaid { payment_no, order_no: None, left: None },
        CannotReserve::SplitNeeded => {
            invalid("extent", "must say by split how much of which order: the payment has several".to_owned())
        }
        CannotReserve::UnknownOrder(order_no) => {
            invalid("extent", format!("order {order_no} is not covered by payment {payment_no}"))
        }
        CannotReserve::Money(error) => invalid("extent", error.to_string()),
    }
}
