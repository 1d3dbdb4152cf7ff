//! Parameters of a request, an order string or a notification: form encoding, and the text that is signed.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// Decoded parameters by name. The order in which they arrive means nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// Why parameters cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersRefused {
    /// What happens to a name that stands in both query and body is documented nowhere, so it is refused.
    #[error("the parameter {0} is given twice")]
    Repeated(String),
    /// Bytes that are not UTF-8, or not percent-encoded rightly.
    #[error("the parameter {0} is not UTF-8")]
    NotUtf8(String),
}

impl Parameters {
    /// Merges form-encoded texts: the query string and the body.
    pub(super) fn merge(texts: &[&[u8]]) -> Result<Self, ParametersRefused> {
        let mut parameters = Self::default();
        for (name, value) in texts.iter().flat_map(|text| form_urlencoded::parse(text)) {
            // The decoder puts this character in place of what it cannot read.
            if value.contains('\u{fffd}') {
                return Err(ParametersRefused::NotUtf8(name.into_owned()));
            }
            parameters.add(name.into_owned(), value.into_owned())?;
        }
        Ok(parameters)
    }

    /// Adds one that must be new.
    pub(super) fn add(&mut self, name: String, value: String) -> Result<(), ParametersRefused> {
        if self.0.contains_key(&name) {
            return Err(ParametersRefused::Repeated(name));
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// Sets one, whether or not it is there.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The value, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `name=value` joined by `&` in byte order of the names, raw, without empty values and without `left_out`.
    pub(super) fn text_to_sign(&self, left_out: &[&str]) -> String {
        let kept =
            self.0.iter().filter(|(name, value)| !left_out.contains(&name.as_str()) && !value.is_empty());
        let pairs: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    /// As [`Parameters::text_to_sign`], but empty values stand in it as `name=`.
    pub(super) fn text_with_empty_values(&self, left_out: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let pairs: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    /// Adds the parts of a `multipart/form-data` body; files stay out.
    pub(super) fn add_multipart(&mut self, boundary: &str, body: &[u8]) -> Result<(), ParametersRefused> {
        let text = String::from_utf8_lossy(body);
        for part in text.split(&format!("--{boundary}")) {
            let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
            if head.contains("filename=") {
                continue;
            }
            let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
            let Some(name) = name.map(str::to_owned) else { continue };
            let value = value.strip_suffix("\r\n").unwrap_or(value);
            if value.contains('\u{fffd}') {
                return Err(ParametersRefused::NotUtf8(name));
            }
            self.add(name, value.to_owned())?;
        }
        Ok(())
    }

    /// Form-encoded, as bodies and queries carry them.
    pub(super) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_to_sign_is_raw_sorted_by_name_and_without_empty_values() {
        let parameters =
            Parameters::merge(&[b"b=1%2B1+x&a1=2&empty=&sign=s", b"a=%E6%B5%8B%26&sign_type=RSA2"]).unwrap();
        assert_eq!(parameters.text_to_sign(&["sign"]), "a=测&&a1=2&b=1+1 x&sign_type=RSA2");
        assert_eq!(parameters.text_to_sign(&["sign", "sign_type"]), "a=测&&a1=2&b=1+1 x");
    }

    #[test]
    fn a_name_in_query_and_body_is_refused_and_so_is_gbk() {
        let repeated = Parameters::merge(&[b"a=1", b"a=1"]).unwrap_err();
        assert_eq!(repeated, ParametersRefused::Repeated("a".to_owned()));
        assert_eq!(
            Parameters::merge(&[b"a=%B2%E2"]).unwrap_err(),
            ParametersRefused::NotUtf8("a".to_owned())
        );
    }
}
