//! Thousands of random histories, and the proof that a broken promise is found and told shortly.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use futures::future::join_all;

use super::{
    acting::play,
    shrinking::{Tale, history, shortest},
    stage::{Reached, Stage},
    story::{Act, Landing, Step},
};

/// Histories of every day.
const USUAL: u64 = 2000;

/// Stages at once: more than processors, for histories also wait.
const STAGES: usize = 4;

/// Histories on a stage before its memory is emptied by setting a new one.
const PER_STAGE: u32 = 250;

#[expect(
    clippy::disallowed_methods,
    reason = "a seed or another number of histories is asked for by the environment"
)]
fn asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// Which seeds to play: one, to play it again, or so many.
fn seeds() -> Range<u64> {
    match asked_for("PAYMENT_MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..1 + asked_for("PAYMENT_MODEL_HISTORIES").unwrap_or(USUAL),
    }
}

/// Plays the history of a seed; if it is wrong, finds the shortest tale on fresh stages.
async fn examine(stage: &Stage, seed: u64, set: impl AsyncFn() -> Stage) -> Option<Tale> {
    let steps = history(seed);
    let wrong = play(stage, &steps).await;
    if wrong.is_empty() {
        return None;
    }
    let mut fresh = set().await;
    let tale = shortest(steps, wrong, async |steps| {
        let wrong = play(&fresh, steps).await;
        if !wrong.is_empty() {
            // It left things open that would disturb the next play.
            fresh = set().await;
        }
        wrong
    });
    Some(Box::pin(tale).await)
}

/// Plays histories one after the other until there are no more seeds.
async fn work(next: &AtomicU64, seeds: &Range<u64>) -> Reached {
    let (mut stage, mut reached) = (Stage::set().await, Reached::new());
    loop {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if !seeds.contains(&seed) {
            break;
        }
        if let Some(tale) = Box::pin(examine(&stage, seed, Stage::set)).await {
            panic!("{}", tale.told(seed));
        }
        if stage.histories() >= PER_STAGE {
            add(&mut reached, std::mem::replace(&mut stage, Stage::set().await).finish().await);
        }
    }
    add(&mut reached, stage.finish().await);
    reached
}

fn add(sum: &mut Reached, more: Reached) {
    for (what, times) in more {
        *sum.entry(what).or_default() += times;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how long they took is printed")]
async fn random_histories_end_with_the_channels_books_and_ours_agreeing() {
    let (start, seeds) = (Instant::now(), seeds());
    let next = AtomicU64::new(seeds.start);
    let mut reached = Reached::new();
    for of_stage in join_all((0..STAGES).map(|_| work(&next, &seeds))).await {
        add(&mut reached, of_stage);
    }
    let histories = seeds.end - seeds.start;
    println!("{histories} histories in {:?} reached {reached:#?}", start.elapsed());
    let never: Vec<_> = reached.iter().filter(|(_, times)| **times == 0).collect();
    assert!(never.is_empty() || histories < USUAL, "the dice must reach what is to be shown: {never:?}");
}

/// As some payment systems do: money that arrives after a close changes nothing (F1).
const LATE_MONEY_IS_DROPPED: &str = "\
    CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
    CREATE TRIGGER late_money_is_dropped BEFORE UPDATE ON payment FOR EACH ROW \
    WHEN (OLD.state = 'CLOSED' AND NEW.state = 'SUCCEEDED') EXECUTE FUNCTION drop_it()";

const SEEDS_UNTIL_FOUND: Range<u64> = 1..200;

/// The harness must find what it is there for, in a service that is really broken, and tell it so that one sees what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_service_that_drops_late_money_is_found_out_and_told_in_a_handful_of_steps() {
    let broken = async || Stage::set_with(LATE_MONEY_IS_DROPPED).await;
    let stage = broken().await;
    let mut found = None;
    for seed in SEEDS_UNTIL_FOUND {
        found = Box::pin(examine(&stage, seed, broken)).await.map(|tale| (seed, tale));
        if found.is_some() {
            break;
        }
    }
    let (seed, tale) = found.expect("a history that shows it");
    println!("{}", tale.told(seed));
    let late = |step: &Step| step.act.has(|act| matches!(act, Act::Pay { landing: Landing::Late, .. }));
    assert!(tale.steps.len() <= 4 && tale.steps.iter().any(late), "{:#?}", tale.steps);
    let sound = play(&Stage::set().await, &tale.steps).await;
    assert!(sound.is_empty(), "it is the service that was broken, not the judge: {sound:?}");
}
