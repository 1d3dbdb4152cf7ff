//! The one place that writes answers: tables for people, proto3 JSON for programs.

use std::io::{self, Write};

use prost::Message;

use crate::{failure::Failure, json, table::Table};

/// Where answers go.
pub(crate) struct Terminal<'a> {
    out: &'a mut (dyn Write + Send),
    as_json: bool,
    width: Option<u16>,
}

impl<'a> Terminal<'a> {
    pub(crate) fn new(out: &'a mut (dyn Write + Send), as_json: bool, width: Option<u16>) -> Self {
        Self { out, as_json, width }
    }

    /// Shows an answer: as the contract's JSON if asked for, otherwise as `people` read it.
    pub(crate) fn show<M: Message>(
        &mut self,
        message_name: &str,
        message: &M,
        people: impl FnOnce(&mut Page),
    ) -> Result<(), Failure> {
        if self.as_json {
            return self.write(&format!("{}\n", json::of(message_name, message)?));
        }
        let mut page = Page { text: String::new(), width: self.width };
        people(&mut page);
        self.write(&page.text)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        write(self.out, text.as_bytes())
    }
}

/// A reader that went away is no failure of ours.
pub(crate) fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<(), Failure> {
    let written = out.write_all(bytes).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Failed(error.to_string())),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What people read, put together before it is written.
pub(crate) struct Page {
    text: String,
    width: Option<u16>,
}

impl Page {
    /// A line.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(&printable(line));
        self.text.push('\n');
    }

    /// A table with its header; says `empty` where it has no row.
    pub(crate) fn table(&mut self, table: Table, empty: &str) {
        match table.render(self.width) {
            Some(rendered) => {
                self.text.push_str(&rendered);
                self.text.push('\n');
            }
            None => self.line(empty),
        }
    }
}

/// Names and codes come from callers and channels: none of them may move the cursor of whoever reads them.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
