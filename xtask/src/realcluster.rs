//! `realcluster up|test|down`: a cluster with a real control plane, for hands and for its tests.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::tree;

const PACKAGE: &str = "patina-realcluster";
/// Switches on the tests, which need Go and nft.
const FEATURE: &str = "patina-realcluster/real";

/// What to do with the cluster.
#[derive(Subcommand)]
pub(crate) enum RealCluster {
    /// Start a cluster that stays, with a kubeconfig.
    Up {
        /// How many nodes.
        #[arg(long, default_value_t = 2)]
        nodes: u8,
    },
    /// Run the tests; a part of a name selects some. `PATINA_NIGHTLY=1` adds those that take minutes.
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
        RealCluster::Up { nodes } => by_hand(root, &["up", "--nodes", &nodes.to_string()]),
        RealCluster::Down => by_hand(root, &["down"]),
        RealCluster::Test { arguments } => {
            // Of the whole workspace: so built, it shares what `cargo test --workspace` has built.
            let mut words = vec!["test", "--workspace", "--features", FEATURE, "--test", "realcluster", "--"];
            words.extend(arguments.iter().map(String::as_str));
            cargo(root, &words)
        }
    }
}

fn by_hand(root: &Path, words: &[&str]) -> Result<()> {
    // `up` runs the other program of the package.
    cargo(root, &["build", "--quiet", "--package", PACKAGE, "--bins"])?;
    let program = ["run", "--quiet", "--package", PACKAGE, "--bin", PACKAGE, "--"];
    cargo(root, &[&program, words].concat())
}

fn cargo(root: &Path, words: &[&str]) -> Result<()> {
    let ended = tree::cargo_command(root).args(words).status().context("cargo")?;
    // Its words stand above.
    ensure!(ended.success(), "cargo {}: {ended}", words.join(" "));
    Ok(())
}
