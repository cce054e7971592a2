//! What is in the tree: Rust files and the members of the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A member of the workspace.
pub(crate) struct Member {
    /// `package.name`.
    pub(crate) name: String,
    /// Folder of its manifest.
    pub(crate) folder: PathBuf,
    /// Names of its normal dependencies.
    pub(crate) dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// The members, as cargo tells.
pub(crate) fn members(root: &Path) -> Result<Vec<Member>> {
    let text = cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--offline"])?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    Ok(metadata.packages.into_iter().map(Member::from).collect())
}

impl From<Package> for Member {
    fn from(package: Package) -> Self {
        let normal = package.dependencies.into_iter().filter(|d| d.kind.is_none());
        Self {
            name: package.name,
            folder: package.manifest_path.parent().map(Path::to_path_buf).unwrap_or_default(),
            dependencies: normal.map(|d| d.name).collect(),
        }
    }
}

/// What `cargo run` tells this program about its own package. Build scripts look at some of it, and would run again
/// under every cargo that is started from here.
const OWN: [&str; 8] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Cargo, as if a person had typed it.
pub(crate) fn cargo_command(root: &Path) -> Command {
    command(root, Path::new("cargo"))
}

/// A program that may start cargo, as if a person had typed it.
pub(crate) fn command(root: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    for variable in OWN {
        command.env_remove(variable);
    }
    command
}

/// Runs cargo and gives what it printed.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = cargo_command(root).args(arguments).output().context("cargo")?;
    ensure!(
        output.status.success(),
        "cargo {}:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Every `.rs` file below a folder, sorted; build output is left out.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
