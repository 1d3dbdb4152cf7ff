//! While replicas are rolled, servers of the last release work on a database that was migrated already: each statement
//! that they send must go on working. Their statements were taken from PostgreSQL's log, with parameters.

use serde::Deserialize;

use super::database::OldDatabase;

const OF_RELEASE: &str = include_str!("../../testdata/releases/0.1.0/statements.json");

#[derive(Deserialize)]
struct Statement {
    sql: String,
    parameters: Vec<Option<String>>,
    /// Their types; `unknown` where PostgreSQL infers it.
    types: Vec<String>,
}

impl Statement {
    /// One text: prepared, executed with its parameters as literals, and undone. Foreign keys are left out, because the
    /// rows that the parameters name were another database's; every other constraint holds.
    fn replay(&self) -> String {
        let literal = |value: &Option<String>| {
            value.as_ref().map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
        };
        let literals: Vec<String> = self.parameters.iter().map(literal).collect();
        let list = |items: &[String]| {
            if items.is_empty() { String::new() } else { format!("({})", items.join(", ")) }
        };
        format!(
            "BEGIN; SET LOCAL session_replication_role = replica; PREPARE of_release{} AS {}; EXECUTE of_release{}; \
             DEALLOCATE of_release; ROLLBACK",
            list(&self.types),
            self.sql,
            list(&literals),
        )
    }
}

#[tokio::test]
async fn what_servers_of_the_last_release_send_goes_on_working() {
    let old = OldDatabase::migrated().await;
    let statements: Vec<Statement> = serde_json::from_str(OF_RELEASE).unwrap();
    let writes = statements.iter().filter(|statement| !statement.sql.starts_with("SELECT")).count();
    assert!(statements.len() >= 50 && writes >= 20, "{} statements, {writes} writes", statements.len());
    let mut broken = Vec::new();
    for statement in &statements {
        if let Err(error) = old.observer.batch_execute(&statement.replay()).await {
            let why = error.as_db_error().map_or_else(|| error.to_string(), |of| of.message().to_owned());
            broken.push(format!("{why}\n    {}", statement.sql));
            old.observer.batch_execute("ROLLBACK; DEALLOCATE ALL").await.unwrap();
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
