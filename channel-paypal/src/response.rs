//! What all readers of PayPal's answers share: JSON, links, times, and the three shapes in which errors come.
//!
//! Unknown fields are allowed and enumerations are open: PayPal adds to both without notice.

use payment_core::gateway::GatewayError;
use serde::{Deserialize, Deserializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

use crate::handle::ResourceId;

/// An answer without the form that PayPal documents: which field, and no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<Unreadable> for GatewayError {
    /// An answer that cannot be read leaves open what was done.
    fn from(error: Unreadable) -> Self {
        Self::Unknown(error.to_string())
    }
}

/// The field of an answer that cannot be done without.
pub(crate) fn unreadable(field: &str) -> Unreadable {
    Unreadable(format!("{field} is missing or malformed"))
}

/// Reads JSON. The error names a line and a column, never a value.
pub(crate) fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(bytes).map_err(|error| {
        Unreadable(format!("not the documented JSON at line {} column {}", error.line(), error.column()))
    })
}

/// A hypermedia link.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Link {
    /// Where it leads.
    #[serde(default)]
    pub(crate) href: String,
    /// What it is.
    #[serde(default)]
    pub(crate) rel: String,
}

/// The id at the end of the `up` link, if its path is exactly `folder` and an id. The host is not looked at: nothing is
/// ever fetched from a link.
pub(crate) fn up_link(links: &[Link], folder: &str) -> Option<ResourceId> {
    let up = links.iter().find(|link| link.rel == "up")?;
    let url = Url::parse(&up.href).ok()?;
    ResourceId::parse(url.path().strip_prefix(folder)?)
}

/// Reads times as PayPal's APIs write them: `Z`, `-07:00` and `+0000`. Anything else is no time; no money hangs on one.
pub(crate) fn lenient_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| parse_time(&text)))
}

/// One time.
pub(crate) fn parse_time(text: &str) -> Option<OffsetDateTime> {
    // `+0000` lacks the colon that the parser wants.
    let (start, end) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let colonless = end.starts_with(['+', '-']) && end.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let text = match (colonless, end.split_at_checked(3)) {
        (true, Some((hours, minutes))) => format!("{start}{hours}:{minutes}"),
        (true, None) | (false, _) => text.to_owned(),
    };
    OffsetDateTime::parse(&text, &Rfc3339).ok()
}

/// An error answer, in whichever shape: the API's, OAuth's, or none at all.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    name: String,
    #[serde(default)]
    details: Vec<Detail>,
    /// OAuth's word.
    #[serde(default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    issue: String,
}

impl ErrorBody {
    /// What is there of an error answer. Messages are not read: PayPal says that they change.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The error's name, empty where there is none.
    pub(crate) fn name(&self) -> &str {
        if self.name.is_empty() { visible(&self.error) } else { visible(&self.name) }
    }

    /// Its issues, several at once perhaps.
    pub(crate) fn issues(&self) -> Vec<&str> {
        self.details.iter().map(|detail| visible(&detail.issue)).filter(|issue| !issue.is_empty()).collect()
    }
}

/// A word that cannot be one of PayPal's is none: it would be kept and shown.
fn visible(word: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if word.len() <= 64 && word.bytes().all(plain) { word } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    #[test]
    fn pitfall_18_every_time_format_is_the_same_instant() {
        let instant = Some(datetime!(2026-01-03 16:00:00 UTC));
        let forms = [
            "2026-01-03T16:00:00Z",
            "2026-01-03T08:00:00-08:00",
            "2026-01-03T16:00:00+0000",
            "2026-01-03T08:00:00-0800",
        ];
        for form in forms {
            assert_eq!(parse_time(form), instant, "{form}");
        }
        assert!(parse_time("2026-01-03T16:00:00.123Z").is_some());
        for wrong in ["", "Z", "yesterday", "2026/01/03 08:00:00 -0700", "１２３４５"] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn pitfall_11_up_links_give_an_id_and_never_a_host() {
        let up = |href: &str| {
            let links = [Link { href: href.to_owned(), rel: "up".to_owned() }];
            up_link(&links, "/v2/payments/captures/").map(String::from)
        };
        assert_eq!(up("https://api.paypal.com/v2/payments/captures/7AB1").as_deref(), Some("7AB1"));
        assert_eq!(up("https://evil.example/v2/payments/captures/7AB1").as_deref(), Some("7AB1"));
        for wrong in [
            "https://api.paypal.com/v2/payments/captures/7AB1/refund",
            "https://api.paypal.com/v2/payments/captures/",
            "https://api.paypal.com/v2/payments/captures/../../x",
            "https://api.paypal.com/v2/checkout/orders/7AB1",
            "/v2/payments/captures/7AB1",
        ] {
            assert_eq!(up(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn errors_come_in_three_shapes() {
        let api =
            ErrorBody::read(br#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"A_B"},{"field":"x"}]}"#);
        assert_eq!((api.name(), api.issues()), ("UNPROCESSABLE_ENTITY", vec!["A_B"]));
        let oauth = ErrorBody::read(br#"{"error":"invalid_token","error_description":"x"}"#);
        assert_eq!((oauth.name(), oauth.issues()), ("invalid_token", vec![]));
        let html = ErrorBody::read(b"<html>");
        assert_eq!((html.name(), html.issues()), ("", vec![]));
        let long = ErrorBody::read(format!(r#"{{"name":"{}"}}"#, "A".repeat(65)).as_bytes());
        assert_eq!(long.name(), "");
    }

    proptest! {
        #[test]
        fn no_time_panics(text in ".{0,40}") {
            let _ = parse_time(&text);
        }

        #[test]
        fn no_error_body_panics(bytes: Vec<u8>) {
            let _ = ErrorBody::read(&bytes).name();
        }
    }
}
