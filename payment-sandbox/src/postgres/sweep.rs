//! Removes what runs left that ended together with their supervisor (a power cut, a killed container).

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use super::{
    folder::{LOG, RUN_PREFIX, run_parent},
    user::ServerUser,
};

/// Removes every run folder in `temporary` that belongs to us and to nobody alive. Never fails: it is housekeeping.
pub(super) fn sweep(temporary: &Path, user: &ServerUser) {
    let Ok(entries) = run_parent(temporary).read_dir() else { return };
    for entry in entries.flatten() {
        let ours = entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user.uid);
        let parent_ended = entry.file_name().to_str().and_then(parent_of).is_some_and(has_ended);
        if ours && parent_ended {
            remove_when_unlocked(&entry.path());
        }
    }
}

/// The process id in `payment-pg-<pid>-<tag>`.
fn parent_of(name: &str) -> Option<i32> {
    let (process_id, _tag) = name.strip_prefix(RUN_PREFIX)?.split_once('-')?;
    process_id.parse().ok().filter(|process_id| *process_id > 0)
}

/// Whether no process of that number is left.
pub(super) fn has_ended(process_id: i32) -> bool {
    kill(Pid::from_raw(process_id), None) == Err(Errno::ESRCH)
}

/// The parent, its supervisor and every server process hold the log's lock. It is the better witness than process ids,
/// which are reused, and which mean nothing to a container that shares this directory.
fn remove_when_unlocked(folder: &Path) {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let log = OpenOptions::new().read(true).custom_flags(flags).open(folder.join(LOG));
    let alive = log.as_ref().is_ok_and(|log| log.try_lock().is_err());
    if !alive {
        let _left_for_the_next_sweep = fs::remove_dir_all(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_run_folders_carry_a_process_id() {
        assert_eq!(parent_of("payment-pg-4711-0a1b2c"), Some(4711));
        assert_eq!(parent_of("payment-pg-4711"), None);
        assert_eq!(parent_of("payment-pg--1-0a"), None);
        assert_eq!(parent_of("payment-pg-0-0a"), None);
        assert_eq!(parent_of("payment-pg-notes-2024"), None);
    }
}
