//! The command line: which part of the sandbox runs, and how a failure is told.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    commands::{self, Failure},
    demo::{self, Wish},
};

/// Payment channels as faithful local servers, a private PostgreSQL, and the demo.
#[derive(Debug, Parser)]
#[command(name = "payment-sandbox", version)]
struct Cli {
    /// What to run.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays seventeen payment stories and an audit, each in WeChat Pay, Alipay, PayPal and a channel from outside, over
    /// real sockets, with real signatures, on a real PostgreSQL.
    ///
    /// Ends with 0 only if each story ended as promised.
    Demo {
        /// Leave everything up afterwards and print the addresses to try by hand, until Ctrl-C.
        #[arg(long)]
        stay: bool,
        /// Tell every step of every story too.
        #[arg(long)]
        steps: bool,
        /// Keep the database in this folder instead of a temporary one.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Runs a private PostgreSQL until Ctrl-C and prints its URL.
    Postgres {
        /// Keep the database in this folder instead of a temporary one.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Runs a simulated WeChat Pay with a fresh merchant until Ctrl-C, prints its addresses and writes the settings
    /// that payment-server needs for this merchant.
    Wechat(commands::WechatArguments),
    /// A payment-server that ends with the process that started it. Part of the demo.
    #[command(hide = true)]
    Server(commands::ServerArguments),
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo { stay, steps, data } => demo::run(Wish { stay, steps, data }),
        Command::Postgres { data } => commands::postgres(data),
        Command::Wechat(arguments) => commands::wechat(&arguments),
        Command::Server(arguments) => commands::server(&arguments),
    };
    done.unwrap_or_else(|failure| tell(&failure))
}

#[expect(clippy::print_stderr, reason = "the person at the terminal reads it there")]
fn tell(failure: &Failure) -> ExitCode {
    eprintln!("payment-sandbox: {failure}");
    ExitCode::FAILURE
}
