//! Dashboard and alert rules name metrics that the binary registers, and each alert has a page that says what to do.

use std::collections::BTreeSet;

use crate::repository::{assert_none, file, files, root};

/// What Prometheus adds to a registered name.
const ADDED: [&str; 5] = ["_total", "_bucket", "_sum", "_count", "_info"];

/// Every word of a text that begins as our metrics do.
fn named(text: &str) -> BTreeSet<String> {
    let is_word = |character: char| character.is_ascii_lowercase() || character == '_';
    let words = text.split(|character: char| !is_word(character));
    words.filter(|word| word.starts_with("payment_")).map(str::to_owned).collect()
}

/// What the code registers: each name is a literal of its own in the room of metrics.
fn registered(name: &str, code: &str) -> bool {
    let bare = name.trim_start_matches("payment_");
    let stems = ADDED.iter().filter_map(|added| bare.strip_suffix(added)).chain([bare]);
    stems.into_iter().any(|stem| code.contains(&format!("\"{stem}\"")))
}

#[test]
fn every_metric_of_dashboard_and_alerts_is_registered() {
    let sources = files("rs");
    let code: String = sources
        .iter()
        .filter(|source| source.path.starts_with("payment-server/src/metrics/"))
        .map(|source| source.text.as_str())
        .collect();
    for path in ["deploy/observability/alerts.yaml", "deploy/observability/dashboard.json"] {
        let names = named(&file(path));
        assert!(names.len() > 10, "{path}: {names:?}");
        assert_none(path, names.into_iter().filter(|name| !registered(name, &code)));
    }
    assert!(!registered("payment_never_registered_total", &code));
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let rules = file("deploy/observability/alerts.yaml");
    let alerts: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let pages: BTreeSet<String> = files("md")
        .into_iter()
        .filter_map(|page| Some(page.path.strip_prefix("docs/alerts/")?.strip_suffix(".md")?.to_owned()))
        .filter(|page| page != "README")
        .collect();
    assert_eq!(alerts.iter().map(|alert| (*alert).to_owned()).collect::<BTreeSet<_>>(), pages);
    for alert in alerts {
        let page = format!("docs/alerts/{alert}.md");
        assert!(rules.contains(&format!("runbook_url: {page}")), "{alert}");
        assert!(root().join(page).exists(), "{alert}");
    }
}
