//! The programs of a control plane, and an ingress controller: built once from pinned sources into a cache outside the
//! tree.
//!
//! Each module has a folder there, named by a digest of everything that its programs are made of, so a changed version
//! makes a new folder and an old tree still finds its own.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};
use ring::digest::{SHA256, digest};
use thiserror::Error;

use crate::settings;

/// A Go module that names programs. Only Go reads its folder; the cluster needs the programs alone.
#[derive(Debug)]
struct Module {
    folder: &'static str,
    sources: [&'static str; 2],
    flags: &'static str,
}

const CONTROL_PLANE: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/tools"),
    sources: [include_str!("../tools/go.mod"), include_str!("../tools/go.sum")],
    // Without these the server calls itself v0.0.0, and clients that ask for its version complain.
    flags: "-s -w \
     -X k8s.io/component-base/version.gitVersion=v1.35.4 \
     -X k8s.io/component-base/version.gitMajor=1 \
     -X k8s.io/component-base/version.gitMinor=35",
};

const TRAEFIK: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/traefik"),
    sources: [include_str!("../traefik/go.mod"), include_str!("../traefik/go.sum")],
    flags: "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=v3.6.12",
};

/// A program that is built.
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
    /// The ingress controller: nodes have it as the image that [`Tool::image`] names.
    Traefik,
}

impl Tool {
    /// All of them, in the order in which they are built.
    pub const ALL: [Self; 5] =
        [Self::Etcd, Self::ApiServer, Self::ControllerManager, Self::Proxy, Self::Traefik];

    /// The container image in whose place nodes run it.
    pub const fn image(self) -> Option<&'static str> {
        match self {
            Self::Etcd | Self::ApiServer | Self::ControllerManager | Self::Proxy => None,
            Self::Traefik => Some("traefik:v3.6.12"),
        }
    }

    const fn module(self) -> &'static Module {
        match self {
            Self::Etcd | Self::ApiServer | Self::ControllerManager | Self::Proxy => &CONTROL_PLANE,
            Self::Traefik => &TRAEFIK,
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Proxy => "k8s.io/kubernetes/cmd/kube-proxy",
            Self::Traefik => "github.com/traefik/traefik/v3/cmd/traefik",
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
            Self::Traefik => "traefik",
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

/// The programs, ready to run.
#[derive(Clone, Debug)]
pub struct Tools {
    cache: PathBuf,
}

impl Tools {
    /// Finds the programs, and builds what is missing: twenty minutes of two cores the first time. `told` hears of each.
    ///
    /// # Errors
    /// A program of the machine is missing (the message names its package), or a build failed.
    pub fn ready(mut told: impl FnMut(&str)) -> Result<Self, ToolError> {
        require("nft", "nftables, on Debian: apt-get install nftables")?;
        require("iptables", "iptables, on Debian: apt-get install iptables")?;
        let cache = settings::cache_folder().ok_or(ToolError::NoCache)?;
        for module in [&CONTROL_PLANE, &TRAEFIK] {
            let folder = cache.join(module.digest());
            fs::create_dir_all(&folder).map_err(refused(&folder))?;
        }
        let tools = Self { cache };
        let _lock = tools.lock()?;
        for tool in Tool::ALL.into_iter().filter(|tool| !tools.path(*tool).exists()) {
            require("go", "Go 1.25 or newer, see https://go.dev/dl/")?;
            told(&format!("building {tool} into {}", tools.cache.display()));
            tools.build(tool)?;
        }
        Ok(tools)
    }

    /// The program's file.
    pub fn path(&self, tool: Tool) -> PathBuf {
        self.cache.join(tool.module().digest()).join(tool.to_string())
    }

    /// Two runs do not build the same at the same time.
    fn lock(&self) -> Result<Flock<File>, ToolError> {
        let path = self.cache.join("lock");
        let file = File::create(&path).map_err(refused(&path))?;
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| refused(&path)(error.into()))
    }

    /// A program appears under its name when it is whole.
    fn build(&self, tool: Tool) -> Result<(), ToolError> {
        let unfinished = self.path(tool).with_extension("part");
        let built = Command::new("go")
            .args(["build", "-trimpath", "-ldflags", tool.module().flags, "-o"])
            .arg(&unfinished)
            .arg(tool.package())
            .current_dir(tool.module().folder)
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

impl Module {
    fn digest(&self) -> String {
        let everything = [self.sources[0], self.sources[1], self.flags].concat();
        let digest = digest(&SHA256, everything.as_bytes());
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
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
    fn the_modules_name_every_tool() {
        for tool in Tool::ALL {
            assert!(tool.module().sources[0].contains(tool.package()), "{tool}");
        }
    }

    #[test]
    fn an_image_s_tag_is_the_version_that_is_built() {
        let (name, tag) = Tool::Traefik.image().and_then(|image| image.split_once(':')).unwrap();
        assert!(TRAEFIK.sources[0].contains(&format!("github.com/traefik/{name}/v3 {tag}")), "{name}:{tag}");
    }
}
