//! The numbers that WeChat Pay hands out, in their documented shapes, and the text forms of its instants.

use rand::Rng;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

const DIGITS: &[u8] = b"0123456789";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const RFC3339_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
const COMPACT_INSTANT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day][hour][minute][second]");
const COMPACT_DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

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

/// An instant as the API writes it: RFC 3339, whole seconds, `+08:00`.
pub(super) fn api_time(instant: OffsetDateTime) -> String {
    beijing(instant, RFC3339_SECONDS)
}

/// 28 digits: `42000`, five digits, the Beijing day, ten digits.
pub(super) fn transaction_id(now: OffsetDateTime) -> String {
    format!("42000{}{}{}", draw(DIGITS, 5), beijing(now, COMPACT_DAY), draw(DIGITS, 10))
}

/// 29 digits that begin with `503`.
pub(super) fn refund_id() -> String {
    format!("503{}", draw(DIGITS, 26))
}

/// 36 characters: `wx`, the Beijing instant, twenty hex digits.
pub(super) fn prepay_id(now: OffsetDateTime) -> String {
    format!("wx{}{}", beijing(now, COMPACT_INSTANT), draw(LOWER_HEX, 20))
}

/// The `pr` value of a native QR code.
pub(super) fn native_code() -> String {
    draw(ALPHANUMERIC, 9)
}

/// The id of one notification, kept by its retries.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulated channel draws its own numbers; no test depends on them"
)]
pub(super) fn event_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The `Request-ID` header, whose last part is the numeric result code.
pub(super) fn request_id(sub_code: u32) -> String {
    format!("08{}-{sub_code}", draw(UPPER_HEX, 38))
}

/// A signature nonce: 32 letters and digits.
pub(super) fn nonce() -> String {
    draw(ALPHANUMERIC, 32)
}

/// An AEAD nonce: the 12 bytes that the envelope carries as text.
pub(super) fn aead_nonce() -> String {
    draw(ALPHANUMERIC, 12)
}

/// How a payer's id begins, and nothing else.
pub(crate) const PAYER: &str = "oTestPayer";

/// The payer's id for one appid: 28 characters that begin with `o`.
pub(super) fn openid() -> String {
    format!("{PAYER}{}", draw(ALPHANUMERIC, 18))
}

/// A ten-digit merchant number.
pub(super) fn mchid() -> String {
    format!("16{}", draw(DIGITS, 8))
}

/// `wx` and sixteen hex digits.
pub(super) fn appid() -> String {
    format!("wx{}", draw(LOWER_HEX, 16))
}

/// The id under which the merchant portal shows a WeChat Pay public key.
pub(super) fn public_key_id() -> String {
    format!("PUB_KEY_ID_01{}", draw(DIGITS, 26))
}

/// An APIv3 key: exactly 32 ASCII characters.
pub(super) fn apiv3_key() -> String {
    draw(ALPHANUMERIC, 32)
}

/// A certificate serial of 40 upper-case hex digits. The first is 1 to 7, so that the DER integer has exactly
/// 20 bytes and no tool prints it shorter.
pub(super) fn certificate_serial() -> String {
    format!("{}{}", draw(b"1234567", 1), draw(UPPER_HEX, 39))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_documented_lengths() {
        let now = time::macros::datetime!(2025-10-09 23:54:19 UTC);
        assert_eq!(transaction_id(now).len(), 28);
        assert_eq!(&transaction_id(now)[10..18], "20251010", "the day is Beijing's");
        assert_eq!(refund_id().len(), 29);
        assert_eq!(prepay_id(now).len(), 36);
        assert_eq!(openid().len(), 28);
        assert_eq!(certificate_serial().len(), 40);
        assert_eq!(apiv3_key().len(), 32);
        assert_eq!(api_time(now), "2025-10-10T07:54:19+08:00");
    }
}
