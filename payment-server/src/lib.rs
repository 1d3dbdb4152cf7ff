//! The payment service: gRPC in front, channel callbacks at the side, PostgreSQL behind.

pub mod admin;
pub mod app;
pub mod assemble;
pub mod callback;
pub mod channels;
pub mod command_line;
pub mod config;
mod file_watch;
pub mod grpc;
pub mod jobs;
pub mod key_ring;
pub mod lifecycle;
pub mod metrics;
mod nats;
pub mod ports;
mod reload;
pub mod retention;
pub mod serve;
pub mod telemetry;
pub mod webhooks;
