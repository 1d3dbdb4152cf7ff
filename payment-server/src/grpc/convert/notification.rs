//! A channel's notification in the contract's messages: an HTTP request in, an HTTP reply out.

use payment_core::{
    gateway::{CallbackReply, RawCallback},
    identifiers::{ChannelAccountId, ChannelName},
};
use payment_proto::v1;

use super::fields::Fields;
use crate::app::error::AppError;

/// Headers of one notification.
const MAX_HEADERS: usize = 100;

/// Bytes of names and values of all headers of one notification.
pub(crate) const MAX_HEADER_BYTES: usize = 32 * 1024;

/// The longest path and query.
const MAX_TARGET: usize = 2048;

/// A notification and the callback URL it came to.
pub(crate) struct Notification {
    /// The channel of the URL.
    pub(crate) channel: ChannelName,
    /// The account of the URL.
    pub(crate) account: ChannelAccountId,
    /// The request.
    pub(crate) callback: RawCallback,
}

/// Reads a notification whose body may have `body_limit` bytes.
pub(crate) fn notification(
    request: v1::HandleNotificationRequest,
    body_limit: usize,
) -> Result<Notification, AppError> {
    Fields::read(|fields| {
        let channel = fields.take("channel", ChannelName::parse(request.channel));
        let account = fields.take("channel_account", ChannelAccountId::parse(request.channel_account));
        let method = method(fields, request.method);
        let target = target(fields, request.target);
        let headers = headers(fields, request.headers);
        let rule = format!("must be at most {body_limit} bytes");
        fields.demand(request.body.len() <= body_limit, "body", &rule);
        let callback =
            RawCallback { method: method?, target: target?, headers: headers?, body: request.body };
        Some(Notification { channel: channel?, account: account?, callback })
    })
}

fn method(fields: &mut Fields, method: String) -> Option<String> {
    let admitted = (1..=16).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
    fields.demand(admitted, "method", "must be the HTTP method as received, such as POST")?;
    Some(method)
}

fn target(fields: &mut Fields, target: String) -> Option<String> {
    let visible = target.bytes().all(|byte| byte.is_ascii_graphic());
    let admitted = target.len() <= MAX_TARGET && target.starts_with('/') && visible;
    let rule =
        "must be path and query as received, beginning with a slash, at most 2048 visible ASCII characters";
    fields.demand(admitted, "target", rule)?;
    Some(target)
}

/// Names in lower case, as our own endpoint has them; values as they are.
fn headers(fields: &mut Fields, headers: Vec<v1::HttpHeader>) -> Option<Vec<(String, Vec<u8>)>> {
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    let fits = headers.len() <= MAX_HEADERS && bytes <= MAX_HEADER_BYTES;
    fields.demand(fits, "headers", "must be at most 100 headers and 32 KiB")?;
    let read = |(index, header): (usize, v1::HttpHeader)| {
        let field = format!("headers[{index}].name");
        let name = http::HeaderName::from_bytes(header.name.as_bytes());
        let name = fields.take(field, name.map_err(|_| "must be the name of an HTTP header"))?;
        Some((name.as_str().to_owned(), header.value))
    };
    // Collected before they are judged, so that every wrong name is told.
    let read: Vec<_> = headers.into_iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

/// The channel's exact words.
pub(crate) fn notification_reply(reply: CallbackReply) -> v1::HandleNotificationResponse {
    let content_type = |media_type: &'static str| v1::HttpHeader {
        name: "content-type".to_owned(),
        value: media_type.as_bytes().to_vec(),
    };
    v1::HandleNotificationResponse {
        status: i32::from(reply.status),
        headers: reply.content_type.map(content_type).into_iter().collect(),
        body: reply.body,
    }
}
