//! The ports: what the domain and the channels need from the outside, injected so that tests hold time, chance and the
//! network in their hands.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use url::Url;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// Gives unpredictable bytes.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
}

/// A nonce of 32 characters `[0-9a-f]`, which every channel admits.
#[must_use]
pub fn nonce(randomness: &dyn Randomness) -> String {
    let mut bytes = [0_u8; 16];
    randomness.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The methods that channels use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Changes in part.
    Patch,
}

impl HttpMethod {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// One request to a channel. Sent exactly as it stands: signatures cover these bytes.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: HttpMethod,
    /// The absolute URL, percent-encoded as it was signed.
    pub url: Url,
    /// Names and values, in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for HttpRequest {
    /// Leaves out headers and body: they carry signatures, tokens and payers' identities (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = format!("{}{}", self.url.origin().ascii_serialization(), self.url.path());
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &url)
            .finish_non_exhaustive()
    }
}

/// One answer of a channel, as received. Transfer encodings are undone, the body is not parsed.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code, 100 to 599.
    pub status: u16,
    /// Names in lower case and values.
    pub headers: Vec<(String, String)>,
    /// The raw body, at most the client's limit.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer. The difference decides what may be concluded (R5).
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The connection could not be made: the channel has certainly not seen the request.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Sent in part or in whole, and no complete answer: the channel may have acted on it.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// Speaks HTTP with the channels. No redirects, no cookies, no retries; certificates are verified.
#[async_trait::async_trait]
pub trait Http: Send + Sync {
    /// Sends one request and reads its whole answer within the request's time-out.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// All ports that a channel may use, shared by every account.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub randomness: Arc<dyn Randomness>,
    /// The network.
    pub http: Arc<dyn Http>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up from 250, so that bytes of one and of two hexadecimal digits come.
    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip((250..=255).chain(0..)) {
                *byte = value;
            }
        }
    }

    #[test]
    fn a_nonce_writes_each_byte_in_two_digits() {
        assert_eq!(nonce(&Counting), "fafbfcfdfeff00010203040506070809");
    }

    #[test]
    fn the_words_on_the_wire_are_those_of_http() {
        let words = [HttpMethod::Get, HttpMethod::Post, HttpMethod::Patch].map(HttpMethod::as_str);
        assert_eq!(words, ["GET", "POST", "PATCH"]);
    }

    #[test]
    fn r29_a_request_shows_where_it_goes_and_nothing_that_it_carries() {
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: Url::parse("https://api.example/v3/pay?sign=c2ln").expect("an address"),
            headers: vec![("authorization", "c2ln".to_owned())],
            body: b"openid=o1".to_vec(),
            timeout: Duration::from_secs(5),
        };
        let shown = format!("{request:?}");
        assert_eq!(shown, r#"HttpRequest { method: Post, url: "https://api.example/v3/pay", .. }"#);
    }

    #[test]
    fn the_first_header_of_a_name_counts() {
        let headers = [("date", "now"), ("retry-after", "9"), ("retry-after", "90")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let response = HttpResponse { status: 429, headers, body: Vec::new() };
        assert_eq!(response.header("retry-after"), Some("9"));
        assert_eq!(response.header("etag"), None);
    }
}
