//! The rule file, as far as its alerts must be expected: names and what is said with them.

use std::{collections::BTreeMap, fs, path::PathBuf};

/// One alert rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) severity: String,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Where the rules stand.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/observability/alerts.yaml"))
        .canonicalize()
        .unwrap()
}

/// Every rule, in order.
pub(crate) fn all() -> Vec<Rule> {
    let text = fs::read_to_string(path()).unwrap();
    let rules: Vec<Rule> = text.split("- alert: ").skip(1).map(rule).collect();
    assert_eq!(rules.len(), text.matches("expr:").count(), "a rule that is no alert");
    rules
}

/// The rule of this name.
pub(crate) fn named(name: &str) -> Rule {
    all().into_iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule is named {name}"))
}

fn rule(text: &str) -> Rule {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{key} is missing in {text}")).to_owned()
    };
    Rule {
        name: text.lines().next().unwrap().to_owned(),
        severity: value("severity"),
        annotations: ["summary", "runbook_url"].map(|key| (key.to_owned(), value(key))).into(),
    }
}
