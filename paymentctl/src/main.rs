//! `paymentctl`: the only place of this crate where arguments, environment, clock and terminal are let in.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use paymentctl::{World, run};
use time::OffsetDateTime;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the real clock is let in here and handed on")]
    let now = OffsetDateTime::now_utc();
    // A variable that is not UTF-8 cannot be one of ours.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let (mut out, mut error) = (io::stdout(), io::stderr());
    let is_terminal = out.is_terminal();
    let mut world = World { environment, now, is_terminal, out: &mut out, error: &mut error };
    ExitCode::from(run(std::env::args_os(), &mut world).code())
}
