//! The gRPC contract `payment.v1`, compiled from `payment/v1/*.proto` without protoc.
//!
//! Generated clients and servers are in [`v1`]; [`FILE_DESCRIPTOR_SET`] serves reflection.

/// The messages, clients and servers of `payment.v1`.
#[allow(
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    reason = "generated; the documentation stands in the .proto files"
)]
#[allow(
    clippy::all,
    clippy::wildcard_enum_match_arm,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("payment.v1");
}

/// The compiled descriptors of the contract, as `google.protobuf.FileDescriptorSet` bytes.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/payment.v1.bin"));
