//! The benchmarks of `bench/`, optimised, with the daemons as they ship, and their figures as a table.

#![expect(clippy::print_stdout, reason = "a chore talks to the person who typed it")]

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::{dist, table, tree};

/// What is passed on; `--help` lists it.
#[derive(Args)]
pub(crate) struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// What `patina-bench` says.
#[derive(Deserialize)]
struct Report {
    /// What was measured, and the figure.
    rows: Vec<(String, String)>,
}

/// Builds the benchmark, runs it and prints its table.
pub(super) fn run(root: &Path, bench: &str, passed: &Passed) -> Result<()> {
    measure(root, bench, &[], passed)
}

/// The same, with the daemons as they ship.
pub(super) fn run_with_daemons(root: &Path, bench: &str, passed: &Passed) -> Result<()> {
    dist::build(root)?;
    let folder = dist::folder(root);
    measure(root, bench, &[OsStr::new("--daemons"), folder.as_os_str()], passed)
}

fn measure(root: &Path, bench: &str, own: &[&OsStr], passed: &Passed) -> Result<()> {
    let mut command = cargo(root, "run");
    command.args(["--package", "patina-bench", "--", bench]).args(own).args(&passed.arguments);
    let ended = command.stderr(Stdio::inherit()).output().context("patina-bench")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    ensure!(ended.status.success(), "the benchmark did not end well\n{said}");
    let Ok(report) = serde_json::from_str::<Report>(&said) else {
        println!("{said}");
        return Ok(());
    };
    println!("{}Repeat: `cargo xtask bench {bench} {}`", markdown(report), passed.arguments.join(" "));
    Ok(())
}

fn markdown(report: Report) -> String {
    let head = vec!["what".to_owned(), "figure".to_owned()];
    let rows = report.rows.into_iter().map(|(what, figure)| vec![what, figure]);
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    format!("{}\n", table::markdown(&rows))
}

fn cargo(root: &Path, verb: &str) -> std::process::Command {
    let mut cargo = tree::cargo_command(root);
    cargo.args([verb, "--quiet", "--release"]);
    cargo
}
