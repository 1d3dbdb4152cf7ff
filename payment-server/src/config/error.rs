//! What is wrong with a configuration, told so that the person who wrote it can mend it: where, which key, what, how.

use std::{fmt, path::PathBuf};

/// A configuration that is refused, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    violations: Vec<ConfigViolation>,
}

impl ConfigError {
    /// A refusal for these reasons, of which there is at least one.
    #[must_use]
    pub const fn new(violations: Vec<ConfigViolation>) -> Self {
        Self { violations }
    }

    /// Everything that is wrong, in the order of the file's documentation.
    #[must_use]
    pub fn violations(&self) -> &[ConfigViolation] {
        &self.violations
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration has {} mistake(s):", self.violations.len())?;
        self.violations.iter().try_for_each(|violation| write!(formatter, "\n  {violation}"))
    }
}

impl std::error::Error for ConfigError {}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigViolation {
    /// Where the value stands, or where it is missing.
    pub source: ConfigSource,
    /// The key's path, such as `callbacks.public_url`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong. Never repeats a secret.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for ConfigViolation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.source)?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        write!(formatter, "{}. {}", self.problem, self.remedy)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// The configuration file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
}

impl fmt::Display for ConfigSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
        }
    }
}
