//! `[operators.<name>]`: who operates the service, and which merchants they see.

use std::collections::{BTreeMap, BTreeSet};

use payment_core::identifiers::{MerchantId, OperatorName};
use toml::Value;

use super::{
    ApiKeyConfig, ApiKeyHash, Merchant,
    key_list::{KeyReader, ScopeSource},
    merchant::{identifier, typed},
    section::Section,
};
use crate::app::principal::Sight;

/// Somebody who operates the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorConfig {
    /// The keys that they may call with; at least one, each with the scope to operate and no other.
    pub api_keys: Vec<ApiKeyConfig>,
    /// Which merchants they see.
    pub sight: Sight,
}

/// Reads every operator. `merchants` are those of the configuration, `seen` the places of their keys.
pub(super) fn read_all(
    section: Section<'_>,
    merchants: Option<&BTreeMap<MerchantId, Merchant>>,
    seen: &mut BTreeMap<ApiKeyHash, String>,
) -> Option<BTreeMap<OperatorName, OperatorConfig>> {
    let report = section.report;
    let read: Vec<_> = section
        .named_subsections()
        .into_iter()
        .map(|(name, section)| {
            let path = section.path();
            let name = identifier(report, &path, OperatorName::parse(&name));
            let is_merchant = |name: &OperatorName| {
                merchants.is_some_and(|merchants| merchants.keys().any(|id| id.as_str() == name.as_str()))
            };
            if name.as_ref().is_some_and(is_merchant) {
                report.violation(&path, "is a merchant's name too", "Rename one: evidence shows the name");
            }
            let operator = read(section, merchants, seen);
            Some((name?, operator?))
        })
        .collect();
    read.into_iter().collect()
}

fn read(
    mut section: Section<'_>,
    merchants: Option<&BTreeMap<MerchantId, Merchant>>,
    seen: &mut BTreeMap<ApiKeyHash, String>,
) -> Option<OperatorConfig> {
    let api_keys = KeyReader { scopes: ScopeSource::Operate, seen }.read_list(&mut section);
    let sight = read_sight(&mut section, merchants);
    section.finish();
    Some(OperatorConfig { api_keys: api_keys?, sight: sight? })
}

/// Whom an operator sees has no default. A merchant that does not exist would be a slip of the pen that nobody notices.
fn read_sight(
    section: &mut Section<'_>,
    merchants: Option<&BTreeMap<MerchantId, Merchant>>,
) -> Option<Sight> {
    let remedy = "Write merchants = \"all\", or a list of merchants of this configuration";
    let value = section.take("merchants");
    let value = value.map(|value| typed(section.report, &section.key("merchants"), value));
    let names = match &value {
        Some(Value::String(word)) if word == "all" => return Some(Sight::All),
        Some(Value::Array(names)) if !names.is_empty() => names,
        Some(_) | None => {
            section.violation("merchants", "must say which merchants the operator sees", remedy);
            return None;
        }
    };
    let known = |id: &MerchantId| merchants.is_none_or(|merchants| merchants.contains_key(id));
    let read = |name: &Value| name.as_str().and_then(|name| MerchantId::parse(name).ok()).filter(known);
    let sight: Option<BTreeSet<_>> = names.iter().map(read).collect();
    if sight.is_none() {
        section.violation("merchants", "names a merchant that does not exist", remedy);
    }
    sight.map(Sight::Merchants)
}
