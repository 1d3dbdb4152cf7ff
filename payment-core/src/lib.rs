//! The domain of payments, without I/O: money, states, decisions, the gateway trait.
