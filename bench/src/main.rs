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
mod controller;
mod memory;
mod plan;
mod report;
mod server;
mod services;
mod speakers;
mod turns;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use patina_lab::sandbox::{self, Side};

use report::Report;

/// Benchmarks of Patina.
#[derive(Parser)]
enum Bench {
    /// Many Services from empty to assigned, against as many bare status patches.
    Allocate(allocate::Arguments),
    /// Planning for many Services, whole and for one that has changed.
    Plan(plan::Arguments),
    /// Memory and writes of speakers, without a Service and with many.
    Speakers(speakers::Arguments),
    /// Turns of the packet thread's machine: with few and many addresses, among many peers.
    Turns,
    /// Becomes the speaker of this path, with its privileges alone.
    #[command(hide = true)]
    SpeakerAlone { program: PathBuf },
}

fn main() -> anyhow::Result<ExitCode> {
    let report = match Bench::parse() {
        Bench::Allocate(arguments) => runtime()?.block_on(allocate::run(arguments))?,
        Bench::Plan(arguments) => plan::run(&arguments)?,
        Bench::Speakers(arguments) => match sandbox::enter()? {
            Side::Outside(code) => return Ok(code),
            Side::Inside(held) => {
                drop(held);
                runtime()?.block_on(speakers::run(arguments))?
            }
        },
        Bench::Turns => turns::run(),
        Bench::SpeakerAlone { program } => return Err(speakers::become_speaker(&program)),
    };
    print(&report)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn print(report: &Report) -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string(report)?);
    Ok(ExitCode::SUCCESS)
}
