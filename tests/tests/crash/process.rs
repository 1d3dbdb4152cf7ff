//! A server in a process of its own, from its start to its death.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{sys::signal::Signal, unistd::Pid};
use payment_server::app::crash_point::CrashPoint;
use payment_tests::log_watch;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, Command},
    task::JoinHandle,
    time::timeout,
};

/// How long a server may take to do what it is waited for, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How many of the last lines of the log are shown when something went wrong.
const LINES_SHOWN: usize = 20;

/// A running server.
pub(crate) struct ServerProcess {
    child: Child,
    /// Held open and not used: the server dies when it closes.
    _stdin: ChildStdin,
    log: JoinHandle<VecDeque<String>>,
    /// Where it serves gRPC.
    pub(crate) grpc: SocketAddr,
    /// From `exec` until it served.
    pub(crate) start_time: Duration,
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// By this signal.
    Signal(Signal),
    /// By itself, with this code.
    Exit(i32),
}

impl ServerProcess {
    /// Starts a server and waits until it serves. It dies at `crash_at`, if one is given.
    pub(crate) async fn start(config: &Path, crash_at: Option<CrashPoint>) -> Self {
        log_watch::add_secrets_of_config(config);
        let mut command = Command::new(env!("CARGO_BIN_EXE_crash_server"));
        if let Some(point) = crash_at {
            command.args(["--crash-at", &(point as u8).to_string()]);
        }
        command.args(["serve".as_ref(), "--config".as_ref(), config.as_os_str()]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[expect(clippy::disallowed_methods, reason = "the start is measured")]
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let grpc = timeout(PATIENCE, serving(&mut lines)).await.expect("the server did not start");
        let start_time = begun.elapsed();
        Self { child, _stdin: stdin, log: tokio::spawn(drain(lines)), grpc, start_time }
    }

    /// Runs one look of a job by the server's own command line.
    pub(crate) async fn run_job(config: &Path, job: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crash_server"));
        command.args(["run-job".as_ref(), job.as_ref(), "--config".as_ref(), config.as_os_str()]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // Held until the end: the process dies when it closes.
        let stdin = child.stdin.take();
        let ended = timeout(PATIENCE, child.wait()).await.expect("the job did not end").unwrap();
        drop(stdin);
        assert!(ended.success(), "{job}: {ended}");
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().expect("it has ended").try_into().unwrap())
    }

    /// The memory that is its own now, in KiB: all of what is in use but the pages of the program's file, which are mapped, shared
    /// between replicas, dropped when somebody needs them, and many times more in a build without optimisation.
    pub(crate) fn own_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits until it is dead, and tells how it died and what it said last.
    pub(crate) async fn death(mut self) -> (Death, String) {
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("the server did not end").unwrap();
        let last_lines = Vec::from(self.log.await.unwrap()).join("\n");
        let death = match ended.signal() {
            Some(signal) => Death::Signal(Signal::try_from(signal).unwrap()),
            None => Death::Exit(ended.code().unwrap()),
        };
        (death, last_lines)
    }
}

/// Reads the log until it tells that the server serves, and where.
async fn serving(lines: &mut Lines<BufReader<ChildStderr>>) -> SocketAddr {
    let mut before = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        log_watch::look_at(&line);
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "serving" {
            return event["grpc"].as_str().unwrap().parse().unwrap();
        }
        before.push(line);
    }
    panic!("the server ended before it served:\n{}", before.join("\n"));
}

/// Reads the log to its end, so that the server never waits for a reader.
async fn drain(mut lines: Lines<BufReader<ChildStderr>>) -> VecDeque<String> {
    let mut last = VecDeque::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if last.len() == LINES_SHOWN {
            last.pop_front();
        }
        log_watch::look_at(&line);
        last.push_back(line);
    }
    last
}
