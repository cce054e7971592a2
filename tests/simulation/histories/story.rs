//! A history told step by step, by somebody who can see who owns what.

use std::time::Duration;

use patina::hot::Snapshot;
use patina_simulation::fault::Step;
use patina_simulation::history::History;
use patina_simulation::plant::Plant;
use patina_simulation::shrink::explain;
use patina_simulation::sim::Simulation;

/// Seeds that every named history is told with.
pub(crate) const SEEDS: std::ops::Range<u64> = 1..6;

/// A history as it is told.
pub(crate) struct Story {
    simulation: Simulation,
}

/// Tells a history with every seed.
pub(crate) fn tell(history: &History, script: impl Fn(&mut Story)) {
    for seed in SEEDS {
        tell_once(history.clone().seed(seed), &script);
    }
}

/// Tells a history with its own seed.
pub(crate) fn tell_once(history: History, script: impl Fn(&mut Story)) {
    let mut story = Story { simulation: Simulation::of(&history) };
    script(&mut story);
}

/// A history whose steps say everything keeps all promises, with every seed.
pub(crate) fn keeps_its_promises(history: &History) {
    let end = history.setup.end.as_secs_f64();
    tell(history, |story| story.until(end));
}

impl Story {
    /// Time passes, and every promise is kept.
    pub(crate) fn until(&mut self, seconds: f64) {
        let Err(violation) = self.simulation.run_until(Duration::from_secs_f64(seconds)) else { return };
        let mut history = self.simulation.history().clone();
        history.setup.end = violation.at + Duration::from_secs(1);
        panic!("{}", explain(&history, &violation, &Plant::sound()));
    }

    /// So much time passes.
    pub(crate) fn wait(&mut self, millis: u64) {
        let until = self.simulation.now() + Duration::from_millis(millis);
        self.until(until.as_secs_f64());
    }

    /// A moment passes.
    pub(crate) fn wait_micros(&mut self, micros: u64) {
        let until = self.simulation.now() + Duration::from_micros(micros);
        self.until(until.as_secs_f64());
    }

    /// This happens now.
    pub(crate) fn step(&mut self, step: Step) {
        self.simulation.apply(step);
    }

    /// The only node that answers for an address.
    pub(crate) fn owner(&self, number: u16) -> u16 {
        let owner = self.simulation.world.owner(number);
        owner.unwrap_or_else(|| {
            let answerers = self.simulation.world.answerers(number);
            panic!("address {number} has these owners: {answerers:?}\n{}", self.simulation.history())
        })
    }

    /// All nodes that answer for an address.
    pub(crate) fn answerers(&self, number: u16) -> Vec<u16> {
        self.simulation.world.answerers(number)
    }

    /// All nodes that answer for an address, can be asked, and do not doubt themselves.
    pub(crate) fn sure(&self, number: u16) -> Vec<u16> {
        self.simulation.world.sure_answerers(number, self.simulation.now())
    }

    /// Waits until exactly one node answers, and not `before`; how long that took.
    pub(crate) fn moved_from(&mut self, number: u16, before: u16) -> Duration {
        let since = self.simulation.now();
        let moved = |story: &Self| story.simulation.world.owner(number).is_some_and(|owner| owner != before);
        while !moved(self) {
            self.wait(1);
            let waited = self.simulation.now() - since;
            assert!(waited < Duration::from_secs(60), "address {number} stays at n{before}");
        }
        self.simulation.now() - since
    }

    /// Everything that a running node knows.
    pub(crate) fn snapshot(&mut self, node: u16) -> Snapshot {
        let now = self.simulation.now();
        let speaker = self.simulation.world.nodes[usize::from(node)].speaker.as_ref().expect("it runs");
        speaker.snapshot(now)
    }

    /// How many times any address was taken so far.
    pub(crate) fn takes(&self) -> u32 {
        self.simulation.takes()
    }

    /// The simulation itself.
    pub(crate) fn simulation(&mut self) -> &mut Simulation {
        &mut self.simulation
    }
}
