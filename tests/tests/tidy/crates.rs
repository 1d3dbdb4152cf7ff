//! The edges between crates, as the table in ARCHITECTURE.md has them. The compiler then keeps SQL out of handlers,
//! simulators out of production, and both sides of a wire apart.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, PackageId};

use crate::repository::{assert_none, file, files, metadata};

/// Every crate with those of ours that it may depend on, tests' own dependencies left out.
const EDGES: [(&str, &[&str]); 15] = [
    ("payment-proto", &[]),
    ("payment-core", &[]),
    ("channel-wechat", &["payment-core"]),
    ("channel-alipay", &["payment-core"]),
    ("channel-paypal", &["payment-core"]),
    ("payment-store", &["payment-core"]),
    (
        "payment-server",
        &[
            "channel-alipay",
            "channel-paypal",
            "channel-wechat",
            "payment-core",
            "payment-proto",
            "payment-store",
        ],
    ),
    ("paymentctl", &["payment-proto"]),
    // A payment app from outside; only who plays with it knows it.
    ("channel-bad-pay", &["payment-core"]),
    // The demo reads the records of its server with the store, to show that the invariants hold, and plugs Bad Pay in.
    (
        "payment-sandbox",
        &["channel-bad-pay", "payment-core", "payment-proto", "payment-server", "payment-store"],
    ),
    (
        "payment-tests",
        &[
            "channel-bad-pay",
            "payment-core",
            "payment-proto",
            "payment-sandbox",
            "payment-server",
            "payment-store",
            "paymentctl",
        ],
    ),
    (
        "payment-chaos",
        &[
            "channel-bad-pay",
            "payment-core",
            "payment-proto",
            "payment-sandbox",
            "payment-server",
            "payment-tests",
        ],
    ),
    // Seeds defects into a copy of all the others, and links none of them.
    ("payment-mutants", &[]),
    ("payment-bench", &["payment-core", "payment-proto", "payment-sandbox", "payment-server"]),
    // Each target goes in where its bytes come in, so that what is tried is what serves.
    (
        "payment-fuzz",
        &[
            "channel-alipay",
            "channel-paypal",
            "channel-wechat",
            "payment-core",
            "payment-proto",
            "payment-server",
        ],
    ),
];

/// What must not be reached from a crate, through however many others: input and output, clocks, chance.
const UNREACHABLE: [(&str, &[&str]); 5] = [
    ("payment-core", &["tokio", "diesel", "tonic", "reqwest", "hyper", "axum", "rand", "tokio-postgres"]),
    ("channel-wechat", CONCRETE_WORLD),
    ("channel-alipay", CONCRETE_WORLD),
    ("channel-paypal", CONCRETE_WORLD),
    ("payment-store", &["tonic", "axum", "hyper", "reqwest", "prost"]),
];

/// A channel speaks through the ports that it is given.
const CONCRETE_WORLD: &[&str] =
    &["tokio", "diesel", "tonic", "reqwest", "hyper", "axum", "rand", "tokio-postgres", "prost"];

/// Who may name Diesel in its manifest.
const DIESEL: [&str; 3] = ["diesel", "diesel-async", "diesel_migrations"];

/// What crates depend on when they are built for use, by name.
fn used(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let direct = |package: &cargo_metadata::Package| {
        let dependencies = package.dependencies.iter();
        let dependencies = dependencies.filter(|dependency| dependency.kind != DependencyKind::Development);
        (package.name.to_string(), dependencies.map(|dependency| dependency.name.clone()).collect())
    };
    metadata.workspace_packages().into_iter().map(direct).collect()
}

#[test]
fn crates_use_only_those_of_ours_that_the_table_allows() {
    let used = used(&metadata(&[]));
    let table: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    let findings = used.iter().flat_map(|(name, dependencies)| {
        let Some(allowed) = table.get(name.as_str()) else {
            return vec![format!("{name} is not in the table")];
        };
        let ours = dependencies.iter().filter(|dependency| used.contains_key(*dependency));
        let forbidden = ours.filter(|dependency| !allowed.contains(&dependency.as_str()));
        forbidden.map(|dependency| format!("{name} -> {dependency}")).collect()
    });
    assert_none("edges that the table does not allow", findings);
}

#[test]
fn architecture_shows_the_table() {
    let document = file("ARCHITECTURE.md");
    let found =
        document.split("<!-- crates -->\n").nth(1).expect("ARCHITECTURE.md has two <!-- crates --> marks");
    let rows = EDGES.iter().map(|(name, allowed)| {
        let allowed: Vec<_> = allowed.iter().map(|crate_name| format!("`{crate_name}`")).collect();
        let never = UNREACHABLE
            .iter()
            .find(|(found, _)| found == name)
            .map_or(String::new(), |(_, never)| never.join(", "));
        format!("| `{name}` | {} | {never} |\n", allowed.join(" "))
    });
    let expected =
        "| crate | may use of ours | never reaches |\n|---|---|---|\n".to_owned() + &rows.collect::<String>();
    assert_eq!(found, expected, "ARCHITECTURE.md must have this table:\n{expected}");
}

#[test]
fn only_the_store_sees_diesel() {
    let used = used(&metadata(&[]));
    let findings =
        used.iter().filter(|(name, _)| *name != "payment-store").flat_map(|(name, dependencies)| {
            let seen = dependencies.iter().filter(|dependency| DIESEL.contains(&dependency.as_str()));
            seen.map(move |dependency| format!("{name} -> {dependency}"))
        });
    assert_none("Diesel outside of payment-store", findings);
}

#[test]
fn the_domain_and_the_channels_reach_no_clock_no_network_and_no_database() {
    let metadata = metadata(&["x86_64-unknown-linux-gnu".to_owned()]);
    let reachable = Reachable::new(&metadata);
    let findings = UNREACHABLE.into_iter().flat_map(|(name, forbidden)| {
        let reached = reachable.from(name);
        let found = forbidden.iter().filter(move |crate_name| reached.contains(**crate_name));
        found.map(move |crate_name| format!("{name} reaches {crate_name}"))
    });
    assert_none("crates that reach what they must not", findings);
}

#[test]
fn the_server_reaches_no_simulator_and_no_test() {
    let reached = Reachable::new(&metadata(&["x86_64-unknown-linux-gnu".to_owned()])).from("payment-server");
    assert!(reached.contains("payment-store"), "the walk found nothing");
    let outside = ["payment-sandbox", "payment-tests", "channel-bad-pay"];
    assert!(outside.iter().all(|name| !reached.contains(*name)));
}

#[test]
fn no_simulator_shares_code_with_what_it_imitates() {
    let simulators =
        ["wechat", "alipay", "paypal", "simulator"].map(|name| format!("payment-sandbox/src/{name}/"));
    let forbidden = ["channel_", "payment_server", "payment_core", "payment_store", "payment_proto"];
    let findings = files("rs").into_iter().filter(|source| {
        simulators.iter().any(|folder| source.path.starts_with(folder))
            && forbidden.iter().any(|name| {
                source.text.contains(&format!("{name}::")) || source.text.contains(&format!("use {name}"))
            })
    });
    assert_none("a bug could be on both sides of the wire", findings.map(|source| source.path));
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let metadata = metadata(&[]);
    let manifests = metadata.workspace_packages().into_iter().map(|package| &package.manifest_path);
    let lacking = manifests.filter(|path| {
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&toml::Value::Boolean(true))
    });
    assert_none("[lints] workspace = true is missing", lacking.map(ToString::to_string));
}

#[test]
fn versions_of_dependencies_stand_once_in_the_workspace() {
    let workspace: toml::Table = file("Cargo.toml").parse().unwrap();
    let members =
        workspace["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    let findings = members.flat_map(|member| {
        let manifest: toml::Table = file(&format!("{member}/Cargo.toml")).parse().unwrap();
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        let tables = kinds.into_iter().filter_map(|kind| manifest.get(kind)?.as_table().cloned());
        let own =
            tables.flatten().filter(|(_, value)| value.get("workspace") != Some(&toml::Value::Boolean(true)));
        own.map(|(name, _)| format!("{member}: {name}")).collect::<Vec<_>>()
    });
    assert_none("dependencies with a version of their own", findings);
}

/// Which crates are linked into which.
struct Reachable {
    names: BTreeMap<PackageId, String>,
    edges: BTreeMap<PackageId, Vec<PackageId>>,
}

impl Reachable {
    fn new(metadata: &Metadata) -> Self {
        let names = metadata.packages.iter().map(|package| (package.id.clone(), package.name.to_string()));
        let nodes = metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| {
            // Build scripts' and macros' own dependencies run on the developer's machine, not in the service.
            let linked = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            (node.id.clone(), linked.map(|dependency| dependency.pkg.clone()).collect())
        });
        Self { names: names.collect(), edges: nodes.collect() }
    }

    fn from(&self, name: &str) -> BTreeSet<String> {
        let start = self.names.iter().find(|(_, found)| *found == name);
        let mut open = vec![start.unwrap_or_else(|| panic!("there is no crate {name}")).0];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(&self.edges[next]);
            }
        }
        seen.into_iter().map(|id| self.names[id].clone()).collect()
    }
}
