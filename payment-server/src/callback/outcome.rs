//! How a request to the callback endpoint ends, as an HTTP response and as a word in the log.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use payment_core::gateway::CallbackReply;

use super::body::BodyRefused;

/// The ends that a request can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The application's answer, in the channel's words.
    Replied(CallbackReply),
    /// No such account.
    UnknownAccount,
    /// The body was not read.
    Body(BodyRefused),
    /// The body did not arrive in time.
    BodyTooSlow,
    /// Handling took too long; it goes on, and the channel will ask again.
    HandlingTooSlow,
    /// Handling failed without an answer.
    HandlingFailed,
}

impl Outcome {
    /// The word for the log.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Replied(_) => "REPLIED",
            Self::UnknownAccount => "UNKNOWN_ACCOUNT",
            Self::Body(BodyRefused::TooLong) => "BODY_TOO_LONG",
            Self::Body(BodyRefused::NoMemory) => "BUSY",
            Self::Body(BodyRefused::Broken) => "BODY_BROKEN",
            Self::BodyTooSlow => "BODY_TOO_SLOW",
            Self::HandlingTooSlow => "HANDLING_TOO_SLOW",
            Self::HandlingFailed => "HANDLING_FAILED",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Replied(reply) => {
                StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::UnknownAccount => StatusCode::NOT_FOUND,
            Self::Body(BodyRefused::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyRefused::NoMemory) | Self::HandlingTooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Body(BodyRefused::Broken) => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::HandlingFailed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What a person who tries the endpoint by hand reads; channels read the status only.
    const fn explanation(&self) -> &'static str {
        match self {
            Self::Replied(_) => "",
            Self::UnknownAccount => "no such channel account\n",
            Self::Body(BodyRefused::TooLong) => "the body is too long\n",
            Self::Body(BodyRefused::NoMemory) => "too many notifications at once, send it again\n",
            Self::Body(BodyRefused::Broken) => "the body is malformed\n",
            Self::BodyTooSlow => "the body did not arrive in time\n",
            Self::HandlingTooSlow => "not recorded in time, send it again\n",
            Self::HandlingFailed => "not recorded, send it again\n",
        }
    }

    /// The response. After a body that was not read to its end the connection is of no more use.
    pub(super) fn into_response(self) -> Response<Body> {
        let status = self.status();
        let closes = matches!(self, Self::Body(_) | Self::BodyTooSlow);
        let (content_type, body) = if let Self::Replied(reply) = self {
            (reply.content_type, Body::from(reply.body))
        } else {
            (Some("text/plain"), Body::from(self.explanation()))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        if let Some(content_type) = content_type {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if closes {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
