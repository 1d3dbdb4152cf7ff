//! A demo as a person starts it: the built binary in a temporary directory of its own, which shows what it leaves behind.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Lines},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tempfile::TempDir;

/// The built binary.
pub(crate) const SANDBOX: &str = env!("CARGO_BIN_EXE_payment-sandbox");

/// How long processes whose parent was killed may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary directory that the user to whom PostgreSQL steps down may enter.
pub(crate) fn temporary() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// The binary with these arguments. It keeps everything in `temporary`.
pub(crate) fn sandbox(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(SANDBOX);
    command.args(arguments).env("TMPDIR", temporary).current_dir(temporary).stdin(Stdio::null());
    command
}

/// A client for addresses of this machine, whatever proxy the environment names.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A process of the binary that goes on until it is told to end.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts the binary in a process group of its own, as a shell does.
    pub(crate) fn start(temporary: &Path, arguments: &[&str]) -> Self {
        let mut command = sandbox(temporary, arguments);
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads what it writes up to the first line that begins so, and gives the rest of that line.
    pub(crate) fn read_until(&mut self, beginning: &str) -> String {
        let mut read = Vec::new();
        for line in self.lines.by_ref().map(Result::unwrap) {
            if let Some(rest) = line.trim_start().strip_prefix(beginning) {
                return rest.trim().to_owned();
            }
            read.push(line);
        }
        panic!("it ended before it wrote {beginning:?}:\n{}", read.join("\n"));
    }

    /// Presses Ctrl-C: the whole process group gets the signal. Gives the exit code.
    pub(crate) fn interrupt(mut self) -> Option<i32> {
        killpg(self.pid(), Signal::SIGINT).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Kills this process alone, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        kill(self.pid(), Signal::SIGKILL).unwrap();
        self.child.wait().unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

/// The logs of everything that a demo in `temporary` runs.
pub(crate) fn logs(temporary: &Path) -> Vec<File> {
    let folders = temporary.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| folder.read_dir().unwrap()).map(|entry| entry.unwrap().path());
    let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
    logs.map(|log| File::open(log).unwrap()).collect()
}

/// Waits until every process that writes to one of these has ended: each holds the lock of its log.
pub(crate) fn wait_for_the_end(logs: Vec<File>) {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let locked: std::io::Result<Vec<()>> = logs.iter().map(File::lock).collect();
        sender.send(locked)
    });
    receiver.recv_timeout(PATIENCE).expect("a process is still alive").unwrap();
}

/// The files in `temporary`, and the processes that name it or were told to use it.
pub(crate) fn left(temporary: &Path) -> Vec<String> {
    let files = temporary.read_dir().unwrap().map(|entry| entry.unwrap().path().display().to_string());
    let processes = processes().filter(|process| belongs(process, temporary));
    files.chain(processes.map(|process| process.display().to_string())).collect()
}

/// Every process as its folder below /proc; none where the system has no such thing.
fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().parse::<u32>().is_ok())
}

/// A process that has ended, and whose parent has only not looked yet, has neither an environment nor arguments.
fn belongs(process: &Path, temporary: &Path) -> bool {
    let name = temporary.to_string_lossy();
    let holds = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(&*name);
    ["environ", "cmdline"].iter().any(|file| fs::read(process.join(file)).is_ok_and(holds))
}
