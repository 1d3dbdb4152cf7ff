//! What can go wrong between us and PostgreSQL, by what may be concluded from it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A database failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, or it broke. Nothing was kept, unless it broke during the commit: every write may be repeated.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// Deadlocks or serialization failures went on after every retry, or a lock did not come free in time. Nothing was
    /// kept; the write may be repeated.
    #[error("database contention")]
    Contention,
    /// A row holds what our code never writes.
    #[error("a row of {0} cannot be read")]
    Corrupt(&'static str),
    /// PostgreSQL refused a statement: a defect of ours.
    #[error("statement refused: {0}")]
    Statement(String),
}

/// Whether a failed transaction may succeed when it is run again from its beginning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It lost a race.
    Again,
    /// Diesel has no name for it, and PostgreSQL's words for it are not known: a deadlock in another language than English,
    /// or anything else.
    Unnamed,
    /// It would fail again.
    Futile,
}

impl StoreError {
    pub(crate) fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::Unavailable(cause.to_string())
    }
}

/// The unique index that lets no channel transaction pay two payments (R8).
pub(crate) const ONE_FOR_EACH_CHANNEL_TRANSACTION: &str = "payment_one_for_each_channel_transaction";

/// The unique index that lets no refund of the channel's be two of ours (R18).
pub(crate) const ONE_FOR_EACH_CHANNEL_REFUND: &str = "refund_one_for_each_channel_refund";

/// Races that PostgreSQL decides against us: serialization failure, deadlock, and the unique indexes that two
/// first-comers run into at once. The second run finds the winner's rows, and the
/// one after [`ONE_FOR_EACH_CHANNEL_TRANSACTION`] or [`ONE_FOR_EACH_CHANNEL_REFUND`] opens a case.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "Diesel's enum is open; what is not named here is no race"
)]
pub(crate) fn retry_of(error: &DieselError) -> Retry {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Retry::Again,
        // Diesel has no kind for 40P01.
        DieselError::DatabaseError(_, information) if information.message() == "deadlock detected" => {
            Retry::Again
        }
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            match information.constraint_name() {
                Some(
                    "create_request_pkey"
                    | "refund_number_pkey"
                    | "refund_pkey"
                    | "allocation_one_effective_for_each_order"
                    | ONE_FOR_EACH_CHANNEL_TRANSACTION
                    | ONE_FOR_EACH_CHANNEL_REFUND,
                ) => Retry::Again,
                Some(_) | None => Retry::Futile,
            }
        }
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            of_words(information.message()).map_or(Retry::Unnamed, |_| Retry::Futile)
        }
        _ => Retry::Futile,
    }
}

/// Diesel keeps no SQLSTATE, so these are told by their words, which PostgreSQL translates where `lc_messages` is not
/// English. What is translated in a transaction is told by other signs (`transaction::run`); in a statement of its own it
/// is a [`StoreError::Statement`]: told wrongly, never kept wrongly.
fn of_words(message: &str) -> Option<StoreError> {
    const ENDS: [&str; 3] =
        ["terminating connection", "the database system is", "sorry, too many clients already"];
    const LATE: [&str; 2] =
        ["canceling statement due to statement timeout", "canceling statement due to lock timeout"];
    if LATE.iter().any(|words| message.starts_with(words)) {
        Some(StoreError::Contention)
    } else if ENDS.iter().any(|words| message.starts_with(words)) {
        Some(StoreError::unavailable(message))
    } else {
        None
    }
}

impl From<DieselError> for StoreError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Diesel's enum is open; what is not named here is a defect"
    )]
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            // The failed rollback says more about the connection than the commit before it.
            DieselError::RollbackErrorOnCommit { rollback_error, .. } => (*rollback_error).into(),
            DieselError::DatabaseError(kind, information) => {
                of_words(information.message()).unwrap_or_else(|| {
                    Self::Statement(format!(
                        "{kind:?} {}: {}",
                        information.constraint_name().unwrap_or_default(),
                        information.message()
                    ))
                })
            }
            _ => Self::Statement(error.to_string()),
        }
    }
}
