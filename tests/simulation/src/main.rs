//! Tells drawn or written histories: see [`command`].

use std::process::ExitCode;

use patina_simulation::command;
use patina_simulation::history::History;

fn main() -> ExitCode {
    command::main::<History>("simulate")
}
