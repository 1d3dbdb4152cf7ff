//! Our request as Bad Pay's bytes. Pure: the same request gives the same call.

use payment_core::{
    gateway::{CreateRequest, GatewayError, RefundRequest},
    ports::HttpMethod,
};
use serde::Serialize;

use crate::protocol::{NewPayment, NewRefund};

/// One call before it has a nonce.
pub(crate) struct Call {
    pub(crate) method: HttpMethod,
    /// The path below the base URL. Our numbers need no percent-encoding.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn create(request: &CreateRequest, greeting: Option<String>) -> Result<Call, GatewayError> {
    let content = NewPayment {
        number: request.payment_no.to_string(),
        way: request.product.to_string(),
        minor_units: request.amount.minor_units(),
        currency: request.amount.currency().to_string(),
        text: request.description.clone(),
        greeting,
        until: request.expire_time.unix_timestamp(),
    };
    post("/payments".to_owned(), &content)
}

pub(crate) fn query(payment_no: &str) -> Call {
    get(format!("/payments/{payment_no}"))
}

pub(crate) fn close(payment_no: &str) -> Call {
    Call { method: HttpMethod::Post, path: format!("/payments/{payment_no}/close"), body: Vec::new() }
}

pub(crate) fn refund(request: &RefundRequest) -> Result<Call, GatewayError> {
    let content = NewRefund {
        refund: request.refund_no.to_string(),
        number: request.payment_no.to_string(),
        minor_units: request.amount.minor_units(),
    };
    post("/refunds".to_owned(), &content)
}

pub(crate) fn query_refund(refund_no: &str) -> Call {
    get(format!("/refunds/{refund_no}"))
}

const fn get(path: String) -> Call {
    Call { method: HttpMethod::Get, path, body: Vec::new() }
}

fn post(path: String, content: &impl Serialize) -> Result<Call, GatewayError> {
    let body = serde_json::to_vec(content).map_err(|error| GatewayError::NotSent(error.to_string()))?;
    Ok(Call { method: HttpMethod::Post, path, body })
}
