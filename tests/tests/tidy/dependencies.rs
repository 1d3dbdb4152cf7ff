//! What dependencies may be, by `deny.toml`: their licences, where they come from, and how often each is there.
//!
//! `cargo deny` reads the same file. It is not needed here: what it does beyond this is look into the advisories' database,
//! for which a network is needed.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Package;
use spdx::{Expression, ParseMode};

use crate::repository::{assert_none, file, metadata};

fn texts(policy: &toml::Table, section: &str, key: &str) -> Vec<String> {
    let entries = policy[section][key].as_array().unwrap();
    entries.iter().map(|entry| entry.as_str().unwrap().to_owned()).collect()
}

fn policy() -> toml::Table {
    file("deny.toml").parse().unwrap()
}

/// Every dependency that a binary for one of the targets may hold or be built with.
fn packages(policy: &toml::Table) -> Vec<Package> {
    let metadata = metadata(&texts(policy, "graph", "targets"));
    let foreign: Vec<_> = metadata.packages.into_iter().filter(|package| package.source.is_some()).collect();
    assert!(foreign.len() > 100, "cargo named only {} packages", foreign.len());
    foreign
}

#[test]
fn licences_are_among_the_allowed_ones() {
    let policy = policy();
    let allowed = texts(&policy, "licenses", "allow");
    let is_allowed = |licence: &str| {
        // Some older crates write `MIT/Apache-2.0`.
        let expression = Expression::parse_mode(licence, ParseMode::LAX);
        expression.is_ok_and(|expression| {
            expression.evaluate(|requirement| allowed.contains(&requirement.to_string()))
        })
    };
    let refused = packages(&policy).into_iter().filter_map(|package| {
        let licence = package.license.unwrap_or_default();
        (!is_allowed(&licence)).then(|| format!("{} {}: {licence:?}", package.name, package.version))
    });
    assert_none("licences that deny.toml does not allow", refused);
}

#[test]
fn dependencies_come_from_the_registry() {
    let policy = policy();
    let allowed: Vec<_> =
        texts(&policy, "sources", "allow-registry").iter().map(|index| format!("registry+{index}")).collect();
    let elsewhere = packages(&policy).into_iter().filter_map(|package| {
        let source = package.source?.repr;
        (!allowed.contains(&source)).then(|| format!("{}: {source}", package.name))
    });
    assert_none("sources that deny.toml does not allow", elsewhere);
}

#[test]
fn each_dependency_is_there_once_but_for_those_that_are_listed() {
    let policy = policy();
    let mut versions: BTreeMap<String, BTreeSet<cargo_metadata::semver::Version>> = BTreeMap::new();
    for package in packages(&policy) {
        versions.entry(package.name.to_string()).or_default().insert(package.version);
    }
    // All but the newest of each are there because somebody has not updated yet.
    let old: BTreeSet<_> = versions
        .iter()
        .flat_map(|(name, versions)| {
            versions.iter().rev().skip(1).map(move |version| format!("{name}@{version}"))
        })
        .collect();
    let listed = policy["bans"]["skip"].as_array().unwrap().iter().map(|entry| {
        assert!(entry.get("reason").is_some(), "{entry} has no reason");
        entry["crate"].as_str().unwrap().to_owned()
    });
    let listed: BTreeSet<_> = listed.collect();
    assert_none(
        "versions that are there twice and not listed in deny.toml",
        old.difference(&listed).cloned(),
    );
    assert_none("listed in deny.toml and not needed any more", listed.difference(&old).cloned());
}
