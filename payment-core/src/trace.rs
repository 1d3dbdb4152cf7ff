//! The trace that a payment belongs to, as W3C Trace Context writes it.

use crate::identifiers::IdentifierError;

/// A `traceparent`: version 00, 32 digits of the trace, 16 of the span, two of flags, all lower-case hexadecimal.
///
/// Source: W3C Recommendation Trace Context, section 3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Checks and takes a text. A trace or a span of zeros names none.
    ///
    /// # Errors
    /// Unless the text is a `traceparent` of version 00.
    pub fn parse(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, span, flags] = parts.as_slice() else { return Err(NOT_ONE) };
        let hexadecimal = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let names = |part: &str, length| hexadecimal(part, length) && part.bytes().any(|byte| byte != b'0');
        if *version == "00" && names(trace, 32) && names(span, 16) && hexadecimal(flags, 2) {
            Ok(Self(text))
        } else {
            Err(NOT_ONE)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const NOT_ONE: IdentifierError = IdentifierError::new("must be a traceparent of version 00");

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is the recommendation's own example.
    #[test]
    fn only_what_the_recommendation_calls_valid_is_taken() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceParent::parse(valid).map(|parent| parent.as_str().to_owned()).as_deref(), Ok(valid));
        for invalid in [
            "",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert!(TraceParent::parse(invalid).is_err(), "{invalid}");
        }
    }
}
