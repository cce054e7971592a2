//! Nobody speaks for an address that it does not own; what is released is silent.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::hot::Report;

use super::Finding;
use crate::fault::Step;
use crate::frame::{Kind, Seen};
use crate::lan::Station;
use crate::node::{address, address_number};
use crate::world::World;

/// A hand-over takes a second in all (rule 6), the driver has to hear of it, and the frames have to leave.
const RELEASE: Duration = Duration::from_millis(1_200);

/// When which node stopped offering or owning which address.
#[derive(Debug, Default)]
pub struct Law {
    withdrawn: BTreeMap<(u16, u16), Duration>,
    dropped: BTreeMap<(u16, u16), Duration>,
}

impl Law {
    /// A step is about to happen.
    pub fn step(&mut self, world: &World, step: &Step, at: Duration) {
        match *step {
            Step::Withdraw(node, number) => {
                self.withdrawn.insert((node, number), at);
            }
            Step::Unserve(number) => {
                let nodes = 0..world.setup.nodes;
                self.withdrawn.extend(nodes.map(|node| ((node, number), at)));
            }
            Step::Offer(node, number) | Step::Weight(node, number, _) => {
                self.withdrawn.remove(&(node, number));
            }
            Step::Service(number) | Step::ServiceLate(number, ..) => {
                self.withdrawn.retain(|(_, withdrawn), _| *withdrawn != number);
            }
            _ => {}
        }
    }

    /// A node has reported.
    pub fn report(&mut self, node: u16, report: &Report, at: Duration) {
        if let Report::Dropped { address, .. } = report {
            self.dropped.insert((node, address_number(*address)), at);
        }
    }

    /// A node has sent a frame.
    pub fn sent(&self, world: &World, node: u16, from: Station, seen: &Seen, at: Duration) -> Finding {
        let external = seen.kind.claims()?;
        let number = address_number(external);
        if external != address(number) {
            return Some(format!("n{node} speaks for {external}, which is no Service's"));
        }
        let hardware = match seen.kind {
            Kind::Arp(arp) => Some(arp.sender_hw),
            Kind::Advertisement(advertisement) => advertisement.target_hw,
            Kind::Solicitation { .. } | Kind::Beat(_) | Kind::Other => None,
        };
        if hardware != Some(from.hardware()) || seen.from != from.hardware() {
            return Some(format!("n{node} says that {external} is at another hardware address: {seen:?}"));
        }
        self.not_his(world, node, number, at)
    }

    fn not_his(&self, world: &World, node: u16, number: u16, at: Duration) -> Finding {
        let owns = world.nodes[usize::from(node)].owns(address(number)).is_some();
        // What it read before it dropped the address was answered in the same turn.
        let just_dropped = self.dropped.get(&(node, number)) == Some(&at);
        if !owns && !just_dropped {
            return Some(format!("n{node} speaks for address {number}, which it does not own"));
        }
        let released = self.withdrawn.get(&(node, number)).filter(|since| at > **since + RELEASE);
        let frozen = world.nodes[usize::from(node)].speaker.as_ref().map(|speaker| speaker.frozen_until);
        released.filter(|_| frozen.is_none_or(|until| at > until + RELEASE)).map(|since| {
            format!("n{node} speaks for address {number}, which it has not offered since {since:?}")
        })
    }
}
