//! Somebody answers at every instant of a hand-over, and who leaves is gone in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::hot::Report;

use super::Finding;
use crate::fault::Step;
use crate::node::{address, address_number};
use crate::world::World;

/// A target that was left alone for so long is ready to take.
const QUIET: Duration = Duration::from_secs(5);
/// One second of trying, one of lingering, and as much again.
const LEAVING: Duration = Duration::from_secs(4);

/// Until when which address is watched, and who is leaving.
#[derive(Debug, Default)]
pub struct HandOver {
    watched: BTreeMap<u16, Duration>,
    leaving: BTreeMap<u16, Duration>,
}

impl HandOver {
    /// A step is about to happen.
    pub fn step(&mut self, world: &World, step: &Step, at: Duration) {
        match *step {
            Step::Leave(node) if world.running(node) => {
                self.watched.clear();
                self.leaving.insert(node, at);
                let owned = |number: &u16| world.nodes[usize::from(node)].owns(address(*number)).is_some();
                let numbers: Vec<_> = world.services.iter().copied().filter(owned).collect();
                numbers.into_iter().for_each(|number| self.watch(world, node, number, at));
            }
            Step::Withdraw(node, number) if world.owner(number) == Some(node) => {
                self.watched.remove(&number);
                self.watch(world, node, number, at);
            }
            Step::Move(number, _) => {
                let from = world.owner(number);
                from.into_iter().for_each(|from| self.watch(world, from, number, at));
            }
            Step::Start(node) => {
                self.leaving.remove(&node);
                // Who is started while it still gives things away dies in the middle of that.
                if world.running(node) {
                    self.watched.clear();
                }
            }
            Step::Forget(_) | Step::Remember(_) | Step::Wall(..) | Step::Record => {}
            _ => self.watched.clear(),
        }
    }

    fn watch(&mut self, world: &World, from: u16, number: u16, at: Duration) {
        let ready = |&node: &u16| {
            let this = &world.nodes[usize::from(node)];
            let stays = this.speaker.as_ref().is_some_and(|speaker| speaker.leaving.is_none());
            node != from
                && stays
                && this.awake(at)
                && this.offers.contains_key(&number)
                && world.same_key(from, node)
                && world.mutual(from, node, number, at)
                && world.quiet_since(node).max(world.disturbed.wiring) + QUIET < at
        };
        let gentle = world.lan.weather.loss <= 100 && world.lan.weather.bursts == 0;
        // Who has just stood still doubts itself, and a doubter answers nobody and hands nothing over.
        let stood = world.nodes[usize::from(from)].speaker.as_ref().map(|speaker| speaker.frozen_until);
        let speaks = stood.is_some_and(|until| until.is_zero() || until + world.times.dead <= at);
        if gentle
            && speaks
            && world.owner(number) == Some(from)
            && (0..world.setup.nodes).any(|node| ready(&node))
        {
            self.watched.insert(number, at + LEAVING);
        }
    }

    /// A node has reported.
    pub fn report(&mut self, world: &World, report: &Report, at: Duration) -> Finding {
        let Report::Dropped { address, .. } = report else { return None };
        self.unanswered(world, address_number(*address), at)
    }

    /// Time has passed.
    pub fn tick(&mut self, world: &World, at: Duration) -> Finding {
        self.leaving.retain(|node, _| world.running(*node));
        let late = |(node, since): &(&u16, &Duration)| {
            let speaker = world.nodes[usize::from(**node)].speaker.as_ref();
            at > (**since).max(speaker.map_or(Duration::ZERO, |speaker| speaker.frozen_until)) + LEAVING
        };
        if let Some((node, since)) = self.leaving.iter().find(late) {
            return Some(format!("n{node} was asked to leave at {since:?} and is still there"));
        }
        self.watched.keys().find_map(|&number| self.unanswered(world, number, at))
    }

    fn unanswered(&self, world: &World, number: u16, at: Duration) -> Finding {
        let watched = self.watched.get(&number).is_some_and(|until| at < *until);
        (watched && world.awake_answerers(number, at).is_empty())
            .then(|| format!("nobody answers for address {number} while it is handed over"))
    }
}
