//! How a command ends: exit codes that scripts decide by, and refusals as people read them.

use std::io::Write;

use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::terminal::printable;

/// How a command ended. The numbers are part of what scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All went well.
    Done,
    /// Something failed that should not.
    Failed,
    /// The command line, the profile, or a field of the request is wrong.
    Usage,
    /// The service refused, with a reason that repeating does not change.
    Refused,
    /// There is no such thing, or not for this key.
    NotFound,
    /// The service does not know the key.
    Unauthenticated,
    /// The service could not be reached, or asks to try again.
    Unavailable,
}

impl Ending {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotFound => 4,
            Self::Unauthenticated => 5,
            Self::Unavailable => 6,
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line or the profile is wrong.
    #[error("{0}")]
    Usage(String),
    /// The service's refusal.
    #[error("{}", .0.message())]
    Status(Box<Status>),
    /// The service cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl Failure {
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Usage(_) => Ending::Usage,
            Self::Unreachable(_) => Ending::Unavailable,
            Self::Failed(_) => Ending::Failed,
            Self::Status(status) => match status.code() {
                Code::Ok => Ending::Done,
                Code::InvalidArgument | Code::OutOfRange => Ending::Usage,
                Code::NotFound => Ending::NotFound,
                Code::Unauthenticated => Ending::Unauthenticated,
                Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Aborted
                | Code::ResourceExhausted => Ending::Unavailable,
                Code::AlreadyExists
                | Code::PermissionDenied
                | Code::FailedPrecondition
                | Code::Unimplemented => Ending::Refused,
                Code::Unknown | Code::Internal | Code::DataLoss => Ending::Failed,
            },
        }
    }

    /// Tells it where refusals go. What cannot be written there cannot be told anywhere.
    pub(crate) fn tell(&self, error: &mut dyn Write, as_json: bool) {
        let text = if as_json { self.as_json() } else { self.for_people() };
        let _ = writeln!(error, "{text}");
    }

    fn reason(&self) -> Option<String> {
        let Self::Status(status) = self else { return None };
        status.get_details_error_info().map(|info| info.reason)
    }

    fn fields(&self) -> Vec<(String, String)> {
        let Self::Status(status) = self else { return Vec::new() };
        let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
        violations.into_iter().map(|one| (one.field, one.description)).collect()
    }

    fn for_people(&self) -> String {
        let reason = self.reason().map(|reason| format!(" [{reason}]")).unwrap_or_default();
        let mut text = format!("paymentctl: {}{reason}", printable(&self.to_string()));
        let fields = self.fields();
        if fields.len() > 1 {
            for (field, description) in fields {
                text.push_str(&format!("\n  {}: {}", printable(&field), printable(&description)));
            }
        }
        text
    }

    fn as_json(&self) -> String {
        let fields = self.fields();
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(field, description)| json!({"field": field, "description": description}))
            .collect();
        let metadata = match self {
            Self::Status(status) => {
                status.get_details_error_info().map(|info| info.metadata).unwrap_or_default()
            }
            Self::Usage(_) | Self::Unreachable(_) | Self::Failed(_) => Default::default(),
        };
        let error = json!({
            "exitCode": self.ending().code(), "reason": self.reason(), "message": self.to_string(),
            "metadata": metadata, "fields": fields,
        });
        json!({ "error": error }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_its_own_code() {
        let endings = [
            Ending::Done,
            Ending::Failed,
            Ending::Usage,
            Ending::Refused,
            Ending::NotFound,
            Ending::Unauthenticated,
            Ending::Unavailable,
        ];
        assert_eq!(endings.map(Ending::code), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn refusals_end_as_documented() {
        let ending = |status: Status| Failure::from(status).ending();
        assert_eq!(ending(Status::failed_precondition("")), Ending::Refused);
        assert_eq!(ending(Status::permission_denied("")), Ending::Refused);
        assert_eq!(ending(Status::invalid_argument("")), Ending::Usage);
        assert_eq!(ending(Status::not_found("")), Ending::NotFound);
        assert_eq!(ending(Status::unauthenticated("")), Ending::Unauthenticated);
        assert_eq!(ending(Status::unavailable("")), Ending::Unavailable);
        assert_eq!(ending(Status::internal("")), Ending::Failed);
    }
}
