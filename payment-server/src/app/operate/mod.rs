//! What operators do: explain, replay, resolve, retry, look. Whatever moves money goes the same ways as everybody's, and
//! every act is recorded with who did it and why (R26).

mod ageing;
mod attach;
mod cases;
mod channel_health;
mod explain;
mod jobs;
mod notifications;
mod refunds;
mod story;

pub use ageing::CaseSteps;
pub use cases::{CasePage, ListCases, ResolveCase};
pub use channel_health::ChannelHealth;
pub use explain::{Explained, Explanation, Fact, FactKind, Proof, Subject, proof_of};
pub(in crate::app) use jobs::work_of;
pub use jobs::{JobBoard, JobRun, JobState};
pub use notifications::{ListNotifications, NotificationPage};
pub use refunds::PostponeRefund;

use super::{
    error::AppError,
    principal::{Operator, Sight},
};

/// What concerns every merchant at once is for those who see them all.
fn sees_all(operator: &Operator) -> Result<(), AppError> {
    match operator.sight {
        Sight::All => Ok(()),
        Sight::Merchants(_) => Err(AppError::AllMerchantsRequired),
    }
}
