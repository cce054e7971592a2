//! Histories nobody has thought of: drawn from a seed.
//!
//! A history has a quiet start, a few seconds of trouble, and a quiet end in which everything must come right. Half of
//! the trouble is of one theme, so that faults of one kind meet; the rest is anything.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::fault::Step;
use crate::history::{History, Profiles};
use crate::random::{Purpose, Stream};

/// Trouble begins when all have settled.
const QUIET_START: u64 = 8_000;
/// Shortest and longest trouble, in milliseconds.
const TROUBLE: (u64, u64) = (3_000, 12_000);
/// Everything comes right within this.
const QUIET_END: u64 = 10_000;

/// What most of the trouble is about.
#[derive(Clone, Copy, Debug)]
enum Theme {
    Stalls,
    Deaths,
    Cuts,
    Offers,
    Weather,
}

/// The history of a seed.
pub fn history(seed: u64) -> History {
    let mut stream = Stream::new(seed, Purpose::History, 0, 0);
    let nodes = [2, 3, 3, 4, 4, 5, 5, 8][stream.below(8) as usize];
    let mut history = History::of(nodes).seed(seed);
    if stream.chance(250) {
        let profiles = [Profiles::Fast, Profiles::Calm, Profiles::Mixed];
        history = history.profiles(*stream.pick(&profiles));
    }
    history.setup.drifting = stream.chance(200);
    history.setup.links = if stream.chance(100) { 2 } else { 1 };
    history.setup.addresses = *stream.pick(&[1, 2, 2, 4]);
    let mut plot = Plot { stream, nodes, addresses: history.setup.addresses, down: BTreeSet::new() };
    plot.fill(&mut history);
    history
}

/// A history as it is drawn.
struct Plot {
    stream: Stream,
    nodes: u16,
    addresses: u16,
    /// Who does not run at this point.
    down: BTreeSet<u16>,
}

impl Plot {
    fn fill(&mut self, history: &mut History) {
        let theme = [Theme::Stalls, Theme::Deaths, Theme::Cuts, Theme::Offers, Theme::Weather];
        let theme = *self.stream.pick(&theme);
        let length = TROUBLE.0 + self.stream.below(TROUBLE.1 - TROUBLE.0);
        let end = QUIET_START + length;
        let mut times: Vec<_> = (0..2 + self.stream.below(7)).map(|_| self.stream.below(length)).collect();
        times.sort_unstable();
        for time in times {
            let step = if self.stream.chance(500) { self.themed(theme) } else { self.any() };
            self.note(&step);
            history.steps.push((at(QUIET_START + time), step));
        }
        history.steps.extend(self.repair().into_iter().map(|step| (at(end), step)));
        history.setup.end = at(end + QUIET_END);
    }

    fn any(&mut self) -> Step {
        let themes = [Theme::Stalls, Theme::Deaths, Theme::Cuts, Theme::Offers, Theme::Weather];
        let theme = *self.stream.pick(&themes);
        self.themed(theme)
    }

    fn themed(&mut self, theme: Theme) -> Step {
        match theme {
            Theme::Stalls => self.stall(),
            Theme::Deaths => self.death(),
            Theme::Cuts => self.cut(),
            Theme::Offers => self.offer(),
            Theme::Weather => self.weather(),
        }
    }

    fn stall(&mut self) -> Step {
        let spans = [30, 120, 240, 310, 402, 700, 1500, 5000];
        let span = Duration::from_millis(*self.stream.pick(&spans));
        match self.stream.chance(800) {
            true => Step::Freeze(self.node(), span),
            false => Step::FreezeAll(span),
        }
    }

    fn death(&mut self) -> Step {
        let node = self.node();
        if self.down.contains(&node) {
            return Step::Start(node);
        }
        match self.stream.below(4) {
            0 => Step::Leave(node),
            1 => Step::CarrierDown(node, 0),
            2 => Step::CarrierUp(node, 0),
            _ => Step::Crash(node),
        }
    }

    fn cut(&mut self) -> Step {
        let (a, b) = (self.node(), self.node());
        match self.stream.below(8) {
            0 => Step::Partition([a].into()),
            1 => Step::Partition([a, b].into()),
            2 => Step::Isolate(a),
            3 => Step::Deaf(a),
            4 => Step::Mute(a),
            5 if a != b => Step::OneWay(a, b),
            6 if a != b => Step::Cut(a, b),
            _ => Step::Heal,
        }
    }

    fn offer(&mut self) -> Step {
        let (node, number) = (self.node(), self.address());
        match self.stream.below(6) {
            0 | 1 => Step::Withdraw(node, number),
            2 | 3 => Step::Offer(node, number),
            4 => Step::ServiceLate(self.addresses, node, Duration::from_millis(150)),
            _ => Step::Unserve(self.addresses),
        }
    }

    fn weather(&mut self) -> Step {
        match self.stream.below(6) {
            0 => Step::Loss(50),
            1 => Step::Loss(100),
            2 => Step::Loss(0),
            3 => Step::Late(50),
            4 => Step::Twice(100),
            _ => Step::Bursts(5),
        }
    }

    /// Who runs after a step.
    fn note(&mut self, step: &Step) {
        match step {
            Step::Crash(node) | Step::Leave(node) => self.down.insert(*node),
            Step::Start(node) => self.down.remove(node),
            _ => false,
        };
    }

    /// Everything is as it was at the start.
    fn repair(&mut self) -> Vec<Step> {
        let mut steps = vec![Step::Heal, Step::Loss(0), Step::Late(0), Step::Twice(0), Step::Bursts(0)];
        steps.extend((0..self.nodes).map(|node| Step::CarrierUp(node, 0)));
        steps
    }

    fn node(&mut self) -> u16 {
        self.stream.below(self.nodes.into()) as u16
    }

    fn address(&mut self) -> u16 {
        self.stream.below(self.addresses.into()) as u16
    }
}

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_history_and_another_seed_another() {
        assert_eq!(history(5), history(5));
        assert_ne!(history(5).steps, history(6).steps);
    }

    #[test]
    fn nothing_starts_while_it_runs() {
        for seed in 0..200 {
            let history = history(seed);
            let mut running = BTreeSet::new();
            for (_, step) in &history.steps {
                match step {
                    Step::Start(node) => assert!(running.insert(*node), "{history}"),
                    Step::Crash(node) | Step::Leave(node) => assert!(running.remove(node), "{history}"),
                    _ => {}
                }
            }
        }
    }
}
