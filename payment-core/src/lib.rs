//! The domain of payments, without I/O: money, numbers, states and their transition tables, decisions, the gateway
//! trait that every channel implements, the ports through which the outside reaches in, and the named invariants.
//!
//! Nothing here reads a clock, a random source, a socket or a database: time and randomness come in as arguments,
//! decisions go out as values. That is what lets one function decide for callbacks, queries and schedulers alike (R25).

pub mod case;
pub mod evidence;
pub mod gateway;
pub mod identifiers;
pub mod invariant;
pub mod merchant_event;
pub mod money;
pub mod operator;
pub mod payment;
pub mod ports;
pub mod refund;
pub mod schedule;
pub mod scope;
pub mod trace;
pub mod violation;
pub mod webhook;
