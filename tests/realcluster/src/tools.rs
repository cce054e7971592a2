//! The programs of a control plane: built once from pinned sources into a cache outside the tree.
//!
//! The cache's folder is named by a digest of everything that the programs are made of, so a changed version makes a new
//! folder and an old tree still finds its own.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};
use ring::digest::{SHA256, digest};
use thiserror::Error;

use crate::settings;

/// The module that names the sources. Only Go reads its folder; the cluster needs the programs alone.
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools");
const SOURCES: [&str; 2] = [include_str!("../tools/go.mod"), include_str!("../tools/go.sum")];
/// Without these the server calls itself v0.0.0, and clients that ask for its version complain.
const FLAGS: &str = "-s -w \
     -X k8s.io/component-base/version.gitVersion=v1.35.4 \
     -X k8s.io/component-base/version.gitMajor=1 \
     -X k8s.io/component-base/version.gitMinor=35";

/// A program of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
    /// EndpointSlices, node health, garbage collection, Deployments.
    ControllerManager,
    /// The data path of a node.
    Proxy,
}

impl Tool {
    /// All of them, in the order in which they are built.
    pub const ALL: [Self; 4] = [Self::Etcd, Self::ApiServer, Self::ControllerManager, Self::Proxy];

    const fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Proxy => "k8s.io/kubernetes/cmd/kube-proxy",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Proxy => "kube-proxy",
        })
    }
}

/// Why the programs are not there. What was built before stays in the cache.
#[derive(Debug, Error)]
pub enum ToolError {
    /// A program of the machine is missing.
    #[error("missing: {program}. Install {package}")]
    Missing {
        /// What was looked for.
        program: &'static str,
        /// Where it comes from.
        package: &'static str,
    },
    /// Neither `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("set HOME or XDG_CACHE_HOME: the programs are built into a cache there")]
    NoCache,
    /// The compiler said no; its words stand above.
    #[error("{0} could not be built")]
    NotBuilt(Tool),
    /// The file system refused.
    #[error("cannot use {path}")]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The folder of programs that are ready to run.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Finds the programs, and builds what is missing: ten minutes of two cores the first time. `told` hears of each.
    ///
    /// # Errors
    /// A program of the machine is missing (the message names its package), or a build failed.
    pub fn ready(mut told: impl FnMut(&str)) -> Result<Self, ToolError> {
        require("nft", "nftables, on Debian: apt-get install nftables")?;
        require("iptables", "iptables, on Debian: apt-get install iptables")?;
        let folder = settings::cache_folder().ok_or(ToolError::NoCache)?.join(digest_of_sources());
        fs::create_dir_all(&folder).map_err(refused(&folder))?;
        let tools = Self { folder };
        let _lock = tools.lock()?;
        for tool in Tool::ALL.into_iter().filter(|tool| !tools.path(*tool).exists()) {
            require("go", "Go 1.25 or newer, see https://go.dev/dl/")?;
            told(&format!("building {tool} into {}", tools.folder.display()));
            tools.build(tool)?;
        }
        Ok(tools)
    }

    /// The program's file.
    pub fn path(&self, tool: Tool) -> PathBuf {
        self.folder.join(tool.to_string())
    }

    /// Two runs do not build the same at the same time.
    fn lock(&self) -> Result<Flock<File>, ToolError> {
        let path = self.folder.join("lock");
        let file = File::create(&path).map_err(refused(&path))?;
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| refused(&path)(error.into()))
    }

    /// A program appears under its name when it is whole.
    fn build(&self, tool: Tool) -> Result<(), ToolError> {
        let unfinished = self.folder.join(format!("{tool}.part"));
        let built = Command::new("go")
            .args(["build", "-trimpath", "-ldflags", FLAGS, "-o"])
            .arg(&unfinished)
            .arg(tool.package())
            .current_dir(MODULE)
            .env("PATH", settings::search_path())
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-mod=readonly")
            .status()
            .map_err(refused(Path::new("go")))?;
        if !built.success() {
            return Err(ToolError::NotBuilt(tool));
        }
        fs::rename(&unfinished, self.path(tool)).map_err(refused(&unfinished))
    }
}

fn digest_of_sources() -> String {
    let everything = [SOURCES[0], SOURCES[1], FLAGS].concat();
    digest(&SHA256, everything.as_bytes()).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn refused(path: &Path) -> impl Fn(io::Error) -> ToolError {
    move |source| ToolError::Refused { path: path.to_owned(), source }
}

fn require(program: &'static str, package: &'static str) -> Result<(), ToolError> {
    let found = settings::search_path().split(':').any(|folder| Path::new(folder).join(program).is_file());
    if found { Ok(()) } else { Err(ToolError::Missing { program, package }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package_in_one_line() {
        let error = require("no-such-program", "its package").unwrap_err().to_string();
        assert_eq!(error, "missing: no-such-program. Install its package");
    }

    #[test]
    fn the_module_names_every_tool() {
        for tool in Tool::ALL {
            assert!(SOURCES[0].contains(tool.package()), "{tool}");
        }
    }
}
