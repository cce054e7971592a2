//! A failing history, made small: steps are left out as long as the same law still breaks.
//!
//! Delta debugging (Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, 2002): first halves are
//! left out, then quarters, then ever smaller parts.

use patina_simulation::judge::Told;
use patina_simulation::trace::{Keep, Trace};

use crate::generate;
use crate::history::History;
use crate::laws::{Law, Violation};
use crate::model::Model;
use crate::plant::Plant;

/// Lines of the trace that a failure shows.
const SHOWN: usize = 60;

/// The smallest history found that breaks the law which `history` breaks.
pub fn shrink(history: &History, law: Law, plant: Plant) -> History {
    let fails = |candidate: &History| breaks(candidate, plant).is_some_and(|found| found.law == law);
    let mut smallest = history.clone();
    let mut parts = 2;
    while smallest.steps.len() > 1 {
        let size = smallest.steps.len().div_ceil(parts);
        let shorter = (0..parts).rev().map(|part| without(&smallest, part * size, size));
        match shorter.into_iter().find(|shorter| shorter.steps.len() < smallest.steps.len() && fails(shorter))
        {
            Some(shorter) => (smallest, parts) = (shorter, parts.saturating_sub(1).max(2)),
            None if size == 1 => break,
            None => parts = (parts * 2).min(smallest.steps.len()),
        }
    }
    smallest
}

fn without(history: &History, from: usize, count: usize) -> History {
    let mut shorter = history.clone();
    let to = (from + count).min(shorter.steps.len());
    if from < to {
        shorter.steps.drain(from..to);
    }
    shorter
}

fn breaks(history: &History, plant: Plant) -> Option<Violation> {
    Model::planted(history, plant, Keep::Digest).run().err()
}

/// What a person needs to see of a failure: the end of the trace, the law, the shrunk steps in the form of a regression.
pub fn explain(history: &History, violation: &Violation, plant: Plant) -> String {
    let smallest = shrink(history, violation.law, plant);
    let mut again = Model::planted(&smallest, plant, Keep::Lines);
    let found = again.run().err().unwrap_or_else(|| violation.clone());
    let lines: Vec<_> = again.trace().lines().collect();
    let tail = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    format!("{tail}\n\n# {found}\n# as found: {violation}\n{smallest}")
}

impl Told for History {
    type Violation = Violation;

    const COMMAND: &'static str = "cargo xtask model";
    const KEPT: &'static str = "law";

    fn drawn(seed: u64) -> Self {
        generate::history(seed)
    }

    fn tell(&self, keep: Keep) -> (Trace, Option<Violation>) {
        let mut model = Model::planted(self, Plant::SOUND, keep);
        let violation = model.run().err();
        (model.trace().clone(), violation)
    }

    fn explain(&self, violation: &Violation) -> String {
        explain(self, violation, Plant::SOUND)
    }
}
