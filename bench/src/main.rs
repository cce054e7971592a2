//! Benchmarks that run against an API server or against the core. `cargo xtask bench` builds them as they ship, and turns the
//! one JSON document on standard output into a table.
//!
//! Times are for comparison within one run: a machine that does other things widens all of them alike.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to the person who started it"
)]

mod allocate;
mod clock;
mod plan;
mod report;
mod turns;

use clap::Parser;

/// Benchmarks of Patina.
#[derive(Parser)]
enum Bench {
    /// Many Services from empty to assigned, against as many bare status patches.
    Allocate(allocate::Arguments),
    /// Planning for many Services, whole and for one that has changed.
    Plan(plan::Arguments),
    /// Turns of the packet thread's machine: with few and many addresses, among many peers.
    Turns,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let report = match Bench::parse() {
        Bench::Allocate(arguments) => allocate::run(arguments).await?,
        Bench::Plan(arguments) => plan::run(&arguments),
        Bench::Turns => turns::run(),
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
