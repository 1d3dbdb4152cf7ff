//! Tables, and values as they stand in them.

use std::collections::BTreeMap;

use comfy_table::{ContentArrangement, presets};
use payment_proto::v1::Money;
use prost_types::{Duration, Timestamp};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::terminal::printable;

/// What stands where there is nothing.
const NOTHING: &str = "-";

/// A table that grows row by row.
pub(crate) struct Table {
    table: comfy_table::Table,
    rows: usize,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(columns.iter().map(|name| name.to_uppercase()));
        Self { table, rows: 0 }
    }

    /// One thing as a list of names and values.
    pub(crate) fn of_fields(fields: &[(&str, String)]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        let told = fields.iter().filter(|(_, value)| !value.is_empty() && value != NOTHING);
        let rows: Vec<_> = told.map(|(name, value)| [(*name).to_owned(), printable(value)]).collect();
        let count = rows.len();
        table.add_rows(rows);
        Self { table, rows: count }
    }

    /// One more row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(cells.into_iter().map(|cell| printable(&cell)));
        self.rows += 1;
    }

    /// The table as text, fitted into a width if there is one; none without rows.
    pub(crate) fn render(mut self, width: Option<u16>) -> Option<String> {
        if let Some(width) = width {
            self.table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        (self.rows > 0).then(|| self.table.trim_fmt())
    }
}

/// How wide a terminal is, if a person reads and the shell tells.
pub(crate) fn width(environment: &BTreeMap<String, String>, is_terminal: bool) -> Option<u16> {
    environment.get("COLUMNS").filter(|_| is_terminal).and_then(|columns| columns.parse().ok())
}

/// An instant in UTC, to the second.
pub(crate) fn instant(time: Option<&Timestamp>) -> String {
    let time = time.and_then(|time| OffsetDateTime::from_unix_timestamp(time.seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| NOTHING.to_owned())
}

/// An amount in minor units: what a unit is, only the channel knows.
pub(crate) fn money(amount: Option<&Money>) -> String {
    amount.map_or_else(
        || NOTHING.to_owned(),
        |amount| format!("{} {}", amount.minor_units, amount.currency_code),
    )
}

/// A length of time as its two largest units.
pub(crate) fn age(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m{}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h{minutes}m"),
        (days, hours, _) => format!("{days}d{hours}h"),
    }
}

/// A short time to the millisecond.
pub(crate) fn delay(duration: Option<&Duration>) -> String {
    duration.map_or_else(
        || NOTHING.to_owned(),
        |duration| format!("{}.{:03}s", duration.seconds, duration.nanos / 1_000_000),
    )
}

/// A text, or a dash.
pub(crate) fn text(text: &str) -> String {
    if text.is_empty() { NOTHING.to_owned() } else { text.to_owned() }
}

/// The name of an enum's member without what all its members begin with.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_by_their_two_largest_units() {
        let told = [5, 65, 3700, 90_000].map(age);
        assert_eq!(told, ["5s", "1m5s", "1h1m", "1d1h"]);
    }

    #[test]
    fn what_strangers_wrote_does_not_move_the_cursor() {
        let mut table = Table::new(&["name"]);
        table.row(["a\u{1b}[2Jb".to_owned()]);
        assert!(!table.render(None).expect("a row").contains('\u{1b}'));
    }
}
