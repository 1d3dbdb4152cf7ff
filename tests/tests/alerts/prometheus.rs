//! Prometheus itself: `promtool` evaluates the rule file on what was seen, and a real Prometheus scrapes a real server.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use payment_tests::{
    app::{TestApp, free_address},
    steps::until,
};
use serde_json::{Value, json};

use crate::rules::{self, Rule};

/// What a rule must say at a look.
pub(crate) struct Expectation<'a> {
    pub(crate) rule: Rule,
    pub(crate) look: usize,
    /// The labels of each alert that fires; none: it is silent.
    pub(crate) firing: &'a [&'a [(&'a str, &'a str)]],
}

/// Whether Prometheus's programs are here. They may be missing only where the environment asks for a run without other
/// people's programs.
pub(crate) fn is_here() -> bool {
    program("promtool").is_some()
}

fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() && env::var_os("PAYMENT_OFFLINE").is_some() {
        println!("left out: there is no {name}, and PAYMENT_OFFLINE is set");
        return None;
    }
    Some(found.unwrap_or_else(|| {
        panic!(
            "{name} is missing: apt-get install --no-install-recommends prometheus, or set PAYMENT_OFFLINE=1"
        )
    }))
}

/// Has `promtool` evaluate the rules on these series, one value for each step.
pub(crate) fn evaluate(series: &BTreeMap<String, Vec<String>>, step: Duration, expected: &[Expectation<'_>]) {
    let input: Vec<Value> =
        series.iter().map(|(series, values)| json!({"series": series, "values": values.join(" ")})).collect();
    let interval = format!("{}s", step.as_secs());
    let tests: Vec<Value> = expected.iter().map(|expectation| as_test(expectation, step)).collect();
    let file = json!({
        "rule_files": [rules::path()],
        "evaluation_interval": interval,
        "tests": [{"interval": interval, "input_series": input, "alert_rule_test": tests}],
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seen.json");
    fs::write(&path, serde_json::to_vec(&file).unwrap()).unwrap();
    let output =
        Command::new(program("promtool").unwrap()).args(["test", "rules"]).arg(&path).output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}\n{}", shown(series));
}

fn as_test(expectation: &Expectation<'_>, step: Duration) -> Value {
    let Expectation { rule, look, firing } = expectation;
    let alerts: Vec<Value> = firing
        .iter()
        .map(|labels| {
            let labels = labels.iter().copied().chain([("severity", rule.severity.as_str())]);
            json!({"exp_labels": labels.collect::<BTreeMap<_, _>>(), "exp_annotations": rule.annotations})
        })
        .collect();
    let time = step.as_secs() * u64::try_from(*look).unwrap();
    json!({"eval_time": format!("{time}s"), "alertname": rule.name, "exp_alerts": alerts})
}

/// The series that moved, for whoever must find out why a rule did not.
fn shown(series: &BTreeMap<String, Vec<String>>) -> String {
    let moved = series.iter().filter(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1]));
    moved.map(|(series, values)| format!("{series} {}\n", values.join(" "))).collect()
}

/// A Prometheus with the configuration that is shipped, which scrapes one server. Ends with the test.
struct Prometheus {
    process: Child,
    address: String,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(program: PathBuf, server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = rules::path().with_file_name("prometheus.yaml");
        let text = fs::read_to_string(shipped).unwrap();
        let [mine, quick] =
            [("\"server-one:9090\", \"server-two:9090\"", format!("\"{server}\"")), (": 15s", ": 1s".into())];
        for (shipped, _) in [&mine, &quick] {
            assert!(text.contains(shipped), "{shipped}");
        }
        let text = text.replace(mine.0, &mine.1).replace(quick.0, &quick.1);
        fs::write(folder.path().join("prometheus.yaml"), text).unwrap();
        fs::copy(rules::path(), folder.path().join("alerts.yaml")).unwrap();
        let address = free_address().to_string();
        let argument = |name: &str, value: &str| format!("--{name}={value}");
        let process = Command::new(program)
            .arg(argument("config.file", &folder.path().join("prometheus.yaml").display().to_string()))
            .arg(argument("storage.tsdb.path", &folder.path().join("data").display().to_string()))
            .arg(argument("web.listen-address", &address))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { process, address, client, _folder: folder }
    }

    /// What its API answers; nothing while it starts.
    async fn ask(&self, path: &str) -> Option<Value> {
        let answer = self.client.get(format!("http://{}/api/v1/{path}", self.address)).send().await.ok()?;
        answer.json::<Value>().await.ok().map(|mut answer| answer["data"].take())
    }

    /// Asks until the answer is one to go on with.
    async fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        until(path, async || self.ask(path).await.is_some_and(|answer| good(&answer))).await;
        self.ask(path).await.unwrap()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the tests of rules take for granted: that Prometheus reads what the server writes, under the names and labels that
/// the rules use, and has no complaint about the rules.
#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_a_server_and_loads_the_rules_that_are_shipped() {
    let Some(program) = program("prometheus") else { return };
    let app = TestApp::start().await;
    app.open("r-1", "A", 100).await;
    let prometheus = Prometheus::start(program, &app.admin_address().to_string());
    let up = "query?query=up{job=\"payment-server\"}";
    prometheus.until(up, |answer| answer["result"][0]["value"][1] == "1").await;
    let looks = prometheus.ask("query?query=payment_job_looks_total").await.unwrap();
    let jobs: Vec<&str> = looks["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["metric"]["job_name"].as_str().unwrap())
        .collect();
    assert_eq!(jobs.len(), 4, "{looks}");
    let renamed = prometheus.ask("labels").await.unwrap();
    let renamed: Vec<&Value> = renamed
        .as_array()
        .unwrap()
        .iter()
        .filter(|name| name.as_str().unwrap().starts_with("exported_"))
        .collect();
    assert!(renamed.is_empty(), "Prometheus took these names for itself: {renamed:?}");

    let all_evaluated = |answer: &Value| {
        let rules = answer["groups"][0]["rules"].as_array();
        rules.is_some_and(|rules| rules.iter().all(|rule| rule["health"] != "unknown"))
    };
    let answer = prometheus.until("rules", all_evaluated).await;
    let evaluated = answer["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(evaluated.len(), rules::all().len());
    for rule in evaluated {
        assert_eq!((&rule["health"], &rule["lastError"]), (&json!("ok"), &Value::Null), "{rule}");
    }
    app.finish().await;
}
