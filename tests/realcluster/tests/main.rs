//! End to end on a real control plane. Run by `cargo xtask realcluster test`.
//!
//! Many tests share a cluster ([`stage`]): each leaves it as it found it. Where one cannot, or fails, the next gets a
//! fresh one.

#![expect(clippy::print_stdout, reason = "a test program talks to the person who runs it")]

mod echo;
mod fault;
mod ingress;
mod metrics;
mod outage;
mod path;
mod pressure;
mod privilege;
mod rbac;
mod restart;
mod rights;
mod stage;
mod webhook;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Conclusion, Trial};
use patina_lab::sandbox::{self, Side};
use patina_lab::state::StateDir;
use patina_realcluster::{Spec, Tools};
use stage::Stage;

/// Nodes of the cluster that most tests share. kube-proxy programs iptables on the last, and nftables on the others.
const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];

/// The cluster that most tests share.
fn shared() -> Spec {
    Spec { iptables: vec![3], ..Spec::with_nodes(3) }
}

/// The tests of one file.
type Room = fn(&Arc<Stage>) -> Vec<Trial>;

/// Every test, those of one kind of cluster beside each other.
fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let rooms: [Room; 11] = [
        path::trials,
        fault::trials,
        restart::trials,
        outage::trials,
        pressure::trials,
        ingress::trials,
        metrics::trials,
        privilege::trials,
        rights::trials,
        rbac::trials,
        webhook::trials,
    ];
    rooms.into_iter().flat_map(|trials| trials(stage)).collect()
}

fn main() -> ExitCode {
    match play(Arguments::from_args()) {
        Ok(code) => code,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Builds outside the box, where the cache is; plays inside it, one test after the other.
fn play(mut arguments: Arguments) -> anyhow::Result<ExitCode> {
    let tools = Tools::ready(|step| println!("{step}"))?;
    let held = match sandbox::enter()? {
        Side::Inside(held) => held,
        Side::Outside(code) => {
            StateDir::sweep(Path::new(stage::FOLDER));
            return Ok(code);
        }
    };
    arguments.test_threads = Some(1);
    let stage = Stage::new(tools, held)?;
    let conclusion: Conclusion = libtest_mimic::run(&arguments, trials(&stage));
    println!("{}\n", stage.account());
    drop(stage);
    Ok(conclusion.exit_code())
}
