//! The states of an allocation (the tie of one payment to one order) and the one table of their transitions.

use std::fmt::Write as _;

/// Where an allocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AllocationState {
    /// The payment has not been decided.
    Pending,
    /// The payment paid this order. At most one allocation of an order is effective (R9).
    Effective,
    /// The payment succeeded, and another one had paid this order before: this money is to go back (R12).
    Duplicate,
    /// The payment ended without money.
    Released,
}

/// What can happen to an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationEvent {
    /// Its payment succeeded, and its order was not paid.
    PaidFirst,
    /// Its payment succeeded, and its order was paid already.
    PaidAgain,
    /// Its payment closed or failed.
    PaymentEnded,
    /// The channel holds its payment's money.
    PaymentHeld,
}

/// What an event does to an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationTransition {
    /// The state changes.
    To(AllocationState),
    /// Nothing changes.
    Stay,
}

/// The transition table. What holds money stays as it is; what was released takes money that comes late (R6), and
/// waits again for money that is held late.
#[must_use]
pub const fn next(state: AllocationState, event: AllocationEvent) -> AllocationTransition {
    use AllocationEvent as E;
    use AllocationState as S;
    match (state, event) {
        (S::Pending | S::Released, E::PaidFirst) => AllocationTransition::To(S::Effective),
        (S::Pending | S::Released, E::PaidAgain) => AllocationTransition::To(S::Duplicate),
        (S::Pending, E::PaymentEnded) => AllocationTransition::To(S::Released),
        (S::Released, E::PaymentHeld) => AllocationTransition::To(S::Pending),
        (S::Pending, E::PaymentHeld) | (S::Released, E::PaymentEnded) | (S::Effective | S::Duplicate, _) => {
            AllocationTransition::Stay
        }
    }
}

impl AllocationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Effective, Self::Duplicate, Self::Released];

    /// The word kept in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Effective => "EFFECTIVE",
            Self::Duplicate => "DUPLICATE",
            Self::Released => "RELEASED",
        }
    }
}

impl AllocationEvent {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::PaidFirst, Self::PaidAgain, Self::PaymentEnded, Self::PaymentHeld];

    /// The word shown in the graph.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaidFirst => "PAID_FIRST",
            Self::PaidAgain => "PAID_AGAIN",
            Self::PaymentEnded => "PAYMENT_ENDED",
            Self::PaymentHeld => "PAYMENT_HELD",
        }
    }
}

/// The graph of [`next`] in Mermaid's words, for ARCHITECTURE.md.
#[must_use]
pub fn mermaid() -> String {
    let mut graph = String::from("stateDiagram-v2\n    [*] --> PENDING\n");
    for state in AllocationState::ALL {
        for event in AllocationEvent::ALL {
            if let AllocationTransition::To(target) = next(state, event) {
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
        AllocationEvent as E, AllocationState as S,
        AllocationTransition::{Stay, To},
        *,
    };

    #[test]
    fn every_pair_is_as_written_by_hand() {
        let by_hand = [
            (S::Pending, [To(S::Effective), To(S::Duplicate), To(S::Released), Stay]),
            (S::Effective, [Stay, Stay, Stay, Stay]),
            (S::Duplicate, [Stay, Stay, Stay, Stay]),
            (S::Released, [To(S::Effective), To(S::Duplicate), Stay, To(S::Pending)]),
        ];
        assert_eq!(by_hand.map(|(state, _)| state), S::ALL);
        for (state, outcomes) in by_hand {
            for (event, outcome) in E::ALL.into_iter().zip(outcomes) {
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
