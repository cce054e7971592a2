//! `bench failover`: the lab's story again and again, as a distribution. `bench allocate` and `bench plan`: [`figures`].

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who typed it")]

mod figures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::{table, tree};

/// A run during which the machine itself stood still for longer is repeated: half a beat.
const MACHINE_STALL_BOUND_MS: f64 = 50.0;
/// So many repeated runs for each wanted one, then the machine is too busy to measure on.
const REPEATS_PER_RUN: usize = 3;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Crash of the announcing node and gentle stop, as a client sees them.
    Failover(Failover),
    /// Many Services from empty to assigned, against as many bare status patches; against the lab's API server, or against
    /// one that a kubeconfig leads to.
    #[command(disable_help_flag = true)]
    Allocate(figures::Passed),
    /// Planning for many Services, whole and for one that has come or gone.
    #[command(disable_help_flag = true)]
    Plan(figures::Passed),
    /// Memory and writes of speakers, without a Service and with many.
    #[command(disable_help_flag = true)]
    Speakers(figures::Passed),
    /// Turns of the packet thread's machine: with few and many addresses, among many peers.
    #[command(disable_help_flag = true)]
    Turns(figures::Passed),
}

/// How to measure failover.
#[derive(Args)]
pub(crate) struct Failover {
    /// Runs that count.
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// Nodes of the lab.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Also write the table to this file.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Figures of the story that become rows, with their unit.
const FIGURES: &[(&str, &str)] = &[
    ("crash_gap_ms", "IPv4: node dies, longest time without an answer (ms)"),
    ("v6_crash_gap_ms", "IPv6: node dies, longest time without an answer (ms)"),
    ("crash_failed", "IPv4: requests failed around the crash, dead Pods included"),
    ("v6_crash_failed", "IPv6: requests failed around the crash, dead Pods included"),
    ("handover_lost", "IPv4: gentle stop, requests lost"),
    ("v6_handover_lost", "IPv6: gentle stop, requests lost"),
];

/// Runs the bench and prints its table.
pub(crate) fn run(root: &Path, bench: &Bench) -> Result<()> {
    match bench {
        Bench::Failover(failover) => measure_failover(root, failover),
        Bench::Allocate(passed) => figures::run_with_daemons(root, "allocate", passed),
        Bench::Plan(passed) => figures::run(root, "plan", passed),
        Bench::Speakers(passed) => figures::run_with_daemons(root, "speakers", passed),
        Bench::Turns(passed) => figures::run(root, "turns", passed),
    }
}

fn measure_failover(root: &Path, failover: &Failover) -> Result<()> {
    let patina = build(root)?;
    let (runs, repeated) = collect(root, &patina, failover)?;
    let text = report(&runs, repeated, failover);
    println!("{text}");
    let Some(file) = &failover.write else { return Ok(()) };
    fs::write(file, text).with_context(|| file.display().to_string())
}

/// The command as it ships.
fn build(root: &Path) -> Result<PathBuf> {
    eprintln!("building the patina command as it ships");
    let built = tree::cargo_command(root)
        .args(["build", "--quiet", "--release", "--package", "patina-cli"])
        .status()
        .context("cargo")?;
    ensure!(built.success(), "cargo build failed");
    Ok(root.join("target/release/patina"))
}

fn collect(root: &Path, patina: &Path, failover: &Failover) -> Result<(Vec<Value>, usize)> {
    let (mut runs, mut repeated) = (Vec::new(), 0);
    while runs.len() < failover.runs {
        let story = story(root, patina, failover.nodes)?;
        let stall = number(&story, "machine_stall_ms").context("the story tells no machine_stall_ms")?;
        eprintln!(
            "run {} of {}: {} ms, IPv6 {} ms; the machine stood still for {stall} ms",
            runs.len() + 1,
            failover.runs,
            story["crash_gap_ms"],
            story["v6_crash_gap_ms"],
        );
        if stall <= MACHINE_STALL_BOUND_MS {
            runs.push(story);
            continue;
        }
        repeated += 1;
        ensure!(repeated <= failover.runs * REPEATS_PER_RUN, "the machine stalls too often to measure on");
    }
    Ok((runs, repeated))
}

fn story(root: &Path, patina: &Path, nodes: usize) -> Result<Value> {
    let told = Command::new(patina)
        .args(["lab", "--output", "json", "--nodes", &nodes.to_string()])
        .current_dir(root)
        .output()
        .context("patina lab")?;
    if !told.status.success() {
        bail!(
            "the story did not hold:\n{}\n{}",
            String::from_utf8_lossy(&told.stdout),
            String::from_utf8_lossy(&told.stderr)
        );
    }
    serde_json::from_slice(&told.stdout).context("the story's JSON")
}

fn number(story: &Value, figure: &str) -> Option<f64> {
    story.get(figure)?.as_f64()
}

fn report(runs: &[Value], repeated: usize, failover: &Failover) -> String {
    let mut rows = vec![["what", "min", "median", "p90", "max", "each run"].map(str::to_owned).to_vec()];
    for (figure, title) in FIGURES {
        let values: Vec<f64> = runs.iter().filter_map(|story| number(story, figure)).collect();
        rows.push(row(title, &values));
    }
    let (counted, nodes) = (runs.len(), failover.nodes);
    format!(
        "{}\n{counted} runs on {nodes} nodes; {repeated} more were repeated because the machine itself stood still for over {MACHINE_STALL_BOUND_MS} ms.\n\
         Repeat: `cargo xtask bench failover --runs {counted} --nodes {nodes}`\n",
        table::markdown(&rows)
    )
}

fn row(title: &str, values: &[f64]) -> Vec<String> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let each: Vec<_> = values.iter().map(|v| format!("{v:.0}")).collect();
    let mut cells = vec![title.to_owned()];
    cells.extend(
        [0.0, 0.5, 0.9, 1.0].map(|q| quantile(&sorted, q).map_or("–".to_owned(), |v| format!("{v:.0}"))),
    );
    cells.push(each.join(" "));
    cells
}

/// The nearest-rank quantile of sorted values.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
    let at = ((sorted.len() as f64 * q).ceil() as usize).saturating_sub(1);
    sorted.get(at.min(last)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sorted = [1.0, 2.0, 3.0, 10.0];
        assert_eq!(
            [0.0, 0.5, 0.9, 1.0].map(|q| quantile(&sorted, q)),
            [Some(1.0), Some(2.0), Some(10.0), Some(10.0)]
        );
        assert_eq!(quantile(&[], 0.5), None);
    }
}
