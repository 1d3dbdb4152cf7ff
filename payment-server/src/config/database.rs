//! `[database]`: where the records are, and how they are reached.

use std::time::Duration;

use secrecy::SecretString;

use super::section::Section;

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// A `postgres://` address with credentials.
    pub url: SecretString,
    /// Whether the connection is encrypted.
    pub encryption: DatabaseEncryption,
    /// The most connections that this process opens.
    pub max_connections: usize,
    /// How long one statement may run before PostgreSQL ends it.
    pub statement_timeout: Duration,
    /// How long a request waits for a free connection.
    pub acquire_timeout: Duration,
    /// Whether `serve` applies missing migrations before it starts.
    pub migrate_at_start: bool,
}

/// Encryption of the connection to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseEncryption {
    /// None, said so explicitly: for a socket or the loopback interface.
    Disabled,
    /// Required; the server's name and certificate are verified.
    Verified {
        /// The certificates to trust, PEM; the system's if not given.
        certificate_authorities: Option<String>,
    },
}

impl DatabaseEncryption {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let verified = section.word("tls", &[("verified", true), ("disabled", false)]);
        let authorities = section.optional_file("certificate_authorities_file");
        match (verified?, authorities?) {
            (true, certificate_authorities) => Some(Self::Verified { certificate_authorities }),
            (false, None) => Some(Self::Disabled),
            (false, Some(_)) => {
                section.violation(
                    "certificate_authorities_file",
                    "is of no use while tls is disabled",
                    "Remove it, or write tls = \"verified\"",
                );
                None
            }
        }
    }
}

impl Database {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let remedy =
            "Write postgres://user:password@host/database, or url_file with the path of a file that holds it";
        let url = section.required_secret("url", "url_file", remedy);
        let url = url.filter(|url| {
            let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
            if !known {
                section.violation("url", "does not begin with postgres://", remedy);
            }
            known
        });
        let encryption = DatabaseEncryption::read(&mut section);
        let max_connections = section.size("max_connections", 2..=1000, 8);
        let statement_timeout = section.seconds("statement_timeout_seconds", 1..=300, 10);
        let acquire_timeout = section.seconds("acquire_timeout_seconds", 1..=60, 5);
        let migrate_at_start = section.flag("migrate_at_start", false);
        section.finish();
        Some(Self {
            url: SecretString::from(url?),
            encryption: encryption?,
            max_connections: max_connections?,
            statement_timeout: statement_timeout?,
            acquire_timeout: acquire_timeout?,
            migrate_at_start: migrate_at_start?,
        })
    }
}
