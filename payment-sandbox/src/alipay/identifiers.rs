//! The numbers that Alipay hands out, in their documented shapes, and the text forms of its instants.

use rand::Rng;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

const DIGITS: &[u8] = b"0123456789";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const LOWER_ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

/// `count` letters drawn from `alphabet`.
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

fn beijing(instant: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    // These formats name only components that every instant has.
    instant.to_offset(offset!(+8)).format(format).unwrap_or_default()
}

/// `yyyy-MM-dd HH:mm:ss` on Beijing's wall clock.
pub(super) fn api_time(instant: OffsetDateTime) -> String {
    beijing(instant, SECONDS)
}

/// As [`api_time`], with the milliseconds that `gmt_refund` has.
pub(super) fn api_time_with_milliseconds(instant: OffsetDateTime) -> String {
    beijing(instant, MILLISECONDS)
}

/// Reads `yyyy-MM-dd HH:mm:ss` as Beijing's wall clock.
pub(super) fn parse_time(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, SECONDS).ok().map(|wall| wall.assume_offset(offset!(+8)))
}

/// 28 digits: the Beijing day, `22001`, fifteen more.
pub(super) fn trade_no(now: OffsetDateTime) -> String {
    format!("{}22001{}", beijing(now, DAY), draw(DIGITS, 15))
}

/// How a buyer's number begins, and nothing else.
pub(crate) const BUYER: &str = "208800990099";

/// A buyer: 16 digits that begin with `2088`.
pub(super) fn buyer_id() -> String {
    format!("{BUYER}{}", draw(DIGITS, 4))
}

/// A user or a partner: 16 digits that begin with `2088`.
pub(super) fn user_id() -> String {
    format!("2088{}", draw(DIGITS, 12))
}

/// An application: 16 digits that begin with `2021`.
pub(super) fn app_id() -> String {
    format!("2021{}", draw(DIGITS, 12))
}

/// The id of one notification, kept by its repeats: 34 digits.
pub(super) fn notify_id(now: OffsetDateTime) -> String {
    format!("{}{}", beijing(now, DAY), draw(DIGITS, 26))
}

/// The last part of a QR code's address.
pub(super) fn qr_code() -> String {
    format!("bax{}", draw(LOWER_ALPHANUMERIC, 20))
}

/// Names the cashier page of an order to a browser.
pub(super) fn cashier_token() -> String {
    draw(LOWER_HEX, 24)
}

/// The `trace_id` header.
pub(super) fn trace_id() -> String {
    draw(LOWER_HEX, 32)
}

/// A nonce of V3.
pub(super) fn nonce() -> String {
    draw(LOWER_HEX, 32)
}

/// An AES-128 key.
pub(super) fn aes_key() -> [u8; 16] {
    let mut key = [0; 16];
    for (byte, drawn) in key.iter_mut().zip(hex::decode(draw(LOWER_HEX, 32)).unwrap_or_default()) {
        *byte = drawn;
    }
    key
}

/// A certificate's serial as bytes; the first is 1 to 7 in its upper half, so that the DER integer is positive.
pub(super) fn certificate_serial() -> Vec<u8> {
    hex::decode(format!("{}{}", draw(b"1234567", 1), draw(LOWER_HEX, 31))).unwrap_or_default()
}

/// A serial number as messages name certificates, which belongs to none.
pub(super) fn unknown_serial() -> String {
    draw(LOWER_HEX, 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_documented_shapes() {
        let now = time::macros::datetime!(2026-02-28 16:31:10.421 UTC);
        assert!(trade_no(now).starts_with("2026030122001"), "the day is Beijing's");
        assert_eq!((trade_no(now).len(), notify_id(now).len()), (28, 34));
        assert_eq!((user_id().len(), buyer_id().len()), (16, 16));
        assert_eq!(api_time(now), "2026-03-01 00:31:10");
        assert_eq!(api_time_with_milliseconds(now), "2026-03-01 00:31:10.421");
        assert_eq!(parse_time("2026-03-01 00:31:10"), Some(now.replace_millisecond(0).unwrap()));
        assert_eq!(parse_time("2026-03-01T00:31:10"), None);
    }
}
