//! `payment-server` as the crash tests run it: with Bad Pay beside its own channels, it dies at the numbered place that
//! `--crash-at` names, and with its parent.
//!
//! `crash_server [--crash-at NUMBER] serve --config FILE`

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Read as _},
    process::ExitCode,
    sync::Arc,
};

use channel_bad_pay::BadPayFactory;
use payment_server::{
    app::crash_point::{self, CrashPoint},
    channels::ChannelRegistry,
    command_line,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|argument| argument == "--crash-at") {
        let number: Vec<OsString> = arguments.drain(1..3.min(arguments.len())).skip(1).collect();
        let Some(point) = number.first().and_then(|number| point(number.to_str()?)) else {
            return Ok(ExitCode::from(2));
        };
        crash_point::arm(point);
    }
    std::thread::spawn(die_with_parent);
    let mut registry = ChannelRegistry::with_builtin()?;
    registry.register(Arc::new(BadPayFactory::new()?))?;
    Ok(command_line::run(arguments, &registry))
}

fn point(number: &str) -> Option<CrashPoint> {
    let number: u8 = number.parse().ok()?;
    CrashPoint::ALL.into_iter().find(|point| *point as u8 == number)
}

/// The test holds the other end of standard input and writes nothing: it ends when the test does, killed or not.
fn die_with_parent() {
    let mut nothing = [0];
    if let Ok(0) = io::stdin().read(&mut nothing) {
        std::process::abort();
    }
}
