//! PostgreSQL for payments: the only crate that sees Diesel.
