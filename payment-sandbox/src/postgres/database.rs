//! Creates and drops databases on a server.

use tokio_postgres::NoTls;

/// Why a database could not be created or dropped.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The name would need quoting somewhere, or PostgreSQL would cut it.
    #[error("database name {0:?} must have 1 to 63 of a-z, 0-9 and _, and must not begin with a digit")]
    Name(String),
    /// The server refused, or was not there.
    #[error("cannot {action}: {source}")]
    Server {
        /// What was tried.
        action: String,
        /// The driver's words.
        source: tokio_postgres::Error,
    },
}

/// A server on which databases may be created.
#[derive(Clone)]
pub struct DatabaseServer {
    /// Of the database from which others are created. It may hold a password, hence no `Debug`.
    maintenance_url: String,
}

impl DatabaseServer {
    /// `maintenance_url` names an existing database and a user that may create others.
    pub fn new(maintenance_url: String) -> Self {
        Self { maintenance_url }
    }

    /// Creates an empty database.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the database exists.
    pub async fn create_database(&self, name: &str) -> Result<(), DatabaseError> {
        checked(name)?;
        self.execute(&format!("CREATE DATABASE \"{name}\"")).await
    }

    /// Creates a copy of `template`, to which nobody may be connected.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the database exists.
    pub async fn create_database_from_template(
        &self,
        name: &str,
        template: &str,
    ) -> Result<(), DatabaseError> {
        checked(name)?;
        checked(template)?;
        self.execute(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await
    }

    /// Drops a database with all its connections; one that does not exist is as good as dropped.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn drop_database(&self, name: &str) -> Result<(), DatabaseError> {
        checked(name)?;
        self.execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await
    }

    /// Ends all connections to a finished template and allows no new ones, so that it can always be copied.
    pub(super) async fn seal_template(&self, name: &str) -> Result<(), DatabaseError> {
        checked(name)?;
        self.execute(&format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false")).await?;
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await
    }

    async fn execute(&self, statement: &str) -> Result<(), DatabaseError> {
        let failed = |source| DatabaseError::Server { action: statement.to_owned(), source };
        let client = self.connect().await.map_err(failed)?;
        client.batch_execute(statement).await.map_err(failed)
    }

    /// A connection to the maintenance database, driven until the client is dropped.
    pub(super) async fn connect(&self) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.maintenance_url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

fn checked(name: &str) -> Result<(), DatabaseError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    match starts_well && name.len() <= 63 && name.bytes().all(allowed) {
        true => Ok(()),
        false => Err(DatabaseError::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_end_the_quotes_are_refused() {
        for name in ["", "1a", "a\"; DROP DATABASE x; --", "A", "a-b", &"a".repeat(64)] {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(checked(&"a".repeat(63)).is_ok());
        assert!(checked("payment_test_1").is_ok());
    }
}
