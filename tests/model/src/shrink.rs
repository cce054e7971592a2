//! A failing history, made small: steps are left out as long as the same law still breaks.

use patina_simulation::fewest::{End, fewest};
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
    let steps = fewest(&history.steps, End::Back, |steps| {
        fails(&History { steps: steps.to_vec(), ..history.clone() })
    });
    History { steps, ..history.clone() }
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
