//! As which user the server runs: PostgreSQL refuses to run as root, so root steps down.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::{Uid, User};

use super::PostgresError;

/// The user that owns the data and runs the server.
#[derive(Clone, Debug)]
pub(super) struct ServerUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether the processes must change to this user first, which only root can and must.
    pub(super) steps_down: bool,
}

impl ServerUser {
    /// The current user; for root `postgres`, else `nobody`.
    pub(super) fn choose() -> Result<Self, PostgresError> {
        let uid = Uid::effective();
        let (user, steps_down) = match uid.is_root() {
            true => {
                let user =
                    ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
                (user.ok_or(PostgresError::NobodyToDropTo)?, true)
            }
            false => {
                let user = User::from_uid(uid).ok().flatten();
                (user.ok_or(PostgresError::NamelessUser { uid: uid.as_raw() })?, false)
            }
        };
        Ok(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), steps_down })
    }

    /// A command that will run as this user with a clean, English environment.
    ///
    /// Nothing of ours is inherited: neither `PG*` variables, which would redirect the server, nor secrets.
    /// `LC_ALL=C` also keeps the macOS server from starting threads too early.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C");
        command.env("TZ", "UTC").env("HOME", folder).current_dir(folder).stdin(Stdio::null());
        if self.steps_down {
            // Setting the uid as root also empties the list of further groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Hands a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> Result<(), PostgresError> {
        match self.steps_down {
            true => std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                .map_err(PostgresError::io("change the owner of", path)),
            false => Ok(()),
        }
    }

    /// Fails early with a clear text where `initdb` would fail late with an unclear one.
    pub(super) fn must_reach(&self, path: &Path) -> Result<(), PostgresError> {
        let mut test = self.command(Path::new("/bin/sh"), Path::new("/"));
        test.args(["-c", r#"test -x "$1""#, "sh"]).arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        match test.status().map_err(PostgresError::io("run as another user", "/bin/sh"))?.success() {
            true => Ok(()),
            false => Err(PostgresError::NotReachable { user: self.name.clone(), path: path.to_owned() }),
        }
    }
}
