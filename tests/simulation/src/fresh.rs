//! Seeds that nobody has told before.
//!
//! In CI they follow from the commit: each commit has seeds of its own, a red run can be told again, and what was green
//! stays green. Elsewhere each run draws others.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Command;

/// The first of them; the others follow one by one.
pub fn first() -> u64 {
    let seed = if in_ci() { of_commit() } else { None };
    seed.unwrap_or_else(|| RandomState::new().build_hasher().finish()) >> 16
}

#[expect(clippy::disallowed_methods, reason = "how a test run differs in CI is decided here")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// The first 64 bits of the commit's name; `None` outside a checkout.
fn of_commit() -> Option<u64> {
    let git =
        Command::new("git").args(["rev-parse", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let name = String::from_utf8(git.ok()?.stdout).ok()?;
    u64::from_str_radix(name.get(..16)?, 16).ok()
}
