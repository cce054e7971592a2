//! A node that stood still for as long as others wait answers nothing in the turn in which it wakes.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::hot::{Cause, Report};

use super::Finding;
use crate::fault::Step;
use crate::frame::Seen;
use crate::world::World;

/// The first turn after a stall begins within this of its end.
const FIRST_TURN: Duration = Duration::from_micros(200);

/// Who wakes when, of those that stand still for long.
#[derive(Debug, Default)]
pub struct Waking {
    wakes: BTreeMap<u16, Duration>,
    handed: BTreeMap<u16, Duration>,
}

impl Waking {
    /// A step is about to happen.
    pub fn step(&mut self, world: &World, step: &Step, at: Duration) {
        match *step {
            Step::Freeze(node, span) => self.freeze(world, node, span, at),
            Step::FreezeAll(span) => {
                (0..world.setup.nodes).for_each(|node| self.freeze(world, node, span, at))
            }
            Step::Start(node) | Step::Crash(node) => {
                self.wakes.remove(&node);
            }
            _ => {}
        }
    }

    fn freeze(&mut self, world: &World, node: u16, span: Duration, at: Duration) {
        // Long on any clock, and however the profiles are mixed.
        if span > world.times.dead * 10 / 9 {
            let wakes = self.wakes.entry(node).or_default();
            *wakes = (at + span).max(*wakes);
        }
    }

    /// A node has reported: what was handed to it while it stood still it may take at once, since its owner named it.
    pub fn report(&mut self, node: u16, report: &Report, at: Duration) {
        if let Report::Took { cause: Cause::HandOver, .. } = report {
            self.handed.insert(node, at);
        }
    }

    /// A node has sent a frame.
    pub fn sent(&self, world: &World, node: u16, seen: &Seen, at: Duration) -> Finding {
        let address = seen.kind.claims()?;
        let wakes = *self.wakes.get(&node)?;
        let woke = world.nodes[usize::from(node)].speaker.as_ref()?.woke;
        let handed = self.handed.get(&node) == Some(&at);
        (!handed && wakes <= woke && woke <= wakes + FIRST_TURN && at == woke)
            .then(|| format!("n{node} speaks for {address} in the turn in which it wakes"))
    }
}
