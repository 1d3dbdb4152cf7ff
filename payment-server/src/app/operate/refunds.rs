//! When a refund is driven next, by an operator's wish.

use std::sync::Arc;

use payment_core::{
    identifiers::{MerchantId, RefundNo},
    refund::Refund,
    violation::Violation,
};
use payment_store::operator::{RefundReschedule, RescheduledRefund};
use time::{Duration, OffsetDateTime};

use super::super::{App, error::AppError, principal::Operator};

/// The longest that a refund may be put off: the payer waits for the money.
const LONGEST: Duration = Duration::days(30);

/// When to drive a refund.
#[derive(Debug, Clone)]
pub struct PostponeRefund {
    /// Whose refund.
    pub merchant_id: MerchantId,
    /// Which refund.
    pub refund_no: RefundNo,
    /// Not before this time; none: now.
    pub not_before: Option<OffsetDateTime>,
    /// Why.
    pub reason: String,
}

impl App {
    /// Makes a refund due now, or puts it off. It goes on until it arrives all the same (R17).
    ///
    /// # Errors
    /// [`AppError::RefundNotFound`], [`AppError::RefundArrived`], [`AppError::InvalidFields`],
    /// [`AppError::StoreUnavailable`].
    pub async fn reschedule_refund(
        self: &Arc<Self>,
        operator: &Operator,
        wanted: PostponeRefund,
    ) -> Result<Refund, AppError> {
        let now = self.now();
        if wanted.not_before.is_some_and(|time| time <= now || time > now + LONGEST) {
            let problem = "must be later than now, by 30 days at most";
            return Err(AppError::InvalidFields(vec![Violation::new("not_before", problem)]));
        }
        let reschedule = RefundReschedule {
            merchant_id: wanted.merchant_id,
            refund_no: wanted.refund_no.clone(),
            due_time: wanted.not_before.unwrap_or(now),
            reason: wanted.reason,
            actor: operator.actor(),
            now,
        };
        let app = Arc::clone(self);
        let rescheduled = async move { Ok(app.store.refund_due_at(&reschedule).await?) };
        match self.detached(rescheduled).await? {
            RescheduledRefund::Rescheduled(refund) => Ok(*refund),
            RescheduledRefund::Arrived(refund) => Err(AppError::RefundArrived(refund.refund_no)),
            RescheduledRefund::NotFound => Err(AppError::RefundNotFound(wanted.refund_no)),
        }
    }
}
