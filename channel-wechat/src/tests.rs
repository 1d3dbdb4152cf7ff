//! The gateway from outside: scripted answers in, requests and verdicts out.
