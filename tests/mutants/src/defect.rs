//! The defects as `defects/*.toml` has them, and their way into sources.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::failure::Failure;

/// Stands in a replacement for the question whether its defect is the seeded one.
const QUESTION: &str = "SEEDED";

/// Everything that is seeded.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defects {
    /// What several defects need of the sources and what changes nothing by itself.
    #[serde(default, rename = "preparation")]
    pub preparations: Vec<Edit>,
    /// The defects, in the order of their files and within these.
    #[serde(default, rename = "defect")]
    pub defects: Vec<Defect>,
}

/// One defect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// Its name, by which it is seeded.
    pub name: String,
    /// What it does, in a sentence.
    pub does: String,
    /// The rule or the failure case that it breaks.
    pub breaks: String,
    /// The package whose test notices it.
    pub package: String,
    /// Which of the package's test targets; the library's own tests where none is named.
    pub target: Option<String>,
    /// The test that fails, by its whole name.
    pub test: String,
    /// How it gets into the sources.
    #[serde(rename = "edit")]
    pub edits: Vec<Edit>,
}

/// One replacement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// In which file, from the repository's root.
    pub file: String,
    /// The text that stands there exactly once.
    pub find: String,
    /// The text in its place.
    pub put: String,
}

/// The changed files, by path from the root.
pub type Sources = BTreeMap<String, String>;

impl Defects {
    /// Reads those of the workspace at `root`: every file of their folder, by name.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be read or has another form.
    pub fn of(root: &Path) -> Result<Self, Failure> {
        let folder = root.join("tests/mutants/defects");
        let listed = fs::read_dir(&folder).map_err(Failure::system(folder.display().to_string()))?;
        let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut all = Self::default();
        for path in paths {
            let text = fs::read_to_string(&path).map_err(Failure::system(path.display().to_string()))?;
            let read: Self = toml::from_str(&text)
                .map_err(|error| Failure::Malformed { path: path.clone(), error: Box::new(error) })?;
            all.preparations.extend(read.preparations);
            all.defects.extend(read.defects);
        }
        Ok(all)
    }

    /// The sources under `root` with every defect in them, each behind its question.
    ///
    /// # Errors
    /// [`Failure::Workspace`] with every replacement that does not fit any more.
    pub fn seeded(&self, root: &Path) -> Result<Sources, Failure> {
        let mut sources = Sources::new();
        let prepared = self.preparations.iter().map(|edit| ("a preparation", edit, edit.put.clone()));
        let seeded = self.defects.iter().flat_map(|defect| {
            defect.edits.iter().map(|edit| (defect.name.as_str(), edit, defect.guarded(edit)))
        });
        let mut stale = Vec::new();
        for (name, edit, put) in prepared.chain(seeded) {
            if let Err(problem) = replace(&mut sources, root, edit, &put) {
                stale.push(format!("{name}: {}: {problem}", edit.file));
            }
        }
        if stale.is_empty() { Ok(sources) } else { Err(Failure::Workspace(stale.join("\n"))) }
    }
}

impl Defect {
    /// A replacement that asks whether this defect is the seeded one.
    fn guarded(&self, edit: &Edit) -> String {
        edit.put.replace(QUESTION, &format!("::payment_core::seeded::is({:?})", self.name))
    }

    /// The test as one reads it.
    #[must_use]
    pub fn killer(&self) -> String {
        let target = self.target.as_ref().map_or_else(|| "lib".to_owned(), |target| format!("test {target}"));
        format!("{} {target} {}", self.package, self.test)
    }
}

fn replace(sources: &mut Sources, root: &Path, edit: &Edit, put: &str) -> Result<(), String> {
    if !sources.contains_key(&edit.file) {
        let text = fs::read_to_string(root.join(&edit.file)).map_err(|error| error.to_string())?;
        sources.insert(edit.file.clone(), text);
    }
    let Some(text) = sources.get_mut(&edit.file) else { return Ok(()) };
    match text.matches(edit.find.as_str()).count() {
        1 => *text = text.replace(edit.find.as_str(), put),
        0 => return Err(format!("this stands there no more:\n{}", edit.find)),
        more => return Err(format!("this stands there {more} times:\n{}", edit.find)),
    }
    Ok(())
}
