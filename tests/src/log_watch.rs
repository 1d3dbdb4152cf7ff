//! Looks for secrets in everything that servers of tests log (R29): in the log of this process, which all in-process servers
//! share, and in the lines of child processes that tests hand over. Cheap enough to be always on: our own crates log all
//! that they can, others what they say at `info`, and a line is searched for every secret at once.
//!
//! A test's secrets are registered before its server starts. A line that holds one fails that test, and every other of the
//! process, at its end.

use std::{
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use aho_corasick::AhoCorasick;
use payment_server::{
    config::{Log, LogFormat},
    telemetry,
};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The loudest that our crates can be, and what a production log would hold of the others.
const FILTER: &str = "info,payment_server=trace,payment_store=trace,payment_core=trace,channel_wechat=trace,\
                      channel_alipay=trace,channel_paypal=trace,payment_sandbox=off";

/// Texts that are shorter stand in lines by chance.
const SHORTEST: usize = 8;

/// The most lines of warnings and errors that are kept for [`was_told`].
const MOST_KEPT: usize = 10_000;

static WATCH: Mutex<Watch> = Mutex::new(Watch::new());

struct Watch {
    secrets: Vec<String>,
    finder: Option<AhoCorasick>,
    leaks: Vec<String>,
    trouble: Vec<String>,
}

impl Watch {
    const fn new() -> Self {
        Self { secrets: Vec::new(), finder: None, leaks: Vec::new(), trouble: Vec::new() }
    }

    fn look_at(&mut self, line: &str) {
        if self.finder.as_ref().is_some_and(|finder| finder.is_match(line)) {
            self.leaks.push(line.to_owned());
        }
        let is_trouble = line.contains(" WARN ") || line.contains(" ERROR ");
        if is_trouble && self.trouble.len() < MOST_KEPT {
            self.trouble.push(line.to_owned());
        }
    }
}

fn watch() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to watch the log of this process. A test that has set up a log of its own keeps it.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let log = Log { filter: FILTER.to_owned(), format: LogFormat::Text };
        drop(telemetry::subscriber(&log, || Lines).unwrap().try_init());
    });
}

/// Registers texts that no line may hold. The lines of a PEM are texts of their own.
pub fn add_secrets<'a>(texts: impl IntoIterator<Item = &'a str>) {
    let lines = texts.into_iter().flat_map(str::lines);
    let secrets = lines.filter(|line| line.len() >= SHORTEST && !line.starts_with('-')).map(str::to_owned);
    let mut watch = watch();
    watch.secrets.extend(secrets);
    watch.finder = Some(AhoCorasick::new(&watch.secrets).unwrap());
}

/// Looks at a line that another process logged.
pub fn look_at(line: &str) {
    watch().look_at(line);
}

/// Fails if any line so far held a secret.
///
/// # Panics
/// Then, with the lines.
pub fn assert_discreet() {
    let leaks = watch().leaks.clone();
    assert!(leaks.is_empty(), "R29: secrets stand in the log:\n{}", leaks.join("\n"));
}

/// Whether a warning or an error of this process held this text.
#[must_use]
pub fn was_told(text: &str) -> bool {
    watch().trouble.iter().any(|line| line.contains(text))
}

/// Takes lines as the log's formatter writes them: each in one piece.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        look_at(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r29_a_secret_in_a_line_is_found_and_a_log_without_is_not_blamed() {
        begin();
        add_secrets(["-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----", "short"]);
        tracing::error!("a short line about a key");
        assert_discreet();
        assert!(was_told("about a key"));
        tracing::info!(key = "MIIEvQIBADANBgkq", "careless");
        let blamed = std::panic::catch_unwind(assert_discreet);
        assert!(blamed.is_err(), "the line was not found");
    }
}
