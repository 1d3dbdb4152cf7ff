//! The payment service: gRPC in front, channel callbacks at the side, PostgreSQL behind.
