//! A client in another language: its pinned packages, installed on first use, and its script, which plays a merchant.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sha2::{Digest as _, Sha256};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

/// A folder of `testdata` with the pins and the script of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// The folder, such as `alipay/node`; clients that must not share packages have folders of their own.
    pub(crate) folder: &'static str,
    pub(crate) language: Language,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    /// `requirements.txt` and `independent_client.py`.
    Python,
    /// `package.json`, `package-lock.json` and `independent_client.mjs`.
    Node,
}

#[expect(clippy::disallowed_methods, reason = "a switch for people without a network")]
pub(crate) fn is_offline() -> bool {
    let offline = std::env::var("PAYMENT_OFFLINE").is_ok_and(|value| value == "1");
    if offline {
        eprintln!("PAYMENT_OFFLINE=1: the independent client was not run");
    }
    offline
}

impl Client {
    /// Plays the script, which prints a line for each step that held, and expects these.
    pub(crate) async fn play(self, arguments: &[&str], steps: &[&str]) {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let played = tokio::task::spawn_blocking(move || run(self.script().args(arguments)));
        let output = played.await.unwrap();
        let (done, trouble) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "stopped after {done:?}\n{trouble}");
        assert_eq!(done.lines().collect::<Vec<_>>(), steps);
    }

    fn script(self) -> Command {
        let packages = self.packages();
        let (variable, extension) = match self.language {
            Language::Python => ("PYTHONPATH", "py"),
            Language::Node => ("PACKAGES", "mjs"),
        };
        let mut script = Command::new(self.language.interpreter());
        script.env(variable, packages).arg(self.file(&format!("independent_client.{extension}")));
        // Alipay's clients stamp local time.
        script.env("TZ", "Asia/Shanghai");
        script
    }

    fn file(self, name: &str) -> PathBuf {
        Path::new(TESTDATA).join(self.folder).join(name)
    }

    /// The folder with the packages, named after the interpreter and all pins.
    fn packages(self) -> PathBuf {
        let pins = hex::encode(Sha256::digest(fs::read(self.file(self.language.pins())).unwrap()));
        let (name, version) = (self.folder.replace('/', "-"), self.language.version());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{version}-{}", &pins[..12]));
        if !folder.exists() {
            self.install(&folder);
        }
        folder
    }

    /// Installs beside the folder, which gets its name once it is complete: tests side by side never see half of it.
    fn install(self, folder: &Path) {
        let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let output = run(&mut self.installer(unfinished.path()));
        assert!(
            output.status.success(),
            "the packages of {} could not be installed; without a network set PAYMENT_OFFLINE=1\n{}",
            self.folder,
            String::from_utf8_lossy(&output.stderr)
        );
        // A failure means that another test was faster.
        if let Err(error) = fs::rename(unfinished.path(), folder) {
            assert!(folder.exists(), "{} could not be named: {error}", folder.display());
        }
    }

    fn installer(self, folder: &Path) -> Command {
        match self.language {
            Language::Python => {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
                pip.arg(self.file(self.language.pins())).arg("--target").arg(folder);
                pip
            }
            Language::Node => {
                for file in ["package.json", self.language.pins()] {
                    fs::copy(self.file(file), folder.join(file)).unwrap();
                }
                let mut npm = Command::new("npm");
                npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
                npm
            }
        }
    }
}

impl Language {
    const fn interpreter(self) -> &'static str {
        match self {
            Self::Python => "python3",
            Self::Node => "node",
        }
    }

    const fn pins(self) -> &'static str {
        match self {
            Self::Python => "requirements.txt",
            Self::Node => "package-lock.json",
        }
    }

    fn version(self) -> String {
        let arguments: &[&str] = match self {
            Self::Python => &["-c", "import sys; print(sys.implementation.cache_tag)"],
            Self::Node => &["--version"],
        };
        let version = run(Command::new(self.interpreter()).args(arguments));
        String::from_utf8_lossy(&version.stdout).trim().to_owned()
    }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"))
}
