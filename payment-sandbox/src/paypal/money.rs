//! Amounts as PayPal writes them: a currency code and a decimal text, with PayPal's own numbers of decimals.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The currencies that PayPal takes.
const SUPPORTED: &[&str] = &[
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];

/// Those without decimals. ISO 4217 gives two to HUF and TWD; PayPal does not.
const WITHOUT_DECIMALS: &[&str] = &["HUF", "JPY", "TWD"];

/// The largest number of digits before the point.
const MOST_DIGITS: usize = 15;

/// An amount: minor units by PayPal's exponent of its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Three letters.
    pub currency_code: String,
    /// Cents; whole units for HUF, JPY and TWD.
    pub minor: i64,
}

/// Why a text is no amount; each is one issue code of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AmountProblem {
    UnknownCurrency,
    Syntax,
    TooManyDecimals,
    TooLarge,
}

/// How many decimals PayPal gives a currency.
pub(super) fn exponent(currency_code: &str) -> u32 {
    if WITHOUT_DECIMALS.contains(&currency_code) { 0 } else { 2 }
}

impl Money {
    /// Reads `value` in `currency_code`.
    pub(super) fn parse(currency_code: &str, value: &str) -> Result<Self, AmountProblem> {
        if !SUPPORTED.contains(&currency_code) {
            return Err(AmountProblem::UnknownCurrency);
        }
        let (sign, digits) = value.strip_prefix('-').map_or((1, value), |rest| (-1, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let empty = whole.is_empty() && fraction.is_empty();
        if empty || digits.ends_with('.') || !is_number(whole) || !is_number(fraction) {
            return Err(AmountProblem::Syntax);
        }
        let exponent = exponent(currency_code);
        let decimals = usize::try_from(exponent).unwrap_or_default();
        if fraction.len() > decimals {
            return Err(AmountProblem::TooManyDecimals);
        }
        if whole.len() > MOST_DIGITS {
            return Err(AmountProblem::TooLarge);
        }
        let text = format!("{whole}{fraction:0<decimals$}");
        let minor: i64 = text.parse().map_err(|_| AmountProblem::TooLarge)?;
        Ok(Self { currency_code: currency_code.to_owned(), minor: sign * minor })
    }

    /// The same currency with another number of minor units.
    pub(super) fn with_minor(&self, minor: i64) -> Self {
        Self { currency_code: self.currency_code.clone(), minor }
    }

    /// The decimal text, always with all decimals.
    pub(super) fn value(&self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = self.minor.unsigned_abs();
        match exponent(&self.currency_code) {
            0 => format!("{sign}{digits}"),
            _two => format!("{sign}{}.{:02}", digits / 100, digits % 100),
        }
    }

    /// The JSON object of the API.
    pub(super) fn json(&self) -> Value {
        json!({"currency_code": self.currency_code, "value": self.value()})
    }

    /// Reads the JSON object of the API.
    pub(super) fn of(object: &Map<String, Value>) -> Result<Self, AmountProblem> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        Self::parse(text("currency_code"), text("value"))
    }

    /// PayPal's fee for receiving this amount: 2.99 % and 0.39, rounded half up to the currency's unit, and never more
    /// than the amount.
    pub(super) fn fee(&self) -> Self {
        let fixed: i128 = if exponent(&self.currency_code) == 0 { 3_900 } else { 390_000 };
        let exact = i128::from(self.minor) * 299 + fixed;
        let rounded = i64::try_from((exact + 5_000) / 10_000).unwrap_or(self.minor);
        self.with_minor(rounded.clamp(0, self.minor.max(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_by_paypals_exponents() {
        for (currency, text, minor, written) in [
            ("EUR", "24.90", 2490, "24.90"),
            ("EUR", "24.9", 2490, "24.90"),
            ("EUR", "10", 1000, "10.00"),
            ("EUR", ".5", 50, "0.50"),
            ("USD", "-1.05", -105, "-1.05"),
            ("HUF", "500", 500, "500"),
            ("TWD", "7", 7, "7"),
            ("EUR", "999999999999999.99", 99_999_999_999_999_999, "999999999999999.99"),
        ] {
            let money = Money::parse(currency, text).unwrap();
            assert_eq!((money.minor, money.value().as_str()), (minor, written), "{currency} {text}");
        }
    }

    #[test]
    fn texts_that_are_no_amounts_are_told_apart() {
        for (currency, text, problem) in [
            ("KWD", "1.000", AmountProblem::UnknownCurrency),
            ("EUR", "", AmountProblem::Syntax),
            ("EUR", "1.", AmountProblem::Syntax),
            ("EUR", "1e3", AmountProblem::Syntax),
            ("EUR", "+1", AmountProblem::Syntax),
            ("EUR", "1.001", AmountProblem::TooManyDecimals),
            ("JPY", "1.0", AmountProblem::TooManyDecimals),
            ("EUR", "1000000000000000", AmountProblem::TooLarge),
        ] {
            assert_eq!(Money::parse(currency, text), Err(problem), "{currency} {text}");
        }
    }

    #[test]
    fn the_fee_is_rounded_half_up() {
        assert_eq!(Money::parse("EUR", "24.90").unwrap().fee().value(), "1.13");
        assert_eq!(Money::parse("JPY", "1000").unwrap().fee().value(), "30");
        assert_eq!(Money::parse("EUR", "0.10").unwrap().fee().value(), "0.10");
    }
}
