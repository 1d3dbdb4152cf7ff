//! The databases of tests: one template for each process, one copy for each test, nothing left behind.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and processes of the test speak over standard output"
)]

use std::{
    convert::Infallible,
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage, TestCluster,
    TestClusterError,
};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Keeps its connection open on purpose: a pool that outlives the migrations must not block the copies.
async fn migrate(url: String) -> Result<(), Infallible> {
    let client = connect(&url).await;
    client.batch_execute("CREATE TABLE t (c bigint); INSERT INTO t VALUES (7)").await.unwrap();
    std::mem::forget(client);
    Ok(())
}

async fn test_databases(url: &str) -> Vec<String> {
    let names =
        "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, 'payment_test_') ORDER BY 1";
    connect(url).await.query(names, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// A server that plays the part of the one in `DATABASE_URL`.
fn given_server() -> PrivatePostgres {
    PrivatePostgres::start(PostgresOptions {
        storage: Storage::Temporary,
        durability: Durability::Fast,
        endpoint: Endpoint::Loopback,
        settings: vec![],
        environment: Environment::read(),
    })
    .unwrap()
}

#[tokio::test]
async fn every_test_gets_its_own_copy_and_migrations_run_once() {
    let runs = AtomicUsize::new(0);
    let cluster = TestCluster::shared().unwrap();
    let counted = |url| {
        runs.fetch_add(1, Ordering::Relaxed);
        migrate(url)
    };
    let (one, two) = tokio::join!(cluster.database("counted", counted), cluster.database("counted", counted));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    connect(one.url()).await.execute("DELETE FROM t", &[]).await.unwrap();
    let count = connect(two.url()).await.query_one("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 1, "what one test does is not seen by another");
}

#[tokio::test]
async fn failed_migrations_are_told_and_tried_again_by_the_next_test() {
    let cluster = TestCluster::shared().unwrap();
    let failed = cluster.database("failing", async |_url| Err("no such table")).await;
    assert!(matches!(failed, Err(TestClusterError::Migrate(error)) if error.to_string() == "no such table"));
    assert!(cluster.database("failing", migrate).await.is_ok());
}

#[tokio::test]
async fn a_given_server_is_used_and_its_other_databases_are_left_alone() {
    let server = given_server();
    server.databases().create_database("somebody_elses").await.unwrap();
    let url = server.url("postgres");
    let cluster = TestCluster::open(Some(url.clone())).unwrap();
    let database = cluster.database("given", migrate).await.unwrap();
    assert!(test_databases(&url).await.contains(&database.name().to_owned()));
    let name = database.name().to_owned();
    drop(database);
    assert!(!test_databases(&url).await.contains(&name), "the guard drops it");
    connect(&server.url("somebody_elses")).await;
}

#[tokio::test]
async fn two_processes_share_a_given_server_and_only_the_ended_ones_are_swept() {
    let server = given_server();
    let url = server.url("postgres");
    server.databases().create_database("payment_test_0123456789ab_0").await.unwrap();
    let one = TestCluster::open(Some(url.clone())).unwrap();
    assert_eq!(test_databases(&url).await, Vec::<String>::new(), "its process has ended");
    let database = one.empty_database().await.unwrap();
    let _two = TestCluster::open(Some(url.clone())).unwrap();
    assert_eq!(test_databases(&url).await, [database.name()], "its process is alive");
}

#[test]
fn a_useless_database_url_is_told_by_name() {
    let error = TestCluster::open(Some("postgres://postgres@127.0.0.1:1/postgres".to_owned())).err().unwrap();
    assert!(error.to_string().contains("DATABASE_URL"), "{error}");
}

#[tokio::test]
#[ignore = "started by the next test as a process of its own"]
async fn process_that_uses_the_shared_cluster() {
    let database = TestCluster::shared().unwrap().database("process", migrate).await.unwrap();
    println!("READY {}", database.url());
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn two_test_processes_at_once_have_a_server_each_and_leave_nothing() {
    let mut processes: Vec<_> = (0..2).map(|_| start_process()).collect();
    assert_ne!(processes[0].1, processes[1].1);
    for (process, run_folder) in &mut processes {
        let log = File::open(run_folder.join("postgres.log")).unwrap();
        // Its standard input ends, the test passes, the program ends; its static cluster is never dropped.
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(log.lock()));
        receiver.recv_timeout(Duration::from_secs(30)).expect("its server is still alive").unwrap();
        assert!(!run_folder.exists());
    }
}

fn start_process() -> (std::process::Child, PathBuf) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process_that_uses_the_shared_cluster", "--ignored", "--nocapture"]);
    command.env_remove("DATABASE_URL").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let output = process.stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    let url = lines.find_map(|line| line.split_once("READY ").map(|(_, url)| url.to_owned())).expect("a URL");
    // The rest is read too, so that the process never writes into a closed pipe.
    thread::spawn(move || lines.count());
    let host = url::Url::parse(&url).unwrap().host_str().unwrap().replace("%2F", "/");
    (process, PathBuf::from(host))
}
