//! Clients use the hardware address of a node that answers.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::Report;

use super::{Finding, slack};
use crate::host::Host;
use crate::node::{address, address_number};
use crate::world::World;

/// A host that asks in vain asks again after a second (RFC 4861 §10).
const ASKED: Duration = Duration::from_secs(1);
/// On wires that lose nothing: two beats until the winner of a conflict has spoken (promise 3), and a burst again at
/// most once in 300 ms (rule 2).
const ASSERTED: Duration = Duration::from_millis(300 + 20);
/// Where the loser is not heard by the winner, nobody knows that it spoke last, until the burst repeats itself.
const UNHEARD: Duration = Duration::from_millis(1_200);
/// On wires that lose frames, the burst has to repeat itself: this far it has, four times over.
const REPEATED: Duration = Duration::from_millis(3_100);
/// On wires that lose every fifth frame or more.
const REPEATED_OFTEN: Duration = Duration::from_millis(11_000);

/// Since when which host uses a hardware address that does not answer, while just one node would.
#[derive(Debug, Default)]
pub struct Caches {
    astray: BTreeMap<(usize, u16), (u16, Duration)>,
    dropped: BTreeMap<(u16, u16), Duration>,
}

impl Caches {
    /// A node has reported.
    pub fn report(&mut self, node: u16, report: &Report, at: Duration) {
        if let Report::Dropped { address, .. } = report {
            self.dropped.insert((node, address_number(*address)), at);
        }
    }

    /// Looks.
    pub fn tick(&mut self, world: &World, at: Duration) -> Finding {
        let mut astray = BTreeMap::new();
        for &number in world.services.iter().filter(|&&number| !world.contested(number)) {
            let answerers = world.sure_answerers(number, at);
            for (index, host) in world.hosts_of(number).enumerate() {
                let Some(owner) = self.misled(world, host, number, &answerers, at) else { continue };
                let before = self.astray.get(&(index, number)).filter(|(before, _)| *before == owner);
                astray.insert((index, number), before.copied().unwrap_or((owner, at)));
            }
        }
        self.astray = astray;
        let mut astray = self.astray.iter();
        astray.find_map(|(&(host, number), &(owner, since))| overdue(world, host, number, owner, since, at))
    }

    /// The node that a host should use for an address and does not: the only one that answers within its reach.
    fn misled(
        &self,
        world: &World,
        host: &Host,
        number: u16,
        answerers: &[u16],
        at: Duration,
    ) -> Option<u16> {
        let uses = host.entry(address(number))?;
        let reaches = |&node: &u16| {
            let station = world.station(node, number);
            world.lan.passes(station, host.station(), at) && world.lan.passes(host.station(), station, at)
        };
        let mut reachable = answerers.iter().copied().filter(reaches);
        let (Some(owner), None) = (reachable.next(), reachable.next()) else { return None };
        let right = Some(world.station(owner, number).hardware()) == uses;
        (!right && self.told(world, owner, uses, number, at)).then_some(owner)
    }

    /// Whether the owner has a way to know that hosts may use another node: that node takes part, and they hear each
    /// other. Hosts that were cut off while the owner took over, and that nobody claims to since, find out by themselves
    /// when their entry is not confirmed any more.
    fn told(&self, world: &World, owner: u16, uses: Option<HardwareAddr>, number: u16, at: Duration) -> bool {
        let Some(other) = uses.and_then(|hardware| world.node_of(hardware)) else { return true };
        let heard = world.mutual(owner, other, number, at);
        let since = world.nodes[usize::from(owner)].owns(address(number)).unwrap_or_default();
        if since + ASSERTED < world.disturbed.wiring {
            let dropped = self.dropped.get(&(other, number)).copied().unwrap_or_default();
            return heard && world.nodes[usize::from(other)].awake(at) && dropped >= world.disturbed.wiring;
        }
        // What one that it cannot hear said before its end, the owner does not know.
        heard || !world.running(other) && world.hears(owner, other, number, at)
    }
}

/// Whether the owner has a way to know that its first frames did not arrive: it took while all was joined, or the one
/// that its clients believe was cut off, hears it again, and says so.
fn told_of_heal(world: &World, owner: u16, host: &Host, number: u16, at: Duration) -> bool {
    let since = world.nodes[usize::from(owner)].owns(address(number)).unwrap_or_default();
    let believed = host.uses(address(number)).and_then(|hardware| world.node_of(hardware));
    let station = |node: u16| world.station(node, number);
    since >= world.disturbed.wiring
        || believed.is_some_and(|other| {
            world.lan.was_cut(station(owner), station(other))
                && world.nodes[usize::from(other)].awake(at)
                && world.hears(owner, other, number, at)
        })
}

fn overdue(world: &World, host: usize, number: u16, owner: u16, since: Duration, at: Duration) -> Finding {
    let weather = &world.lan.weather;
    let told =
        world.hosts_of(number).nth(host).is_some_and(|host| told_of_heal(world, owner, host, number, at));
    let repeated = match weather.loss {
        _ if weather.bursts > 0 || weather.loss > 150 => REPEATED_OFTEN,
        // A frame of the loser that is late reaches one host and not the winner.
        0 if weather.late > 0 || at < world.disturbed.weather + UNHEARD + ASSERTED => UNHEARD,
        0 if told && world.clean(owner, number, at) => Duration::ZERO,
        0 => UNHEARD,
        _ => REPEATED,
    };
    let hosts = world.hosts_of(number).nth(host);
    let asking = hosts.and_then(|host| host.entry(address(number))) == Some(None);
    let asked = if asking { ASKED } else { Duration::ZERO };
    let bound = 2 * world.times.beat + ASSERTED + asked + repeated + slack(weather, &world.times);
    let disturbed = world.disturbed.wiring.max(world.disturbed.removal);
    let from = since.max(world.quiet_since(owner)).max(disturbed);
    let lasted = at.saturating_sub(from);
    (lasted > bound).then(|| {
        format!("host {host} does not use n{owner}, which answers for address {number}, for {lasted:?}")
    })
}
