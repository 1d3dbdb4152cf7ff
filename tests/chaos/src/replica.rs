//! A replica of the server in a process of its own: this executable again, by a clock that the run gives and moves.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, BufRead as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use channel_bad_pay::BadPayFactory;
use payment_core::ports::Clock;
use payment_sandbox::clock::SimulatorClock;
use payment_server::{channels::ChannelRegistry, command_line};
use payment_tests::app::free_address;
use time::OffsetDateTime;

use crate::{arguments::ReplicaArguments, pause::pause};

/// How often it is looked whether a replica serves, and after which pauses: a minute in all, on a machine that is busy with
/// other things.
const LOOKS: u32 = 6000;
const LOOK: Duration = Duration::from_millis(10);

/// The replica's own clock: everybody's, ahead or behind by some seconds.
struct SkewedClock {
    clock: SimulatorClock,
    ahead: Arc<AtomicI64>,
}

impl Clock for SkewedClock {
    fn now(&self) -> OffsetDateTime {
        self.clock.now() + time::Duration::seconds(self.ahead.load(Ordering::SeqCst))
    }
}

/// What the process does: serves until it is killed, or its parent ends.
pub(crate) fn serve(arguments: &ReplicaArguments) -> ExitCode {
    let since = OffsetDateTime::from_unix_timestamp(arguments.since).unwrap();
    let ahead = Arc::new(AtomicI64::new(arguments.ahead));
    let clock =
        SkewedClock { clock: SimulatorClock::hastened(since, arguments.speed), ahead: Arc::clone(&ahead) };
    std::thread::spawn(move || obey(&ahead));
    let mut registry = ChannelRegistry::with_builtin().unwrap();
    registry.register(Arc::new(BadPayFactory::new().unwrap())).unwrap();
    let words: [OsString; 6] = [
        "payment-server".into(),
        "--config".into(),
        arguments.config.clone().into(),
        "serve".into(),
        "--ready-file".into(),
        arguments.ready_file.clone().into(),
    ];
    command_line::run_by(Arc::new(clock), words, &registry)
}

/// Each line says how many seconds the clock is ahead from now on. The end of input is the end of the parent.
fn obey(ahead: &AtomicI64) {
    for line in io::stdin().lock().lines() {
        let Ok(seconds) = line.unwrap_or_default().parse() else { break };
        ahead.store(seconds, Ordering::SeqCst);
    }
    std::process::abort();
}

/// One of the replicas, running or not.
pub(crate) struct Replica {
    name: String,
    folder: PathBuf,
    since: OffsetDateTime,
    speed: u32,
    pub(crate) grpc: SocketAddr,
    pub(crate) callbacks: SocketAddr,
    admin: SocketAddr,
    running: Mutex<Option<Running>>,
    /// The most memory that one of its processes had in use, in KiB.
    peak_memory: Mutex<u64>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    /// How many seconds its clock is ahead of everybody's.
    ahead: i64,
}

impl Replica {
    /// A replica that is not running, with addresses of its own.
    pub(crate) fn new(index: usize, folder: &Path, since: OffsetDateTime, speed: u32) -> Self {
        Self {
            name: format!("replica-{index}"),
            folder: folder.to_owned(),
            since,
            speed,
            grpc: free_address(),
            callbacks: free_address(),
            admin: free_address(),
            running: Mutex::default(),
            peak_memory: Mutex::default(),
        }
    }

    /// Starts it and waits until it serves, or it ends because it cannot: then it is started again.
    pub(crate) async fn start(&self, ahead: i64) {
        let ready = self.folder.join(format!("{}.ready", self.name));
        let mut running = self.spawn(&ready, ahead);
        for _ in 0..LOOKS {
            if ready.exists() {
                *self.running.lock().unwrap() = Some(running);
                return;
            }
            if running.child.try_wait().unwrap().is_some() {
                running = self.spawn(&ready, ahead);
            }
            pause(LOOK).await;
        }
        panic!("{} does not start: {}", self.name, self.log_path().display());
    }

    fn spawn(&self, ready: &Path, ahead: i64) -> Running {
        // Missing at the first start.
        let _ = fs::remove_file(ready);
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("replica").arg(self.folder.join("payment.toml")).arg(ready);
        command.arg(self.since.unix_timestamp().to_string()).arg(self.speed.to_string());
        command.arg("--").arg(ahead.to_string()).env_clear();
        for (listener, address) in [("GRPC", self.grpc), ("CALLBACKS", self.callbacks), ("ADMIN", self.admin)]
        {
            command.env(format!("PAYMENT__{listener}__LISTEN"), address.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        Running { child, stdin, ahead }
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(&self) {
        let Some(mut running) = self.running.lock().unwrap().take() else { return };
        self.note_memory(&running.child);
        assert!(running.child.try_wait().unwrap().is_none(), "{} had ended by itself", self.name);
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }

    /// Sets its clock ahead of everybody's, or behind.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        if let Some(running) = self.running.lock().unwrap().as_mut() {
            running.ahead = seconds;
            writeln!(running.stdin, "{seconds}").unwrap();
        }
    }

    /// How many seconds its clock is ahead, if it is running.
    pub(crate) fn ahead(&self) -> Option<i64> {
        self.running.lock().unwrap().as_ref().map(|running| running.ahead)
    }

    /// Everything that its processes wrote.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// The most memory that one of its processes had in use, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        if let Some(running) = self.running.lock().unwrap().as_ref() {
            self.note_memory(&running.child);
        }
        *self.peak_memory.lock().unwrap()
    }

    fn note_memory(&self, child: &Child) {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        let peak: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        let mut known = self.peak_memory.lock().unwrap();
        *known = peak.max(*known);
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.lock().unwrap().take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}
