//! Compiles `payment/v1/*.proto` without protoc and keeps the descriptor set for reflection.

use std::{error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=payment");
    let mut files = fs::read_dir("payment/v1")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, _>>()?;
    files.sort();
    let descriptors = protox::compile(&files, ["."])?;
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder by the environment only"
    )]
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("payment.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
