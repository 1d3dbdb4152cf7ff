//! `[merchants.<id>]`: who may call, and the channel accounts through which each takes money.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use payment_core::{
    gateway::AccountSettings,
    identifiers::{ChannelAccountId, ChannelName, IdentifierError, MerchantId, WebhookName},
};
use serde_json::Map;
use toml::{Table, Value};

use super::{
    api_key::ApiKeyHash,
    key_list::{ApiKeyConfig, KeyReader, ScopeSource},
    report::Report,
    secret_file,
    section::Section,
    sections::Rate,
    webhooks::{self, WebhookEndpoint},
};

/// A tenant.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// The keys of the configuration that it may call with, beside those of the database.
    pub api_keys: Vec<ApiKeyConfig>,
    /// How often it may call, where that is not as usual.
    pub rate: Option<Rate>,
    /// Its accounts at channels; at least one.
    pub accounts: BTreeMap<ChannelAccountId, AccountConfig>,
    /// Where its events are delivered to, if it wants them delivered.
    pub webhooks: BTreeMap<WebhookName, WebhookEndpoint>,
}

/// One account at a channel.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The channel.
    pub channel: ChannelName,
    /// What that channel's crate makes a gateway from.
    pub settings: AccountSettings,
    /// The files that hold some of the settings.
    pub files: Vec<SettingFile>,
}

/// A setting that a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFile {
    /// The setting, as a JSON pointer into the settings.
    pub pointer: String,
    /// The file.
    pub path: PathBuf,
}

impl SettingFile {
    fn new((key, path): (String, PathBuf)) -> Self {
        let pointer = format!("/{}", key.replace(['.', '['], "/").replace(']', ""));
        Self { pointer, path }
    }

    /// What the file holds now.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(&self) -> Result<String, String> {
        secret_file::text(&self.path)
    }
}

/// Reads every merchant, and notes in `hashes` where each of their keys stands.
pub(super) fn read_all(
    section: Section<'_>,
    usual_rate: Option<Rate>,
    hashes: &mut BTreeMap<ApiKeyHash, String>,
) -> Option<BTreeMap<MerchantId, Merchant>> {
    let report = section.report;
    let mut seen = Seen { hashes, accounts: BTreeMap::new(), webhook_secrets: BTreeMap::new() };
    let read: Vec<_> = section
        .named_subsections()
        .into_iter()
        .map(|(name, section)| {
            let id = identifier(report, &section.path(), MerchantId::parse(&name));
            let merchant = read(section, usual_rate, &mut seen);
            Some((id?, merchant?))
        })
        .collect();
    read.into_iter().collect()
}

/// What must not stand twice in the whole configuration, and where it stood first.
struct Seen<'a> {
    hashes: &'a mut BTreeMap<ApiKeyHash, String>,
    accounts: BTreeMap<(ChannelName, ChannelAccountId), String>,
    webhook_secrets: webhooks::SeenSecrets,
}

fn read(mut section: Section<'_>, usual_rate: Option<Rate>, seen: &mut Seen<'_>) -> Option<Merchant> {
    let mut keys = KeyReader { scopes: ScopeSource::Written, seen: seen.hashes };
    let api_keys = keys.read_list(&mut section);
    let rate = usual_rate.map(|usual| Rate::read(&mut section, usual));
    let accounts = read_accounts(section.subsection("accounts"), seen);
    if accounts.as_ref().is_some_and(BTreeMap::is_empty) {
        section.violation(
            "accounts",
            "holds no channel account",
            format!("Write one under [{}.<name>]", section.key("accounts")),
        );
    }
    let webhooks = webhooks::read_all(section.subsection("webhooks"), &mut seen.webhook_secrets);
    section.finish();
    let rate = match rate {
        Some(rate) => Some(rate?),
        None => None,
    };
    Some(Merchant { api_keys: api_keys?, rate, accounts: accounts?, webhooks: webhooks? })
}

fn read_accounts(
    section: Section<'_>,
    seen: &mut Seen<'_>,
) -> Option<BTreeMap<ChannelAccountId, AccountConfig>> {
    let report = section.report;
    let read: Vec<_> = section
        .named_subsections()
        .into_iter()
        .map(|(name, section)| {
            let path = section.path();
            let id = identifier(report, &path, ChannelAccountId::parse(&name))?;
            let account = read_account(section, &id)?;
            let place = seen.accounts.insert((account.channel.clone(), id.clone()), path.clone());
            if let Some(first) = place {
                report.violation(
                    &path,
                    format!("has the callback URL of {first}: same channel, same account name"),
                    "Rename one of the two",
                );
            }
            Some((id, account))
        })
        .collect();
    read.into_iter().collect()
}

fn read_account(mut section: Section<'_>, id: &ChannelAccountId) -> Option<AccountConfig> {
    let channel = section.required_text("channel", "Name the channel, such as \"wechat\"");
    let channel = channel
        .and_then(|name| identifier(section.report, &section.key("channel"), ChannelName::parse(name)));
    let (report, path) = (section.report, section.path());
    let settings = settings(report, &path, section.into_rest());
    Some(AccountConfig {
        channel: channel?,
        settings: AccountSettings { account: id.clone(), settings: settings? },
        files: report.files_below(&path).into_iter().map(SettingFile::new).collect(),
    })
}

/// A channel's settings: environment texts get the type that they look like, `_file` keys are replaced by the files.
fn settings(report: &Report, path: &str, values: Table) -> Option<Map<String, serde_json::Value>> {
    let names: BTreeSet<String> = values.keys().cloned().collect();
    let mut complete = true;
    let mut settings = Map::new();
    for (name, value) in values {
        let key = format!("{path}.{name}");
        let value = typed(report, &key, value);
        let resolved = match name.strip_suffix("_file") {
            None => json(report, &key, value).map(|value| (name, value)),
            Some(plain) if names.contains(plain) => {
                report.violation(
                    &key,
                    format!("stands beside {plain}, which gives the same"),
                    "Keep one of the two",
                );
                None
            }
            Some(plain) => {
                let plain_key = format!("{path}.{plain}");
                file_text(report, &key, &plain_key, value).map(|text| (plain.to_owned(), text.into()))
            }
        };
        match resolved {
            Some((name, value)) => drop(settings.insert(name, value)),
            None => complete = false,
        }
    }
    complete.then_some(settings)
}

fn file_text(report: &Report, key: &str, plain_key: &str, value: Value) -> Option<String> {
    match value.as_str() {
        Some(file) => {
            report.note_file(plain_key, report.folder().join(file));
            secret_file::read(report, key, file)
        }
        None => {
            report.violation(key, "must be a text", "Write the path of a file in quotes");
            None
        }
    }
}

/// Gives a variable's text the type that it looks like. Lists, tables, `true` and `false` are written as in TOML; everything
/// else is a text: keys and numbers of accounts often consist of digits only.
pub(super) fn typed(report: &Report, key: &str, value: Value) -> Value {
    let Some(text) = value.as_str().filter(|_| report.is_from_environment(key)) else { return value };
    let looks_typed = text.starts_with(['[', '{']) || matches!(text, "true" | "false");
    let parsed = looks_typed.then(|| format!("value = {text}").parse::<Table>().ok()).flatten();
    parsed.and_then(|mut table| table.remove("value")).unwrap_or(value)
}

fn json(report: &Report, key: &str, value: Value) -> Option<serde_json::Value> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Integer(number) => Some(number.into()),
        Value::Boolean(flag) => Some(flag.into()),
        Value::Table(values) => settings(report, key, values).map(serde_json::Value::Object),
        Value::Array(values) => {
            let values: Vec<_> = (0_usize..)
                .zip(values)
                .map(|(index, value)| json(report, &format!("{key}[{index}]"), value))
                .collect();
            values.into_iter().collect::<Option<Vec<_>>>().map(serde_json::Value::Array)
        }
        Value::Float(_) | Value::Datetime(_) => {
            report.violation(key, "is a fraction or a date", "Write it as a text in quotes");
            None
        }
    }
}

pub(super) fn identifier<T>(report: &Report, key: &str, parsed: Result<T, IdentifierError>) -> Option<T> {
    parsed.inspect_err(|error| report.violation(key, format!("the name {error}"), "Choose another name")).ok()
}
