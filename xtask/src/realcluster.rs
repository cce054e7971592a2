//! `realcluster up|test|down`: a cluster with a real control plane, for hands and for tests.

mod abreast;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::tree;

/// Of the whole workspace and with the feature, so that every verb shares what the others have built. The feature switches
/// on the tests, which need Go and nft.
const ALL: [&str; 3] = ["--workspace", "--features", "patina-realcluster/real"];
const PROGRAM: &str = "patina-realcluster";
/// `up` runs the project's daemons as this one.
const COMMAND: &str = "patina-on-realcluster";
/// A real server makes its clients wait, and not for want of a processor.
const CASES_AT_ONCE: &str = "--test-threads=8";
/// Tests that wait for minutes, by the beginning of their names.
const WAITING: &str = "outage::";

/// What to do with the cluster.
#[derive(Subcommand)]
pub(crate) enum RealCluster {
    /// Start a cluster that stays, with a kubeconfig.
    Up {
        /// How many nodes.
        #[arg(long, default_value_t = 2)]
        nodes: u8,
    },
    /// Run the tests, then the suites of conformance and parity; a part of a name selects some tests. `PATINA_NIGHTLY=1`
    /// adds those that take minutes.
    Test {
        /// Passed on to the tests.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// End the cluster that stays.
    Down,
}

/// Builds the control plane's programs where they are missing, then does it.
pub(crate) fn run(root: &Path, verb: &RealCluster) -> Result<()> {
    match verb {
        RealCluster::Up { nodes } => {
            build(root)?;
            done(program(root).args(["up", "--nodes", &nodes.to_string()]))
        }
        RealCluster::Down => {
            build(root)?;
            done(program(root).arg("down"))
        }
        RealCluster::Test { arguments } if arguments.is_empty() => everything(root),
        RealCluster::Test { arguments } => done(tests(root).args(arguments)),
    }
}

/// First what looks at the clock of the wire, alone. Then what mostly waits, side by side: the tests with an API server that
/// is away, and the suites that run against the lab's API server too, each on a real one that ends with it.
fn everything(root: &Path) -> Result<()> {
    done(tests(root).args(["--skip", WAITING]))?;
    build(root)?;
    // A folder of its own: the user's cluster for hands may be up.
    let folder = root.join("target/tmp");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut outage = tests(root);
    outage.arg(WAITING);
    let mut commands = vec![("outage", outage)];
    for name in ["parity", "conformance"] {
        done(suite(root, name).arg("--no-run"))?;
        commands.push((name, beside(root, &folder.join(name), name)));
    }
    abreast::run(&folder, commands)
}

/// A suite with a control plane of its own, whose files are in `state`.
fn beside(root: &Path, state: &Path, name: &str) -> Command {
    let mut beside = program(root);
    beside.arg("beside").arg("--state").arg(state).args(["--", "cargo"]);
    beside.args(suite(root, name).get_args()).args(["--", CASES_AT_ONCE]);
    beside
}

fn tests(root: &Path) -> Command {
    let mut cargo = suite(root, "realcluster");
    cargo.arg("--");
    cargo
}

fn suite(root: &Path, name: &str) -> Command {
    let mut cargo = tree::cargo_command(root);
    cargo.arg("test").args(ALL).args(["--test", name]);
    cargo
}

fn build(root: &Path) -> Result<()> {
    let mut cargo = tree::cargo_command(root);
    done(cargo.args(["build", "--quiet"]).args(ALL).args(["--bin", PROGRAM, "--bin", COMMAND]))
}

fn program(root: &Path) -> Command {
    tree::command(root, &root.join("target/debug").join(PROGRAM))
}

/// Its own words stand above.
fn done(command: &mut Command) -> Result<()> {
    let ended = command.status().with_context(|| command.get_program().display().to_string())?;
    ensure!(ended.success(), "{}: {ended}", command.get_program().display());
    Ok(())
}
