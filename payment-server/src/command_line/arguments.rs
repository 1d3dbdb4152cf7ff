//! The command line.

use std::path::PathBuf;

use clap::{
    Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser as _},
};

use crate::jobs::Job;

/// The payment service: gRPC in front, channel callbacks at the side, PostgreSQL behind.
///
/// Ends with 0 if all went well, 1 if something failed, 2 if the command line or the configuration is wrong.
#[derive(Debug, Parser)]
#[command(name = "payment-server", version)]
pub(crate) struct Cli {
    /// The configuration; default-config.toml documents it. Variables PAYMENT__SECTION__KEY replace its keys.
    #[arg(long, global = true, env = "PAYMENT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM or Ctrl-C, then finish what was begun; a second signal ends at once.
    Serve {
        /// Write the three addresses that are listened on to this file, as JSON, once all of them are.
        #[arg(long, value_name = "PATH")]
        ready_file: Option<PathBuf>,
    },
    /// Bring the database to this binary's schema.
    Migrate,
    /// Tell everything that is wrong with the configuration, without calling the database or any channel.
    CheckConfig,
    /// Make an API key: print the key for the caller, and its hash as a line for the configuration.
    GenerateApiKey {
        /// The key's name, which evidence shows: 1 to 64 of [a-z0-9_-].
        #[arg(long, default_value = "key-1", value_name = "NAME")]
        id: String,
    },
    /// Make a secret for a webhook endpoint: 32 random bytes as Standard Webhooks writes them.
    GenerateWebhookSecret,
    /// Check the invariants on everything that the database holds.
    Verify,
    /// Look once for the due work of a job, handle it, and tell what was done. Servers may be running meanwhile.
    RunJob {
        /// Which job.
        #[arg(value_name = "NAME", value_parser = job_parser())]
        job: Job,
    },
}

fn job_parser() -> impl clap::builder::TypedValueParser<Value = Job> {
    let unknown = "is no job";
    PossibleValuesParser::new(Job::ALL.map(Job::as_str)).try_map(move |name| Job::named(&name).ok_or(unknown))
}
