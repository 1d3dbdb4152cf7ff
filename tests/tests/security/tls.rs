//! The gRPC listener behind TLS: who is let in, and how certificates change while it runs.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};

use hyper_util::rt::TokioIo;
use payment_proto::v1::{GetPaymentRequest, payment_service_client::PaymentServiceClient};
use payment_tests::app::{MERCHANT, TestApp};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{
    Status,
    transport::{Channel, Endpoint, Uri},
};

use payment_tests::steps::until;

/// The name that certificates are for.
const NAME: &str = "pay.internal";

/// Somebody who signs certificates.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn sign(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

impl Identity {
    fn write(&self, folder: &Path) {
        fs::write(folder.join("server.pem"), &self.certificate).unwrap();
        fs::write(folder.join("server.key"), &self.key).unwrap();
    }
}

/// A connection of a client that trusts `authority` and shows `identity`.
async fn connect(
    address: SocketAddr,
    authority: &Authority,
    identity: Option<&Identity>,
) -> Result<Channel, tonic::transport::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let connect = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let stream = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("http://pay.internal").connect_with_connector(connect).await
}

async fn read(app: &TestApp, channel: Channel, payment_no: &str) -> Result<(), Status> {
    let mut payments = PaymentServiceClient::with_interceptor(channel, app.key(MERCHANT));
    payments.get_payment(GetPaymentRequest { payment_no: payment_no.to_owned() }).await.map(drop)
}

/// Whether somebody with this trust and identity is served.
async fn is_served(
    (app, payment_no): (&TestApp, &str),
    address: SocketAddr,
    authority: &Authority,
    identity: Option<&Identity>,
) -> bool {
    match connect(address, authority, identity).await {
        Ok(channel) => read(app, channel, payment_no).await.is_ok(),
        Err(_) => false,
    }
}

const FILES: [(&str, &str); 2] =
    [("GRPC__TLS__CERTIFICATE_FILE", "server.pem"), ("GRPC__TLS__PRIVATE_KEY_FILE", "server.key")];

#[tokio::test(flavor = "multi_thread")]
async fn r30_certificates_change_without_a_restart_and_open_connections_go_on() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let [old, new] = [(); 2].map(|()| Authority::new());
    old.sign().write(app.folder().path());
    let replica = app.replica_with(&FILES).await;
    let address = replica.addresses().grpc;
    let story = (&app, payment_no.as_str());

    let open = connect(address, &old, None).await.unwrap();
    read(&app, open.clone(), &payment_no).await.unwrap();
    assert!(!is_served(story, address, &new, None).await, "nobody vouches for the new one yet");
    let plain = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    assert!(read(&app, plain, &payment_no).await.is_err(), "plain text is not served");

    new.sign().write(app.folder().path());
    until("the new certificate is shown", async || is_served(story, address, &new, None).await).await;
    read(&app, open, &payment_no).await.unwrap();
    replica.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_where_clients_must_show_certificates_an_api_key_alone_is_not_enough() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let [ours, callers, strangers] = [(); 3].map(|()| Authority::new());
    ours.sign().write(app.folder().path());
    fs::write(app.folder().path().join("callers.pem"), &callers.certificate).unwrap();
    let authorities = ("GRPC__TLS__CLIENT_CERTIFICATE_AUTHORITIES_FILE", "callers.pem");
    let replica = app.replica_with(&[FILES[0], FILES[1], authorities]).await;
    let address = replica.addresses().grpc;
    let story = (&app, payment_no.as_str());
    assert!(is_served(story, address, &ours, Some(&callers.sign())).await);
    assert!(!is_served(story, address, &ours, None).await);
    assert!(!is_served(story, address, &ours, Some(&strangers.sign())).await);
    replica.shutdown().await;
    app.finish().await;
}
