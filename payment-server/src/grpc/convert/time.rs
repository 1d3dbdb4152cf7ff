//! Instants and durations on the wire.

use prost_types::{Duration as WireDuration, Timestamp};
use time::{Duration, OffsetDateTime};

/// An instant for the wire.
pub(crate) fn timestamp(instant: OffsetDateTime) -> Timestamp {
    // `nanosecond()` is below 10^9 and fits.
    Timestamp { seconds: instant.unix_timestamp(), nanos: i32::try_from(instant.nanosecond()).unwrap_or(0) }
}

/// An instant from the wire.
pub(super) fn instant(timestamp: Timestamp) -> Result<OffsetDateTime, &'static str> {
    const RULE: &str =
        "must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, nanos 0 to 999999999";
    let nanos = u32::try_from(timestamp.nanos).map_err(|_| RULE)?;
    let instant = OffsetDateTime::from_unix_timestamp(timestamp.seconds).map_err(|_| RULE)?;
    let instant = instant.replace_nanosecond(nanos).map_err(|_| RULE)?;
    if (1..=9999).contains(&instant.year()) { Ok(instant) } else { Err(RULE) }
}

/// How long a payer may pay. Channels count in seconds; a year is beyond what any of them grants.
pub(super) fn time_to_pay(duration: WireDuration) -> Result<Duration, &'static str> {
    const MAX_SECONDS: i64 = 366 * 24 * 60 * 60;
    if duration.nanos == 0 && (1..=MAX_SECONDS).contains(&duration.seconds) {
        Ok(Duration::seconds(duration.seconds))
    } else {
        Err("must be whole seconds, at least 1 and at most 31622400")
    }
}
