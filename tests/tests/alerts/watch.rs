//! A watch over a running service: its `/metrics`, read over HTTP as Prometheus reads it, one look after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use payment_tests::app::TestApp;

use crate::{
    prometheus::{self, Expectation},
    rules,
};

/// The job under which prometheus.yaml scrapes the replicas.
pub(crate) const JOB: &str = "payment-server";

/// The name of the first replica.
pub(crate) const FIRST: &str = "first";

/// How far apart looks mostly are.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// As far apart as looks may be for Prometheus to take the last one for the present.
pub(crate) const FOUR_MINUTES: Duration = Duration::from_secs(4 * 60);

/// What a series was at each look, in the words of `promtool`.
type Values = Vec<String>;

/// A proof that a rule was put before Prometheus.
pub(crate) struct Judged {
    pub(crate) rule: &'static str,
}

/// Looks at the same time of the service's clock and of Prometheus's: both go on by one step from look to look.
pub(crate) struct Watch<'a> {
    app: &'a TestApp,
    targets: BTreeMap<&'static str, SocketAddr>,
    step: Duration,
    looks: usize,
    series: BTreeMap<String, Values>,
    client: reqwest::Client,
}

impl<'a> Watch<'a> {
    /// Begins with a first look at the usual service.
    pub(crate) async fn begin(app: &'a TestApp, step: Duration) -> Self {
        Self::of([(FIRST, app.admin_address())], app, step).await
    }

    /// Begins with a first look at these replicas.
    pub(crate) async fn of(
        targets: impl IntoIterator<Item = (&'static str, SocketAddr)>,
        app: &'a TestApp,
        step: Duration,
    ) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let targets = targets.into_iter().collect();
        let mut watch = Self { app, targets, step, looks: 0, series: BTreeMap::new(), client };
        watch.look().await;
        watch
    }

    /// Goes on for so many steps, with a look after each.
    pub(crate) async fn go_on(&mut self, steps: usize) {
        for _ in 0..steps {
            self.app.advance(self.step).await;
            self.look().await;
        }
    }

    /// Nothing is found any more where Prometheus looks for replicas.
    pub(crate) fn forget_targets(&mut self) {
        self.targets.clear();
    }

    /// The last look's number.
    pub(crate) fn now(&self) -> usize {
        self.looks - 1
    }

    /// The latest value of the first replica's series of this name and these labels, as they are written.
    pub(crate) fn latest(&self, series: &str) -> Option<f64> {
        let key = with_target(series, FIRST);
        self.series.get(&key).and_then(|values| values.last()?.parse().ok())
    }

    /// The names of all series.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.series.keys().map(|series| series.split('{').next().unwrap().to_owned()).collect()
    }

    /// Has Prometheus evaluate the rules on what was seen: no alert at all at the look `before`, and this one now, once for
    /// each set of labels.
    pub(crate) fn judge(&self, rule: &'static str, before: usize, firing: &[&[(&str, &str)]]) -> Judged {
        let silent = rules::all().into_iter().map(|rule| Expectation { rule, look: before, firing: &[] });
        let mut expected: Vec<_> = silent.collect();
        expected.push(Expectation { rule: rules::named(rule), look: self.now(), firing });
        prometheus::evaluate(&self.series, self.step, &expected);
        Judged { rule }
    }

    /// Has Prometheus find this rule silent now.
    pub(crate) fn is_over(&self, rule: &'static str) {
        self.was_silent(rule, self.now());
    }

    /// Has Prometheus find this rule silent at a look.
    pub(crate) fn was_silent(&self, rule: &'static str, look: usize) {
        let expected = Expectation { rule: rules::named(rule), look, firing: &[] };
        prometheus::evaluate(&self.series, self.step, &[expected]);
    }

    async fn look(&mut self) {
        let mut seen = BTreeMap::new();
        for (instance, address) in &self.targets {
            let scraped = self.scrape(*address).await;
            let up = format!("up{{instance=\"{instance}\",job=\"{JOB}\"}}");
            seen.insert(up, i32::from(scraped.is_some()).to_string());
            for line in scraped.unwrap_or_default().lines().filter(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').unwrap();
                seen.insert(with_target(series, instance), value.to_owned());
            }
        }
        self.record(seen);
    }

    /// What a target that answers is scraped for; nothing of one that does not.
    async fn scrape(&self, address: SocketAddr) -> Option<String> {
        let answer = self.client.get(format!("http://{address}/metrics")).send().await.ok()?;
        assert_eq!(answer.status(), 200);
        Some(answer.text().await.unwrap())
    }

    /// What is not there any more ended, as Prometheus notes it.
    fn record(&mut self, mut seen: BTreeMap<String, String>) {
        for (series, values) in &mut self.series {
            let ended = || {
                if values.last().is_some_and(|last| last == "stale" || last == "_") { "_" } else { "stale" }
            };
            let value = seen.remove(series).unwrap_or_else(|| ended().to_owned());
            values.push(value);
        }
        for (series, value) in seen {
            let mut values = vec!["_".to_owned(); self.looks];
            values.push(value);
            self.series.insert(series, values);
        }
        self.looks += 1;
    }
}

/// A series with the labels of where it was scraped, which are Prometheus's own: a label of ours with such a name would be
/// renamed, and no rule would find it.
fn with_target(series: &str, instance: &str) -> String {
    for taken in ["job=", "instance="] {
        let clash = [format!("{{{taken}"), format!(",{taken}")];
        assert!(
            clash.iter().all(|clash| !series.contains(clash)),
            "{series}: Prometheus has a label {taken}"
        );
    }
    let target = format!("instance=\"{instance}\",job=\"{JOB}\"}}");
    match series.strip_suffix('}') {
        Some(labelled) => format!("{labelled},{target}"),
        None => format!("{series}{{{target}"),
    }
}

#[test]
#[should_panic(expected = "Prometheus has a label job=")]
fn a_label_that_prometheus_would_rename_is_noticed() {
    with_target("payment_job_looks_total{job=\"payment-success\"}", FIRST);
}
