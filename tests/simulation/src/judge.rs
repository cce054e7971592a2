//! Judges many histories: of seeds, on all cores, and those that failed once. Which kind of history is left to [`Told`].

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::trace::{Keep, Trace};

/// A history that can be drawn, written, told and judged.
pub trait Told: fmt::Display + FromStr<Err: fmt::Display> {
    /// What it breaks when it breaks something.
    type Violation: fmt::Display;

    /// What tells the history of a seed again, but for the seed itself.
    const COMMAND: &'static str;
    /// The name of what is kept or broken.
    const KEPT: &'static str;

    /// The history of a seed.
    fn drawn(seed: u64) -> Self;

    /// Tells it, with nothing planted.
    fn tell(&self, keep: Keep) -> (Trace, Option<Self::Violation>);

    /// What a person needs to see of a violation.
    fn explain(&self, violation: &Self::Violation) -> String;
}

/// Judges the history of each seed, on all cores; of every so many seeds, two traces of one history are compared.
///
/// # Panics
/// With the first failure.
pub fn seeds<T: Told>(seeds: Range<u64>, told_twice: u64) {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    let work = || {
        while failed.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if let Some(failure) = one::<T>(seed, told_twice) {
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
        panic!("{failure}\n{seeds}; told again by: {} --seed {seed} --trace", T::COMMAND);
    }
}

fn one<T: Told>(seed: u64, told_twice: u64) -> Option<String> {
    let history = T::drawn(seed);
    if let Some(failure) = failure(&history) {
        return Some(failure);
    }
    if !seed.is_multiple_of(told_twice) {
        return None;
    }
    let digest = || history.tell(Keep::Digest).0.digest();
    (digest() != digest()).then(|| format!("two traces of one history\n{history}"))
}

/// Judges every history that stands in a directory.
///
/// # Panics
/// With the first that fails or cannot be read.
pub fn regressions<T: Told>(directory: &Path) {
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .expect("the directory of regressions")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "history"))
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let history: T = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(failure) = failure(&history) {
            panic!("{}\n{failure}", path.display());
        }
    }
}

fn failure<T: Told>(history: &T) -> Option<String> {
    let violation = history.tell(Keep::Digest).1?;
    Some(history.explain(&violation))
}
