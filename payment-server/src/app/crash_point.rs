//! Numbered places where tests kill the process: after each commit and each channel call.
//!
//! Compiled in only with the feature `crash-points`, which nothing but the tests turns on; without it a point is nothing.

/// A place to die at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CrashPoint {
    /// The intent to create is committed; the channel has not been called.
    CreateIntended = 1,
    /// The channel answered the create; nothing of it is recorded.
    CreateAnswered = 2,
    /// The create's answer is committed; the caller has not been answered.
    CreateRecorded = 3,
    /// The client's result is committed; the channel has not been asked.
    ClientResultRecorded = 4,
    /// The channel answered a query; nothing of it is recorded.
    QueryAnswered = 5,
    /// The query's answer is committed.
    QueryRecorded = 6,
    /// The notification is verified; nothing of it is recorded.
    NotificationVerified = 7,
    /// The notification is committed; it has not been acknowledged.
    NotificationRecorded = 8,
    /// The channel answered a close; nothing of it is recorded.
    CloseAnswered = 9,
    /// The close is committed; the caller has not been answered.
    CloseRecorded = 10,
    /// The refund is reserved; the channel has not been called.
    RefundReserved = 11,
    /// The channel answered a refund; nothing of it is recorded.
    RefundAnswered = 12,
    /// The refund's answer is committed.
    RefundRecorded = 13,
    /// The intent to capture is committed; the channel has not been called.
    CaptureIntended = 14,
    /// The channel answered a capture; nothing of it is recorded.
    CaptureAnswered = 15,
    /// The intent to hold is committed; the channel has not been called.
    HoldIntended = 16,
    /// The channel answered a request to hold; nothing of it is recorded.
    HoldAnswered = 17,
    /// The channel answered that it let held money go; nothing of it is recorded.
    ReleaseAnswered = 18,
    /// An endpoint answered a webhook; nothing of it is recorded.
    WebhookAnswered = 40,
}

impl CrashPoint {
    /// Every point.
    pub const ALL: [Self; 19] = [
        Self::CreateIntended,
        Self::CreateAnswered,
        Self::CreateRecorded,
        Self::ClientResultRecorded,
        Self::QueryAnswered,
        Self::QueryRecorded,
        Self::NotificationVerified,
        Self::NotificationRecorded,
        Self::CloseAnswered,
        Self::CloseRecorded,
        Self::RefundReserved,
        Self::RefundAnswered,
        Self::RefundRecorded,
        Self::CaptureIntended,
        Self::CaptureAnswered,
        Self::HoldIntended,
        Self::HoldAnswered,
        Self::ReleaseAnswered,
        Self::WebhookAnswered,
    ];
}

#[cfg(feature = "crash-points")]
static ARMED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Makes the process die when it reaches `point`.
#[cfg(feature = "crash-points")]
pub fn arm(point: CrashPoint) {
    ARMED.store(point as u8, std::sync::atomic::Ordering::SeqCst);
}

/// Dies here if this point is armed: at once, without unwinding, as after `kill -9`.
#[cfg(feature = "crash-points")]
pub(crate) fn reach(point: CrashPoint) {
    if ARMED.load(std::sync::atomic::Ordering::SeqCst) == point as u8 {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "crash-points"))]
pub(crate) const fn reach(_: CrashPoint) {}
