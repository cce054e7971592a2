//! At most one answers for an address, where speakers hear each other.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Finding, slack};
use crate::world::{Times, World};

/// Since when which two answer for the same address and hear each other.
#[derive(Debug, Default)]
pub struct Safety {
    overlaps: BTreeMap<(u16, u16, u16), Duration>,
}

/// How long two may answer: 2 × dead-time + place × skew (promise 1).
fn bound(world: &World, times: &Times) -> Duration {
    2 * times.dead + times.skew * u32::from(world.setup.nodes) + slack(&world.lan.weather, times)
}

impl Safety {
    /// Looks.
    pub fn tick(&mut self, world: &World, at: Duration) -> Finding {
        let mut overlaps = BTreeMap::new();
        for &number in &world.services {
            for (a, b) in pairs(&world.awake_answerers(number, at)) {
                if world.mutual(a, b, number, at) && world.same_key(a, b) {
                    let since = self.overlaps.get(&(number, a, b)).copied().unwrap_or(at);
                    overlaps.insert((number, a, b), since);
                }
            }
        }
        self.overlaps = overlaps;
        self.overlaps.iter().find_map(|(&(number, a, b), &since)| {
            let times = world.times;
            let since = since.max(world.quiet_since(a)).max(world.quiet_since(b)).max(world.disturbed.wiring);
            let lasted = at.saturating_sub(since);
            (lasted > bound(world, &times)).then(|| {
                format!("n{a} and n{b} hear each other and both answer for address {number}, for {lasted:?}")
            })
        })
    }
}

fn pairs(nodes: &[u16]) -> impl Iterator<Item = (u16, u16)> + '_ {
    let rest =
        |(index, &a): (usize, &u16)| nodes[index + 1..].iter().map(move |&b| (a, b)).collect::<Vec<_>>();
    nodes.iter().enumerate().flat_map(rest)
}
