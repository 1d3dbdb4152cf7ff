//! What operators do, by the words that evidence keeps.

/// The kinds of act. Each is recorded with who did it and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Proposed how to resolve a case that a second person must agree to.
    CaseResolutionProposed,
    /// Agreed to what somebody else proposed.
    CaseResolutionApproved,
    /// Took a proposal back.
    CaseResolutionRejected,
    /// Decided how to resolve a case.
    CaseResolutionBegun,
    /// Could not resolve it so: the channel did not prove what that takes.
    CaseResolutionFailed,
    /// Resolved it.
    CaseResolved,
    /// Had a delivery handled again.
    NotificationReplayed,
    /// Made a refund due now.
    RefundRetried,
    /// Put a refund off until a time.
    RefundPostponed,
    /// Made a job look once.
    JobRun,
    /// Was shown raw words of a channel or an app, which may name payers.
    EvidenceRead,
}

impl Act {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::CaseResolutionProposed,
        Self::CaseResolutionApproved,
        Self::CaseResolutionRejected,
        Self::CaseResolutionBegun,
        Self::CaseResolutionFailed,
        Self::CaseResolved,
        Self::NotificationReplayed,
        Self::RefundRetried,
        Self::RefundPostponed,
        Self::JobRun,
        Self::EvidenceRead,
    ];

    /// The word kept in the database and shown to operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaseResolutionProposed => "CASE_RESOLUTION_PROPOSED",
            Self::CaseResolutionApproved => "CASE_RESOLUTION_APPROVED",
            Self::CaseResolutionRejected => "CASE_RESOLUTION_REJECTED",
            Self::CaseResolutionBegun => "CASE_RESOLUTION_BEGUN",
            Self::CaseResolutionFailed => "CASE_RESOLUTION_FAILED",
            Self::CaseResolved => "CASE_RESOLVED",
            Self::NotificationReplayed => "NOTIFICATION_REPLAYED",
            Self::RefundRetried => "REFUND_RETRIED",
            Self::RefundPostponed => "REFUND_POSTPONED",
            Self::JobRun => "JOB_RUN",
            Self::EvidenceRead => "EVIDENCE_READ",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            Act::ALL.map(Act::as_str),
            [
                "CASE_RESOLUTION_PROPOSED",
                "CASE_RESOLUTION_APPROVED",
                "CASE_RESOLUTION_REJECTED",
                "CASE_RESOLUTION_BEGUN",
                "CASE_RESOLUTION_FAILED",
                "CASE_RESOLVED",
                "NOTIFICATION_REPLAYED",
                "REFUND_RETRIED",
                "REFUND_POSTPONED",
                "JOB_RUN",
                "EVIDENCE_READ"
            ]
        );
    }
}
