//! Assigns addresses to Services of type LoadBalancer.

use std::process::ExitCode;

use clap::Parser;
use patina_controller::Arguments;

/// Assigns addresses to Services of type LoadBalancer.
#[derive(Parser)]
#[command(name = "patina-controller", version)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    patina_controller::main(Command::parse().arguments)
}
