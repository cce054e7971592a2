//! Histories nobody has thought of: fixed seeds, fresh seeds, and seeds that failed once.

use std::path::Path;

use patina_model::history::History;
use patina_simulation::{fresh, judge};

/// How many fresh seeds each run of the tests tries.
const FRESH: u64 = 2_000;
/// How many seeds are the same in every run.
const FIXED: u64 = 200;
/// Every so many seeds a history is told twice, to compare the traces.
const TOLD_TWICE: u64 = 20;

#[test]
fn histories_of_fixed_seeds_keep_the_laws() {
    judge::seeds::<History>(0..FIXED, TOLD_TWICE);
}

/// Each run has seeds of its own, in CI each commit.
#[test]
fn histories_of_fresh_seeds_keep_the_laws() {
    let base = fresh::first();
    judge::seeds::<History>(base..base + FRESH, TOLD_TWICE);
}

#[test]
fn histories_that_failed_once_keep_the_laws() {
    judge::regressions::<History>(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/regressions")));
}
