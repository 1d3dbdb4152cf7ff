//! The copy of the workspace that defects are seeded into. The repository itself is never touched.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{defect::Defects, failure::Failure};

/// Where the question is asked, and what lets every crate ask it by one path.
const SWITCH: (&str, &str) =
    ("payment-core/src/seeded.rs", "\nextern crate self as payment_core;\n#[doc(hidden)]\npub mod seeded;\n");

/// The copy, and the folder that it is built in.
pub struct SeededCopy {
    /// The copied workspace.
    pub root: PathBuf,
    /// Cargo's target folder: another one than the workspace's, so that no seeded binary lies where others look for theirs.
    pub target: PathBuf,
}

impl SeededCopy {
    /// Brings the copy of `root` up to date, with every defect in it. What has not changed keeps its time, so that it is not
    /// built again.
    ///
    /// # Errors
    /// [`Failure`] if a replacement does not fit, or files cannot be written.
    pub fn refresh(root: &Path, defects: &Defects) -> Result<Self, Failure> {
        let mutants = root.join("target/mutants");
        let copy = Self { root: mutants.join("tree"), target: mutants.join("build") };
        let mut sources = defects.seeded(root)?;
        let switch = fs::read_to_string(root.join("tests/mutants/switch/seeded.rs"));
        sources.insert(SWITCH.0.to_owned(), switch.map_err(Failure::system("switch/seeded.rs"))?);
        let library = "payment-core/src/lib.rs";
        let own = match sources.remove(library) {
            Some(seeded) => seeded,
            None => fs::read_to_string(root.join(library)).map_err(Failure::system(library))?,
        };
        sources.insert(library.to_owned(), own + SWITCH.1);
        let mut files: BTreeSet<String> = tracked(root)?.into_iter().collect();
        files.extend(sources.keys().cloned());
        for file in &files {
            let content = match sources.get(file) {
                Some(seeded) => seeded.clone().into_bytes(),
                None => fs::read(root.join(file)).map_err(Failure::system(file.as_str()))?,
            };
            copy.write(file, &content)?;
        }
        copy.forget_others(&copy.root, &files)?;
        Ok(copy)
    }

    fn write(&self, file: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(file);
        if fs::read(&path).is_ok_and(|present| present == content) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::system(file))?;
        }
        fs::write(&path, content).map_err(Failure::system(file))
    }

    /// Removes what the workspace has no more.
    fn forget_others(&self, folder: &Path, files: &BTreeSet<String>) -> Result<(), Failure> {
        let listed = fs::read_dir(folder).map_err(Failure::system(folder.display().to_string()))?;
        for path in listed.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                self.forget_others(&path, files)?;
                continue;
            }
            let name = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
            if !files.contains(&name) {
                fs::remove_file(&path).map_err(Failure::system(name))?;
            }
        }
        Ok(())
    }
}

/// The files of the workspace that git has or would take, and that are there.
fn tracked(root: &Path) -> Result<Vec<String>, Failure> {
    let mut list = Command::new("git");
    list.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = list.output().map_err(Failure::system("git ls-files"))?;
    if !output.status.success() {
        return Err(Failure::Workspace(
            "git does not know this workspace, and only it tells which files are of it".to_owned(),
        ));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let names = names.map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(names.filter(|name| root.join(name).is_file()).collect())
}
