//! `WatchPayment`: a payment now and at each change, until it is decided.

use std::{sync::Arc, time::Duration};

use futures::{Stream, stream};
use payment_core::{identifiers::PaymentNo, payment::Payment};

use super::{App, command::Caller, error::AppError};

/// How long a change that another replica made may stay unseen.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

struct Watch {
    app: Arc<App>,
    caller: Caller,
    payment_no: PaymentNo,
    seen: Option<Payment>,
}

impl App {
    /// Sends a payment now and at each change until it is no longer open.
    ///
    /// # Errors
    /// [`AppError::PaymentNotFound`] at once; failures on the way end the stream.
    pub async fn watch_payment(
        self: &Arc<Self>,
        caller: &Caller,
        payment_no: &PaymentNo,
    ) -> Result<impl Stream<Item = Result<Payment, AppError>> + Send + use<>, AppError> {
        self.payment(&caller.merchant_id, payment_no).await?;
        let watch = Watch {
            app: Arc::clone(self),
            caller: caller.clone(),
            payment_no: payment_no.clone(),
            seen: None,
        };
        Ok(stream::try_unfold(watch, Watch::next))
    }
}

impl Watch {
    async fn next(mut self) -> Result<Option<(Payment, Self)>, AppError> {
        if self.seen.as_ref().is_some_and(|payment| !payment.state.is_open()) {
            return Ok(None);
        }
        let payment = self.changed().await?;
        self.seen = Some(payment.clone());
        Ok(Some((payment, self)))
    }

    async fn changed(&self) -> Result<Payment, AppError> {
        let mut waiter = self.app.changes.waiter(&self.payment_no);
        let seen = self.seen.as_ref().map(|payment| payment.revision);
        loop {
            waiter.before_look();
            let payment = self.app.payment(&self.caller.merchant_id, &self.payment_no).await?;
            if Some(payment.revision) != seen {
                return Ok(payment);
            }
            waiter.changed_or(LOOK_AGAIN).await;
        }
    }
}
