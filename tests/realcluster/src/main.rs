//! A cluster for hands: `up` starts it as a program of its own session, `down` ends it. And a control plane for one
//! command, which ends with it.

mod beside;
mod up;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use patina_realcluster::settings;

/// A Kubernetes cluster with a real control plane in network namespaces, with the project's daemons on its nodes.
#[derive(Debug, Parser)]
#[command(name = "patina-realcluster")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build the control plane's programs, unless they are built.
    Build,
    /// Start a cluster that stays, for kubectl.
    Up {
        /// How many nodes.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=80))]
        nodes: u8,
    },
    /// End the cluster; nothing of it stays behind.
    Down,
    /// Run a suite beside a control plane of its own.
    #[command(hide = true)]
    Beside {
        #[arg(long)]
        state: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// The program behind `up`.
    #[command(hide = true)]
    Stay {
        #[arg(long)]
        nodes: u8,
        #[arg(long)]
        state: PathBuf,
    },
}

fn main() -> ExitCode {
    let folder = settings::state_folder();
    let done = match Arguments::parse().verb {
        Verb::Build => up::tools().map(|_| ExitCode::SUCCESS),
        Verb::Up { nodes } => up::up(nodes, &folder),
        Verb::Down => up::down(&folder),
        Verb::Beside { state, command } => beside::run(&state, &command),
        Verb::Stay { nodes, state } => up::stay(nodes, &state),
    };
    done.unwrap_or_else(|error| {
        // Nobody is left to tell when this fails.
        let _ = writeln!(std::io::stderr(), "{error:#}");
        ExitCode::FAILURE
    })
}
