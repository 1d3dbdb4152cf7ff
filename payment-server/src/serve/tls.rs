//! TLS for listeners: keys and certificates from files, read again when they change, and taken only when they are in order.

use std::{fs, io, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use payment_core::ports::Clock;
use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use crate::{
    file_watch::{FileWatch, LOOK},
    lifecycle::Looks,
};

/// The files of one listener's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, then those that lead to its root, PEM.
    pub certificate: PathBuf,
    /// The key of the certificate, PEM.
    pub private_key: PathBuf,
    /// Whose certificates clients must show, PEM. Without it none is asked for.
    pub client_authorities: Option<PathBuf>,
}

/// What is wrong with one of the files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TlsProblem {
    /// The key of the configuration that names the file.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What a listener needs, and from when to when the certificate holds.
struct Identity {
    server: ServerConfig,
    validity: (OffsetDateTime, OffsetDateTime),
}

impl TlsFiles {
    /// Checks the files: readable, a certificate and the key that belongs to it.
    ///
    /// # Errors
    /// [`TlsProblem`] naming the file.
    pub fn check(&self) -> Result<(), TlsProblem> {
        self.read().map(drop)
    }

    fn read(&self) -> Result<Identity, TlsProblem> {
        let in_certificate = |problem: String| self.certificate_problem(problem);
        let in_key =
            |problem| TlsProblem { key: "private_key_file", path: self.private_key.clone(), problem };
        let chain = fs::read(&self.certificate).map_err(|error| in_certificate(error.to_string()))?;
        let chain = certificates(&chain).map_err(in_certificate)?;
        let validity = chain.first().and_then(validity);
        let validity = validity.ok_or_else(|| in_certificate("holds no X.509 certificate".to_owned()))?;
        let key =
            fs::read(&self.private_key).map(Zeroizing::new).map_err(|error| in_key(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| in_key(error.to_string()))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| in_key(error.to_string()))?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(path) => builder.with_client_cert_verifier(client_verifier(path)?),
        };
        let server = builder.with_single_cert(chain, key);
        let server = server.map_err(|error| in_key(format!("does not fit the certificate: {error}")))?;
        Ok(Identity { server, validity })
    }

    fn certificate_problem(&self, problem: String) -> TlsProblem {
        TlsProblem { key: "certificate_file", path: self.certificate.clone(), problem }
    }

    fn paths(&self) -> Vec<PathBuf> {
        let always = [&self.certificate, &self.private_key].into_iter();
        always.chain(&self.client_authorities).cloned().collect()
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn validity(certificate: &CertificateDer<'_>) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let instant = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok();
    let validity = parsed.validity();
    Some((instant(validity.not_before.timestamp())?, instant(validity.not_after.timestamp())?))
}

fn client_verifier(
    path: &PathBuf,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsProblem> {
    let problem =
        |problem| TlsProblem { key: "client_certificate_authorities_file", path: path.clone(), problem };
    let pem = fs::read(path).map_err(|error| problem(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&pem).map_err(problem)? {
        roots.add(certificate).map_err(|error| problem(error.to_string()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| problem(error.to_string()))
}

/// One listener's TLS as it is now.
pub(crate) struct Tls {
    files: TlsFiles,
    /// The protocol that is spoken inside.
    protocol: &'static [u8],
    current: ArcSwap<ServerConfig>,
    clock: Arc<dyn Clock>,
}

impl Tls {
    /// Reads the files, and reads them again whenever they change, until `stop`.
    ///
    /// # Errors
    /// [`TlsProblem`] if they are not in order now. A certificate that does not hold at this time is told and used all the
    /// same: clients may be more lenient than we are, and a service that does not start helps nobody.
    pub(crate) fn follow(
        files: TlsFiles,
        protocol: &'static [u8],
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, TlsProblem> {
        let watch = FileWatch::new(files.paths());
        let identity = files.read()?;
        let tls =
            Self { current: ArcSwap::from_pointee(identity.speaking(protocol)), files, protocol, clock };
        if let Err(problem) = tls.in_time(identity.validity) {
            tracing::error!(%problem, "the certificate does not hold at this time");
        }
        let tls = Arc::new(tls);
        tokio::spawn(Arc::clone(&tls).keep_up(watch, stop));
        Ok(tls)
    }

    async fn keep_up(self: Arc<Self>, mut watch: FileWatch, stop: CancellationToken) {
        let mut looks = Looks::every(LOOK, stop);
        while looks.next().await {
            if watch.settled_change() {
                self.switch();
            }
        }
    }

    /// New connections get what the files hold now, if it is in order; those that are open keep theirs.
    fn switch(&self) {
        let file = self.files.certificate.display();
        let read = self.files.read().and_then(|identity| self.in_time(identity.validity).map(|()| identity));
        match read {
            Ok(identity) => {
                let not_after = identity.validity.1;
                self.current.store(Arc::new(identity.speaking(self.protocol)));
                tracing::info!(%file, %not_after, "new certificates were taken");
            }
            Err(problem) => {
                tracing::error!(%problem, "changed certificates are not in order; the old ones stay");
            }
        }
    }

    fn in_time(&self, (from, to): (OffsetDateTime, OffsetDateTime)) -> Result<(), TlsProblem> {
        if (from..=to).contains(&self.clock.now()) {
            return Ok(());
        }
        Err(self.files.certificate_problem(format!("holds from {from} to {to} only")))
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// The client's or the network's failure.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current.load_full()).accept(stream).await
    }
}

impl Identity {
    fn speaking(&self, protocol: &[u8]) -> ServerConfig {
        let mut server = self.server.clone();
        server.alpn_protocols = vec![protocol.to_vec()];
        server
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;
    use crate::ports::SystemClock;

    /// Writes a certificate that ends with `year`, and the key `key`, or the certificate's own.
    fn write(files: &TlsFiles, year: i32, key: Option<&KeyPair>) {
        let own = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["pay.internal".to_owned()]).expect("a name");
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.self_signed(&own).expect("a certificate");
        fs::write(&files.certificate, certificate.pem()).expect("written");
        fs::write(&files.private_key, key.unwrap_or(&own).serialize_pem()).expect("written");
    }

    #[tokio::test]
    async fn r30_only_certificates_that_are_in_order_are_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = TlsFiles {
            certificate: folder.path().join("server.pem"),
            private_key: folder.path().join("server.key"),
            client_authorities: None,
        };
        assert_eq!(files.check().expect_err("no file").key, "certificate_file");
        write(&files, 2999, None);
        let stop = CancellationToken::new();
        let tls = Tls::follow(files.clone(), b"h2", Arc::new(SystemClock), stop.clone()).expect("in order");
        stop.cancel();
        let first = tls.current.load_full();
        let stays = |why: &str| {
            tls.switch();
            assert!(Arc::ptr_eq(&first, &tls.current.load_full()), "{why}");
        };
        write(&files, 2999, Some(&KeyPair::generate().expect("a key")));
        stays("the key is another certificate's");
        assert_eq!(files.check().expect_err("they do not fit").key, "private_key_file");
        write(&files, 2001, None);
        stays("it has expired");
        fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nhalf of it").expect("written");
        stays("somebody is still writing");
        fs::remove_file(&files.certificate).expect("removed");
        stays("it is gone");
        write(&files, 2999, None);
        tls.switch();
        assert!(!Arc::ptr_eq(&first, &tls.current.load_full()), "a good one is taken");
    }
}
