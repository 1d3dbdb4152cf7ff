//! Reads one table of the configuration key by key: typed, within limits, and strict about keys that nobody asked for.
//!
//! Each reader returns `None` after it has reported what is wrong, so that reading goes on and finds the rest.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use toml::{Table, Value};

use super::{report::Report, secret_file};

/// A table whose keys are taken out one after the other.
pub(super) struct Section<'a> {
    path: String,
    values: Table,
    known: Vec<&'static str>,
    pub(super) report: &'a Report,
}

impl<'a> Section<'a> {
    /// The table at `path`; the whole file has the empty path.
    pub(super) const fn new(path: String, values: Table, report: &'a Report) -> Self {
        Self { path, values, known: Vec::new(), report }
    }

    /// The path of this table.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }

    /// The full path of one of this table's keys.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Notes a mistake at one of this table's keys.
    pub(super) fn violation(&self, name: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.report.violation(&self.key(name), problem, remedy);
    }

    /// The value of a key, which is known from now on.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.values.remove(name)
    }

    /// A table below this one; empty if it is missing, so that its required keys are reported by name.
    pub(super) fn subsection(&mut self, name: &'static str) -> Section<'a> {
        let values = match self.take(name) {
            None => Table::new(),
            Some(Value::Table(values)) => values,
            Some(_) => {
                self.violation(name, "must be a table", format!("Write its keys under [{}]", self.key(name)));
                Table::new()
            }
        };
        Section::new(self.key(name), values, self.report)
    }

    /// A table below this one that may be left out.
    pub(super) fn optional_subsection(&mut self, name: &'static str) -> Option<Section<'a>> {
        self.values.contains_key(name).then(|| self.subsection(name)).or_else(|| {
            self.known.push(name);
            None
        })
    }

    /// The path of a file that somebody else reads, relative to the configuration's folder.
    pub(super) fn path_of(&self, file: &str) -> PathBuf {
        self.report.folder().join(file)
    }

    /// Every table below this one whose name is the reader's to choose, such as a merchant's.
    pub(super) fn named_subsections(self) -> Vec<(String, Section<'a>)> {
        let mut sections = Vec::new();
        for (name, value) in &self.values {
            match value {
                Value::Table(values) => {
                    sections.push((name.clone(), Section::new(self.key(name), values.clone(), self.report)));
                }
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => self.violation(
                    name,
                    "must be a table",
                    format!("Write its keys under [{}]", self.key(name)),
                ),
            }
        }
        sections
    }

    /// A text that must stand.
    pub(super) fn required_text(&mut self, name: &'static str, remedy: &str) -> Option<String> {
        match self.take(name) {
            None => {
                self.violation(name, "is missing", remedy);
                None
            }
            Some(value) => self.as_text(name, value, remedy),
        }
    }

    /// A text that may be left out: `Some(None)`.
    #[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
    pub(super) fn optional_text(&mut self, name: &'static str, remedy: &str) -> Option<Option<String>> {
        match self.take(name) {
            None => Some(None),
            Some(value) => self.as_text(name, value, remedy).map(Some),
        }
    }

    fn as_text(&self, name: &str, value: Value, remedy: &str) -> Option<String> {
        match value {
            Value::String(text) if !text.is_empty() => Some(text),
            Value::String(_) => {
                self.violation(name, "is empty", remedy);
                None
            }
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => {
                self.violation(name, "must be a text", "Write it in quotes");
                None
            }
        }
    }

    /// A secret text that stands either in `name` or in the file that `name_file` points to.
    pub(super) fn required_secret(
        &mut self,
        name: &'static str,
        name_file: &'static str,
        remedy: &str,
    ) -> Option<String> {
        let secret = self.optional_secret(name, name_file, remedy)?;
        if secret.is_none() {
            self.violation(name, "is missing", remedy);
        }
        secret
    }

    /// As [`Section::required_secret`], and may be left out: `Some(None)`.
    #[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
    pub(super) fn optional_secret(
        &mut self,
        name: &'static str,
        name_file: &'static str,
        remedy: &str,
    ) -> Option<Option<String>> {
        match (self.take(name), self.take(name_file)) {
            (Some(_), Some(_)) => {
                self.violation(
                    name,
                    format!("stands beside {name_file}, which gives the same"),
                    "Keep one of the two",
                );
                None
            }
            (Some(value), None) => self.as_text(name, value, remedy).map(Some),
            (None, Some(file)) => {
                let file = self.as_text(name_file, file, "Write the path of a file")?;
                self.report.note_read(&file);
                secret_file::read(self.report, &self.key(name_file), &file).map(Some)
            }
            (None, None) => Some(None),
        }
    }

    /// The text of the file that a key points to, which may be left out: `Some(None)`.
    #[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
    pub(super) fn optional_file(&mut self, name: &'static str) -> Option<Option<String>> {
        match self.optional_text(name, "Write the path of a file")? {
            None => Some(None),
            Some(file) => {
                self.report.note_read(&file);
                secret_file::read(self.report, &self.key(name), &file).map(Some)
            }
        }
    }

    /// A whole number within limits.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Option<u32> {
        let value = match self.take(name) {
            None => return Some(default),
            Some(Value::Integer(number)) => u32::try_from(number).ok(),
            Some(Value::String(text)) if self.is_from_environment(name) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let value = value.filter(|number| allowed.contains(number));
        if value.is_none() {
            let (least, most) = (allowed.start(), allowed.end());
            self.violation(
                name,
                format!("must be a whole number from {least} to {most}"),
                format!("Leave it out for {default}"),
            );
        }
        value
    }

    /// A whole number within limits that may be left out: `Some(None)`.
    #[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
    pub(super) fn optional_integer(
        &mut self,
        name: &'static str,
        allowed: RangeInclusive<u32>,
    ) -> Option<Option<u32>> {
        if self.values.contains_key(name) {
            let least = *allowed.start();
            self.integer(name, allowed, least).map(Some)
        } else {
            self.known.push(name);
            Some(None)
        }
    }

    /// A number of bytes or things.
    pub(super) fn size(
        &mut self,
        name: &'static str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Option<usize> {
        self.integer(name, allowed, default).and_then(|number| usize::try_from(number).ok())
    }

    /// A duration in whole seconds.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Option<Duration> {
        self.integer(name, allowed, default).map(|seconds| Duration::from_secs(u64::from(seconds)))
    }

    /// A duration in whole milliseconds.
    pub(super) fn milliseconds(
        &mut self,
        name: &'static str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Option<Duration> {
        let milliseconds = self.integer(name, allowed, default)?;
        Some(Duration::from_millis(u64::from(milliseconds)))
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> Option<bool> {
        match self.take(name) {
            None => return Some(default),
            Some(Value::Boolean(flag)) => return Some(flag),
            Some(Value::String(text)) if self.is_from_environment(name) => {
                if let Ok(flag) = text.parse() {
                    return Some(flag);
                }
            }
            Some(_) => {}
        }
        self.violation(name, "must be true or false", format!("Leave it out for {default}"));
        None
    }

    /// An address to listen on.
    pub(super) fn address(&mut self, name: &'static str, default: SocketAddr) -> Option<SocketAddr> {
        let remedy = format!("Write an IP address and a port, such as {default}; port 0 takes a free one");
        match self.optional_text(name, &remedy)? {
            None => Some(default),
            Some(text) => {
                let address = text.parse().ok();
                if address.is_none() {
                    self.violation(name, format!("{text:?} is no address"), remedy);
                }
                address
            }
        }
    }

    /// One word of a list; the first is the default.
    pub(super) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let list = words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(" or ");
        let remedy = format!("Write {list}");
        let Some(text) = self.optional_text(name, &remedy)? else {
            return words.first().map(|(_, value)| *value);
        };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.violation(name, format!("{text:?} is not known"), remedy);
        }
        found
    }

    /// Whether the environment gave this key's value, which is a text then whatever type is wanted.
    pub(super) fn is_from_environment(&self, name: &str) -> bool {
        self.report.is_from_environment(&self.key(name))
    }

    /// What was not taken: the keys of someone else, such as a channel.
    pub(super) fn into_rest(self) -> Table {
        self.values
    }

    /// Ends the reading of this table: every key that nobody took is a mistake, most often a slip of the pen.
    pub(super) fn finish(self) {
        let known = self.known.join(", ");
        for name in self.values.keys() {
            self.violation(name, "is not a key of this section", format!("Known here: {known}"));
        }
    }
}
