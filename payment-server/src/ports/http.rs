//! HTTP with the channels. Sends what was signed and nothing else, and says honestly whether it was sent (R5).

use std::{error::Error, time::Duration};

use payment_core::ports::{Http, HttpError, HttpMethod, HttpRequest, HttpResponse};
use reqwest::{Client, Method, Proxy, Response, header, redirect, retry};

use crate::config::ChannelHttp;

/// How long an idle connection is kept: shorter than channels keep it, because a request that meets their closing of it
/// has an unknown outcome.
const IDLE: Duration = Duration::from_secs(15);

/// HTTP/1.1 over TLS verified by the platform's roots. Follows nothing, keeps no cookies, takes no proxy from the
/// environment, undoes no compression, repeats nothing.
#[derive(Debug, Clone)]
pub struct ReqwestHttp {
    client: Client,
    response_limit: usize,
}

/// The client could not be made: no TLS roots on this system, or a proxy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot prepare HTTP for channels: {0}")]
pub struct ReqwestHttpError(String);

impl ReqwestHttp {
    /// A client with the limits of the configuration.
    ///
    /// # Errors
    /// [`ReqwestHttpError`] if the system offers no TLS roots or the proxy's address cannot be used.
    pub fn new(config: &ChannelHttp) -> Result<Self, ReqwestHttpError> {
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE)
            .connect_timeout(config.connect_timeout);
        if let Some(proxy) = &config.proxy {
            builder =
                builder.proxy(Proxy::all(proxy.as_str()).map_err(|error| ReqwestHttpError(causes(error)))?);
        }
        let client = builder.build().map_err(|error| ReqwestHttpError(causes(error)))?;
        Ok(Self { client, response_limit: config.response_limit })
    }

    /// Reads an answer to its end. A cut or oversized one is no answer: half a body proves nothing.
    async fn read(&self, mut response: Response) -> Result<HttpResponse, HttpError> {
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers = headers.collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > self.response_limit {
                let problem = format!("the answer is longer than {} bytes", self.response_limit);
                return Err(HttpError::Unknown(problem));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

#[async_trait::async_trait]
impl Http for ReqwestHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut builder = self.client.request(method(request.method), request.url).timeout(request.timeout);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        } else if request.method != HttpMethod::Get {
            // Without a length, gateways on the way refuse an empty write with 411.
            builder = builder.header(header::CONTENT_LENGTH, 0);
        }
        let response = builder.send().await.map_err(failure)?;
        self.read(response).await
    }
}

const fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Patch => Method::PATCH,
    }
}

/// Sorts failures: before there was a connection, or before the request could be put into bytes, nothing was sent. The
/// time-out of the whole exchange tells nothing about how far it came, so it counts as unknown.
fn failure(error: reqwest::Error) -> HttpError {
    let (before, error) = (error.is_connect() || error.is_builder(), causes(error));
    if before { HttpError::NotSent(error) } else { HttpError::Unknown(error) }
}

/// The error and its causes, without the URL: a query may name a payer.
pub(crate) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
