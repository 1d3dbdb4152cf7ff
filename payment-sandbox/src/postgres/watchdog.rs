//! The supervisor of the server process: ends it when its parent ends, killed or not, and cleans up behind it.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use super::{PostgresError, user::ServerUser};

/// How long a fast shutdown may take before the process group is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How often files and processes are looked at while waiting for them.
pub(super) const POLL: Duration = Duration::from_millis(3);

/// A server under supervision. Dropping the pipe stops the server; so does the end of this process.
#[derive(Debug)]
pub(super) struct Watchdog {
    supervisor: Child,
    pipe: Option<ChildStdin>,
    ended: PathBuf,
}

impl Watchdog {
    /// Starts `server` under the supervisor, which removes `folder` when this process is gone.
    ///
    /// `log` becomes the output of all processes. They share its lock too, so the lock is free only when all of them
    /// have ended.
    pub(super) fn start(
        user: &ServerUser,
        folder: &Path,
        log: &File,
        server: &Command,
    ) -> Result<Self, PostgresError> {
        let shell = Path::new("/bin/sh");
        let ended = folder.join("ended");
        let _absent_at_first_start = fs::remove_file(&ended);
        let output = || log.try_clone().map_err(PostgresError::io("share the log in", folder));
        let mut command = user.command(shell, folder);
        command.args(["-c", include_str!("watchdog.sh"), "payment-postgres"]).arg(folder).arg(&ended);
        command.arg(server.get_program()).args(server.get_args());
        command.stdin(Stdio::piped()).stdout(output()?).stderr(output()?);
        // Ctrl-C goes to the terminal's process group; the database must outlive the payment server that drains.
        command.process_group(0);
        let mut supervisor = command.spawn().map_err(PostgresError::io("start", shell))?;
        let pipe = supervisor.stdin.take();
        Ok(Self { supervisor, pipe, ended })
    }

    /// Process id of the supervisor, which is also the number of the process group.
    pub(super) fn process_id(&self) -> u32 {
        self.supervisor.id()
    }

    /// The server's exit status as the shell saw it, once it has ended.
    pub(super) fn ended(&self) -> Option<String> {
        fs::read_to_string(&self.ended).ok().map(|status| status.trim().to_owned())
    }

    /// Ends the supervisor of a server that has ended, without removing its folder.
    pub(super) fn release(mut self) -> Result<(), PostgresError> {
        if let Some(pipe) = &mut self.pipe {
            pipe.write_all(b"keep\n")
                .map_err(PostgresError::io("write to the supervisor of", &self.ended))?;
        }
        self.stop()
    }

    /// Stops the server (open connections are ended, the data is left clean) and waits for it.
    pub(super) fn stop(&mut self) -> Result<(), PostgresError> {
        self.pipe = None;
        if self.wait_for_supervisor() {
            return Ok(());
        }
        let group = Pid::from_raw(i32::try_from(self.supervisor.id()).unwrap_or(i32::MAX));
        let _already_gone = killpg(group, Signal::SIGKILL);
        let _reaped = self.supervisor.wait();
        Err(PostgresError::Killed { seconds: STOP_DEADLINE.as_secs() })
    }

    fn wait_for_supervisor(&mut self) -> bool {
        wait_until(STOP_DEADLINE, || !matches!(self.supervisor.try_wait(), Ok(None)))
    }
}

/// Looks until `condition` holds or time is up; returns whether it held.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for processes of the operating system, which know only real time"
)]
pub(super) fn wait_until(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < deadline {
        if condition() {
            return true;
        }
        thread::sleep(POLL);
    }
    condition()
}
