//! NATS JetStream: every event once in the stream and in its feed's order, whoever dies on the way.
//!
//! A private `nats-server` serves each test. Where there is none, the tests fail and say how to get one;
//! `PAYMENT_OFFLINE=1` leaves them out instead, and says so.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_nats::jetstream::{self, consumer::pull, stream::Stream};
use futures::StreamExt as _;
use payment_proto::v1::{Event, EventType};
use payment_tests::{
    app::{OTHER_MERCHANT, TestApp, TestAppOptions, free_address},
    database::until,
};
use prost::Message as _;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::scene::{PATIENCE, assert_each_payments_order, commit_events, paid};

/// Debian puts it where only root looks.
const PLACES: [&str; 3] = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];

/// A private server, which ends with the test.
pub(crate) struct Nats {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    process: Option<Child>,
}

/// `None` only where the environment asks for a run without other people's programs.
pub(crate) fn nats_server() -> Option<PathBuf> {
    let in_path = env::var_os("PATH").into_iter().flat_map(|path| {
        env::split_paths(&path).map(|folder| folder.join("nats-server")).collect::<Vec<_>>()
    });
    let found = in_path.chain(PLACES.map(PathBuf::from)).find(|path| path.is_file());
    if found.is_none() && env::var_os("PAYMENT_OFFLINE").is_some() {
        println!("left out: there is no nats-server, and PAYMENT_OFFLINE is set");
        return None;
    }
    Some(found.expect("nats-server is missing: apt-get install nats-server, or set PAYMENT_OFFLINE=1"))
}

impl Nats {
    fn start(program: &Path) -> Self {
        let mut nats = Self::stopped();
        nats.start_again(program);
        nats
    }

    /// An address for a server that is to be started.
    pub(crate) fn stopped() -> Self {
        Self { address: free_address(), folder: tempfile::tempdir().unwrap(), process: None }
    }

    /// On the same address, with what it kept.
    fn start_again(&mut self, program: &Path) {
        self.start_for(program, &["--user", "payment", "--pass", "secret-of-nats"]);
    }

    /// On the same address, with what it kept, for those whom the arguments let in.
    pub(crate) fn start_for(&mut self, program: &Path, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(["--addr", &self.address.ip().to_string(), "--port", &self.address.port().to_string()]);
        command.args(arguments).args(["--jetstream", "--store_dir"]);
        command.arg(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn config(&self) -> String {
        format!(
            "[nats]\nurl = \"nats://{}\"\ntls = \"disabled\"\nuser = \"payment\"\npassword = \"secret-of-nats\"\nstream = \"PAYMENTS\"\n",
            self.address
        )
    }

    /// The stream, once the service has made it.
    async fn stream(&self) -> Stream {
        let made = async {
            loop {
                let options = async_nats::ConnectOptions::with_user_and_password(
                    "payment".into(),
                    "secret-of-nats".into(),
                );
                if let Ok(client) = options.connect(format!("nats://{}", self.address)).await
                    && let Ok(stream) = jetstream::new(client).get_stream("PAYMENTS").await
                {
                    return stream;
                }
            }
        };
        timeout(PATIENCE, made).await.expect("the service makes its stream")
    }

    /// The first `count` messages of the stream, as consumers get them.
    async fn messages(&self, count: usize) -> Vec<(String, Event)> {
        let config = pull::OrderedConfig::default();
        let consumer = self.stream().await.create_consumer(config).await.unwrap();
        let messages = consumer.messages().await.unwrap().take(count).map(|message| {
            let message = message.unwrap();
            let event = Event::decode(message.payload.clone()).unwrap();
            let id = message.headers.as_ref().and_then(|headers| headers.get("Nats-Msg-Id")).unwrap();
            assert_eq!(id.as_str(), event.event_id);
            (message.subject.to_string(), event)
        });
        timeout(PATIENCE, messages.collect()).await.expect("so many messages")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn service(nats: &Nats) -> TestApp {
    TestApp::start_with(TestAppOptions { more_config: nats.config(), ..TestAppOptions::usual() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_events_are_published_under_subjects_to_choose_by() {
    let Some(program) = nats_server() else { return };
    let nats = Nats::start(&program);
    let app = service(&nats).await;
    let payment_no = paid(&app, "SO-1").await;
    let (subject, event) = nats.messages(1).await.remove(0);
    assert_eq!(subject, "payment.events.acme.payment.succeeded");
    assert_eq!(
        (event.r#type(), event.payment_no, event.sequence),
        (EventType::PaymentSucceeded, payment_no, 1)
    );
    assert!(event.snapshot.is_some());
    until(&app.observer, "(SELECT delivered_no FROM event_consumer WHERE merchant_id = 'acme') = 1").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_what_happens_while_nats_is_down_is_published_when_it_is_back() {
    let Some(program) = nats_server() else { return };
    let mut nats = Nats::start(&program);
    let app = service(&nats).await;
    commit_events(&app.observer, 200, 20).await;
    nats.messages(1).await;
    nats.kill();
    commit_events(&app.observer, 200, 20).await;
    let first = paid(&app, "SO-1").await;
    nats.start_again(&program);
    let told: Vec<Event> = nats.messages(401).await.into_iter().map(|(_, event)| event).collect();
    assert!(told.iter().map(|event| event.sequence).eq(1..=401), "in order, each once");
    assert!(told.iter().any(|event| event.payment_no == first));
    assert_each_payments_order(&told[..400]);
    app.finish().await;
}

/// Two replicas: one publishes a feed at a time. The stream drops what is published again after a lease that ran out.
#[tokio::test(flavor = "multi_thread")]
async fn r27_replicas_take_turns_and_nothing_comes_twice() {
    let Some(program) = nats_server() else { return };
    let nats = Nats::start(&program);
    let app = service(&nats).await;
    let second = app.replica().await;
    commit_events(&app.observer, 500, 20).await;
    let other = "UPDATE outbox_event SET merchant_id = $1 WHERE feed_no IS NULL AND payment_no < 'P' || lpad('5', 30, '0')";
    app.observer.execute(other, &[&OTHER_MERCHANT]).await.unwrap();
    nats.messages(100).await;
    // As if the process that held the leases had stalled.
    app.observer.execute("UPDATE event_consumer SET lease_end = '2026-01-01'", &[]).await.unwrap();
    let done = "(SELECT sum(delivered_no) FROM event_consumer) = 500";
    until(&app.observer, done).await;
    let told = nats.messages(500).await;
    let mut stream = nats.stream().await;
    assert_eq!(stream.info().await.unwrap().state.messages, 500, "deduplicated by id");
    let mut last = std::collections::HashMap::new();
    for (_, event) in &told {
        let before = last.insert(event.merchant_id.clone(), event.sequence).unwrap_or(0);
        assert!(before < event.sequence, "{event:?}");
    }
    second.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_publishing() {
    const EVENTS: i64 = 5000;
    let Some(program) = nats_server() else { return };
    let nats = Nats::start(&program);
    let app = service(&nats).await;
    commit_events(&app.observer, 1, 1).await;
    nats.messages(1).await;
    let begun = std::time::Instant::now();
    commit_events(&app.observer, EVENTS, 100).await;
    until(&app.observer, &format!("(SELECT delivered_no FROM event_consumer) = {}", EVENTS + 1)).await;
    println!("{EVENTS} events published and acknowledged in {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < Duration::from_secs(600));
}
