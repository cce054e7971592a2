//! Histories nobody has thought of: fixed seeds, fresh seeds, and seeds that failed once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use patina_model::generate;
use patina_model::history::History;
use patina_model::model::Model;
use patina_model::plant::Plant;
use patina_model::shrink::explain;
use patina_simulation::fresh;

/// How many fresh seeds each run of the tests tries.
const FRESH: u64 = 2_000;
/// How many seeds are the same in every run.
const FIXED: u64 = 200;
/// Every so many seeds a history is told twice, to compare the traces.
const TOLD_TWICE: u64 = 20;

#[test]
fn histories_of_fixed_seeds_keep_the_laws() {
    judge(0..FIXED);
}

/// Each run has seeds of its own, in CI each commit.
#[test]
fn histories_of_fresh_seeds_keep_the_laws() {
    let base = fresh::first();
    judge(base..base + FRESH);
}

#[test]
fn histories_that_failed_once_keep_the_laws() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions");
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .expect("the directory of regressions")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "history"))
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let history: History = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(failure) = failure(&history) {
            panic!("{}\n{failure}", path.display());
        }
    }
}

/// Judges the history of each seed, on all cores, and shows the first failure.
fn judge(seeds: std::ops::Range<u64>) {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    let work = || {
        while failed.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if let Some(failure) = judge_one(seed) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((seed, failure));
            }
        }
    };
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    if let Some((seed, failure)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let seeds = format!("seed {seed}, of {} from {} on", seeds.end - seeds.start, seeds.start);
        panic!("{failure}\n{seeds}; told again by: cargo xtask model --seed {seed} --trace");
    }
}

fn judge_one(seed: u64) -> Option<String> {
    let history = generate::history(seed);
    if let Some(failure) = failure(&history) {
        return Some(failure);
    }
    if !seed.is_multiple_of(TOLD_TWICE) {
        return None;
    }
    let digest = || {
        let mut model = Model::of(&history);
        model.run().ok();
        model.trace().digest()
    };
    (digest() != digest()).then(|| format!("two traces of one history\n{history}"))
}

fn failure(history: &History) -> Option<String> {
    let violation = Model::of(history).run().err()?;
    Some(explain(history, &violation, Plant::SOUND))
}
