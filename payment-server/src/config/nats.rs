//! `[nats]`: where events are published, if anywhere.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::section::Section;

/// `[nats]`, where it names a server.
#[derive(Debug, Clone)]
pub struct Nats {
    /// `nats://host:port`.
    pub url: Url,
    /// Whether the connection is encrypted.
    pub encryption: NatsEncryption,
    /// Who we are.
    pub credentials: NatsCredentials,
    /// What subjects begin with, without a dot at the end.
    pub subject_prefix: String,
    /// The stream that is made if it is missing; none is made if there is no name.
    pub stream: Option<String>,
}

/// Encryption of the connection to NATS.
#[derive(Debug, Clone)]
pub enum NatsEncryption {
    /// None, said so explicitly.
    Disabled,
    /// Required; the server's name and certificate are verified.
    Verified {
        /// The certificates to trust, PEM; the system's if not given.
        certificate_authorities: Option<String>,
        /// Our own certificate and its key, PEM, for a server that asks for one.
        identity: Option<(String, SecretString)>,
    },
}

/// Who we are to NATS.
#[derive(Debug, Clone)]
pub enum NatsCredentials {
    /// Nobody, or who our certificate says.
    None,
    /// A user with a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// A token.
    Token(SecretString),
    /// What a `.creds` file holds: the user's JWT, and the seed of the key that it names.
    Creds(SecretString),
}

impl NatsCredentials {
    /// Whether both say the same of us.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same = |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Password { user, password }, Self::Password { user: other, password: another }) => {
                user == other && is_same(password, another)
            }
            (Self::Token(one), Self::Token(other)) | (Self::Creds(one), Self::Creds(other)) => {
                is_same(one, other)
            }
            (Self::None | Self::Password { .. } | Self::Token(_) | Self::Creds(_), _) => false,
        }
    }
}

const URL_REMEDY: &str = "Write nats://host:4222; user, password and token are keys of their own";

impl Nats {
    /// `Some(None)`: nothing is published.
    #[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
    pub(super) fn read(mut section: Section<'_>) -> Option<Option<Self>> {
        let url = url(&mut section);
        let encryption = NatsEncryption::read(&mut section);
        let credentials = NatsCredentials::read(&mut section);
        let subject_prefix = prefix(&mut section);
        let stream =
            section.optional_text("stream", STREAM_REMEDY).and_then(|name| is_stream(&section, name));
        section.finish();
        let (encryption, credentials) = (encryption?, credentials?);
        let (subject_prefix, stream) = (subject_prefix?, stream?);
        Some(url?.map(|url| Self { url, encryption, credentials, subject_prefix, stream }))
    }
}

const STREAM_REMEDY: &str =
    "Write letters, digits, - and _, or leave it out to publish into a stream of yours";

#[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
fn url(section: &mut Section<'_>) -> Option<Option<Url>> {
    let Some(text) = section.optional_text("url", URL_REMEDY)? else { return Some(None) };
    let plain = |url: &Url| {
        url.scheme() == "nats" && url.has_host() && url.username().is_empty() && url.password().is_none()
    };
    match Url::parse(&text).ok().filter(plain) {
        Some(url) => Some(Some(url)),
        None => {
            section.violation("url", "is no address of a NATS server, or holds credentials", URL_REMEDY);
            None
        }
    }
}

fn prefix(section: &mut Section<'_>) -> Option<String> {
    const REMEDY: &str = "Write words of letters, digits, - and _ with dots between them";
    let prefix = section.optional_text("subject_prefix", REMEDY)?;
    let prefix = prefix.unwrap_or_else(|| "payment.events".to_owned());
    if prefix.split('.').all(is_token) {
        return Some(prefix);
    }
    section.violation("subject_prefix", "is no beginning of a subject", REMEDY);
    None
}

#[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
fn is_stream(section: &Section<'_>, name: Option<String>) -> Option<Option<String>> {
    match name {
        Some(name) if !is_token(&name) => {
            section.violation("stream", "is no name of a stream", STREAM_REMEDY);
            None
        }
        name => Some(name),
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl NatsEncryption {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        const REMEDY: &str = "Write both, or neither";
        let verified = section.word("tls", &[("verified", true), ("disabled", false)]);
        let authorities = section.optional_file("certificate_authorities_file");
        let certificate = section.optional_file("client_certificate_file");
        let key = section.optional_file("client_key_file");
        let (certificate_authorities, certificate, key) = (authorities?, certificate?, key?);
        let given = certificate_authorities.is_some() || certificate.is_some();
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, SecretString::from(key))),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                section.violation("client_key_file", "goes with client_certificate_file", REMEDY);
                return None;
            }
        };
        match verified? {
            true => Some(Self::Verified { certificate_authorities, identity }),
            false if !given => Some(Self::Disabled),
            false => {
                let remedy = "Remove the certificates, or write tls = \"verified\"";
                section.violation("tls", "is disabled, so certificates are of no use", remedy);
                None
            }
        }
    }
}

impl NatsCredentials {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        const REMEDY: &str = "Write user with password, or token, or credentials_file, or none of them";
        let user = section.optional_text("user", REMEDY);
        let password = section.optional_secret("password", "password_file", REMEDY);
        let token = section.optional_secret("token", "token_file", REMEDY);
        let creds = section.optional_file("credentials_file");
        match (user?, password?, token?, creds?) {
            (None, None, None, None) => Some(Self::None),
            (Some(user), Some(password), None, None) => {
                Some(Self::Password { user, password: password.into() })
            }
            (None, None, Some(token), None) => Some(Self::Token(token.into())),
            (None, None, None, Some(creds)) => Self::of_creds(section, creds),
            (_, _, _, _) => {
                section.violation("user", "does not go with what else is given", REMEDY);
                None
            }
        }
    }

    fn of_creds(section: &Section<'_>, creds: String) -> Option<Self> {
        const REMEDY: &str = "Name the file that `nsc generate creds` wrote for a user";
        // The client reads whole lines only, and the end of the last one is left out of what files give.
        let creds = creds + "\n";
        if async_nats::ConnectOptions::with_credentials(&creds).is_ok() {
            return Some(Self::Creds(creds.into()));
        }
        section.violation("credentials_file", "does not hold a user's JWT and its seed", REMEDY);
        None
    }
}
