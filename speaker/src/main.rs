//! Answers ARP and NDP for external addresses on one node.

use std::process::ExitCode;

use clap::Parser;
use patina_speaker::Arguments;

/// Answers ARP and NDP for external addresses on one node.
#[derive(Parser)]
#[command(name = "patina-speaker", version)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    patina_speaker::main(Cli::parse().arguments)
}
