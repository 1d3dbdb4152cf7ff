//! How a connection to NATS is made: who we are, and whom we trust.

use std::sync::Arc;

use async_nats::ConnectOptions;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use secrecy::ExposeSecret as _;

use crate::config::{Nats, NatsCredentials, NatsEncryption};

/// Certificates or keys of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {problem}")]
pub(super) struct Unusable {
    key: &'static str,
    problem: String,
}

/// What the client is told before it connects.
///
/// # Errors
/// [`Unusable`] names the key of the configuration whose certificate cannot be used.
pub(super) fn options(settings: &Nats) -> Result<ConnectOptions, Unusable> {
    let options = match &settings.credentials {
        NatsCredentials::None => ConnectOptions::new(),
        NatsCredentials::Password { user, password } => {
            ConnectOptions::with_user_and_password(user.clone(), password.expose_secret().to_owned())
        }
        NatsCredentials::Token(token) => ConnectOptions::with_token(token.expose_secret().to_owned()),
        NatsCredentials::Creds(creds) => {
            ConnectOptions::with_credentials(creds.expose_secret()).map_err(unusable("credentials_file"))?
        }
    };
    let options = options.name("payment-server");
    match &settings.encryption {
        NatsEncryption::Disabled => Ok(options),
        NatsEncryption::Verified { certificate_authorities, identity } => {
            let identity = identity.as_ref().map(|(chain, key)| (chain.as_str(), key.expose_secret()));
            let tls = client_tls(certificate_authorities.as_deref(), identity)?;
            Ok(options.require_tls(true).tls_client_config(tls))
        }
    }
}

fn client_tls(authorities: Option<&str>, identity: Option<(&str, &str)>) -> Result<ClientConfig, Unusable> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable("tls"))?
        .with_root_certificates(roots(authorities)?);
    let Some((chain, key)) = identity else { return Ok(builder.with_no_client_auth()) };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let chain = chain.map_err(unusable("client_certificate_file"))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unusable("client_key_file"))?;
    builder.with_client_auth_cert(chain, key).map_err(unusable("client_certificate_file"))
}

fn roots(authorities: Option<&str>) -> Result<RootCertStore, Unusable> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(unusable("certificate_authorities_file"))?;
                roots.add(certificate).map_err(unusable("certificate_authorities_file"))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn unusable<E: std::fmt::Display>(key: &'static str) -> impl Fn(E) -> Unusable {
    move |error| Unusable { key, problem: error.to_string() }
}
