//! `sim` and `model`: tell histories of the simulation, or of the model of allocation, again, by seed or from a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::tree;

/// Which histories.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The first seed.
    #[arg(long, required_unless_present = "history", conflicts_with = "history")]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// A file in the form that a failing history prints.
    #[arg(long)]
    history: Option<PathBuf>,
    /// Show the last lines of the trace, of sound histories too.
    #[arg(long)]
    trace: bool,
}

/// Tells histories by the `package` that knows how. Fails when one breaks a promise or a law.
pub(crate) fn run(root: &Path, package: &str, arguments: &Arguments) -> Result<()> {
    let mut cargo = tree::cargo_command(root);
    cargo.args(["run", "--quiet", "--package", package, "--"]);
    if let Some(seed) = arguments.seed {
        cargo.args(["--seed", &seed.to_string(), "--count", &arguments.count.to_string()]);
    }
    if let Some(history) = &arguments.history {
        cargo.arg("--history").arg(history.canonicalize().with_context(|| history.display().to_string())?);
    }
    if arguments.trace {
        cargo.arg("--trace");
    }
    ensure!(cargo.status().context("cargo")?.success(), "a history failed");
    Ok(())
}
