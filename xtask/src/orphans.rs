//! No Rust file may stand outside the build: a test that is not compiled cannot fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::tree;

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        filenames: Vec<PathBuf>,
        manifest_path: PathBuf,
        target: Target,
    },
    #[serde(other)]
    Other,
}

/// A library, a program, a build script.
#[derive(Deserialize)]
struct Target {
    src_path: PathBuf,
}

/// Fails with one line for every `.rs` file that no target of the workspace compiles.
pub(crate) fn check(root: &Path) -> Result<()> {
    let compiled = compiled(root)?;
    let members = tree::members(root)?;
    let folders: BTreeSet<PathBuf> = members.into_iter().map(|m| m.folder).collect();
    let mut lost = BTreeSet::new();
    for folder in &folders {
        let files = tree::rust_files(folder)?;
        lost.extend(files.into_iter().filter(|f| !compiled.contains(f) && !outside(root, f)));
    }
    let lost: Vec<_> = lost.iter().map(|f| f.strip_prefix(root).unwrap_or(f).display().to_string()).collect();
    ensure!(lost.is_empty(), "files that nothing compiles:\n  {}", lost.join("\n  "));
    Ok(())
}

/// The fuzz crate is a workspace of its own, with its own check.
fn outside(root: &Path, file: &Path) -> bool {
    file.starts_with(root.join("fuzz"))
}

/// Every file named by the dep-info of the members' artifacts.
fn compiled(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let told = tree::cargo(
        root,
        &["check", "--workspace", "--all-targets", "--all-features", "--message-format", "json"],
    )?;
    let mut files = BTreeSet::new();
    for line in told.lines() {
        let Ok(Message::CompilerArtifact { filenames, manifest_path, target }) = serde_json::from_str(line)
        else {
            continue;
        };
        if !manifest_path.starts_with(root) {
            continue;
        }
        // The dep-info of a build script bears another name than what it is of.
        files.insert(target.src_path);
        for artifact in filenames {
            files.extend(dep_info(root, &artifact)?);
        }
    }
    Ok(files)
}

/// The sources that an artifact was made from; dep-info lies beside it, without the `lib` prefix.
fn dep_info(root: &Path, artifact: &Path) -> Result<Vec<PathBuf>> {
    let Some(stem) = artifact.file_stem().and_then(|s| s.to_str()) else { return Ok(Vec::new()) };
    let file = artifact.with_file_name(format!("{}.d", stem.strip_prefix("lib").unwrap_or(stem)));
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let sources = text.lines().filter_map(|line| line.strip_suffix(':'));
    Ok(sources.filter(|s| s.ends_with(".rs")).map(|s| root.join(s)).collect())
}
