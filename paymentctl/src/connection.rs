//! The connection: TLS as the settings say, the key on each call, a limit on how long one may take.

use std::{fmt::Write as _, time::Duration};

use secrecy::ExposeSecret as _;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use crate::{failure::Failure, profile::Settings};

/// The largest answer that is taken: an explanation with all its evidence.
pub(crate) const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection that puts the key on each call.
pub(crate) type Connection = InterceptedService<Channel, WithKey>;

/// Puts the key on each call.
#[derive(Clone)]
pub(crate) struct WithKey(MetadataValue<Ascii>);

impl Interceptor for WithKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Connects.
pub(crate) async fn connect(settings: &Settings) -> Result<Connection, Failure> {
    let wrong =
        |problem: &dyn std::fmt::Display| Failure::Usage(format!("address {}: {problem}", settings.address));
    let mut endpoint = Endpoint::from_shared(settings.address.clone())
        .map_err(|error| wrong(&error))?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .user_agent(concat!("paymentctl/", env!("CARGO_PKG_VERSION")))
        .map_err(|error| wrong(&error))?;
    if let Some(seconds) = settings.timeout_seconds {
        endpoint = endpoint.timeout(Duration::from_secs(seconds));
    }
    if settings.address.starts_with("https://") {
        endpoint = endpoint.tls_config(tls(settings)).map_err(|error| wrong(&causes(&error)))?;
    }
    let unreachable = |error: &tonic::transport::Error| {
        Failure::Unreachable(format!("{} cannot be reached: {}", settings.address, causes(error)))
    };
    let channel = endpoint.connect().await.map_err(|error| unreachable(&error))?;
    let bearer = format!("Bearer {}", settings.key.expose_secret());
    let mut bearer: MetadataValue<Ascii> =
        bearer.parse().map_err(|_| Failure::Usage("the API key holds what no key holds".to_owned()))?;
    bearer.set_sensitive(true);
    Ok(InterceptedService::new(channel, WithKey(bearer)))
}

fn tls(settings: &Settings) -> ClientTlsConfig {
    let mut tls = ClientTlsConfig::new();
    tls = match &settings.authorities {
        Some(authorities) => tls.ca_certificate(Certificate::from_pem(authorities)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &settings.identity {
        tls = tls.identity(Identity::from_pem(certificate, key.expose_secret()));
    }
    if let Some(name) = &settings.server_name {
        tls = tls.domain_name(name);
    }
    tls
}

/// An error with what caused it: the outermost one alone says "transport error".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
