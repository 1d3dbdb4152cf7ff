//! Text for the person at the terminal: plain and aligned, with colours only where they can be seen.

use std::io::{self, IsTerminal as _, Write as _};

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    colours: Colours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    On,
    Off,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Bold,
    /// Something beside the point.
    Faint,
    /// As promised.
    Good,
    /// Not as promised.
    Bad,
}

impl Terminal {
    /// Colours only on a terminal, and not if `NO_COLOR` is set (<https://no-color.org>).
    #[expect(clippy::disallowed_methods, reason = "the room where the sandbox meets the terminal")]
    pub(crate) fn of_process() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colours = if io::stdout().is_terminal() && !unwanted { Colours::On } else { Colours::Off };
        Self { colours }
    }

    /// Writes a line. A reader that went away is no reason to stop.
    pub(crate) fn line(&self, text: &str) {
        let mut output = io::stdout().lock();
        let _ = writeln!(output, "{text}").and_then(|()| output.flush());
    }

    /// `text` in a tone, where there are colours.
    pub(crate) fn toned(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Bold => 1,
            Tone::Faint => 2,
            Tone::Good => 32,
            Tone::Bad => 31,
        };
        match self.colours {
            Colours::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Colours::Off => text.to_owned(),
        }
    }
}
