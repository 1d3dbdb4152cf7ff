//! Amounts as channels write them: decimal text, read and written again.

use payment_core::money::{Currency, Exponent, Money};

/// Reads text as an amount with each number of decimal places that a channel uses. What is read is written so that it is
/// read again as the same amount.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let currency = Currency::parse(text).unwrap_or(Currency::CNY);
    for exponent in [Exponent::ZERO, Exponent::TWO, Exponent::THREE] {
        if let Ok(money) = Money::from_decimal(text, currency, exponent) {
            let written = money.to_decimal(exponent);
            assert_eq!(Money::from_decimal(&written, currency, exponent), Ok(money), "{text}");
        }
    }
}

/// Where [`run`] begins.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let texts = [
        ("yuan", "88.88"),
        ("yen", "1000"),
        ("most", "92233720368547758.07"),
        ("less", "-0.5"),
        ("code", "EUR"),
    ];
    texts.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).to_vec()
}
