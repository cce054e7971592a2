//! The patina command.

use std::process::ExitCode;

fn main() -> ExitCode {
    patina_cli::main()
}
