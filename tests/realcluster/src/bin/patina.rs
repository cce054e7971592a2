//! The patina command, built beside the clusters that run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    patina_cli::main()
}
