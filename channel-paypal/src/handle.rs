//! What a payment is known by at PayPal: the order's id, the payer's link and the intent, kept as text between calls;
//! and PayPal's ids, checked before they stand in a path.

use payment_core::{gateway::GatewayError, payment::ChannelHandle};
use serde::{Deserialize, Serialize};

/// An id of an order, capture, authorization or refund: 1 to 36 of `[A-Z0-9]`, so it can stand in a path as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ResourceId(String);

impl ResourceId {
    /// Checks and takes a text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let admitted = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let valid = (1..=36).contains(&text.len()) && text.bytes().all(admitted);
        valid.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResourceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("is no PayPal id of 1 to 36 upper-case letters and digits")
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

/// What the payer's approval leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Intent {
    /// The whole order is captured at once.
    Capture,
    /// The money is held first and captured or let go later.
    Authorize,
}

/// The content of a [`ChannelHandle`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// PayPal's id of the order.
    pub(crate) order_id: ResourceId,
    /// Where the payer approves. A repeated create of an order that is approved already has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) approve_url: Option<String>,
    /// What the order was created for.
    pub(crate) intent: Intent,
}

impl Handle {
    /// The text that is kept.
    pub(crate) fn write(&self) -> Result<String, GatewayError> {
        serde_json::to_string(self).map_err(|error| GatewayError::Unknown(error.to_string()))
    }

    /// Reads a kept text.
    pub(crate) fn read(handle: &ChannelHandle) -> Result<Self, GatewayError> {
        serde_json::from_str(&handle.value)
            .map_err(|_| GatewayError::NotSent("the handle was not made by this channel".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn kept(value: &str) -> ChannelHandle {
        ChannelHandle { value: value.to_owned(), expire_time: datetime!(2027-01-05 12:00 UTC) }
    }

    #[test]
    fn handles_survive_their_text() {
        let handle = Handle {
            order_id: ResourceId::parse("4TX1234567890123A").expect("an id"),
            approve_url: Some("https://www.paypal.com/checkoutnow?token=4TX1234567890123A".to_owned()),
            intent: Intent::Authorize,
        };
        let text = handle.write().expect("text");
        assert!(Handle::read(&kept(&text)).is_ok_and(|read| read == handle));
    }

    #[test]
    fn ids_that_could_lead_elsewhere_are_refused() {
        for wrong in ["", "../../v1/oauth2/token", "4tx", "4TX/", "4TX?x=1", "A B", &"A".repeat(37)] {
            assert!(ResourceId::parse(wrong).is_none(), "{wrong}");
            let text = format!(r#"{{"order_id":"{wrong}","intent":"CAPTURE"}}"#);
            assert!(matches!(Handle::read(&kept(&text)), Err(GatewayError::NotSent(_))), "{wrong}");
        }
        assert!(Handle::read(&kept("wx0520")).is_err());
    }
}
