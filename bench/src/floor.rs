//! The floor: `pgbench` with prepared statements, one durable transaction of several statements over the fewest rows.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use crate::{failure::Failure, load::Speed};

/// What the floor does for one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Script {
    /// Payment, allocation and event.
    Create,
    /// Notification unless known, payment and allocation, event.
    Notification,
    /// Sum check, refund and event.
    Refund,
    /// One row by its key.
    Read,
}

/// The schema that the scripts run on.
pub(crate) const SCHEMA: &str = include_str!("../floor/schema.sql");

impl Script {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create.sql",
            Self::Notification => "notification.sql",
            Self::Refund => "refund.sql",
            Self::Read => "read.sql",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Create => include_str!("../floor/create.sql"),
            Self::Notification => include_str!("../floor/notification.sql"),
            Self::Refund => include_str!("../floor/refund.sql"),
            Self::Read => include_str!("../floor/read.sql"),
        }
    }
}

/// `pgbench` and where it may write.
pub(crate) struct Pgbench {
    program: PathBuf,
    folder: PathBuf,
    url: String,
}

impl Pgbench {
    /// Finds the program beside PostgreSQL's other binaries.
    pub(crate) fn find(url: &str, folder: &Path) -> Result<Self, Failure> {
        let of_debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let places = of_debian.map(|entry| entry.path().join("bin/pgbench"));
        let found = places.filter(|path| path.exists()).max();
        let program = found.unwrap_or_else(|| PathBuf::from("pgbench"));
        Ok(Self { program, folder: folder.to_owned(), url: url.to_owned() })
    }

    /// Runs a script with so many clients.
    pub(crate) async fn run(&self, script: Script, clients: usize, time: Duration) -> Result<Speed, Failure> {
        let file = self.folder.join(script.name());
        fs::write(&file, script.text()).map_err(Failure::at(file.display()))?;
        let logs = tempfile::tempdir_in(&self.folder).map_err(Failure::new)?;
        let mut command = Command::new(&self.program);
        command.current_dir(logs.path()).args(["--protocol=prepared", "--no-vacuum", "--jobs=2", "--log"]);
        command.arg(format!("--client={clients}")).arg(format!("--time={}", time.as_secs()));
        command.arg("--file").arg(&file).arg(&self.url);
        let output = command.output().await.map_err(Failure::at("pgbench"))?;
        if !output.status.success() {
            return Err(Failure::new(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr))));
        }
        Ok(Speed::of(latencies(logs.path())?, time))
    }
}

/// The third word of each line of `pgbench`'s log is what a transaction took, in microseconds.
fn latencies(folder: &Path) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::new)? {
        let text = fs::read_to_string(entry.map_err(Failure::new)?.path()).map_err(Failure::new)?;
        let of_line = |line: &str| line.split(' ').nth(2)?.parse().ok().map(Duration::from_micros);
        took.extend(text.lines().filter_map(of_line));
    }
    Ok(took)
}
