//! Generates the server from the .proto, without protoc.

use std::error::Error;

const PROTO: &str = "patina/ipam/v1alpha1/ipam.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile([PROTO], ["proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
