//! A refusal as a caller reads it.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Code, reason and metadata of a status.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// gRPC's code.
    pub code: Code,
    /// `ErrorInfo.reason`.
    pub reason: String,
    /// `ErrorInfo.metadata`.
    pub metadata: HashMap<String, String>,
    /// The fields that `BadRequest` names.
    pub fields: Vec<String>,
}

impl Refusal {
    /// Reads a status; every refusal of the service has an `ErrorInfo`.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
        let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
        Self {
            code: status.code(),
            reason: info.reason,
            metadata: info.metadata,
            fields: violations.into_iter().map(|violation| violation.field).collect(),
        }
    }

    /// Code and reason, to compare with.
    #[must_use]
    pub fn kind(&self) -> (Code, &str) {
        (self.code, &self.reason)
    }
}
