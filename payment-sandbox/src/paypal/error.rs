//! The error answers of the API: status, name, issues, links, and the other shape that OAuth has.

use serde_json::{Map, Value, json};

use super::money::AmountProblem;

/// One entry of `details`.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    issue: String,
    field: Option<String>,
    value: Option<Value>,
}

/// One refused request.
#[derive(Clone, Debug)]
pub(super) enum ApiError {
    /// Of Orders, Payments and webhooks.
    Resource {
        status: u16,
        name: &'static str,
        details: Vec<Detail>,
        /// Where the buyer must go again.
        redirect: Option<String>,
    },
    /// Of the token endpoint, and of every API for a token that it does not know.
    OAuth { status: u16, error: &'static str, description: &'static str },
}

/// Status and name that belong to an issue. Most are business refusals.
fn class_of(issue: &str) -> (u16, &'static str) {
    match issue {
        "INVALID_ARRAY_MAX_ITEMS"
        | "INVALID_ARRAY_MIN_ITEMS"
        | "INVALID_COUNTRY_CODE"
        | "INVALID_PARAMETER_SYNTAX"
        | "INVALID_PARAMETER_VALUE"
        | "INVALID_STRING_LENGTH"
        | "INVALID_STRING_MAX_LENGTH"
        | "MALFORMED_REQUEST_JSON"
        | "MISSING_REQUIRED_PARAMETER"
        | "NOT_SUPPORTED"
        | "PAYPAL_REQUEST_ID_REQUIRED"
        | "AMOUNT_NOT_PATCHABLE"
        | "FIELD_NOT_PATCHABLE"
        | "INVALID_PATCH_OPERATION" => (400, "INVALID_REQUEST"),
        "INVALID_ACCOUNT_STATUS" => (401, "AUTHENTICATION_FAILURE"),
        "PERMISSION_DENIED"
        | "CONSENT_NEEDED"
        | "NOT_ELIGIBLE_FOR_TOKEN_PROCESSING"
        | "PERMISSION_DENIED_FOR_DONATION_ITEMS"
        | "PAYEE_ACCOUNT_NOT_VERIFIED" => (403, "NOT_AUTHORIZED"),
        "INVALID_RESOURCE_ID" => (404, "RESOURCE_NOT_FOUND"),
        "PREVIOUS_REQUEST_IN_PROGRESS" => (409, "RESOURCE_CONFLICT"),
        _ => (422, "UNPROCESSABLE_ENTITY"),
    }
}

impl ApiError {
    /// A refusal with one issue.
    pub(super) fn issue(issue: &str) -> Self {
        let (status, name) = class_of(issue);
        let details = vec![Detail { issue: issue.to_owned(), field: None, value: None }];
        Self::Resource { status, name, details, redirect: None }
    }

    /// A refusal with one issue about one field of the body, a JSON pointer.
    pub(super) fn field(issue: &str, field: &str, value: Option<&Value>) -> Self {
        Self::issue(issue).about(field, value)
    }

    /// A refusal of a parameter, in the words of the back office.
    pub(super) fn validation(field: &str, issue: &str) -> Self {
        let details = vec![Detail { issue: issue.to_owned(), field: Some(field.to_owned()), value: None }];
        Self::Resource { status: 400, name: "VALIDATION_ERROR", details, redirect: None }
    }

    /// A refusal without issues.
    pub(super) const fn named(status: u16, name: &'static str) -> Self {
        Self::Resource { status, name, details: Vec::new(), redirect: None }
    }

    pub(super) const fn oauth(status: u16, error: &'static str, description: &'static str) -> Self {
        Self::OAuth { status, error, description }
    }

    /// What every API answers to a token that is unknown or too old.
    pub(super) const fn invalid_token() -> Self {
        Self::oauth(401, "invalid_token", "Access Token not found in cache")
    }

    pub(super) fn not_found() -> Self {
        Self::issue("INVALID_RESOURCE_ID")
    }

    pub(super) const fn server() -> Self {
        Self::named(500, "INTERNAL_SERVER_ERROR")
    }

    /// An amount's problem in the words of Orders (`orders`) or Payments, whose codes differ for decimals.
    pub(super) fn amount(problem: AmountProblem, field: &str, value: Option<&Value>, api: Api) -> Self {
        let issue = match (problem, api) {
            (AmountProblem::UnknownCurrency, _) => "INVALID_CURRENCY_CODE",
            (AmountProblem::Syntax, _) => "INVALID_PARAMETER_SYNTAX",
            (AmountProblem::TooLarge, Api::Orders) => "MAX_VALUE_EXCEEDED",
            (AmountProblem::TooLarge, Api::Payments) => "INVALID_PARAMETER_SYNTAX",
            (AmountProblem::TooManyDecimals, Api::Orders) => "DECIMAL_PRECISION",
            (AmountProblem::TooManyDecimals, Api::Payments) => "DECIMALS_NOT_SUPPORTED",
        };
        Self::field(issue, field, value)
    }

    fn about(mut self, field: &str, value: Option<&Value>) -> Self {
        if let Self::Resource { details, .. } = &mut self {
            for detail in details {
                detail.field = Some(field.to_owned());
                detail.value = value.cloned();
            }
        }
        self
    }

    /// Adds the link under which the buyer chooses another way of paying.
    pub(super) fn with_redirect(mut self, href: String) -> Self {
        if let Self::Resource { redirect, .. } = &mut self {
            *redirect = Some(href);
        }
        self
    }

    /// Takes the issues of `other`; the status stays that of the first.
    pub(super) fn and(mut self, other: Self) -> Self {
        if let (Self::Resource { details, .. }, Self::Resource { details: more, .. }) = (&mut self, other) {
            details.extend(more);
        }
        self
    }

    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::Resource { status, .. } | Self::OAuth { status, .. } => *status,
        }
    }

    pub(super) fn body(&self, debug_id: &str) -> Value {
        match self {
            Self::OAuth { error, description, .. } => {
                json!({"error": error, "error_description": description})
            }
            Self::Resource { name, details, redirect, .. } => {
                let mut links: Vec<Value> = details.iter().map(Detail::link).collect();
                links.extend(redirect.iter().map(|href| link(href, "redirect", "GET")));
                let details: Vec<Value> = details.iter().map(Detail::json).collect();
                json!({
                    "name": name, "message": sentence(name), "debug_id": debug_id,
                    "details": details, "links": links,
                })
            }
        }
    }
}

/// The two families of resources, whose words differ here and there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Orders,
    Payments,
}

impl Detail {
    fn json(&self) -> Value {
        let mut detail = Map::new();
        detail.insert("issue".to_owned(), json!(self.issue));
        detail.insert("description".to_owned(), json!(sentence(&self.issue)));
        if let Some(field) = &self.field {
            detail.insert("field".to_owned(), json!(field));
            detail.insert("location".to_owned(), json!("body"));
        }
        if let Some(value) = &self.value {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            detail.insert("value".to_owned(), json!(text));
        }
        Value::Object(detail)
    }

    fn link(&self) -> Value {
        let page = "https://developer.paypal.com/api/rest/reference/orders/v2/errors/";
        link(&format!("{page}#{}", self.issue), "information_link", "GET")
    }
}

/// One entry of `links`.
pub(super) fn link(href: &str, rel: &str, method: &str) -> Value {
    json!({"href": href, "rel": rel, "method": method})
}

/// A code as a sentence. PayPal's own sentences change, so nobody may depend on them.
fn sentence(code: &str) -> String {
    let words = code.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
