//! A failing history, made small: steps are left out as long as the same promise still breaks.

use crate::fault::Step;
use crate::fewest::{End, fewest};
use crate::generate;
use crate::history::History;
use crate::judge::Told;
use crate::oracle::{Promise, Violation};
use crate::plant::Plant;
use crate::sim::Simulation;
use crate::trace::{Keep, Trace};

/// Lines of the trace that a failure shows.
const SHOWN: usize = 60;

/// The smallest history found that breaks the promise which `history` breaks.
pub fn shrink(history: &History, promise: Promise, plant: &Plant) -> History {
    let fails = |candidate: &History| breaks(candidate, plant).is_some_and(|found| found.promise == promise);
    let mut smallest = history.clone();
    if let Some(found) = breaks(history, plant) {
        // Nothing after the break can matter; what is judged needs a little time to be seen.
        let mut cut = smallest.clone();
        cut.setup.end = found.at + std::time::Duration::from_secs(1);
        cut.steps.retain(|(at, _)| *at <= found.at);
        if fails(&cut) {
            smallest = cut;
        }
    }
    let steps = fewest(&smallest.steps, End::Front, |steps| {
        fails(&History { steps: steps.to_vec(), ..smallest.clone() })
    });
    History { steps, ..smallest }
}

fn breaks(history: &History, plant: &Plant) -> Option<Violation> {
    if !sensible(history) {
        return None;
    }
    Simulation::planted(history, plant.clone(), Keep::Digest).run().err()
}

/// Whether no speaker is started while it runs.
fn sensible(history: &History) -> bool {
    let mut running = std::collections::BTreeSet::new();
    history.steps.iter().all(|(_, step)| match step {
        Step::Start(node) => running.insert(*node),
        Step::Crash(node) | Step::Leave(node) => {
            running.remove(node);
            true
        }
        _ => true,
    })
}

/// What a person needs to see of a failure: the promise, the shrunk steps in the form of a regression, the end of the
/// trace.
pub fn explain(history: &History, violation: &Violation, plant: &Plant) -> String {
    let smallest = shrink(history, violation.promise, plant);
    let mut again = Simulation::planted(&smallest, plant.clone(), Keep::Lines);
    let found = again.run().err().unwrap_or_else(|| violation.clone());
    let lines: Vec<_> = again.trace().lines().collect();
    let tail = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    format!("{tail}\n\n# {found}\n# as found: {violation}\n{smallest}")
}

impl Told for History {
    type Violation = Violation;

    const COMMAND: &'static str = "cargo xtask sim";
    const KEPT: &'static str = "promise";

    fn drawn(seed: u64) -> Self {
        generate::history(seed)
    }

    fn tell(&self, keep: Keep) -> (Trace, Option<Violation>) {
        let mut simulation = Simulation::planted(self, Plant::sound(), keep);
        let violation = simulation.run().err();
        (simulation.trace().clone(), violation)
    }

    fn explain(&self, violation: &Violation) -> String {
        explain(self, violation, &Plant::sound())
    }
}
