//! `suite`: the suites that know two targets, the lab's API server and a real one that a kubeconfig leads to.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::tree;

/// A suite, and its target.
#[derive(Args)]
pub(crate) struct Suite {
    /// Which one.
    name: Name,
    /// The kubeconfig of an administrator of a real cluster; without one the lab's API server is asked.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where etcd of that cluster listens without TLS: cases about its history need it.
    #[arg(long, value_name = "URL", requires = "kubeconfig")]
    etcd: Option<String>,
    /// Passed on to the tests: a part of a name, --test-threads.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// What a Kubernetes API server answers.
    Conformance,
    /// What people know from MetalLB.
    Parity,
}

impl Name {
    const fn target(self) -> &'static str {
        match self {
            Self::Conformance => "conformance",
            Self::Parity => "parity",
        }
    }

    const fn kubeconfig(self) -> &'static str {
        match self {
            Self::Conformance => "PATINA_CONFORMANCE_KUBECONFIG",
            Self::Parity => "PATINA_PARITY_KUBECONFIG",
        }
    }
}

/// Runs it.
pub(crate) fn run(root: &Path, suite: &Suite) -> Result<()> {
    let status = command(root, suite)?.status().context("cargo")?;
    ensure!(status.success(), "{}: {status}", suite.name.target());
    Ok(())
}

fn command(root: &Path, suite: &Suite) -> Result<Command> {
    let mut cargo = tree::cargo_command(root);
    cargo.args(["test", "--workspace", "--test", suite.name.target(), "--"]).args(&suite.arguments);
    if let Some(file) = &suite.kubeconfig {
        let file = file.canonicalize().with_context(|| file.display().to_string())?;
        cargo.env(suite.name.kubeconfig(), file);
    }
    cargo.envs(suite.etcd.iter().map(|url| ("PATINA_CONFORMANCE_ETCD", url)));
    Ok(cargo)
}
