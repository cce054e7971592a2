//! The patina command, as a function, so that tests can be the same program.

mod hidden;
mod lab;
mod objects;
mod output;
mod plan;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// External IPs for LoadBalancer Services on bare metal.
#[derive(Debug, Parser)]
#[command(name = "patina", version)]
struct Patina {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A whole cluster on this machine: plays its story, or stays for kubectl.
    Lab(lab::Lab),
    /// What would become of every Service if these pools, advertisements and ForeignRanges were applied. Changes nothing.
    Plan(plan::Plan),
    /// Why a Service has the address that it has, or none. Changes nothing.
    Why(why::Why),
    /// Run as the controller does in a cluster.
    Controller(patina_controller::Arguments),
    /// Run as the speaker does on a node.
    Speaker(patina_speaker::Arguments),
    /// The program behind `lab up`.
    #[command(hide = true, name = "lab-cluster")]
    Cluster(lab::Cluster),
    /// The agents of one node of a lab.
    #[command(hide = true, name = "lab-node")]
    Node(hidden::Node),
    /// Run a command in the lab's box (used by the tests).
    #[command(hide = true, name = "lab-box")]
    Box {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Run a command with no capability but the named ones (used by the lab).
    #[command(hide = true, name = "lab-confine")]
    Confine(hidden::Confine),
}

/// The whole program. Must be called before the program has a second thread.
pub fn main() -> ExitCode {
    let result = match Patina::parse().verb {
        Verb::Lab(lab) => lab::run(lab),
        Verb::Plan(plan) => Ok(answered(plan::run(&plan))),
        Verb::Why(why) => Ok(answered(why::run(&why))),
        Verb::Controller(arguments) => Ok(patina_controller::main(arguments)),
        Verb::Speaker(arguments) => Ok(patina_speaker::main(arguments)),
        Verb::Cluster(cluster) => lab::run_cluster(&cluster),
        Verb::Node(node) => hidden::node(&node),
        Verb::Box { command } => hidden::in_box(&command),
        Verb::Confine(confine) => Err(hidden::confine(confine)),
    };
    result.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

/// The exit code of a question: an error is told apart from an answer that one would not wish for.
fn answered(answer: anyhow::Result<ExitCode>) -> ExitCode {
    answer.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(output::NO_ANSWER)
    })
}

/// One line: the error and its causes.
#[expect(clippy::print_stderr, reason = "a command tells its errors here")]
fn complain(error: &anyhow::Error) {
    eprintln!("patina: {}", format!("{error:#}").replace('\n', " "));
}
