//! The demo: a database, a channel and the server come up, stories are played, and everything ends in order.

mod books;
mod by_hand;
mod channel;
mod processes;
mod promise;
mod report;
mod scene;
mod shop;
mod stage;
mod stories;
mod words;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use futures::future::{join, join_all};
use payment_core::ports::Clock as _;
use payment_server::{ports::SystemClock, telemetry::Stopwatch};

use self::{
    books::Books,
    channel::Channel,
    report::{Line, Report, Verdict, milliseconds, table},
    scene::Scene,
    shop::Shop,
    stage::{Addresses, Stage},
    stories::{AUDIT, STORIES, WAITING},
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

/// Plays everything; with `stay`, leaves it up until a signal comes.
pub(crate) fn run(stay: bool, data: Option<PathBuf>) -> Ended {
    runtime()?.block_on(async {
        let mut signals = EndSignals::listen().map_err(Failure::new)?;
        let mut stage = Stage::new()?;
        let played = play(&mut stage, &mut signals, stay, data).await;
        let stopped = stage.stop().await;
        let code = played?;
        stopped.map(|()| code)
    })
}

async fn play(stage: &mut Stage, signals: &mut EndSignals, stay: bool, data: Option<PathBuf>) -> Ended {
    let terminal = Terminal::of_process();
    let watch = Stopwatch::start();
    terminal.line(&terminal.toned(
        Tone::Bold,
        "Fifteen payment stories and an audit, over real sockets, with real signatures, on a real PostgreSQL\n",
    ));
    let addresses = stage.start(data).await?;
    let played = tokio::select! {
        played = tell_stories(terminal, stage, &addresses) => played?,
        () = signals.next() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    measures(terminal, stage, &addresses, watch.elapsed());
    if played == Verdict::Broken {
        terminal.line(&format!("\nThe end of the server's log:\n\n{}", stage.server_log_tail()));
    }
    if stay {
        by_hand::tell(terminal, stage.folder(), &addresses)?;
        signals.next().await;
    }
    Ok(match played {
        Verdict::Kept => ExitCode::SUCCESS,
        Verdict::Broken => ExitCode::FAILURE,
    })
}

/// Those stories in which the service is waited for are played beside the others, and told after them.
async fn tell_stories(
    terminal: Terminal,
    stage: &mut Stage,
    addresses: &Addresses,
) -> Result<Verdict, Failure> {
    let (server, started) = (&addresses.server, &addresses.started);
    let report = Report::new(terminal);
    report.part("database", &started.database_version, started.database);
    let base_url = &addresses.channel.base_url;
    report.part("channel", &format!("simulated WeChat Pay at {base_url}"), started.channel);
    let listening = format!("gRPC at {}, callbacks at {}", server.grpc, server.callbacks);
    report.part("server", &listening, started.server);
    let shop = Shop::connect(server.grpc, &addresses.api_key).await?;
    let channel = &addresses.channel;
    let channel = Channel::new(&channel.control_url, &channel.mchid).map_err(Failure::new)?;
    let books = Books::open(&addresses.database_url)?;
    let run = format!("demo-{}", SystemClock.now().unix_timestamp());
    let aside = WAITING.iter().zip(STORIES.len() + 1..).map(|(story, number)| {
        let (shop, report) = (shop.clone(), Report::kept_back(terminal));
        let mut scene = Scene::new(shop, &channel, &books, report, format!("{run}-story-{number}"));
        async move { (scene.play(number, story).await, scene) }
    });
    let aside: Vec<_> = aside.collect();
    let mut scene = Scene::new(shop.clone(), &channel, &books, report, run.clone()).on(stage);
    let (mut lines, aside) = join(tell_in_order(&mut scene), join_all(aside)).await;
    for (line, waiting) in aside {
        scene.take_up(waiting);
        lines.push(line);
    }
    lines.push(scene.play(lines.len() + 1, &AUDIT).await);
    Ok(table(terminal, &lines))
}

async fn tell_in_order(scene: &mut Scene<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, story) in (1..).zip(&STORIES) {
        lines.push(scene.play(number, story).await);
    }
    scene.note(
        "Two stories were begun with the first: the service is waited for in them, ten seconds in one.",
    );
    lines
}

/// What the demo cost, against the targets of the project.
fn measures(terminal: Terminal, stage: &Stage, addresses: &Addresses, took: Duration) {
    let start = addresses.started.server;
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
