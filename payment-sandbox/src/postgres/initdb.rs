//! Creates a database cluster, so that a cluster that was begun but not finished is never used.

use std::{
    fs,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    PostgresError,
    binaries::Binaries,
    folder::{RunFolder, random_hex},
    user::ServerUser,
};

/// Name of the superuser and of its database.
pub(super) const SUPERUSER: &str = "postgres";

/// A cluster on disk: `parent/data`, with the superuser's password beside it.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) data: PathBuf,
    pub(super) password: String,
}

/// Opens the cluster in `parent`, creating it first when there is none.
///
/// `synced` forces a new cluster to disk, which costs seconds and matters only for data that is kept.
pub(super) fn open_or_create(
    binaries: &Binaries,
    user: &ServerUser,
    run: &RunFolder,
    parent: &Path,
    synced: bool,
) -> Result<Cluster, PostgresError> {
    let data = parent.join("data");
    let password_file = parent.join("password");
    if !data.join("PG_VERSION").is_file() {
        write_password(&password_file, user)?;
        create(binaries, user, run, &password_file, &data, synced)?;
    }
    let password = fs::read_to_string(&password_file).map_err(PostgresError::io("read", &password_file))?;
    Ok(Cluster { data, password: password.trim().to_owned() })
}

fn write_password(file: &Path, user: &ServerUser) -> Result<(), PostgresError> {
    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    let written =
        opened.and_then(|mut opened| std::io::Write::write_all(&mut opened, random_hex::<16>().as_bytes()));
    written.map_err(PostgresError::io("write", file))?;
    user.own(file)
}

/// Works beside the final place and renames, because `initdb` that is killed leaves half a cluster.
fn create(
    binaries: &Binaries,
    user: &ServerUser,
    run: &RunFolder,
    password_file: &Path,
    data: &Path,
    synced: bool,
) -> Result<(), PostgresError> {
    let unfinished = data.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(PostgresError::io("remove", &unfinished))?;
    }
    let program = binaries.folder.join("initdb");
    let output = || run.log.try_clone().map_err(PostgresError::io("share the log in", &run.path));
    let mut command = user.command(&program, &run.path);
    command.args(["--username", SUPERUSER, "--encoding=UTF8", "--locale=C"]);
    // The socket lies in a folder that is closed to others, so that it needs no password.
    command.args(["--auth-local=trust", "--auth-host=scram-sha-256"]).arg("--pwfile").arg(password_file);
    command.args((!synced).then_some("--no-sync")).arg("--pgdata").arg(&unfinished);
    command.stdout(output()?).stderr(output()?);
    let status = command.status().map_err(PostgresError::io("run", &program))?;
    if !status.success() {
        return Err(PostgresError::Initdb { status: status.to_string(), log: run.log_tail() });
    }
    fs::rename(&unfinished, data).map_err(PostgresError::io("rename", &unfinished))
}
