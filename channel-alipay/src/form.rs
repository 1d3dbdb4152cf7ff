//! Form data as Alipay signs it: decoded once and strictly, so that what is verified is what was sent and nothing is read
//! two ways.

use std::collections::BTreeMap;

/// Names and values, each name once, in the order in which they are signed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

/// Why bytes are no form data. Carries nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormMalformed {
    /// Not two hexadecimal digits behind a percent sign.
    #[error("has a broken percent-encoding")]
    Encoding,
    /// Decoded lossily, other text would be verified than was signed.
    #[error("is not UTF-8")]
    Utf8,
    /// A second value would leave open which one was signed.
    #[error("has a parameter twice")]
    Repeated,
    /// A value without a name.
    #[error("has a parameter without a name")]
    Unnamed,
}

impl Form {
    /// Decodes `name=value&...`: `+` is a space, `%XX` a byte, the bytes are UTF-8.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FormMalformed> {
        let mut parameters = BTreeMap::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            let value = decoded(halves.next().unwrap_or_default())?;
            if name.is_empty() {
                return Err(FormMalformed::Unnamed);
            }
            if parameters.insert(name, value).is_some() {
                return Err(FormMalformed::Repeated);
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter. Alipay sends no empty ones, so an empty one says as much as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Those of these names alone.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        let named = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self(named.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// All parameters by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decoded(bytes: &[u8]) -> Result<String, FormMalformed> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hexadecimal(rest.next(), rest.next()).ok_or(FormMalformed::Encoding)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).map_err(|_| FormMalformed::Utf8)
}

fn hexadecimal(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Encodes `name=value&...`; values with spaces as `+`, as Java's encoder writes them.
pub(crate) fn write<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn f45_values_are_decoded_once_and_exactly() {
        let form = Form::read(b"a=1%2B1+%25&b=%7B%22k%22%3A%22v%22%7D&c=x=y&d=%26quot%3B&e=%e6%b5%8b&f=&g")
            .expect("a form");
        let read: Vec<_> = form.iter().collect();
        let expected = [
            ("a", "1+1 %"),
            ("b", "{\"k\":\"v\"}"),
            ("c", "x=y"),
            ("d", "&quot;"),
            ("e", "测"),
            ("f", ""),
            ("g", ""),
        ];
        assert_eq!(read, expected);
        assert_eq!(form.get("f"), None);
    }

    #[test]
    fn f45_what_can_be_read_two_ways_is_refused() {
        for (bytes, why) in [
            (&b"a=1&a=1"[..], FormMalformed::Repeated),
            (b"a=1&%61=2", FormMalformed::Repeated),
            (b"a=%zz", FormMalformed::Encoding),
            (b"a=%4", FormMalformed::Encoding),
            (b"a=%+1", FormMalformed::Encoding),
            (b"subject=%B2%E2%CA%D4", FormMalformed::Utf8),
            (b"=1", FormMalformed::Unnamed),
        ] {
            assert_eq!(Form::read(bytes).err(), Some(why), "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_the_way_there_and_back(pairs in proptest::collection::btree_map(".{1,8}", ".{0,40}", 0..8)) {
            let encoded = write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            prop_assert_eq!(Form::read(encoded.as_bytes()), Ok(Form(pairs)));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Form::read(&bytes);
        }
    }

    impl std::fmt::Debug for Form {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(formatter, "{:?}", self.0)
        }
    }
}
