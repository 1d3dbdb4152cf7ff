//! The documents tell the truth: links lead somewhere, and the README's table is the commented default configuration.

use std::path::Path;

use crate::repository::{Source, assert_none, file, files, root};

#[test]
fn links_lead_somewhere() {
    let broken = files("md").into_iter().flat_map(|source| {
        let targets = links(&source);
        let broken = targets.into_iter().filter(|target| !leads_somewhere(&source, target));
        broken.map(|target| format!("{}: {target}", source.path)).collect::<Vec<_>>()
    });
    assert_none("links that lead nowhere", broken);
}

/// The targets of `[text](target)`, those on the internet left out.
fn links(source: &Source) -> Vec<String> {
    let after = source.text.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

fn leads_somewhere(source: &Source, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = root().join(&source.path).parent().map(Path::to_owned).unwrap_or_default();
    let file = if path.is_empty() { root().join(&source.path) } else { folder.join(path) };
    if heading.is_empty() {
        return file.exists();
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
}

/// A heading's name in a link, as forges make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn the_readmes_configuration_table_is_the_default_file() {
    let readme = file("README.md");
    let between = readme.split("<!-- configuration -->\n").nth(1);
    let found = between.expect("README.md has two <!-- configuration --> marks").trim();
    let expected = configuration_table(&file("payment-server/default-config.toml"));
    assert_eq!(found, expected.trim(), "README.md must have this table:\n{expected}");
}

/// A row for each key: its default, and its comment in the file.
fn configuration_table(text: &str) -> String {
    let mut table = "| key | default | meaning |\n|---|---|---|\n".to_owned();
    let (mut section, mut comment) = (String::new(), Vec::new());
    for line in text.lines() {
        let is_merchants = line.starts_with("#[merchants");
        if is_merchants {
            break;
        }
        if let Some(name) = line.strip_prefix('[').or_else(|| line.strip_prefix("#[")) {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some(words) = line.strip_prefix("# ") {
            comment.push(words.to_owned());
        } else if let Some((key, value)) = line.split_once(" = ") {
            let meaning = comment.join(" ").replace('|', "\\|");
            let (key, value) = match key.strip_prefix('#') {
                Some(key) => (key, "none".to_owned()),
                None if meaning.starts_with("Required.") => (key, "required".to_owned()),
                None => (key, format!("`{value}`")),
            };
            table += &format!("| `{section}.{key}` | {value} | {meaning} |\n");
            comment.clear();
        } else {
            comment.clear();
        }
    }
    table
}
