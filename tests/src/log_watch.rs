//! Looks for secrets in everything that servers of tests tell (R29): in the log of this process, which all in-process servers
//! share, in the lines of child processes, and in what `Debug` shows of configurations. Cheap enough to be always on: our own
//! crates log all that they can, others what they say at `info`, and a line is searched for every secret at once.
//!
//! Who makes a secret registers it here: every API key that a client takes, every secret of a configuration that a server is
//! started with. Payers and access tokens that simulators make up are known by how they begin, from the first secret on. A
//! line that holds one ends the process at once, so no test gets through.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use aho_corasick::AhoCorasick;
use payment_sandbox::CONFIDENTIAL;
use payment_server::{
    config::{Config, Log, LogFormat},
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

/// How many of the last lines are looked at again for a secret that a test learns of late.
const MOST_RECENT: usize = 2000;

/// Where the secrets of a whole run are gathered, so that `.ci/run` searches all its output for them.
const GATHERED_IN: &str = "PAYMENT_TEST_SECRETS";

/// Keys of the configuration whose values no line may hold, wherever they stand. With `_file` behind them they name a file.
const SECRET_KEYS: [&str; 13] = [
    "api_v3_key",
    "app_private_key",
    "client_key",
    "client_secret",
    "content_encryption_key",
    "credentials",
    "key",
    "merchant_private_key",
    "password",
    "previous_secret",
    "private_key",
    "secret",
    "token",
];

static WATCH: Mutex<Watch> = Mutex::new(Watch::new());

struct Watch {
    secrets: BTreeSet<String>,
    finder: Option<AhoCorasick>,
    recent: VecDeque<String>,
    trouble: Vec<String>,
}

impl Watch {
    const fn new() -> Self {
        Self { secrets: BTreeSet::new(), finder: None, recent: VecDeque::new(), trouble: Vec::new() }
    }

    /// Keeps the line, and tells whether it holds a secret.
    fn look_at(&mut self, line: &str) -> bool {
        let is_trouble = line.contains(" WARN ") || line.contains(" ERROR ");
        if is_trouble && self.trouble.len() < MOST_KEPT {
            self.trouble.push(line.to_owned());
        }
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(line.to_owned());
        self.finder.as_ref().is_some_and(|finder| finder.is_match(line))
    }

    /// Watches for these secrets too, and gives the lines of before that hold one.
    fn add(&mut self, secrets: Vec<String>) -> Vec<String> {
        if secrets.iter().all(|secret| self.secrets.contains(secret)) {
            return Vec::new();
        }
        let new = AhoCorasick::new(&secrets).unwrap();
        self.secrets.extend(secrets);
        self.finder = Some(AhoCorasick::new(&self.secrets).unwrap());
        self.recent.iter().filter(|line| new.is_match(line.as_str())).cloned().collect()
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
    let secrets = lines_of(texts.into_iter().chain(CONFIDENTIAL));
    gather(&secrets);
    let leaks = watch().add(secrets);
    if let Some(leak) = leaks.first() {
        end(leak);
    }
}

fn lines_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lines = texts.into_iter().flat_map(str::lines);
    lines.filter(|line| line.len() >= SHORTEST && !line.starts_with(['-', '*'])).map(str::to_owned).collect()
}

/// Loads a configuration whose secrets no line may hold, nor what `Debug` shows of it.
#[must_use]
pub fn load(path: &Path) -> Config {
    add_secrets_of_config(path);
    let config = Config::load(path, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
    look_at(&format!("{config:?}"));
    config
}

/// Registers every secret of a configuration and of the files that it names.
pub fn add_secrets_of_config(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    // Some tests write what is no configuration.
    let Ok(table) = text.parse::<toml::Table>() else { return };
    let mut secrets = Vec::new();
    secrets_of(&table, path.parent().unwrap(), &mut secrets);
    add_secrets(secrets.iter().map(String::as_str));
}

fn secrets_of(table: &toml::Table, folder: &Path, secrets: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(table) => secrets_of(table, folder, secrets),
            toml::Value::String(text) if SECRET_KEYS.contains(&key.as_str()) => secrets.push(text.clone()),
            toml::Value::String(file)
                if key.strip_suffix("_file").is_some_and(|key| SECRET_KEYS.contains(&key)) =>
            {
                secrets.extend(fs::read_to_string(folder.join(file)));
            }
            toml::Value::String(url) => secrets.extend(password_of(url)),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {}
        }
    }
}

/// The password in the address of a database.
fn password_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.password().map(str::to_owned)
}

/// Looks at words of ours: a line that another process wrote, or what `Debug` shows.
pub fn look_at(line: &str) {
    let is_leak = watch().look_at(line);
    if is_leak {
        end(line);
    }
}

/// Ends this process, whatever it tests: a panic would end a task of some server, and nobody would learn of it. Written
/// past the test harness, which keeps what threads print to itself.
fn end(line: &str) -> ! {
    drop(writeln!(io::stderr(), "R29: a secret stands in what is told: {line}"));
    std::process::exit(101)
}

/// Writes the secrets where the run that this process is a part of wants to have them.
#[expect(
    clippy::disallowed_methods,
    reason = "only the one who starts the run knows where all its output goes"
)]
fn gather(secrets: &[String]) {
    let Some(path) = std::env::var_os(GATHERED_IN) else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all((secrets.join("\n") + "\n").as_bytes()).unwrap();
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

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----";

    #[test]
    fn r29_a_secret_in_a_line_is_found_and_a_log_without_is_not_blamed() {
        let mut watch = Watch::new();
        assert!(!watch.look_at(" WARN the key MIIEvQIBADANBgkq, which nobody has named yet"));
        assert_eq!(watch.add(lines_of([KEY, "short"])).len(), 1, "told before it was named");
        assert!(!watch.look_at(" WARN a short line about a key"));
        assert!(watch.look_at(" INFO careless key=MIIEvQIBADANBgkq"));
        assert!(watch.trouble.iter().any(|line| line.contains("about a key")));
    }

    #[test]
    fn r29_each_secret_of_a_configuration_is_watched_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tls.key"), KEY).unwrap();
        let text = "[database]\nurl = \"postgres://pay:of-the-database@host/db\"\n[grpc.tls]\nprivate_key_file = \"tls.key\"\n\
                    [merchants.acme.webhooks.shop]\nsecret = \"whsec_0000000000\"\nurl = \"https://shop.example\"\n";
        let mut secrets = Vec::new();
        secrets_of(&text.parse().unwrap(), folder.path(), &mut secrets);
        let mut lines = lines_of(secrets.iter().map(String::as_str));
        lines.sort();
        assert_eq!(lines, ["MIIEvQIBADANBgkq", "of-the-database", "whsec_0000000000"]);
    }

    /// Every key of which a channel or we make a secret is one that is watched for.
    #[test]
    fn r29_no_secret_key_of_a_configuration_is_forgotten() {
        let channels = [
            include_str!("../../channel-wechat/src/config.rs"),
            include_str!("../../channel-alipay/src/config.rs"),
            include_str!("../../channel-paypal/src/config.rs"),
        ];
        let ours = include_str!("../../payment-server/default-config.toml");
        let quoted = channels.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
        let words: BTreeSet<&str> = quoted.chain(ours.split([' ', '"', '`', '#', '\n', '='])).collect();
        let is_name =
            |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'3');
        let suspicious = ["private_key", "secret", "password", "_key", "token", "credentials"];
        let names = words
            .into_iter()
            .filter(|word| is_name(word) && suspicious.iter().any(|part| word.contains(part)));
        let forgotten: Vec<_> = names.filter(|name| !is_known(name)).collect();
        assert!(forgotten.is_empty(), "secret, or add them to the harmless: {forgotten:?}");
    }

    /// Watched for, or harmless: what is public, and what holds hashes only.
    fn is_known(name: &str) -> bool {
        let harmless = ["alipay_public_key", "api_key", "secrets", "wechatpay_public_key"];
        let plain = name.strip_suffix("_file").unwrap_or(name);
        SECRET_KEYS.contains(&plain) || harmless.iter().any(|word| plain.starts_with(word))
    }
}
