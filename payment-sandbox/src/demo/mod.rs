//! The demo: a database, four channels and the server come up, stories are played, and everything ends in order.

mod books;
mod by_hand;
mod channels;
mod plug;
mod processes;
mod promise;
mod report;
mod scene;
mod shop;
mod stage;
mod stories;
mod words;

use std::{path::PathBuf, pin::pin, process::ExitCode, time::Duration};

use futures::future::{join_all, join3};
use payment_core::ports::Clock as _;
use payment_server::{ports::SystemClock, telemetry::Stopwatch};

use self::{
    books::Books,
    plug::Plug,
    report::{Detail, Row, Verdict, milliseconds, table},
    scene::Cast,
    shop::Shop,
    stage::{Addresses, Stage},
    stories::{AUDIT, KILLED, STORIES, Story, WAITING},
};
use crate::{
    commands::{Ended, Failure, runtime},
    supervision::EndSignals,
    terminal::{Terminal, Tone},
};

/// What the server may take: memory in KiB, and time to start with migrations.
const MEMORY_TARGET: u64 = 64 * 1024;
const START_TARGET: Duration = Duration::from_secs(1);

/// As shells have it for programs that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// What somebody wants of a demo.
pub(crate) struct Wish {
    /// Leave everything up afterwards, until a signal comes.
    pub(crate) stay: bool,
    /// Keep the database in this folder.
    pub(crate) data: Option<PathBuf>,
    /// Tell every step of each story.
    pub(crate) steps: bool,
}

/// Plays everything.
pub(crate) fn run(wish: Wish) -> Ended {
    runtime()?.block_on(async {
        let mut signals = EndSignals::listen().map_err(Failure::new)?;
        let mut stage = Stage::new()?;
        let played = play(&mut stage, &mut signals, wish).await;
        let stopped = stage.stop().await;
        let code = played?;
        stopped.map(|()| code)
    })
}

async fn play(stage: &mut Stage, signals: &mut EndSignals, wish: Wish) -> Ended {
    let terminal = Terminal::of_process();
    let watch = Stopwatch::start();
    terminal.line(&terminal.toned(
        Tone::Bold,
        "Seventeen payment stories and an audit, each in four channels: real sockets, real signatures, a real PostgreSQL\n",
    ));
    let detail = if wish.steps { Detail::Steps } else { Detail::Ends };
    let addresses = stage.start(wish.data).await?;
    let played = tokio::select! {
        played = tell_stories(terminal, stage, &addresses, detail) => played?,
        () = signals.next() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    measures(terminal, stage, &addresses, watch.elapsed());
    if played == Verdict::Broken {
        terminal.line(&format!("\nThe end of the server's log:\n\n{}", stage.server_log_tail()));
    }
    if wish.stay {
        by_hand::tell(terminal, stage.folder(), &addresses)?;
        signals.next().await;
    }
    Ok(match played {
        Verdict::Kept | Verdict::NotHere => ExitCode::SUCCESS,
        Verdict::Broken => ExitCode::FAILURE,
    })
}

/// The server is killed first, and while the refunds that this left behind find their way, the other stories are played.
/// Those in which the service is waited for are played beside them, and told after them.
async fn tell_stories(
    terminal: Terminal,
    stage: &mut Stage,
    addresses: &Addresses,
    detail: Detail,
) -> Result<Verdict, Failure> {
    report::parts(terminal, &addresses.parts);
    let shop = Shop::connect(addresses.server.grpc, &addresses.api_key).await?;
    let books = Books::open(&addresses.database_url)?;
    let channels = &addresses.channels;
    let run = format!("demo-{}", SystemClock.now().unix_timestamp());
    let cast = Cast::new(shop.clone(), channels, &books, Plug::new(channels.all.len()), run);
    let first_aside = STORIES.len() + 1;
    let mut killed = pin!(row(&cast, first_aside, &KILLED));
    let killed_early = tokio::select! {
        row = &mut killed => Some(row),
        () = cast.plug().obey(stage, &shop) => None,
    };
    let killed = async {
        match killed_early {
            Some(row) => row,
            None => killed.await,
        }
    };
    let waiting = (first_aside + 1..).zip(&WAITING).map(|(number, story)| row(&cast, number, story));
    let in_order = tell_in_order(terminal, &cast, detail);
    let (mut rows, killed, waited) = join3(in_order, killed, join_all(waiting)).await;
    for row in [killed].into_iter().chain(waited) {
        rows.push(row.told(terminal, rows.len() + 1, detail));
    }
    let audit = row(&cast, rows.len() + 1, &AUDIT).await;
    rows.push(audit.told(terminal, rows.len() + 1, detail));
    Ok(table(terminal, &rows))
}

async fn tell_in_order(terminal: Terminal, cast: &Cast<'_>, detail: Detail) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, story) in (1..).zip(&STORIES) {
        rows.push(row(cast, number, story).await.told(terminal, number, detail));
    }
    rows
}

/// Plays a story in all channels at once.
async fn row(cast: &Cast<'_>, number: usize, story: &'static Story) -> Row {
    let scenes = cast.scenes(number).into_iter().map(|scene| scene.play(story));
    Row { story, cells: join_all(scenes).await }
}

/// What the demo cost, against the targets of the project.
fn measures(terminal: Terminal, stage: &Stage, addresses: &Addresses, took: Duration) {
    let start = addresses.server_start;
    let start_tone = if start <= START_TARGET { Tone::Good } else { Tone::Bad };
    let start = terminal.toned(start_tone, &milliseconds(start));
    let start_target = START_TARGET.as_millis();
    terminal.line(&format!("\n    server start with migrations  {start} (target {start_target} ms)"));
    let memory = match stage.server_peak_memory() {
        Some(peak) => {
            let tone = if peak <= MEMORY_TARGET { Tone::Good } else { Tone::Bad };
            terminal.toned(tone, &mebibytes(peak))
        }
        None => "not told by this system".to_owned(),
    };
    terminal
        .line(&format!("    server memory at its peak     {memory} (target {})", mebibytes(MEMORY_TARGET)));
    terminal.line(&format!("    the whole demo                {}", milliseconds(took)));
}

/// KiB as MiB with one decimal, without a float.
fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{} MiB", kibibytes / 1024, kibibytes % 1024 * 10 / 1024)
}
