//! `dist`: the two daemons as they ship, static and small, and able to start in a root that holds nothing else.

#![expect(clippy::print_stdout, reason = "a chore talks to the person who typed it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{table, tree};

const TARGET: &str = "x86_64-unknown-linux-musl";
const DAEMONS: [&str; 2] = ["patina-controller", "patina-speaker"];
/// What a daemon may weigh.
const BUDGET_BYTES: u64 = 8 * 1024 * 1024;

/// Builds both daemons for an empty image and prints their sizes.
pub(crate) fn run(root: &Path) -> Result<()> {
    build(root)?;
    let mut rows = vec![["daemon", "bytes", "linked", "in an empty root"].map(str::to_owned).to_vec()];
    for daemon in DAEMONS {
        rows.push(weigh(root, daemon)?);
    }
    print!("{}", table::markdown(&rows));
    Ok(())
}

/// Both daemons as they ship, with the flags of `.cargo/config.toml`: the caller's own would take their place.
pub(crate) fn build(root: &Path) -> Result<()> {
    let installed = Command::new("rustup").args(["target", "add", TARGET]).current_dir(root).output();
    ensure!(
        installed.is_ok_and(|output| output.status.success()),
        "the target {TARGET} is missing: install it with rustup target add {TARGET}"
    );
    // `ring` compiles freestanding C for this target; the host's C compiler does, musl's wrapper is not needed.
    let built = tree::cargo_command(root)
        .args(["build", "--release", "--target", TARGET])
        .args(DAEMONS.iter().flat_map(|d| ["--package", d]))
        .env("CC_x86_64_unknown_linux_musl", "cc")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .context("cargo")?;
    ensure!(built.success(), "cargo build failed");
    Ok(())
}

/// Where [`build`] puts them.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join("target").join(TARGET).join("release")
}

fn weigh(root: &Path, daemon: &str) -> Result<Vec<String>> {
    let file = folder(root).join(daemon);
    let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
    let size = bytes.len() as u64;
    ensure!(size <= BUDGET_BYTES, "{daemon} weighs {size} bytes, more than its {BUDGET_BYTES}");
    ensure!(!has_interpreter(&bytes), "{daemon} asks for a dynamic loader");
    starts_alone(root, daemon, &file)?;
    Ok([daemon, &size.to_string(), "static", "starts"].map(str::to_owned).to_vec())
}

/// Starts it where there is no other file: an image needs nothing but the daemon.
fn starts_alone(root: &Path, daemon: &str, file: &Path) -> Result<()> {
    let empty = root.join("target").join("empty-root");
    // A run that failed has left it full.
    let _ = fs::remove_dir_all(&empty);
    fs::create_dir_all(&empty)?;
    fs::copy(file, empty.join(daemon))?;
    let started = Command::new("unshare")
        .args(["--map-root-user", "--root"])
        .arg(&empty)
        .args([&format!("/{daemon}"), "--help"])
        .output()
        .context("missing: unshare. Install util-linux")?;
    fs::remove_dir_all(&empty)?;
    let said = String::from_utf8_lossy(&started.stderr);
    ensure!(started.status.success(), "{daemon} does not start in an empty root: {said}");
    Ok(())
}

/// Whether the ELF file has a program header of type `PT_INTERP` (3).
fn has_interpreter(elf: &[u8]) -> bool {
    let half = |at: usize| elf.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes);
    let start = elf.get(32..40).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
    let (size, count) = (usize::from(half(54)), usize::from(half(56)));
    let Ok(start) = usize::try_from(start) else { return true };
    (0..count).any(|n| elf.get(start + n * size).is_some_and(|&kind| kind == 3))
}
