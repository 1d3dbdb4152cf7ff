//! How a refusal becomes a status: its words, and the details that name what it is about.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

/// The domain of every `ErrorInfo`.
const DOMAIN: &str = "payment.v1";

/// Everything that a caller learns about one refusal.
pub(super) struct Answer {
    code: Code,
    reason: &'static str,
    message: String,
    metadata: HashMap<String, String>,
    details: ErrorDetails,
}

impl Answer {
    pub(super) fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), metadata: HashMap::new(), details: ErrorDetails::new() }
    }

    pub(super) fn metadata(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Names the thing that is missing, forbidden or in the way.
    pub(super) fn resource(mut self, kind: &str, name: impl std::fmt::Display) -> Self {
        self.details.set_resource_info(
            format!("{DOMAIN}.{kind}"),
            name.to_string(),
            "",
            self.message.clone(),
        );
        self
    }

    /// Names the thing whose state forbids the call.
    pub(super) fn precondition(mut self, subject: String) -> Self {
        let violation = PreconditionViolation::new(self.reason, subject, self.message.clone());
        self.details.set_precondition_failure(vec![violation]);
        self
    }

    /// Names the fields that are wrong.
    pub(super) fn fields(mut self, wrong: Vec<FieldViolation>) -> Self {
        self.details.set_bad_request(wrong);
        self
    }

    pub(super) fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    pub(super) fn into_status(mut self) -> Status {
        self.details.set_error_info(self.reason, DOMAIN, self.metadata);
        Status::with_error_details(self.code, self.message, self.details)
    }
}
