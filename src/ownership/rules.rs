//! The rules for one address on one link: facts in, one decision out, in the order of the rules' weight.
//!
//! | rule | when | then |
//! | --- | --- | --- |
//! | yield | I claim, and a standing claim has the higher key, or is a later one of somebody who cannot hear me | drop mine |
//! | assert | I claim, and a new claim has the lower key | burst again: the last frame on the wire is mine |
//! | take | I offer it and no claim stands; or the owner hands it to me | claim the next epoch, after my place in line |
//! | probe | it was never used | ask whether a stranger uses it, then take |
//! | release, hand over | I claim what I no longer offer, or am leaving, or shall move it | name a target, go on answering until it took |
//! | doubt | my loop stalled, and a claim of another stands | mine is gone, whatever its key |

use std::time::Duration;

use super::slot::{Cause, Hand};
use crate::election::rank::Ranking;
use crate::membership::member::{NodeId, State};
use crate::membership::offers::{Claim, Epoch};
use crate::membership::timing::Timing;
use crate::name::NodeName;
use crate::time::Instant;

/// Probes before the first use of an address (RFC 5227 §2.1.1, RFC 4862 §5.4) …
pub const PROBES: u32 = 3;
/// … and between them: a documented departure from RFC 5227's one to two seconds.
pub const PROBE_SPACING: Duration = Duration::from_millis(150);
/// An address is asserted at most once in this span.
pub const ASSERT_SPACING: Duration = Duration::from_millis(300);
/// A hand-over ends after this span, whatever came of it.
pub const HAND_AT_MOST: Duration = Duration::from_secs(1);
/// A target has so many beats to take.
pub const HAND_BEATS: u32 = 2;

/// A standing claim of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Whose.
    pub id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// What it claims.
    pub claim: Claim,
    /// What it says of itself.
    pub state: State,
    /// Frames reach it, but it has not echoed this node for its patience: this node's frames do not arrive.
    pub deaf_to_me: bool,
}

/// Claims of one ahead in line that are on their way are waited for so long.
const UNREAD_AT_MOST: Duration = Duration::from_secs(1);

/// What this node is to the address.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Nothing.
    Bystander,
    /// It asks whether a stranger uses the address: since when.
    Prober(Instant),
    /// It answers for it.
    Owner {
        /// What it claims.
        claim: &'a Claim,
        /// The hand-over in progress.
        hand: Option<&'a Hand>,
        /// Claims that were already answered with an assertion.
        answered: &'a [(NodeId, Epoch)],
    },
}

/// Why an owner should stop being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It no longer offers the address.
    NotOffered,
    /// The speaker ends.
    Leaving,
    /// Somebody asked for it, or the node stalls too often: it keeps the address when nobody takes it.
    Planned,
}

/// Everything that is known at one moment.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// This moment.
    pub now: Instant,
    /// This node's times.
    pub timing: Timing,
    /// This node.
    pub me: (NodeId, &'a NodeName),
    /// What it says of itself on the link.
    pub state: State,
    /// Whether it offers the address.
    pub offered: bool,
    /// Whether the address was never used: to be probed.
    pub fresh: bool,
    /// What it is to the address.
    pub part: Part<'a>,
    /// The standing claims of others.
    pub rivals: &'a [Rival],
    /// Whether frames of others reach this node.
    pub hearing: bool,
    /// Nothing is taken before this.
    pub hold_until: Option<Instant>,
    /// Since when no claim stands.
    pub vacant_since: Instant,
    /// Place in line, from 1.
    pub place: u32,
    /// Why it came to be vacant.
    pub vacant_by: Cause,
    /// Its last owner lives and named nobody: it may have yielded to a claim that has not arrived here yet.
    pub given_up: bool,
    /// Why an owner should stop.
    pub parting: Option<Parting>,
    /// The best candidate that the hand-over has not tried yet.
    pub next_target: Option<NodeId>,
    /// When this node last asserted the address.
    pub asserted_at: Option<Instant>,
    /// A member's frame said that the address is its own.
    pub provoked: bool,
    /// This node stalls too often to hold anything.
    pub unwell: bool,
    /// A candidate ahead in line has announced claims that are not known here yet.
    pub unread: bool,
    /// Ranks candidates for the address.
    pub ranking: &'a Ranking,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, until something else happens.
    Rest,
    /// Nothing before this moment.
    Wait(Instant),
    /// Nothing before a frame of another station arrives.
    WaitForProof,
    /// The claim ends, and nothing is taken for one dead-time.
    Yield(Cause),
    /// Beat at once and burst again: the claims of the rivals are answered.
    Assert,
    /// Claim.
    Take(Cause),
    /// Ask whether a stranger uses it.
    Probe,
    /// No longer ask.
    StopProbing,
    /// Name the target in the claim and go on answering.
    Propose(NodeId),
    /// The planned move is off; the claim stays.
    CallOff,
    /// The claim ends.
    Drop(Cause),
}

/// The rules.
pub fn decide(facts: &Facts<'_>) -> Decision {
    match &facts.part {
        Part::Bystander => bystander(facts, None),
        Part::Prober(since) => bystander(facts, Some(*since)),
        Part::Owner { claim, hand, answered } => owner(facts, claim, *hand, answered),
    }
}

fn owner(facts: &Facts<'_>, claim: &Claim, hand: Option<&Hand>, answered: &[(NodeId, Epoch)]) -> Decision {
    let took = |rival: &Rival| hand.is_some_and(|hand| hand.tried.contains(&rival.id));
    if facts.rivals.iter().any(|rival| took(rival) && rival.claim.epoch > claim.epoch) {
        return Decision::Yield(Cause::HandOver);
    }
    if facts.state == State::Doubting {
        return doubter(facts);
    }
    if facts.rivals.iter().any(|rival| wins(facts, rival, claim)) {
        return Decision::Yield(Cause::Yielded);
    }
    let assertion = assertion(facts, answered);
    if assertion.is_some_and(|due| due <= facts.now) {
        return Decision::Assert;
    }
    let decision = match facts.parting {
        Some(parting) => part_with(facts, parting, hand),
        None if hand.is_some() => Decision::CallOff,
        None => Decision::Rest,
    };
    match (decision, assertion) {
        (Decision::Rest, Some(due)) => Decision::Wait(due),
        (Decision::Wait(until), Some(due)) => Decision::Wait(until.min(due)),
        (decision, _) => decision,
    }
}

/// Any claim of one that is sure of itself ends a doubter's, and it hands nothing over, since it answers nobody. Of two
/// that doubt, whoever resumes decides.
fn doubter(facts: &Facts<'_>) -> Decision {
    if facts.rivals.iter().any(|rival| rival.state != State::Doubting) {
        return Decision::Yield(Cause::Doubt);
    }
    match facts.parting {
        Some(Parting::NotOffered) => Decision::Drop(Cause::NotOffered),
        Some(Parting::Leaving | Parting::Planned) | None => Decision::Rest,
    }
}

/// Whether the rival's claim ends this node's. One that doubts itself gives up when it hears of this claim; if both gave
/// up, nobody would answer.
fn wins(facts: &Facts<'_>, rival: &Rival, claim: &Claim) -> bool {
    if rival.state == State::Doubting {
        return false;
    }
    let later = rival.claim.epoch > claim.epoch;
    outranks(facts.ranking, (&rival.claim, &rival.name, rival.id), (claim, facts.me.1, facts.me.0))
        || (later && rival.deaf_to_me)
}

/// Compares the keys of two claims: confirmed, epoch, weight, hash, node id. Only what the claims themselves say counts,
/// so all who compare reach the same answer; the lower hash and the lower id win.
pub fn outranks(
    ranking: &Ranking,
    (one, one_name, one_id): (&Claim, &NodeName, NodeId),
    (other, other_name, other_id): (&Claim, &NodeName, NodeId),
) -> bool {
    let key = |claim: &Claim| (claim.confirmed, claim.epoch, claim.weight);
    match key(one).cmp(&key(other)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => {
            (ranking.preference(one_name), one_id) < (ranking.preference(other_name), other_id)
        }
    }
}

/// When to answer: a claim that loses once, and once more when it is gone, since its owner may have spoken last; a frame
/// that says "mine" each time; and none of them too often.
fn assertion(facts: &Facts<'_>, answered: &[(NodeId, Epoch)]) -> Option<Instant> {
    let unanswered = |rival: &Rival| !answered.contains(&(rival.id, rival.claim.epoch));
    let stands = |id: &NodeId| facts.rivals.iter().any(|rival| rival.id == *id);
    let gone = answered.iter().any(|(id, _)| !stands(id));
    let called_for = facts.provoked || gone || facts.rivals.iter().any(unanswered);
    called_for.then(|| facts.asserted_at.map_or(facts.now, |at| at + ASSERT_SPACING))
}

fn part_with(facts: &Facts<'_>, parting: Parting, hand: Option<&Hand>) -> Decision {
    let expired = hand.is_some_and(|hand| facts.now.since(hand.began) >= HAND_AT_MOST);
    match (hand, facts.next_target) {
        (Some(hand), _) if facts.now < hand.until => Decision::Wait(hand.until),
        (_, Some(target)) if !expired => Decision::Propose(target),
        (_, Some(_) | None) => match parting {
            Parting::Planned => Decision::CallOff,
            Parting::NotOffered => Decision::Drop(Cause::NotOffered),
            Parting::Leaving => Decision::Drop(Cause::Leaving),
        },
    }
}

fn bystander(facts: &Facts<'_>, probing: Option<Instant>) -> Decision {
    let stop = if probing.is_some() { Decision::StopProbing } else { Decision::Rest };
    if !facts.offered || facts.state != State::Active {
        return stop;
    }
    // A hand-over is taken at once, hold-off or not.
    if !facts.unwell && facts.rivals.iter().any(|rival| rival.claim.target == Some(facts.me.0)) {
        return Decision::Take(Cause::HandOver);
    }
    if !facts.rivals.is_empty() {
        return stop;
    }
    if let Some(since) = probing {
        // Two that began side by side, before they knew of each other, end one after the other.
        let end = (since + PROBE_SPACING * PROBES).max(facts.hold_until.unwrap_or_default()) + turn(facts);
        return if facts.now < end { Decision::Wait(end) } else { Decision::Take(Cause::Unowned) };
    }
    vacant(facts)
}

/// How long this place in line waits; a place longer for a claim that may be on its way.
fn turn(facts: &Facts<'_>) -> Duration {
    facts.timing.skew * (facts.place.saturating_sub(1) + u32::from(facts.given_up))
}

fn vacant(facts: &Facts<'_>) -> Decision {
    // Who was held off waits its turn from the end of that, or all who were held off together would take together.
    let due = facts.vacant_since.max(facts.hold_until.unwrap_or_default()) + turn(facts);
    if facts.now < due {
        return Decision::Wait(due);
    }
    // The claims of a thousand addresses take longer to arrive than a place in line waits.
    if facts.unread && facts.now < due + UNREAD_AT_MOST {
        return Decision::Wait(facts.now + facts.timing.skew);
    }
    if !facts.hearing {
        return Decision::WaitForProof;
    }
    if facts.fresh { Decision::Probe } else { Decision::Take(facts.vacant_by) }
}

#[cfg(test)]
mod tests;
