//! The real things behind the ports of `payment-core`: the system's clock, its random source, and HTTP over TLS.

mod http;
mod system;

pub(crate) use http::causes;
pub use http::{ReqwestHttp, ReqwestHttpError};
pub use system::{SystemClock, SystemRandomness};
