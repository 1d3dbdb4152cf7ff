//! Whose word is good for a webhook certificate, and the check of a served certificate against it (R7).

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use payment_core::identifiers::KeySerial;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Roots to end at, and certificates between that PayPal does not serve.
pub(crate) struct Authorities {
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Authorities({} roots, {} between)", self.anchors.len(), self.intermediates.len())
    }
}

/// Why a served certificate is not PayPal's. Names what an operator can look into, and no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTrusted {
    /// No certificate in it.
    #[error("holds no X.509 certificate in PEM")]
    Form,
    /// No chain to a root, not valid now, or for another use.
    #[error("is not trusted ({0}); its issuer may have to be added to webhook_certificate_authorities")]
    Chain(String),
    /// Another name.
    #[error("is not for {0}")]
    Name(&'static str),
    /// Not for signatures.
    #[error("is not for digital signatures")]
    KeyUsage,
    /// Not RSA of 2048 bits or more.
    #[error("has no RSA key of at least 2048 bits")]
    Key,
}

/// A key that signs webhooks, proven to be PayPal's at the instant of the proof.
#[derive(Debug)]
pub(crate) struct WebhookKey {
    pub(crate) serial: KeySerial,
    verifying: ParsedPublicKey,
}

/// The signature does not fit message and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignatureWrong;

impl WebhookKey {
    /// Proves that the key's holder signed `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureWrong> {
        self.verifying.verify_sig(message, signature).map_err(|_| SignatureWrong)
    }
}

/// Served certificates in order, the signing one first.
#[derive(Debug, Clone)]
pub(crate) struct Served(Vec<CertificateDer<'static>>);

impl Served {
    /// Reads PEM. PayPal has served a lone leaf, and ends its lines with CRLF.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NotTrusted> {
        let blocks = pem::parse_many(bytes).map_err(|_| NotTrusted::Form)?;
        let certificates: Vec<_> = blocks
            .into_iter()
            .filter(|block| block.tag() == "CERTIFICATE")
            .map(|block| CertificateDer::from(block.into_contents()))
            .collect();
        // Path building tries combinations, so their number has a limit.
        if (1..=8).contains(&certificates.len()) { Ok(Self(certificates)) } else { Err(NotTrusted::Form) }
    }
}

impl Authorities {
    /// The roots of the public web: PayPal changes its issuer now and then, so none is pinned.
    pub(crate) fn public_web() -> Self {
        Self { anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec(), intermediates: Vec::new() }
    }

    /// The public web's, and those in `text`: roots are certificates that issued themselves, all others stand between.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let blocks = pem::parse_many(text).map_err(|_| "must be PEM text".to_owned())?;
        if blocks.is_empty() {
            return Err("must hold one or more -----BEGIN CERTIFICATE----- blocks".to_owned());
        }
        let mut authorities = Self::public_web();
        for block in blocks {
            let no_certificate = || format!("holds a {} that is no X.509 certificate", block.tag());
            let der = CertificateDer::from(block.contents()).into_owned();
            let (_, certificate) =
                X509Certificate::from_der(block.contents()).map_err(|_| no_certificate())?;
            if certificate.subject() == certificate.issuer() {
                let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| no_certificate())?;
                authorities.anchors.push(anchor.to_owned());
            } else {
                authorities.intermediates.push(der);
            }
        }
        Ok(authorities)
    }

    /// The key of a served certificate, if a chain of certificates that are all valid at `now` leads from it to a root,
    /// and it names `name`. Checked at each use, so that no cache outlives a certificate.
    pub(crate) fn prove(
        &self,
        served: &Served,
        name: &'static str,
        now: OffsetDateTime,
    ) -> Result<WebhookKey, NotTrusted> {
        let (leaf, between) = served.0.split_first().ok_or(NotTrusted::Form)?;
        let certificate = EndEntityCert::try_from(leaf).map_err(|_| NotTrusted::Form)?;
        let intermediates: Vec<_> = between.iter().chain(&self.intermediates).cloned().collect();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, KeyUsage::server_auth());
        certificate
            .verify_for_usage(algorithms, &self.anchors, &intermediates, time, usage, None, None)
            .map_err(|error| NotTrusted::Chain(error.to_string()))?;
        let server_name = ServerName::try_from(name).map_err(|_| NotTrusted::Name(name))?;
        certificate.verify_is_valid_for_subject_name(&server_name).map_err(|_| NotTrusted::Name(name))?;
        read_key(leaf)
    }
}

fn read_key(leaf: &CertificateDer<'_>) -> Result<WebhookKey, NotTrusted> {
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| NotTrusted::Form)?;
    let usage = certificate.key_usage().map_err(|_| NotTrusted::KeyUsage)?;
    if usage.is_some_and(|usage| !usage.value.digital_signature()) {
        return Err(NotTrusted::KeyUsage);
    }
    let verifying = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, certificate.public_key().raw)
        .map_err(|_| NotTrusted::Key)?;
    let serial = certificate.raw_serial();
    let serial = hex::encode_upper(serial.strip_prefix(&[0]).unwrap_or(serial));
    Ok(WebhookKey { serial: KeySerial::parse(serial).map_err(|_| NotTrusted::Form)?, verifying })
}
