//! The ids that PayPal hands out, in the shapes that were seen, and the text forms of its instants.

use rand::Rng;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ACCOUNT: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const UTC_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const REPORT_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+0000");
const PACIFIC_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]-07:00");

#[expect(
    clippy::disallowed_methods,
    reason = "the simulated channel draws its own numbers; no test depends on them"
)]
fn draw(alphabet: &[u8], count: usize) -> String {
    let mut random = rand::rng();
    (0..count)
        .filter_map(|_| alphabet.get(random.random_range(0..alphabet.len())))
        .map(|&b| char::from(b))
        .collect()
}

/// An instant as most of the API writes it.
pub(super) fn api_time(instant: OffsetDateTime) -> String {
    // The format names only components that every instant has.
    instant.to_offset(offset!(UTC)).format(UTC_SECONDS).unwrap_or_default()
}

/// An instant as reports write it: without the colon that most readers want.
pub(super) fn report_time(instant: OffsetDateTime) -> String {
    instant.to_offset(offset!(UTC)).format(REPORT_SECONDS).unwrap_or_default()
}

/// An instant as refunds carry it: with an offset that is not UTC.
pub(super) fn refund_time(instant: OffsetDateTime) -> String {
    instant.to_offset(offset!(-7)).format(PACIFIC_SECONDS).unwrap_or_default()
}

/// Orders, captures, authorizations, refunds and webhooks: 17 capitals and digits.
pub(super) fn resource_id() -> String {
    draw(UPPER, 17)
}

/// How a payer's number begins, and nothing else.
pub(crate) const PAYER: &str = "TESTPAYER";

/// How an access token begins, and nothing else.
pub(crate) const ACCESS_TOKEN: &str = "A21AAtestToken";

/// A payer: 13 characters without those that look alike.
pub(super) fn payer_id() -> String {
    format!("{PAYER}{}", draw(ACCOUNT, 4))
}

/// A merchant: 13 characters without those that look alike.
pub(super) fn account_id() -> String {
    draw(ACCOUNT, 13)
}

pub(super) fn client_id() -> String {
    format!("A{}", draw(ALPHANUMERIC, 79))
}

pub(super) fn client_secret() -> String {
    format!("E{}", draw(ALPHANUMERIC, 79))
}

pub(super) fn access_token() -> String {
    format!("{ACCESS_TOKEN}{}", draw(ALPHANUMERIC, 83))
}

pub(super) fn app_id() -> String {
    format!("APP-{}", resource_id())
}

/// `Paypal-Debug-Id` and `debug_id`.
pub(super) fn debug_id() -> String {
    draw(LOWER_HEX, 13)
}

/// The id of one event, kept by its retries.
pub(super) fn event_id() -> String {
    format!("WH-{}-{}", resource_id(), resource_id())
}

/// The `CERT-` name under which a certificate is served.
pub(super) fn certificate_name() -> String {
    format!("CERT-{}-{}-{}", draw(LOWER_HEX, 8), draw(LOWER_HEX, 8), draw(LOWER_HEX, 8))
}

/// A transmission's id, which looks like a UUID of version 1.
pub(super) fn transmission_id() -> String {
    let part = |count| draw(LOWER_HEX, count);
    format!("{}-{}-1{}-{}{}-{}", part(8), part(4), part(3), draw(b"89ab", 1), part(3), part(12))
}

/// A dispute's id.
pub(super) fn dispute_id() -> String {
    format!("PP-R-{}-{}", draw(ACCOUNT, 3), draw(b"0123456789", 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_ids_have_the_shapes_that_were_seen() {
        let instant = time::macros::datetime!(2026-01-03 08:00:00.5 UTC);
        assert_eq!(api_time(instant), "2026-01-03T08:00:00Z");
        assert_eq!(refund_time(instant), "2026-01-03T01:00:00-07:00");
        assert_eq!((resource_id().len(), account_id().len(), event_id().len()), (17, 13, 38));
        assert_eq!((payer_id().len(), access_token().len()), (13, 97));
        assert_eq!(uuid::Uuid::parse_str(&transmission_id()).unwrap().get_version_num(), 1);
    }
}
