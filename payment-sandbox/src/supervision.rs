//! How processes end: by a signal, or with the parent that holds the other end of their standard input.

use std::{
    io::{self, Read as _},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::signal::unix::{self, SignalKind};

/// The signals that ask a process to end.
pub(crate) struct EndSignals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
}

impl EndSignals {
    /// From here on the signals end the process only when it looks at them.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
        })
    }

    /// Waits for Ctrl-C, SIGTERM, or the end of the terminal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Sends this process SIGTERM as soon as its standard input ends. A parent that holds the writing end, and does nothing
/// with it, thereby ends this process by its own end, killed or not.
pub(crate) fn end_with_parent() {
    thread::spawn(|| {
        let mut ignored = [0_u8; 64];
        while matches!(io::stdin().read(&mut ignored), Ok(1..)) {}
        // Cannot fail: the process is this one.
        let _ = kill(Pid::this(), Signal::SIGTERM);
    });
}
