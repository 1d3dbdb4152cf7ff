//! Tests over the whole system: end to end, crash, conformance, tidy.
