//! The numbers and names that tie our records to the caller's and the channel's, each in a type of its own so that no
//! two can be confused.
//!
//! Each is checked where it is made: a value of the type is a valid one. Lengths count bytes; all are ASCII.

use std::fmt;

use time::OffsetDateTime;

/// Why a text is no identifier of its kind: what is allowed, as a sentence for the one who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentifierError(&'static str);

impl IdentifierError {
    /// A rule of this crate's other texts.
    pub(crate) const fn new(rule: &'static str) -> Self {
        Self(rule)
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $length:expr, $admits:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text.
            ///
            /// # Errors
            #[doc = concat!("Unless the text ", $rule, ".")]
            pub fn parse(text: impl Into<String>) -> Result<Self, IdentifierError> {
                let text = text.into();
                let admits: fn(u8) -> bool = $admits;
                if ($length).contains(&text.len()) && text.bytes().all(admits) {
                    Ok(Self(text))
                } else {
                    Err(IdentifierError($rule))
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
}

const fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

identifier!(
    /// A caller's tenant, named in the configuration.
    MerchantId, 1..=32, is_name, "must be 1 to 32 of [a-z0-9_-]"
);
identifier!(
    /// An API key's name, which evidence may show; never the key itself.
    ApiKeyId, 1..=64, is_name, "must be 1 to 64 of [a-z0-9_-]"
);
identifier!(
    /// A person or a tool that operates the service, named in the configuration; evidence shows the name.
    OperatorName, 1..=32, is_name, "must be 1 to 32 of [a-z0-9_-]"
);
identifier!(
    /// A payment channel: `wechat`, `alipay`, `paypal` or a plugin's own name.
    ChannelName, 1..=32, is_name, "must be 1 to 32 of [a-z0-9_-]"
);
identifier!(
    /// One set of credentials at a channel, named in the configuration and in the callback URL.
    ChannelAccountId, 1..=64, is_name, "must be 1 to 64 of [a-z0-9_-]"
);
identifier!(
    /// A way of paying in a channel: `app`, `jsapi`, `h5`, `native`, ...
    Product, 1..=32, is_name, "must be 1 to 32 of [a-z0-9_-]"
);
identifier!(
    /// The merchant's number of what is paid for.
    OrderNo, 1..=64, is_visible, "must be 1 to 64 visible ASCII characters"
);
identifier!(
    /// The caller's key for one `CreatePayment`, so that a repeat is recognised (R14).
    RequestId, 1..=64, is_visible, "must be 1 to 64 visible ASCII characters"
);
identifier!(
    /// The channel's own number of a payment, such as WeChat's `transaction_id`.
    ChannelTransactionNo, 1..=64, is_visible, "must be 1 to 64 visible ASCII characters"
);
identifier!(
    /// The channel's own number of money that it holds, such as the id of PayPal's authorization.
    ChannelHoldNo, 1..=64, is_visible, "must be 1 to 64 visible ASCII characters"
);
identifier!(
    /// Our number of a refund, sent to the channel as it is; the strictest channel admits 64 of `[0-9A-Za-z_-|*@]`.
    RefundNo, 1..=64, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_', "must be 1 to 64 of [0-9A-Za-z_-]"
);
identifier!(
    /// The channel's own number of a refund, such as WeChat's `refund_id`.
    ChannelRefundNo, 1..=64, is_visible, "must be 1 to 64 visible ASCII characters"
);
identifier!(
    /// The channel's number of one notification, the same in each of its deliveries.
    ChannelNotificationId, 1..=128, is_visible, "must be 1 to 128 visible ASCII characters"
);
identifier!(
    /// Names the key that verified a channel's bytes: a certificate serial or a public key id.
    KeySerial, 1..=128, is_visible, "must be 1 to 128 visible ASCII characters"
);
identifier!(
    /// Who receives the money according to the channel, as that channel writes it: WeChat `mchid/appid`.
    Payee, 1..=128, is_visible, "must be 1 to 128 visible ASCII characters"
);
identifier!(
    /// An endpoint to which a merchant's events are delivered, named in the configuration.
    WebhookName, 1..=64, is_name, "must be 1 to 64 of [a-z0-9_-]"
);
identifier!(
    /// One attempt to pay; the channel's merchant order number. Made by [`PaymentNo::generate`], never reused.
    ///
    /// `P`, the UTC day `yyyymmdd`, two reserved shard digits, then 20 characters of time within the day and
    /// randomness: 31 of `[0-9A-Z]`, which fits WeChat's 32 bytes, Alipay's 64 and PayPal's 127.
    PaymentNo, 31..=31, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(), "must be the 31 characters of a payment number"
);

/// Crockford's alphabet: no I, L, O or U, so a number read over the telephone survives.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl PaymentNo {
    /// Bytes of randomness that one number takes.
    pub const RANDOM_BYTES: usize = 9;

    /// Makes a number for `now`; `shard` is one of 0..=99 and 0 today.
    ///
    /// 27 bits of milliseconds within the day come first, so numbers sort by time; 72 bits of randomness and one
    /// zero bit fill the 20 characters.
    #[must_use]
    pub fn generate(now: OffsetDateTime, shard: u8, random: [u8; Self::RANDOM_BYTES]) -> Self {
        let now = now.to_offset(time::UtcOffset::UTC);
        let (year, month, day) = now.to_calendar_date();
        let (hour, minute, second, millisecond) = now.to_hms_milli();
        let seconds = (u32::from(hour) * 60 + u32::from(minute)) * 60 + u32::from(second);
        let milliseconds = u128::from(seconds) * 1000 + u128::from(millisecond);
        let random = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let tail = crockford((milliseconds << 73) | (random << 1));
        Self(format!("P{year:04}{:02}{day:02}{:02}{tail}", u8::from(month), shard % 100))
    }
}

/// The low 100 bits as 20 characters of 5 bits each.
fn crockford(bits: u128) -> String {
    let character = |position: u32| {
        let index = usize::try_from((bits >> (position * 5)) & 31).unwrap_or(0);
        char::from(*CROCKFORD.get(index).unwrap_or(&b'0'))
    };
    (0..20).rev().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn payment_numbers_carry_their_utc_day_and_sort_by_time() {
        let early = PaymentNo::generate(datetime!(2026-01-05 07:59:59.999 +8), 0, [255; 9]);
        let late = PaymentNo::generate(datetime!(2026-01-05 08:00:00.000 +8), 0, [0; 9]);
        assert!(early.as_str().starts_with("P2026010400"), "{early}");
        assert!(late.as_str().starts_with("P2026010500"), "{late}");
        assert!(early < late);
        assert_eq!(early.as_str().len(), 31);
        assert_eq!(PaymentNo::parse(early.as_str()), Ok(early));
    }

    #[test]
    fn payment_numbers_of_a_day_sort_by_the_millisecond_whatever_chance_says() {
        let day = datetime!(2026-01-05 00:00 UTC);
        let numbers = [0, 1, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 43_261_001, 86_399_999]
            .map(|milliseconds| day + time::Duration::milliseconds(milliseconds))
            .map(|at| [[0; 9], [255; 9]].map(|random| PaymentNo::generate(at, 0, random)));
        assert!(numbers.as_flattened().is_sorted_by(|earlier, later| earlier < later), "{numbers:?}");
    }

    #[test]
    fn every_bit_of_randomness_reaches_the_number() {
        let at = datetime!(2026-01-05 00:00 UTC);
        let none = [0; PaymentNo::RANDOM_BYTES];
        let with_bit = |bit: usize| {
            let mut random = none;
            random[bit / 8] = 1 << (bit % 8);
            random
        };
        let draws = (0..72).map(with_bit).chain([none]);
        let numbers: std::collections::BTreeSet<_> =
            draws.map(|random| PaymentNo::generate(at, 7, random)).collect();
        assert_eq!(numbers.len(), 73);
    }

    #[test]
    fn identifiers_refuse_what_they_do_not_admit() {
        assert!(OrderNo::parse("A 1").is_err());
        assert!(OrderNo::parse("").is_err());
        assert!(OrderNo::parse("订单").is_err());
        assert!(OrderNo::parse("x".repeat(65)).is_err());
        assert_eq!(OrderNo::parse("SO-1/2").map(|no| no.to_string()), Ok("SO-1/2".to_owned()));
        assert!(ChannelAccountId::parse("Main").is_err());
        assert_eq!(ChannelAccountId::parse("main-2_eu").map(|id| id.to_string()), Ok("main-2_eu".to_owned()));
    }
}
