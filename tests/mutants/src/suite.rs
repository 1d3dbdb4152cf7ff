//! The test binaries of the copy that the defects' tests stand in, built once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cargo_metadata::Message;

use crate::{copy::SeededCopy, defect::Defect, failure::Failure};

/// A test target: a package, and the name of a target in it or none for the library's own tests.
pub type Target = (String, Option<String>);

/// A built test binary.
#[derive(Debug, Clone)]
pub struct Binary {
    /// The executable.
    pub path: PathBuf,
    /// Where its tests expect to run: the package's folder.
    pub folder: PathBuf,
}

/// The built binaries.
pub struct Suite(BTreeMap<Target, Binary>);

impl Defect {
    /// Where its test stands.
    #[must_use]
    pub fn stands_in(&self) -> Target {
        (self.package.clone(), self.target.clone())
    }
}

impl Suite {
    /// Builds what `defects` need, in one run of cargo, so that features are the same for all.
    ///
    /// # Errors
    /// [`Failure::Build`] if the copy does not build.
    pub fn build(copy: &SeededCopy, defects: &[&Defect]) -> Result<Self, Failure> {
        let targets: BTreeSet<Target> = defects.iter().map(|defect| defect.stands_in()).collect();
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&copy.root).args(["test", "--locked", "--no-run", "--message-format"]);
        // Nobody debugs the copy, and it is built anew now and then as a whole: it need not fill the disk.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0");
        cargo.arg("json-render-diagnostics").arg("--target-dir").arg(&copy.target);
        for package in targets.iter().map(|(package, _)| package).collect::<BTreeSet<_>>() {
            cargo.args(["--package", package]);
        }
        if targets.iter().any(|(_, target)| target.is_none()) {
            cargo.arg("--lib");
        }
        for target in targets.iter().filter_map(|(_, target)| target.as_ref()) {
            cargo.args(["--test", target]);
        }
        let mut building = cargo.stdout(Stdio::piped()).spawn().map_err(Failure::system("cargo"))?;
        let told = building.stdout.take().map(BufReader::new);
        let messages = told.into_iter().flat_map(Message::parse_stream);
        let built = messages.filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) if artifact.profile.test => binary(&artifact),
            Ok(_) | Err(_) => None,
        });
        let built = built.collect();
        let ended = building.wait().map_err(Failure::system("cargo"))?;
        if ended.success() { Ok(Self(built)) } else { Err(Failure::Build) }
    }

    /// The binary that a target was built into.
    ///
    /// # Errors
    /// [`Failure::Test`] if cargo built none.
    pub fn binary(&self, target: &Target) -> Result<&Binary, Failure> {
        self.0.get(target).ok_or_else(|| Failure::Test(format!("cargo built no test binary for {target:?}")))
    }
}

fn binary(artifact: &cargo_metadata::Artifact) -> Option<(Target, Binary)> {
    let folder = artifact.manifest_path.parent()?;
    let package = package_name(folder.as_std_path())?;
    let is_library = artifact.target.kind.iter().any(|kind| kind.to_string() == "lib");
    let target = (!is_library).then(|| artifact.target.name.clone());
    let path = artifact.executable.clone()?.into_std_path_buf();
    Some(((package, target), Binary { path, folder: folder.as_std_path().to_owned() }))
}

/// What the manifest in a folder calls its package.
fn package_name(folder: &Path) -> Option<String> {
    let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}
