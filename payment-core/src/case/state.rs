//! The states of a case and the one table of their transitions. A case ends by a resolution that was carried out, or because
//! what it was about came right by the channel's proof; a timer never ends one.

use std::fmt::Write as _;

/// How far the resolution of a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseState {
    /// Nobody has dealt with it.
    Open,
    /// Somebody proposed what to do, and a second person must agree.
    AwaitingApproval,
    /// What was decided is being carried out.
    Resolving,
    /// Dealt with. Never left.
    Resolved,
}

/// What can happen to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseEvent {
    /// Somebody proposed what to do about so much money that a second person must agree.
    Proposed,
    /// A second person agreed.
    Approved,
    /// Somebody took the proposal back.
    Rejected,
    /// Somebody decided what to do, alone.
    Decided,
    /// It could not be carried out: the channel did not prove what it takes.
    Failed,
    /// It was carried out.
    CarriedOut,
    /// What it was about came right meanwhile, whatever anybody had decided.
    Settled,
}

/// What an event does to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseTransition {
    /// The state changes.
    To(CaseState),
    /// Nothing changes.
    Stay,
}

/// The transition table.
#[must_use]
pub const fn next(state: CaseState, event: CaseEvent) -> CaseTransition {
    use CaseEvent as E;
    use CaseState as S;
    match (state, event) {
        (S::Open, E::Proposed) => CaseTransition::To(S::AwaitingApproval),
        (S::Open, E::Decided) | (S::AwaitingApproval, E::Approved) => CaseTransition::To(S::Resolving),
        (S::AwaitingApproval, E::Rejected) | (S::Resolving, E::Failed) => CaseTransition::To(S::Open),
        (S::Resolving, E::CarriedOut) | (S::Open | S::AwaitingApproval | S::Resolving, E::Settled) => {
            CaseTransition::To(S::Resolved)
        }
        (S::Open, E::Approved | E::Rejected | E::Failed | E::CarriedOut)
        | (S::AwaitingApproval, E::Proposed | E::Decided | E::Failed | E::CarriedOut)
        | (S::Resolving, E::Proposed | E::Approved | E::Rejected | E::Decided)
        | (S::Resolved, _) => CaseTransition::Stay,
    }
}

impl CaseState {
    /// Every state, in the order of a case's life.
    pub const ALL: [Self; 4] = [Self::Open, Self::AwaitingApproval, Self::Resolving, Self::Resolved];

    /// The word kept in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::AwaitingApproval => "AWAITING_APPROVAL",
            Self::Resolving => "RESOLVING",
            Self::Resolved => "RESOLVED",
        }
    }
}

impl CaseEvent {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::Proposed,
        Self::Approved,
        Self::Rejected,
        Self::Decided,
        Self::Failed,
        Self::CarriedOut,
        Self::Settled,
    ];

    /// The word shown in the graph.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "PROPOSED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Decided => "DECIDED",
            Self::Failed => "FAILED",
            Self::CarriedOut => "CARRIED_OUT",
            Self::Settled => "SETTLED",
        }
    }
}

/// The graph of [`next`] in Mermaid's words, for ARCHITECTURE.md.
#[must_use]
pub fn mermaid() -> String {
    let mut graph = String::from("stateDiagram-v2\n    [*] --> OPEN\n");
    for state in CaseState::ALL {
        for event in CaseEvent::ALL {
            if let CaseTransition::To(target) = next(state, event) {
                // Writing to a String cannot fail.
                let _ = writeln!(graph, "    {} --> {}: {}", state.as_str(), target.as_str(), event.as_str());
            }
        }
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::{
        CaseState as S,
        CaseTransition::{Stay, To},
        *,
    };

    #[test]
    fn every_pair_is_as_written_by_hand() {
        let by_hand = [
            (S::Open, [To(S::AwaitingApproval), Stay, Stay, To(S::Resolving), Stay, Stay, To(S::Resolved)]),
            (S::AwaitingApproval, [Stay, To(S::Resolving), To(S::Open), Stay, Stay, Stay, To(S::Resolved)]),
            (S::Resolving, [Stay, Stay, Stay, Stay, To(S::Open), To(S::Resolved), To(S::Resolved)]),
            (S::Resolved, [Stay; 7]),
        ];
        assert_eq!(by_hand.map(|(state, _)| state), S::ALL);
        for (state, outcomes) in by_hand {
            for (event, outcome) in CaseEvent::ALL.into_iter().zip(outcomes) {
                assert_eq!(next(state, event), outcome, "{state:?} + {event:?}");
            }
        }
    }

    #[test]
    fn the_graph_in_the_architecture_is_this_table() {
        let document = include_str!("../../../ARCHITECTURE.md");
        let graph = format!("```mermaid\n{}```", mermaid());
        assert!(document.contains(&graph), "paste this into ARCHITECTURE.md:\n{graph}");
    }
}
