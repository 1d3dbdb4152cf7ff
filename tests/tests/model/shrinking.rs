//! Makes a history out of a seed, and out of one that breaks a promise a short one that still does.

use std::fmt::Write as _;

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::story::{Act, Earlier, Ending, Extent, Landing, Notice, Pick, Step, Way, story};

/// Plays of a history that is being made shorter.
const MOST_PLAYS: usize = 200;

/// The history of a seed: the same each time.
pub(crate) fn history(seed: u64) -> Vec<Step> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let dice = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    story().new_tree(&mut TestRunner::new_with_rng(Config::default(), dice)).unwrap().current()
}

/// A history that breaks a promise.
#[derive(Debug)]
pub(crate) struct Tale {
    pub(crate) steps: Vec<Step>,
    pub(crate) wrong: Vec<String>,
    pub(crate) plays: usize,
}

/// Finds a history from which no step can be left out, nor made simpler, and that is still wrong. `play` gives what is
/// wrong with one.
///
/// Our own, because two things at once are to be tried as one of them, which a general shrinker does not know.
pub(crate) async fn shortest(
    steps: Vec<Step>,
    wrong: Vec<String>,
    mut play: impl AsyncFnMut(&[Step]) -> Vec<String>,
) -> Tale {
    let mut tale = Tale { steps, wrong, plays: 0 };
    while leave_out(&mut tale, &mut play).await | simplify(&mut tale, &mut play).await {}
    tale
}

/// Tries the history without each step, the last first. Tells whether any could go.
async fn leave_out(tale: &mut Tale, play: &mut impl AsyncFnMut(&[Step]) -> Vec<String>) -> bool {
    let before = tale.steps.len();
    for index in (0..before).rev() {
        let mut steps = tale.steps.clone();
        steps.remove(index);
        tale.take(steps, play).await;
    }
    tale.steps.len() < before
}

/// Tries simpler steps in the place of each. Tells whether any could be.
async fn simplify(tale: &mut Tale, play: &mut impl AsyncFnMut(&[Step]) -> Vec<String>) -> bool {
    let mut any = false;
    for index in 0..tale.steps.len() {
        while take_simpler(tale, index, play).await {
            any = true;
        }
    }
    any
}

async fn take_simpler(
    tale: &mut Tale,
    index: usize,
    play: &mut impl AsyncFnMut(&[Step]) -> Vec<String>,
) -> bool {
    for simpler in simpler_steps(&tale.steps[index]) {
        let mut steps = tale.steps.clone();
        steps[index] = simpler;
        if tale.take(steps, play).await {
            return true;
        }
    }
    false
}

impl Tale {
    /// Takes a history in place of this one, if it is wrong too and there is patience left to find out.
    async fn take(&mut self, steps: Vec<Step>, play: &mut impl AsyncFnMut(&[Step]) -> Vec<String>) -> bool {
        if self.plays >= MOST_PLAYS {
            return false;
        }
        self.plays += 1;
        let wrong = play(&steps).await;
        if wrong.is_empty() {
            return false;
        }
        (self.steps, self.wrong) = (steps, wrong);
        true
    }

    /// The story for whoever has to mend what it shows.
    pub(crate) fn told(&self, seed: u64) -> String {
        let mut text = format!(
            "history {seed} breaks a promise; {} of its {} steps still do, found in {} plays:\n",
            self.steps.len(),
            history(seed).len(),
            self.plays
        );
        for (index, step) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "  {}. {step}", index + 1);
        }
        text += "What is wrong in the end:\n";
        for wrong in &self.wrong {
            let _ = writeln!(text, "  - {wrong}");
        }
        let _ = write!(
            text,
            "Play it again: PAYMENT_MODEL_SEED={seed} cargo test -p payment-tests --test model random_histories"
        );
        text
    }
}

fn simpler_steps(step: &Step) -> Vec<Step> {
    let simpler = simpler_acts(&step.act).into_iter().map(|act| Step { replica: step.replica, act });
    let first = Step { replica: 0, act: step.act.clone() };
    simpler.chain([first]).filter(|simpler| simpler != step).collect()
}

const FIRST: Pick = Pick(0);

/// Each differs in one way, and has nothing that is not simpler.
fn simpler_acts(act: &Act) -> Vec<Act> {
    match act.clone() {
        Act::Create { first, last, way, earlier } => vec![
            Act::Create { first: 1, last: 1, way, earlier },
            Act::Create { first, last: first, way, earlier },
            Act::Create { first, last, way: Way::WechatApp, earlier },
            Act::Create { first, last, way, earlier: Earlier::Refuse },
        ],
        Act::Repeat { .. } => vec![Act::Repeat { request: FIRST }],
        Act::Pay { payment, landing, notice } => vec![
            Act::Pay { payment, landing, notice: Notice::Heard },
            Act::Pay { payment, landing: Landing::InTime, notice },
            Act::Pay { payment: FIRST, landing, notice },
        ],
        Act::Report { says, .. } => vec![Act::Report { payment: FIRST, says }],
        Act::Ask { .. } => vec![Act::Ask { payment: FIRST }],
        Act::Close { .. } => vec![Act::Close { payment: FIRST }],
        Act::Capture { .. } => vec![Act::Capture { payment: FIRST }],
        Act::EndPayment { payment, ending } => vec![
            Act::EndPayment { payment, ending: Ending::Arrives },
            Act::EndPayment { payment: FIRST, ending },
        ],
        Act::RefundInConsole { payment, amount } => {
            vec![Act::RefundInConsole { payment, amount: 1 }, Act::RefundInConsole { payment: FIRST, amount }]
        }
        Act::EmptyPurse { .. } => vec![Act::EmptyPurse { payment: FIRST }],
        Act::Refund { payment, extent, held } => vec![
            Act::Refund { payment, extent: Extent::Everything, held },
            Act::Refund { payment, extent, held: false },
            Act::Refund { payment: FIRST, extent, held },
        ],
        Act::EndRefund { refund, ending } => {
            vec![Act::EndRefund { refund, ending: Ending::Arrives }, Act::EndRefund { refund: FIRST, ending }]
        }
        Act::NotifyAgain { payment, copies } => {
            vec![Act::NotifyAgain { payment, copies: 1 }, Act::NotifyAgain { payment: FIRST, copies }]
        }
        Act::Wait { .. } => vec![Act::Wait { seconds: 60 }],
        Act::Look { .. } => Vec::new(),
        Act::Mishap { mishap, .. } => vec![Act::Mishap { call: 0, mishap }],
        Act::Together(one, other) => {
            let beside = |act: Act, other: &Act| Act::Together(Box::new(act), Box::new(other.clone()));
            let mut simpler = vec![(*one).clone(), (*other).clone()];
            simpler.extend(simpler_acts(&one).into_iter().map(|simpler| beside(simpler, &other)));
            simpler.extend(simpler_acts(&other).into_iter().map(|simpler| beside((*one).clone(), &simpler)));
            simpler
        }
    }
    .into_iter()
    .filter(|simpler| simpler != act)
    .collect()
}

/// Whatever is wrong because of two steps in this order is told in these two, at their simplest.
#[tokio::test]
async fn what_two_steps_do_is_told_in_these_two_steps() {
    let closes = |act: &Act| matches!(act, Act::Close { .. });
    let pays = |act: &Act| matches!(act, Act::Pay { landing: Landing::Late, .. });
    let mut found = 0;
    for seed in 0..2000 {
        let play = async |steps: &[Step]| {
            let close = steps.iter().position(|step| step.act.has(closes));
            let pay = steps.iter().rposition(|step| step.act.has(pays));
            let wrong = close.zip(pay).is_some_and(|(close, pay)| close < pay);
            if wrong { vec!["late money after a close".to_owned()] } else { Vec::new() }
        };
        let steps = history(seed);
        let wrong = play(&steps).await;
        if wrong.is_empty() {
            continue;
        }
        found += 1;
        let tale = shortest(steps, wrong, play).await;
        let payment = FIRST;
        let expected =
            [Act::Close { payment }, Act::Pay { payment, landing: Landing::Late, notice: Notice::Heard }];
        assert_eq!(tale.steps.into_iter().map(|step| step.act).collect::<Vec<_>>(), expected, "seed {seed}");
    }
    assert!(found > 50, "{found}");
}
