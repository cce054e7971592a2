//! Moves have causes: the takes of an address never outnumber the reasons to take it.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::hot::{Cause, FailBack, Report};

use super::Finding;
use crate::fault::Step;
use crate::node::{address, address_number};
use crate::world::World;

/// A claim that is lost on its way lets the next in line take too: so many takes one cause may bring where frames are
/// lost, where somebody is cut off and judges for itself, or where others have just started or stood still.
const TAKES_AMID_TROUBLE: u32 = 3;
/// For so long a start or a stall is trouble.
const TROUBLE: Duration = Duration::from_secs(2);
/// A loss above this, in thousandths, is a cause by itself (promise 4 speaks of 30 %).
const CALM_LOSS: u16 = 300;
/// Below the doubt by this much, a stall is nobody's business: the doubt begins 25 ms before the dead-time.
const DOUBT_MARGIN: Duration = Duration::from_millis(30);
/// So many stalls …
const UNWELL_STALLS: usize = 3;
/// … within this span make a node hand over what it owns.
const UNWELL: Duration = Duration::from_secs(10);

/// Planned moves that nobody asked for by hand: at most so many of an address …
const BACK_AT_MOST: usize = 3;
/// … within this span (protocol.md, fail-back).
const BACK_WITHIN: Duration = Duration::from_secs(180);
/// What `balance` waits for.
const BALANCE_AFTER: Duration = Duration::from_secs(600);

/// Reasons and takes, by address.
#[derive(Debug, Default)]
pub struct Calm {
    /// When anything last happened.
    changed: Duration,
    /// Addresses that went back to their first choice, and when.
    back: BTreeMap<u16, Vec<Duration>>,
    causes: BTreeMap<u16, u32>,
    takes: BTreeMap<u16, u32>,
    stalls: BTreeMap<u16, Vec<Duration>>,
    waived: bool,
}

impl Calm {
    /// A step is about to happen: for which addresses is it a cause?
    pub fn step(&mut self, world: &World, step: &Step, at: Duration) {
        self.changed = at;
        self.note_stalls(world, step, at);
        let per_cause = if plain(world, at) { 1 } else { TAKES_AMID_TROUBLE };
        for number in concerned(world, step, at) {
            *self.causes.entry(number).or_default() += per_cause;
        }
        if let Step::CarrierDown(node, _) = *step
            && world.setup.joined
        {
            // Its heir and its own other link may both take; one of them yields.
            owned(world, node).for_each(|number| *self.causes.entry(number).or_default() += 1);
        }
        if let Step::Loss(1..) | Step::Late(1..) = *step {
            // What was lost on good wires a moment ago is now fought for on bad ones.
            world.services.iter().for_each(|number| *self.causes.entry(*number).or_default() += 1);
        }
        if let Step::Unserve(number) = *step {
            // Drivers hear of it one after the other: until the last of them has, the address is handed on.
            *self.causes.entry(number).or_default() += u32::from(world.setup.nodes);
        }
        match *step {
            Step::Loss(share) => self.waived |= share > CALM_LOSS,
            Step::Bursts(share) => self.waived |= share > 0,
            _ => {}
        }
    }

    /// The third stall in ten seconds is a reason to hand over (rule 7), even when everybody stalls.
    fn note_stalls(&mut self, world: &World, step: &Step, at: Duration) {
        let Step::FreezeAll(span) = *step else { return };
        if !stalls(world, span) {
            return;
        }
        for node in 0..world.setup.nodes {
            let stalls = self.stalls.entry(node).or_default();
            stalls.retain(|stall| at < *stall + UNWELL);
            stalls.push(at + span);
            if stalls.len() >= UNWELL_STALLS {
                owned(world, node).for_each(|number| *self.causes.entry(number).or_default() += 1);
            }
        }
    }

    /// A node has reported.
    pub fn report(&mut self, world: &World, node: u16, report: &Report, at: Duration) -> Finding {
        let Report::Took { address, cause, .. } = report else { return None };
        let number = address_number(*address);
        if *cause == Cause::HandOver && self.may_fail_back(world, number, at) {
            *self.causes.entry(number).or_default() += 1;
        }
        let takes = self.takes.entry(number).or_default();
        *takes += 1;
        // The first take of an address is its appearance; nodes of different rates may settle at the same time.
        let appearance = if world.times == world.fastest { 1 } else { 2 };
        let causes = appearance + self.causes.get(&number).copied().unwrap_or_default();
        let calm = *takes <= causes || self.waived || world.contested(number);
        (!calm).then(|| {
            format!("n{node} takes address {number} ({cause:?}): take {takes}, and only {causes} had a cause")
        })
    }

    /// Whether the policy may move an address back now: it has been calm for long enough, and it does not move often.
    fn may_fail_back(&mut self, world: &World, number: u16, at: Duration) -> bool {
        let wait = match world.setup.fail_back {
            FailBack::Balance => BALANCE_AFTER,
            FailBack::After(wait) => wait,
            FailBack::Never => return false,
        };
        let wait = if world.setup.drifting { wait * 9 / 10 } else { wait };
        let moves = self.back.entry(number).or_default();
        moves.retain(|moved| at < *moved + BACK_WITHIN);
        moves.push(at);
        at >= self.changed + wait && moves.len() <= BACK_AT_MOST
    }

    /// All takes so far.
    pub fn takes(&self) -> u32 {
        self.takes.values().sum()
    }
}

/// The addresses that have a reason to move when this happens.
fn concerned(world: &World, step: &Step, at: Duration) -> Vec<u16> {
    let all = || world.services.iter().copied().collect();
    let owned = |node: u16| owned(world, node).collect();
    match *step {
        Step::Crash(node) | Step::Leave(node) => owned(node),
        Step::CarrierDown(node, _) | Step::Silent(node, _) => owned(node),
        Step::Freeze(node, _) if !world.nodes[usize::from(node)].awake(at) => owned(node),
        Step::Freeze(node, span) if stalls(world, span) => owned(node),
        // One cut away from the rest may take for its own side, once cut and once joined.
        Step::Isolate(_)
        | Step::Deaf(_)
        | Step::Mute(_)
        | Step::Partition(_)
        | Step::Cut(..)
        | Step::OneWay(..) => all(),
        Step::Outage(_) | Step::Heal | Step::Keys(..) => all(),
        Step::Liar | Step::LiarGone => all(),
        // Who does not hear the owner may take in the moment before its driver says so.
        Step::Withdraw(node, number) if !world.lan.is_whole() || owns(world, node, number) => vec![number],
        Step::Weight(_, number, _)
        | Step::Move(number, _)
        | Step::Service(number)
        | Step::ServiceLate(number, ..) => vec![number],
        Step::Offer(_, number) if world.answerers(number).is_empty() => vec![number],
        Step::Freeze(..) | Step::FreezeAll(_) | Step::Withdraw(..) | Step::Offer(..) => Vec::new(),
        // The lower of two links on one segment is used again.
        Step::CarrierUp(node, _) if world.setup.joined => owned(node),
        Step::Start(_) | Step::CarrierUp(..) if !world.lan.is_whole() => all(),
        Step::Start(_) | Step::CarrierUp(..) | Step::Unserve(_) => Vec::new(),
        Step::Forget(_) | Step::Remember(_) | Step::Wall(..) => Vec::new(),
        Step::Loss(_) | Step::Bursts(_) | Step::Late(_) | Step::Twice(_) => Vec::new(),
        Step::Stranger(_) | Step::StrangerGone | Step::Record | Step::Replay | Step::Garble => Vec::new(),
    }
}

fn owns(world: &World, node: u16, number: u16) -> bool {
    world.nodes[usize::from(node)].owns(address(number)).is_some()
}

/// Whether there is no other trouble: whole wires that lose nothing, and everybody long awake.
fn plain(world: &World, at: Duration) -> bool {
    let weather = &world.lan.weather;
    let awake = |&node: &u16| !world.running(node) || world.quiet_since(node) + TROUBLE < at;
    weather.loss == 0
        && weather.late == 0
        && world.lan.is_whole()
        && (0..world.setup.nodes).all(|node| awake(&node))
}

/// What a node owns.
fn owned(world: &World, node: u16) -> impl Iterator<Item = u16> + '_ {
    let this = &world.nodes[usize::from(node)];
    world.services.iter().copied().filter(|number| this.owns(address(*number)).is_some())
}

/// Whether a stall is long enough for others, or for the node itself, to notice.
fn stalls(world: &World, span: Duration) -> bool {
    let lossy = world.lan.weather.loss > 0 || world.lan.weather.late > 0;
    let patience = if lossy { world.fastest.beat } else { world.fastest.dead - DOUBT_MARGIN };
    span + world.fastest.beat > patience
}
