//! Tells drawn or written histories: see [`command`].

use std::process::ExitCode;

use patina_model::history::History;
use patina_simulation::command;

fn main() -> ExitCode {
    command::main::<History>("model")
}
