//! The demo's child processes: this executable again, in process groups of their own, ended by a pipe.
//!
//! The demo holds the writing end of each child's standard input and does nothing with it. When the demo ends, killed or
//! not, the pipe closes and the child ends itself (`supervision::end_with_parent`).

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use payment_server::telemetry::Stopwatch;
use serde::de::DeserializeOwned;
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{interval, timeout},
};

use crate::commands::Failure;

/// How long a child may take to become ready. It takes well under a second; a busy machine may take longer.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// How long a child may take to end: longer than the server's grace.
const END_DEADLINE: Duration = Duration::from_secs(15);

/// How often files are looked at while waiting for them.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// How much of a log goes into an error.
const TAIL_LINES: usize = 15;

/// A child process.
pub(super) struct Supervised {
    name: &'static str,
    child: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
    started: Stopwatch,
}

impl Supervised {
    /// Starts this executable with other arguments; what it writes goes to `log`, whose lock is free again only when
    /// the child has ended.
    pub(super) fn start(
        name: &'static str,
        arguments: impl IntoIterator<Item = String>,
        log: PathBuf,
    ) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::new)?;
        // A child that is started again goes on in the same log.
        let output = OpenOptions::new().create(true).append(true).open(&log);
        let output = output.map_err(Failure::at(log.display()))?;
        output.lock().map_err(Failure::at(log.display()))?;
        let errors = output.try_clone().map_err(Failure::at(log.display()))?;
        let started = Stopwatch::start();
        let mut command = Command::new(program);
        // The children's configuration is written for them: nothing in the caller's environment replaces its keys.
        command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(output).stderr(errors);
        // Ctrl-C goes to the terminal's process group, and the demo says in which order its children end.
        let mut child = command.process_group(0).spawn().map_err(Failure::at(name))?;
        let pipe = child.stdin.take();
        Ok(Self { name, child, pipe, log, started })
    }

    /// Waits for the file that the child writes when it is ready, and tells how long that took since the start.
    pub(super) async fn ready<T: DeserializeOwned>(&mut self, file: &Path) -> Result<(T, Duration), Failure> {
        let found = timeout(READY_DEADLINE, self.wait_for(file)).await;
        let text = found.map_err(|_| self.trouble("was not ready in time"))??;
        let took = self.started.elapsed();
        Ok((serde_json::from_str(&text).map_err(Failure::at(file.display()))?, took))
    }

    async fn wait_for(&mut self, file: &Path) -> Result<String, Failure> {
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            if let Ok(text) = fs::read_to_string(file) {
                return Ok(text);
            }
            if let Some(status) = self.child.try_wait().map_err(Failure::at(self.name))? {
                return Err(self.trouble(&format!("ended before it was ready ({status})")));
            }
        }
    }

    fn trouble(&self, what: &str) -> Failure {
        Failure::new(format!("{} {what}; the end of its log:\n{}", self.name, self.log_tail()))
    }

    /// The last lines that the child wrote.
    pub(super) fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }

    /// The most memory that the child ever had in use, in KiB, where the system tells (`VmHWM` on Linux).
    pub(super) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Lets the child end and waits for it; a child that does not end in time is killed.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        drop(self.pipe.take());
        match timeout(END_DEADLINE, self.child.wait()).await {
            Ok(status) => self.ended(status.map_err(Failure::at(self.name))?),
            Err(_) => {
                self.kill().await;
                Err(self.trouble("did not end in time and was killed"))
            }
        }
    }

    fn ended(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() { Ok(()) } else { Err(self.trouble(&format!("ended badly ({status})"))) }
    }

    /// Kills the child, as `kill -9` does, and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        if let Some(group) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // Fails only for a group that has ended meanwhile.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait().await;
    }
}
