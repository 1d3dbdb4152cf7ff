//! Notices when files change: keys and certificates that are replaced while the service runs.
//!
//! By looking, not by the system's notifications: those are not sent by every file system, and a symbolic link that is
//! pointed elsewhere, which is how Kubernetes hands out a new secret, needs care with them. A look costs one `stat`.

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf, time::Duration};

/// How often files are looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// Files of which one is of no use without the other, such as a certificate and its key.
#[derive(Debug)]
pub(crate) struct FileWatch {
    files: Vec<PathBuf>,
    /// What the last look saw.
    seen: Vec<Option<Stamp>>,
    /// What was reported last.
    taken: Vec<Option<Stamp>>,
}

/// What tells one content of a file from the next without reading it; none where there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl FileWatch {
    /// Watches files that have not been read yet, so that no change between this and the reading is missed.
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        let seen = stamps(&files);
        Self { files, taken: seen.clone(), seen }
    }

    /// Watches files that were read some time ago: the first look that finds them at rest reports them.
    pub(crate) fn of_files_read_before(files: Vec<PathBuf>) -> Self {
        let seen = stamps(&files);
        Self { files, seen, taken: Vec::new() }
    }

    /// Whether the files differ from what was reported last and have rested since the look before. Whoever replaces
    /// several has from one look to the next.
    pub(crate) fn settled_change(&mut self) -> bool {
        let now = stamps(&self.files);
        let at_rest = now == self.seen;
        self.seen = now;
        let changed = at_rest && self.seen != self.taken;
        if changed {
            self.taken.clone_from(&self.seen);
        }
        changed
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    let stamp = |file: &PathBuf| {
        let of = fs::metadata(file).ok()?;
        let changed = (of.ctime(), of.ctime_nsec());
        Some(Stamp { device: of.dev(), inode: of.ino(), length: of.len(), changed })
    };
    files.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_reported_once_and_only_at_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "1").expect("written");
        let mut watch = FileWatch::new(vec![one.clone(), two.clone()]);
        assert!(!watch.settled_change(), "nothing happened");
        fs::write(&one, "22").expect("written");
        assert!(!watch.settled_change(), "somebody may still be writing");
        fs::write(&two, "1").expect("written");
        assert!(!watch.settled_change(), "and was");
        assert!(watch.settled_change());
        assert!(!watch.settled_change(), "once");
        fs::remove_file(&two).expect("removed");
        assert_eq!([watch.settled_change(), watch.settled_change()], [false, true]);
    }

    #[test]
    fn a_link_that_is_pointed_elsewhere_is_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, two, link] = ["one", "two", "link"].map(|name| folder.path().join(name));
        fs::write(&one, "1").expect("written");
        fs::write(&two, "2").expect("written");
        std::os::unix::fs::symlink(&one, &link).expect("linked");
        let mut watch = FileWatch::of_files_read_before(vec![link.clone()]);
        assert!(watch.settled_change(), "what was read before may have changed since");
        fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink(&two, &link).expect("linked");
        assert_eq!([watch.settled_change(), watch.settled_change()], [false, true]);
    }
}
