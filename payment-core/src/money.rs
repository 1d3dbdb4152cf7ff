//! Money as integer minor units with a currency, and its conversion to and from decimal text (R28).
//!
//! There is no float in this project. Channels that write decimals (Alipay, PayPal, bills) convert here, with the
//! exponent that *they* use for the currency: PayPal has none for HUF and TWD where ISO 4217 has two.

use std::fmt;

/// An ISO 4217 currency code: three upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Renminbi, the only currency of domestic WeChat Pay and Alipay.
    pub const CNY: Self = Self(*b"CNY");

    /// Reads a code.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] unless it is exactly three upper-case ASCII letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::Currency),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // The constructor admits ASCII only.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// How many decimal places a channel writes for a currency: 2 for CNY, 0 for JPY, at most 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exponent(u8);

impl Exponent {
    /// Whole units only.
    pub const ZERO: Self = Self(0);
    /// Hundredths.
    pub const TWO: Self = Self(2);
    /// Thousandths.
    pub const THREE: Self = Self(3);

    fn scale(self) -> i128 {
        10_i128.pow(u32::from(self.0))
    }
}

/// An amount of one currency in its minor units (fen, cents, yen). May be zero or negative only as the result of
/// arithmetic; amounts that come from outside are checked with [`Money::positive`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor_units: i64,
}

impl Money {
    /// An amount as it is.
    #[must_use]
    pub const fn new(currency: Currency, minor_units: i64) -> Self {
        Self { currency, minor_units }
    }

    /// An amount that somebody is to pay or to get back.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] below one minor unit.
    pub fn positive(currency: Currency, minor_units: i64) -> Result<Self, MoneyError> {
        if minor_units > 0 { Ok(Self { currency, minor_units }) } else { Err(MoneyError::NotPositive) }
    }

    /// The currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor_units(&self) -> i64 {
        self.minor_units
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] for different currencies, [`MoneyError::OutOfRange`] beyond 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor_units = self.minor_units.checked_add(other.minor_units).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { currency: self.currency, minor_units })
    }

    /// What is left after `other` is taken away.
    ///
    /// # Errors
    /// As [`Money::checked_add`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor_units = self.minor_units.checked_sub(other.minor_units).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { currency: self.currency, minor_units })
    }

    /// The sum of amounts, all of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Empty`] for no amounts, else as [`Money::checked_add`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let mut amounts = amounts.into_iter();
        let first = amounts.next().ok_or(MoneyError::Empty)?;
        amounts.try_fold(first, Self::checked_add)
    }

    /// Reads decimal text such as `1.00`, `100` or `0.5` with at most `exponent` decimal places.
    ///
    /// # Errors
    /// [`MoneyError::Decimal`] for anything but an optional minus, digits, and a point with digits behind it;
    /// [`MoneyError::OutOfRange`] beyond 64 bits.
    pub fn from_decimal(text: &str, currency: Currency, exponent: Exponent) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::Decimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || fraction.len() > usize::from(exponent.0) {
            return Err(MoneyError::Decimal);
        }
        let padding = usize::from(exponent.0) - fraction.len();
        let mut all_digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', padding));
        let magnitude = all_digits.try_fold(0_i128, append_digit)?;
        let signed = if negative { -magnitude } else { magnitude };
        let minor_units = i64::try_from(signed).map_err(|_| MoneyError::OutOfRange)?;
        Ok(Self { currency, minor_units })
    }

    /// Writes decimal text with exactly `exponent` decimal places: `1.00` for 100 fen.
    #[must_use]
    pub fn to_decimal(self, exponent: Exponent) -> String {
        let magnitude = i128::from(self.minor_units).abs();
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let (whole, fraction) = (magnitude / exponent.scale(), magnitude % exponent.scale());
        match exponent.0 {
            0 => format!("{sign}{whole}"),
            places => format!("{sign}{whole}.{fraction:0places$}", places = usize::from(places)),
        }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::CurrencyMismatch) }
    }
}

fn append_digit(number: i128, byte: u8) -> Result<i128, MoneyError> {
    if !byte.is_ascii_digit() {
        return Err(MoneyError::Decimal);
    }
    let next = number.checked_mul(10).and_then(|tens| tens.checked_add(i128::from(byte - b'0')));
    next.filter(|value| *value <= 1 + i128::from(i64::MAX)).ok_or(MoneyError::OutOfRange)
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.minor_units, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Why an amount cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    #[error("must be an ISO 4217 code of three upper-case letters, such as CNY")]
    Currency,
    /// Zero or negative.
    #[error("must be at least 1 minor unit")]
    NotPositive,
    /// Not decimal text of the channel's form.
    #[error("must be decimal digits with at most the currency's number of decimal places")]
    Decimal,
    /// Beyond 64 bits.
    #[error("is larger than 9223372036854775807 minor units")]
    OutOfRange,
    /// Two currencies in one sum.
    #[error("must have the same currency as the other amounts")]
    CurrencyMismatch,
    /// A sum over nothing.
    #[error("needs at least one amount")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn r28_f49_every_amount_survives_text_and_back(minor_units: i64, exponent in 0_u8..=3) {
            let money = Money::new(Currency::CNY, minor_units);
            let text = money.to_decimal(Exponent(exponent));
            prop_assert_eq!(Money::from_decimal(&text, Currency::CNY, Exponent(exponent)), Ok(money));
        }

        #[test]
        fn f49_no_text_panics(text in ".{0,40}") {
            let _ = Money::from_decimal(&text, Currency::CNY, Exponent::TWO);
        }
    }

    #[test]
    fn f49_the_amounts_that_floats_lost() {
        let read =
            |text| Money::from_decimal(text, Currency::CNY, Exponent::TWO).map(|money| money.minor_units());
        assert_eq!(read("19.9"), Ok(1990));
        assert_eq!(read("0.03"), Ok(3));
        assert_eq!(read("-8.88"), Ok(-888));
        assert_eq!(read("92233720368547758.07"), Ok(i64::MAX));
        assert_eq!(read("92233720368547758.08"), Err(MoneyError::OutOfRange));
        assert_eq!(read("-92233720368547758.08"), Ok(i64::MIN));
        assert_eq!(read("-92233720368547758.09"), Err(MoneyError::OutOfRange));
        for wrong in ["", ".", "1.", ".5", "1.005", "+1", "1e2", "1,00", " 1", "--1", "1.-5", "١"] {
            assert_eq!(read(wrong), Err(MoneyError::Decimal), "{wrong:?}");
        }
    }

    #[test]
    fn r28_currencies_do_not_mix() {
        let usd = Currency::parse("USD").expect("a code");
        let sum = Money::new(Currency::CNY, 1).checked_add(Money::new(usd, 1));
        assert_eq!(sum, Err(MoneyError::CurrencyMismatch));
        assert_eq!(Money::sum([]), Err(MoneyError::Empty));
        for wrong in ["", "cny", "CN", "CNYX", "C1Y", "é1"] {
            assert_eq!(Currency::parse(wrong), Err(MoneyError::Currency), "{wrong:?}");
        }
    }

    #[test]
    fn an_amount_that_somebody_pays_is_at_least_one_minor_unit() {
        let positive = |minor_units| Money::positive(Currency::CNY, minor_units);
        assert_eq!(positive(1), Ok(Money::new(Currency::CNY, 1)));
        for refused in [0, -1, i64::MIN] {
            assert_eq!(positive(refused), Err(MoneyError::NotPositive), "{refused}");
        }
    }

    #[test]
    fn money_is_written_so_that_a_person_and_a_channel_can_read_it() {
        let money = |minor_units| Money::new(Currency::CNY, minor_units);
        assert_eq!(money(-5).to_string(), "-5 CNY");
        assert_eq!(format!("{:?} in {:?}", money(100), Currency::CNY), "100 CNY in CNY");
        assert_eq!(money(0).to_decimal(Exponent::TWO), "0.00");
        assert_eq!(money(-5).to_decimal(Exponent::TWO), "-0.05");
        let yen = Currency::parse("JPY").expect("a code");
        assert_eq!((yen.code(), Money::new(yen, 100).to_decimal(Exponent::ZERO).as_str()), ("JPY", "100"));
    }
}
