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
    time::{Duration, Instant},
};

use channel_bad_pay::BadPayFactory;
use payment_core::ports::Clock;
use payment_sandbox::clock::SimulatorClock;
use payment_server::{channels::ChannelRegistry, command_line};
use payment_tests::app::free_address;
use time::OffsetDateTime;

use crate::{
    arguments::ReplicaArguments,
    pause::{instant, pause},
};

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
    /// The most memory that one of its processes had in use.
    peak_memory: Mutex<InUse>,
}

/// What a process had in use, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InUse {
    /// All that was resident, as the kernel remembers it.
    pub(crate) resident: u64,
    /// What the process made for itself, as it was seen: all but pages of files, of which its code is most.
    pub(crate) own: u64,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    clock: Lead,
}

/// How far the clock of a replica that serves is ahead: at least so far since then, and further since a later time.
#[derive(Debug, Clone)]
pub(crate) struct Lead(Vec<SteadyClock>);

/// Of a clock, that it was not behind this since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SteadyClock {
    /// How many seconds it is ahead of everybody's at least.
    pub(crate) ahead: i64,
    /// Since when.
    pub(crate) since: Instant,
}

impl Lead {
    fn new(ahead: i64) -> Self {
        Self(vec![SteadyClock { ahead, since: instant() }])
    }

    /// It is as far ahead as this from now on.
    fn set(&mut self, ahead: i64, now: Instant) {
        let mut since = now;
        while let Some(clock) = self.0.pop_if(|clock| clock.ahead >= ahead) {
            since = clock.since;
        }
        self.0.push(SteadyClock { ahead, since });
    }
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
                running.clock = Lead::new(ahead);
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
        Running { child, stdin, clock: Lead::new(ahead) }
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(&self) {
        let Some(mut running) = self.running.lock().unwrap().take() else { return };
        self.note_memory_of(&running.child);
        assert!(running.child.try_wait().unwrap().is_none(), "{} had ended by itself", self.name);
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }

    /// Sets its clock ahead of everybody's, or behind.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        if let Some(running) = self.running.lock().unwrap().as_mut() {
            running.clock.set(seconds, instant());
            writeln!(running.stdin, "{seconds}").unwrap();
        }
    }

    /// What is sure of its clock; nothing unless it serves.
    pub(crate) fn clock(&self) -> Vec<SteadyClock> {
        let running = self.running.lock().unwrap();
        running.as_ref().map_or_else(Vec::new, |running| running.clock.0.clone())
    }

    /// Everything that its processes wrote.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// The most memory that one of its processes had in use.
    pub(crate) fn peak_memory(&self) -> InUse {
        self.note_memory();
        *self.peak_memory.lock().unwrap()
    }

    /// Notes how much memory it has in use, if it runs.
    pub(crate) fn note_memory(&self) {
        if let Some(running) = self.running.lock().unwrap().as_ref() {
            self.note_memory_of(&running.child);
        }
    }

    fn note_memory_of(&self, child: &Child) {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
            line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
        };
        let mut known = self.peak_memory.lock().unwrap();
        known.resident = line("VmHWM:").max(known.resident);
        known.own = line("RssAnon:").max(known.own);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_moved_back_was_not_behind_that_before() {
        let start = instant();
        let at = |seconds| start + Duration::from_secs(seconds);
        let steady = |ahead, seconds| SteadyClock { ahead, since: at(seconds) };
        let mut clock = Lead(vec![steady(10, 0)]);
        clock.set(60, at(1));
        assert_eq!(clock.0, [steady(10, 0), steady(60, 1)]);
        clock.set(30, at(2));
        assert_eq!(clock.0, [steady(10, 0), steady(30, 1)]);
        clock.set(-5, at(3));
        assert_eq!(clock.0, [steady(-5, 0)]);
    }
}
