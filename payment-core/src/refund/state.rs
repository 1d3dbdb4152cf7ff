//! The states of a refund and the one table of their transitions. There is no failed state: what is owed is tried until
//! it arrives (R17). What needs a person is a flag beside the state, never an end.

use std::fmt::Write as _;

/// Where a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// Reserved; the channel has not accepted it yet, as far as we know.
    Pending,
    /// Accepted by the channel; the money is on its way.
    Processing,
    /// Arrived, proven by the channel.
    Succeeded,
}

/// What can happen to a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundEvent {
    /// The channel accepted it.
    ChannelAccepted,
    /// The channel proved that it arrived.
    ChannelRefunded,
    /// The channel proved that the number under which it was sent is dead and gave nothing back: a successor number
    /// takes its place.
    NumberDied,
}

/// What an event does to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundTransition {
    /// It is recorded, and the state is this one from then on; the same one where only the number changed.
    To(RefundState),
    /// Nothing changes.
    Stay,
}

/// The transition table. Success is never left.
#[must_use]
pub const fn next(state: RefundState, event: RefundEvent) -> RefundTransition {
    use RefundEvent as E;
    use RefundState as S;
    match (state, event) {
        (S::Pending, E::ChannelAccepted) => RefundTransition::To(S::Processing),
        (S::Pending | S::Processing, E::ChannelRefunded) => RefundTransition::To(S::Succeeded),
        // A number that died before the channel ever accepted it is recorded as well: its successor has a reason.
        (S::Pending | S::Processing, E::NumberDied) => RefundTransition::To(S::Pending),
        (S::Processing, E::ChannelAccepted) | (S::Succeeded, _) => RefundTransition::Stay,
    }
}

impl RefundState {
    /// Every state, in the order of a refund's life.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Processing, Self::Succeeded];

    /// The word kept in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Succeeded => "SUCCEEDED",
        }
    }
}

impl RefundEvent {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::ChannelAccepted, Self::ChannelRefunded, Self::NumberDied];

    /// The word kept with the evidence and shown in the graph.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChannelAccepted => "CHANNEL_ACCEPTED",
            Self::ChannelRefunded => "CHANNEL_REFUNDED",
            Self::NumberDied => "NUMBER_DIED",
        }
    }
}

/// The graph of [`next`] in Mermaid's words, for ARCHITECTURE.md.
#[must_use]
pub fn mermaid() -> String {
    let mut graph = String::from("stateDiagram-v2\n    [*] --> PENDING\n");
    for state in RefundState::ALL {
        for event in RefundEvent::ALL {
            if let RefundTransition::To(target) = next(state, event) {
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
        RefundEvent as E, RefundState as S,
        RefundTransition::{Stay, To},
        *,
    };

    #[test]
    fn every_pair_is_as_written_by_hand() {
        let by_hand = [
            (S::Pending, [To(S::Processing), To(S::Succeeded), To(S::Pending)]),
            (S::Processing, [Stay, To(S::Succeeded), To(S::Pending)]),
            (S::Succeeded, [Stay, Stay, Stay]),
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
