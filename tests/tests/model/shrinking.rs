//! Makes a history out of a seed, and out of one that breaks a promise the shortest that still does.

use std::fmt::Write as _;

use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::story::{Step, story};

/// Plays of a history that is being made shorter: some seconds' worth.
const MOST_PLAYS: usize = 200;

/// A history that can be made simpler.
pub(crate) type Tree = Box<dyn ValueTree<Value = Vec<Step>>>;

/// The history of a seed: the same each time.
pub(crate) fn history(seed: u64) -> Tree {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let dice = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    story().new_tree(&mut TestRunner::new_with_rng(Config::default(), dice)).unwrap()
}

/// A history that breaks a promise.
pub(crate) struct Tale {
    pub(crate) steps: Vec<Step>,
    pub(crate) wrong: Vec<String>,
    pub(crate) plays: usize,
}

/// Finds the shortest history that is still wrong; `play` gives what is wrong with one.
pub(crate) async fn shortest(
    mut tree: Tree,
    wrong: Vec<String>,
    mut play: impl AsyncFnMut(&[Step]) -> Vec<String>,
) -> Tale {
    let mut tale = Tale { steps: tree.current(), wrong, plays: 0 };
    let mut simpler = tree.simplify();
    while simpler && tale.plays < MOST_PLAYS {
        let steps = tree.current();
        let wrong = play(&steps).await;
        tale.plays += 1;
        simpler = if wrong.is_empty() {
            tree.complicate()
        } else {
            tale = Tale { steps, wrong, ..tale };
            tree.simplify()
        };
    }
    tale
}

impl Tale {
    /// The story for whoever has to mend what it shows.
    pub(crate) fn told(&self, seed: u64, steps_before: usize) -> String {
        let mut text = format!(
            "history {seed} breaks a promise; {} of its {steps_before} steps still do, found in {} plays:\n",
            self.steps.len(),
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
