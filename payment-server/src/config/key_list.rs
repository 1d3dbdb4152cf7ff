//! `api_keys = [...]` of a merchant or an operator: each with a name, the hash of the key, and what it is good for.

use std::collections::{BTreeMap, BTreeSet};

use payment_core::identifiers::ApiKeyId;
use toml::Value;

use super::{
    ApiKeyHash,
    merchant::{identifier, typed},
    report::Report,
    section::Section,
};
use crate::app::principal::Scope;

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyConfig {
    /// Its name, which evidence may show.
    pub id: ApiKeyId,
    /// What a presented key is compared with.
    pub hash: ApiKeyHash,
    /// What it may be used for; never empty.
    pub scopes: BTreeSet<Scope>,
}

/// Whose keys are read, and where each key of the whole configuration stands: none may be two people's.
pub(super) struct KeyReader<'a> {
    /// Who lends the keys their scopes.
    pub(super) scopes: ScopeSource,
    /// Where each key stood first.
    pub(super) seen: &'a mut BTreeMap<ApiKeyHash, String>,
}

/// Where the scopes of a key come from.
#[derive(Clone, Copy)]
pub(super) enum ScopeSource {
    /// Each key of a merchant names its own.
    Written,
    /// Keys of operators operate, and need not say so.
    Operate,
}

impl ScopeSource {
    /// Somebody must be able to make the first key.
    const fn admits(self, keys: usize) -> bool {
        match self {
            Self::Written => true,
            Self::Operate => keys > 0,
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Written => "must be a list of keys, an empty one if all are made while the service runs",
            Self::Operate => "must be a list of at least one key",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Written => {
                "Write api_keys = [{ id = \"...\", sha256 = \"...\", scopes = [...] }], a line that \
                 `payment-server generate-api-key` prints"
            }
            Self::Operate => {
                "Write api_keys = [{ id = \"...\", sha256 = \"...\" }], with what `payment-server generate-api-key` prints"
            }
        }
    }
}

impl KeyReader<'_> {
    /// The keys of `section`. A merchant may have none here: its keys may all be in the database. That it has none is written
    /// down, too, for a forgotten list would look the same.
    pub(super) fn read_list(&mut self, section: &mut Section<'_>) -> Option<Vec<ApiKeyConfig>> {
        let value = section.take("api_keys");
        let value = value.map(|value| typed(section.report, &section.key("api_keys"), value));
        let Some(Value::Array(entries)) =
            value.filter(|value| value.as_array().is_some_and(|keys| self.scopes.admits(keys.len())))
        else {
            section.violation("api_keys", self.scopes.rule(), self.scopes.remedy());
            return None;
        };
        let mut ids = BTreeSet::new();
        let keys: Vec<_> = entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                let path = format!("{}[{index}]", section.key("api_keys"));
                self.read(path, entry, section.report, &mut ids)
            })
            .collect();
        keys.into_iter().collect()
    }

    fn read(
        &mut self,
        path: String,
        entry: Value,
        report: &Report,
        ids: &mut BTreeSet<ApiKeyId>,
    ) -> Option<ApiKeyConfig> {
        let Value::Table(values) = entry else {
            report.violation(&path, "must be a table", self.scopes.remedy());
            return None;
        };
        let mut section = Section::new(path, values, report);
        let id = section.required_text("id", "Name the key; evidence shows the name");
        let id = id.and_then(|id| identifier(report, &section.key("id"), ApiKeyId::parse(id)));
        let hash = section.required_text("sha256", self.scopes.remedy()).and_then(|text| {
            let hash = ApiKeyHash::parse(&text);
            hash.inspect_err(|error| section.violation("sha256", error.to_string(), self.scopes.remedy()))
                .ok()
        });
        if let Some(id) = id.as_ref().filter(|id| !ids.insert((*id).clone())) {
            section.violation("id", format!("{id} names another key already"), "Give each key its own name");
        }
        if let Some(first) = hash.and_then(|hash| self.seen.insert(hash, section.key("sha256"))) {
            section.violation("sha256", format!("is the key of {first}"), "Generate a key for each use");
        }
        let scopes = match self.scopes {
            ScopeSource::Written => read_scopes(&mut section),
            ScopeSource::Operate => Some(BTreeSet::from([Scope::Operate])),
        };
        section.finish();
        Some(ApiKeyConfig { id: id?, hash: hash?, scopes: scopes? })
    }
}

/// What a key may be used for has no default: a key opens only what somebody wrote down.
fn read_scopes(section: &mut Section<'_>) -> Option<BTreeSet<Scope>> {
    let remedy = "Write what the key may be used for, such as scopes = [\"pay\", \"refund\", \"read\"]; \"operate\" is the fourth";
    let words = section.take("scopes");
    let words = words.as_ref().and_then(Value::as_array).filter(|words| !words.is_empty());
    let Some(words) = words else {
        section.violation("scopes", "must be a list of at least one scope", remedy);
        return None;
    };
    let scopes: Option<BTreeSet<_>> = words.iter().map(|word| word.as_str().and_then(Scope::parse)).collect();
    if scopes.is_none() {
        section.violation("scopes", "holds something that is no scope", remedy);
    }
    scopes
}
