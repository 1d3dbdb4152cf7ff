//! The merchant's back office by API: which webhooks it has, which events there were, what the reports say, which cases
//! buyers have opened. Payments need none of it.

use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::error::ApiError;
use super::operation::Operation;
use super::world::{Settings, World};
use super::{disputes, event_log, reporting, subscription};

/// One request to the back office.
pub(super) struct Visit<'a> {
    pub(super) settings: &'a Settings,
    pub(super) client_id: &'a str,
    pub(super) method: &'a str,
    /// What follows in the path after the desk's own, without a slash before it.
    pub(super) rest: &'a str,
    /// As it came, without the question mark.
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: OffsetDateTime,
}

/// Status and body of an answer.
pub(super) type Reply = Result<(u16, Option<Value>), ApiError>;

/// Answers a request to the back office; `None` if the operation is none of its.
pub(super) fn reply(world: &mut World, operation: Operation, visit: &Visit<'_>) -> Option<Reply> {
    match operation {
        Operation::Webhooks => Some(subscription::reply(world, visit)),
        Operation::WebhookEvents => Some(event_log::reply(world, visit)),
        Operation::Reporting => Some(reporting::reply(world, visit)),
        Operation::Disputes => Some(disputes::reply(world, visit)),
        Operation::Token
        | Operation::CreateOrder
        | Operation::ShowOrder
        | Operation::PatchOrder
        | Operation::CaptureOrder
        | Operation::AuthorizeOrder
        | Operation::ShowCapture
        | Operation::RefundCapture
        | Operation::ShowAuthorization
        | Operation::CaptureAuthorization
        | Operation::VoidAuthorization
        | Operation::ShowRefund
        | Operation::VerifyWebhook
        | Operation::Certificate => None,
    }
}

/// What a path leads to that there is not, by this method.
pub(super) fn nowhere() -> ApiError {
    ApiError::named(404, "RESOURCE_NOT_FOUND")
}

impl Visit<'_> {
    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = url::form_urlencoded::parse(self.query.as_bytes());
        parameters.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// The address of another page of the list at `path`: the query as it came, with these parameters in the place of their like.
    pub(super) fn page(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let replaced = |name: &str| parameters.iter().any(|(other, _)| *other == name);
        let kept = url::form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| !replaced(name));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).extend_pairs(parameters);
        format!("{}{path}?{}", self.settings.base_url, query.finish())
    }

    /// An instant of the query.
    pub(super) fn instant(&self, name: &'static str) -> Result<Option<OffsetDateTime>, ApiError> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let instant = OffsetDateTime::parse(&text, &Rfc3339);
        let instant = instant.map_err(|_| ApiError::validation(name, "INVALID_PARAMETER_SYNTAX"))?;
        Ok(Some(instant.to_offset(UtcOffset::UTC)))
    }

    /// A whole number of the query from 1 to `most`.
    pub(super) fn count(&self, name: &'static str, usual: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.parameter(name) else { return Ok(usual) };
        let count = text.parse().ok().filter(|count| (1..=most).contains(count));
        count.ok_or_else(|| ApiError::validation(name, "INVALID_PARAMETER_VALUE"))
    }
}
