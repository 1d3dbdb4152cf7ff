//! The states of a payment and the one table of their transitions.

use std::fmt::Write as _;

/// Where a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Recorded; the channel's word on it is unknown.
    Initiating,
    /// Payment data was handed out.
    AwaitingPayer,
    /// The payer's app says it is paid: a hint (R1).
    ClientReported,
    /// The channel proved that it holds the payer's money for us. Nothing is paid until we take it.
    Held,
    /// Paid, proven by the channel.
    Succeeded,
    /// Can no longer be paid, proven by the channel. A success that comes all the same is still recorded (R6).
    Closed,
    /// Refused by the channel for good. A success that comes all the same is still recorded (R6).
    Failed,
}

/// What can happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The channel accepted the create, or payment data was signed locally.
    PaymentDataReady,
    /// The payer's app says it is paid.
    ClientReported,
    /// The channel proved that it holds the money.
    ChannelHeld,
    /// The channel proved it paid.
    ChannelPaid,
    /// The channel proved that it can no longer be paid.
    ChannelClosed,
    /// The channel proved that this attempt failed for good.
    ChannelFailed,
    /// The channel certainly refused to create it.
    CreateRefused,
}

/// What an event does to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The state changes.
    To(PaymentState),
    /// Nothing changes, and nothing is wrong: a repeat, or a word that comes too late to matter.
    Stay,
}

/// The transition table. Success is accepted in every state and left in none (R6, F5). A hold is accepted wherever no
/// money has come, for held money must never be out of sight.
#[must_use]
pub const fn next(state: PaymentState, event: PaymentEvent) -> Transition {
    use PaymentEvent as E;
    use PaymentState as S;
    match (state, event) {
        (
            S::Initiating | S::AwaitingPayer | S::ClientReported | S::Held | S::Closed | S::Failed,
            E::ChannelPaid,
        ) => Transition::To(S::Succeeded),
        (S::Initiating | S::AwaitingPayer | S::ClientReported | S::Closed | S::Failed, E::ChannelHeld) => {
            Transition::To(S::Held)
        }
        (S::Initiating, E::PaymentDataReady) => Transition::To(S::AwaitingPayer),
        (S::Initiating | S::AwaitingPayer, E::ClientReported) => Transition::To(S::ClientReported),
        (S::Initiating | S::AwaitingPayer | S::ClientReported | S::Held, E::ChannelClosed) => {
            Transition::To(S::Closed)
        }
        (S::Initiating | S::AwaitingPayer | S::ClientReported | S::Held, E::ChannelFailed) => {
            Transition::To(S::Failed)
        }
        (S::Initiating, E::CreateRefused) => Transition::To(S::Failed),
        (S::AwaitingPayer | S::ClientReported, E::PaymentDataReady | E::CreateRefused)
        | (S::ClientReported, E::ClientReported)
        | (S::Held, E::PaymentDataReady | E::ClientReported | E::ChannelHeld | E::CreateRefused)
        | (S::Succeeded, _)
        | (
            S::Closed | S::Failed,
            E::PaymentDataReady | E::ClientReported | E::ChannelClosed | E::ChannelFailed | E::CreateRefused,
        ) => Transition::Stay,
    }
}

impl PaymentState {
    /// Every state, in the order of a payment's life.
    pub const ALL: [Self; 7] = [
        Self::Initiating,
        Self::AwaitingPayer,
        Self::ClientReported,
        Self::Held,
        Self::Succeeded,
        Self::Closed,
        Self::Failed,
    ];

    /// The states in which money may still move, so that the channel must be asked before another attempt (R11).
    #[must_use]
    pub fn open() -> Vec<Self> {
        Self::ALL.into_iter().filter(|state| state.is_open()).collect()
    }

    /// Whether the channel's last word is still to come.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(next(self, PaymentEvent::ChannelClosed), Transition::To(_))
    }

    /// Whether the payer still has something to do with the payment data.
    #[must_use]
    pub const fn awaits_payer(self) -> bool {
        match self {
            Self::Initiating | Self::AwaitingPayer | Self::ClientReported => true,
            Self::Held | Self::Succeeded | Self::Closed | Self::Failed => false,
        }
    }

    /// The word kept in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiating => "INITIATING",
            Self::AwaitingPayer => "AWAITING_PAYER",
            Self::ClientReported => "CLIENT_REPORTED",
            Self::Held => "HELD",
            Self::Succeeded => "SUCCEEDED",
            Self::Closed => "CLOSED",
            Self::Failed => "FAILED",
        }
    }
}

impl PaymentEvent {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::PaymentDataReady,
        Self::ClientReported,
        Self::ChannelHeld,
        Self::ChannelPaid,
        Self::ChannelClosed,
        Self::ChannelFailed,
        Self::CreateRefused,
    ];

    /// The word kept with the evidence and shown in the graph.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentDataReady => "PAYMENT_DATA_READY",
            Self::ClientReported => "CLIENT_REPORTED",
            Self::ChannelHeld => "CHANNEL_HELD",
            Self::ChannelPaid => "CHANNEL_PAID",
            Self::ChannelClosed => "CHANNEL_CLOSED",
            Self::ChannelFailed => "CHANNEL_FAILED",
            Self::CreateRefused => "CREATE_REFUSED",
        }
    }
}

/// The graph of [`next`] in Mermaid's words, for ARCHITECTURE.md.
#[must_use]
pub fn mermaid() -> String {
    let mut graph = String::from("stateDiagram-v2\n    [*] --> INITIATING\n");
    for state in PaymentState::ALL {
        for event in PaymentEvent::ALL {
            if let Transition::To(target) = next(state, event) {
                // Writing to a String cannot fail.
                let _ = writeln!(graph, "    {} --> {}: {}", state.as_str(), target.as_str(), event.as_str());
            }
        }
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::{PaymentEvent as E, PaymentState as S, Transition::Stay, *};

    /// Written by hand from the mission's words, in the order of `PaymentEvent::ALL`.
    const BY_HAND: [(S, [Option<S>; 7]); 7] = [
        (
            S::Initiating,
            [
                Some(S::AwaitingPayer),
                Some(S::ClientReported),
                Some(S::Held),
                Some(S::Succeeded),
                Some(S::Closed),
                Some(S::Failed),
                Some(S::Failed),
            ],
        ),
        (
            S::AwaitingPayer,
            [
                None,
                Some(S::ClientReported),
                Some(S::Held),
                Some(S::Succeeded),
                Some(S::Closed),
                Some(S::Failed),
                None,
            ],
        ),
        (
            S::ClientReported,
            [None, None, Some(S::Held), Some(S::Succeeded), Some(S::Closed), Some(S::Failed), None],
        ),
        (S::Held, [None, None, None, Some(S::Succeeded), Some(S::Closed), Some(S::Failed), None]),
        (S::Succeeded, [None, None, None, None, None, None, None]),
        (S::Closed, [None, None, Some(S::Held), Some(S::Succeeded), None, None, None]),
        (S::Failed, [None, None, Some(S::Held), Some(S::Succeeded), None, None, None]),
    ];

    #[test]
    fn every_pair_is_as_written_by_hand() {
        assert_eq!(BY_HAND.map(|(state, _)| state), S::ALL);
        for (state, targets) in BY_HAND {
            for (event, target) in E::ALL.into_iter().zip(targets) {
                let expected = target.map_or(Stay, Transition::To);
                assert_eq!(next(state, event), expected, "{state:?} + {event:?}");
            }
        }
    }

    #[test]
    fn r06_f05_success_is_accepted_in_every_state_and_never_left() {
        for state in S::ALL {
            let after = match next(state, E::ChannelPaid) {
                Transition::To(target) => target,
                Stay => state,
            };
            assert_eq!(after, S::Succeeded);
        }
        assert!(E::ALL.into_iter().all(|event| next(S::Succeeded, event) == Stay));
    }

    #[test]
    fn r01_only_a_channel_fact_leads_to_success() {
        for state in S::ALL {
            for event in E::ALL {
                if next(state, event) == Transition::To(S::Succeeded) {
                    assert_eq!(event, E::ChannelPaid);
                }
            }
        }
    }

    #[test]
    fn the_graph_in_the_architecture_is_this_table() {
        let document = include_str!("../../../ARCHITECTURE.md");
        let graph = format!("```mermaid\n{}```", mermaid());
        assert!(document.contains(&graph), "paste this into ARCHITECTURE.md:\n{graph}");
    }

    #[test]
    fn open_states_are_those_before_the_channels_last_word() {
        assert_eq!(S::open(), [S::Initiating, S::AwaitingPayer, S::ClientReported, S::Held]);
    }

    #[test]
    fn held_money_is_open_and_its_payer_has_nothing_more_to_do() {
        let waiting: Vec<_> = S::ALL.into_iter().filter(|state| state.awaits_payer()).collect();
        assert_eq!(waiting, [S::Initiating, S::AwaitingPayer, S::ClientReported]);
    }
}
