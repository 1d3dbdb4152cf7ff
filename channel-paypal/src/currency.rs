//! Amounts as PayPal writes them: decimal text, with PayPal's own number of decimal places for each currency (R28, F50).
//!
//! PayPal has no decimals for HUF, JPY and TWD, where ISO 4217 has two for HUF and TWD. So one minor unit of these
//! three is one whole forint, yen or dollar, here and wherever this channel's amounts stand.

use payment_core::money::{Currency, Exponent, Money};
use serde::{Deserialize, Serialize};

/// The currencies that PayPal takes, with their exponents. BRL, CNY and MYR only for accounts of those countries.
const TABLE: [(&str, Exponent); 24] = [
    ("AUD", Exponent::TWO),
    ("BRL", Exponent::TWO),
    ("CAD", Exponent::TWO),
    ("CHF", Exponent::TWO),
    ("CNY", Exponent::TWO),
    ("CZK", Exponent::TWO),
    ("DKK", Exponent::TWO),
    ("EUR", Exponent::TWO),
    ("GBP", Exponent::TWO),
    ("HKD", Exponent::TWO),
    ("HUF", Exponent::ZERO),
    ("ILS", Exponent::TWO),
    ("JPY", Exponent::ZERO),
    ("MXN", Exponent::TWO),
    ("MYR", Exponent::TWO),
    ("NOK", Exponent::TWO),
    ("NZD", Exponent::TWO),
    ("PHP", Exponent::TWO),
    ("PLN", Exponent::TWO),
    ("SEK", Exponent::TWO),
    ("SGD", Exponent::TWO),
    ("THB", Exponent::TWO),
    ("TWD", Exponent::ZERO),
    ("USD", Exponent::TWO),
];

/// Digits that PayPal takes before the decimal point.
const WHOLE_DIGITS: usize = 15;

/// Every currency that PayPal takes.
pub(crate) fn all() -> Vec<Currency> {
    TABLE.iter().filter_map(|(code, _)| Currency::parse(code).ok()).collect()
}

fn exponent(currency: Currency) -> Option<Exponent> {
    TABLE.iter().find(|(code, _)| *code == currency.code()).map(|(_, exponent)| *exponent)
}

/// Money on PayPal's wire. The value is text, never a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WireMoney {
    currency_code: String,
    value: String,
}

/// What keeps an amount from PayPal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsendable {
    /// Not in the table.
    #[error("must be in a currency that PayPal takes, such as EUR, USD or JPY")]
    Currency,
    /// Zero or less.
    #[error("must be at least 1 minor unit")]
    NotPositive,
    /// More digits than PayPal takes.
    #[error("must have at most 15 digits before the decimal point")]
    TooLarge,
}

impl WireMoney {
    /// The text for PayPal: exactly two decimal places, or none at all.
    pub(crate) fn write(amount: Money) -> Result<Self, Unsendable> {
        let exponent = exponent(amount.currency()).ok_or(Unsendable::Currency)?;
        if amount.minor_units() < 1 {
            return Err(Unsendable::NotPositive);
        }
        let value = amount.to_decimal(exponent);
        if value.split('.').next().is_some_and(|whole| whole.len() > WHOLE_DIGITS) {
            return Err(Unsendable::TooLarge);
        }
        Ok(Self { currency_code: amount.currency().code().to_owned(), value })
    }

    /// The amount that PayPal means. `10`, `10.0` and `10.00` are the same; a digit other than zero beyond the
    /// currency's places is none of ours, and so is a currency that is not in the table.
    pub(crate) fn read(&self) -> Option<Money> {
        let currency = Currency::parse(&self.currency_code).ok()?;
        let exponent = exponent(currency)?;
        let (whole, fraction) = self.value.split_once('.').unwrap_or((&self.value, ""));
        let significant = fraction.trim_end_matches('0');
        let text = if significant.is_empty() { whole.to_owned() } else { format!("{whole}.{significant}") };
        Money::from_decimal(&text, currency, exponent).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fifteen digits before the point, whatever stands behind it.
    const MOST_WHOLE: i64 = 999_999_999_999_999;
    const MOST_CENTS: i64 = 99_999_999_999_999_999;

    fn money(code: &str, minor_units: i64) -> Money {
        Money::new(Currency::parse(code).expect("a code"), minor_units)
    }

    fn wire(code: &str, value: &str) -> WireMoney {
        WireMoney { currency_code: code.to_owned(), value: value.to_owned() }
    }

    proptest! {
        #[test]
        fn r28_f50_every_amount_that_fits_survives_text_and_back_in_each_currency(units in prop_oneof![
            Just(1), Just(99), Just(100), Just(MOST_CENTS), 1..=MOST_CENTS, 1..=100_000_i64,
        ]) {
            for (code, exponent) in TABLE {
                let most = if exponent == Exponent::ZERO { MOST_WHOLE } else { MOST_CENTS };
                let amount = money(code, (units - 1) % most + 1);
                prop_assert_eq!(WireMoney::write(amount).ok().and_then(|wire| wire.read()), Some(amount));
            }
        }

        #[test]
        fn f50_what_is_sent_has_the_form_that_paypal_takes_in_each_currency(units in 1_i64..) {
            for (code, exponent) in TABLE {
                match WireMoney::write(money(code, units)) {
                    Ok(wire) => {
                        let (whole, fraction) = wire.value.split_once('.').unwrap_or((&wire.value, ""));
                        prop_assert!((1..=15).contains(&whole.len()));
                        prop_assert!(whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()));
                        let places = if exponent == Exponent::ZERO { 0 } else { 2 };
                        prop_assert_eq!(fraction.len(), places);
                        prop_assert_eq!(wire.value.contains('.'), places == 2);
                    }
                    Err(unsendable) => prop_assert_eq!(unsendable, Unsendable::TooLarge),
                }
            }
        }

        #[test]
        fn f49_no_answer_panics(code in ".{0,5}", value in ".{0,40}") {
            let _ = wire(&code, &value).read();
        }
    }

    #[test]
    fn f50_pitfall_10_forint_yen_and_taiwan_dollars_have_no_decimals() {
        for code in ["HUF", "JPY", "TWD"] {
            assert_eq!(WireMoney::write(money(code, 1000)), Ok(wire(code, "1000")), "{code}");
            assert_eq!(wire(code, "1000.00").read(), Some(money(code, 1000)), "{code}");
            assert_eq!(wire(code, "1000.5").read(), None, "{code}");
        }
        assert_eq!(WireMoney::write(money("EUR", 1000)), Ok(wire("EUR", "10.00")));
    }

    #[test]
    fn f49_answers_are_read_whole_or_not_at_all() {
        for same in ["10", "10.0", "10.00", "10.000"] {
            assert_eq!(wire("EUR", same).read(), Some(money("EUR", 1000)), "{same}");
        }
        for wrong in ["", ".", "10.001", "1e3", "1,000.00", " 10", "10 ", "+10", "0x10", "NaN"] {
            assert_eq!(wire("EUR", wrong).read(), None, "{wrong:?}");
        }
        assert_eq!(wire("KWD", "10.00").read(), None);
    }

    #[test]
    fn amounts_that_paypal_would_refuse_are_not_sent() {
        assert_eq!(WireMoney::write(money("RUB", 100)), Err(Unsendable::Currency));
        assert_eq!(WireMoney::write(money("USD", 0)), Err(Unsendable::NotPositive));
        assert_eq!(WireMoney::write(money("USD", -5)), Err(Unsendable::NotPositive));
        let most = "999999999999999.99";
        assert_eq!(WireMoney::write(money("USD", 99_999_999_999_999_999)), Ok(wire("USD", most)));
        assert_eq!(WireMoney::write(money("USD", 100_000_000_000_000_000)), Err(Unsendable::TooLarge));
        assert_eq!(WireMoney::write(money("JPY", 1_000_000_000_000_000)), Err(Unsendable::TooLarge));
        assert_eq!(all().len(), TABLE.len());
    }
}
