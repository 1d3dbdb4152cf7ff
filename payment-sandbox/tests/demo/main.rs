//! The built binary as a newcomer meets it: the demo, its parts, and clients that others wrote.

mod grpc_clients;
mod parts;
mod process;
mod stories;
