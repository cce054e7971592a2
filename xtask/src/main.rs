//! Chores: generated files, checks, benchmarks, CI.

mod bench;
mod crds;
mod dist;
mod layers;
mod orphans;
mod parity;
mod realcluster;
mod reasons;
mod sim;
mod story;
mod suite;
mod table;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Chores of the project. Run from anywhere in the tree: `cargo xtask <chore>`.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Measure what users feel.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Write the CustomResourceDefinitions of the chart from the types in src/api.
    Crds(crds::Arguments),
    /// Build the two daemons as they ship: static, small, checked against their budget.
    Dist,
    /// Check the direction of dependencies between rooms of the core and between crates.
    Layers,
    /// Check that every Rust file is compiled by some target.
    Orphans,
    /// Write docs/parity.md: which tests are about which behaviour known from MetalLB.
    Parity(parity::Arguments),
    /// A cluster with a real control plane: for hands, or its tests.
    #[command(subcommand, name = "realcluster")]
    RealCluster(realcluster::RealCluster),
    /// Write the table of every reason in docs/ from the code.
    Reasons(reasons::Arguments),
    /// Tell drawn histories again, or one from a file, and show what they break.
    Sim(sim::Arguments),
    /// Tells histories of the model of allocation again: by seed, or from a file.
    Model(sim::Arguments),
    /// Run the conformance or the parity suite, against the lab's API server or a real one.
    Suite(suite::Suite),
    /// Check the facts that `patina lab --output json` told.
    Story {
        /// File with the JSON document.
        file: PathBuf,
    },
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    match Arguments::parse().chore {
        Chore::Bench(bench) => bench::run(root, &bench),
        Chore::Crds(arguments) => crds::run(root, &arguments),
        Chore::Dist => dist::run(root),
        Chore::Layers => layers::check(root),
        Chore::Orphans => orphans::check(root),
        Chore::Parity(arguments) => parity::run(root, &arguments),
        Chore::RealCluster(verb) => realcluster::run(root, &verb),
        Chore::Reasons(arguments) => reasons::run(root, &arguments),
        Chore::Sim(arguments) => sim::run(root, "patina-simulation", &arguments),
        Chore::Model(arguments) => sim::run(root, "patina-model", &arguments),
        Chore::Suite(suite) => suite::run(root, &suite),
        Chore::Story { file } => story::check(&file),
    }
}
