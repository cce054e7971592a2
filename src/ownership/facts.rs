//! What is known of an address at this moment, gathered from the slot and from membership.

use std::net::IpAddr;

use super::Ownership;
use super::rules::{Decision, Facts, Part, Parting, Rival, decide};
use super::slot::{Cause, LastClaim, Role, Slot};
use crate::election::rank::{Rank, Ranking};
use crate::membership::Membership;
use crate::membership::member::{NodeId, State};
use crate::membership::offers::Weight;
use crate::membership::session::Peer;
use crate::time::Instant;

/// Without a frame of another station for so many beats, this node may be the one that is cut off.
const PROOF_BEATS: u32 = 2;

/// A peer whose beat is late by so many fifths of a beat may have died.
const OVERDUE: u32 = 7;

impl Ownership {
    /// Looks at one address: gathers the facts, decides, and carries the decision out.
    pub(super) fn look(&mut self, address: IpAddr, membership: &mut Membership, now: Instant) {
        let rivals = rivals(address, membership, now);
        let slot = self.slots.entry(address).or_default();
        if slot.quarantined_until.is_some_and(|until| until <= now) {
            slot.quarantined_until = None;
            self.publish_offers(membership, now);
        }
        let Some(slot) = self.slots.get_mut(&address) else { return };
        slot.remember(&rivals, address, membership, now);
        let ranking = Ranking::of(address);
        let facts = gather(slot, address, &rivals, &ranking, membership, self.unwell, now);
        let decision = decide(&facts);
        let named = rivals.iter().any(|rival| {
            rival.claim.line.contains(&Some(membership.id)) || rival.claim.target == Some(membership.id)
        });
        let vacant = slot.offer.is_some() && slot.owner().is_none() && rivals.is_empty();
        set(&mut self.in_line, address, named);
        set(&mut self.vacant, address, vacant);
        membership.contest(rivals.iter().map(|rival| rival.id), self.mine.contains(&address), now);
        // A rival that cannot hear this node shows only with time.
        let contested = self.mine.contains(&address) && !rivals.is_empty();
        let decision = if contested && decision == Decision::Rest {
            Decision::Wait(now + membership.timing.beat)
        } else {
            decision
        };
        self.act(address, decision, &rivals, membership, now);
        if self.slots.get(&address).is_some_and(Slot::is_empty) {
            self.set_deadline(address, None);
            self.slots.remove(&address);
        }
    }
}

fn set(addresses: &mut std::collections::BTreeSet<IpAddr>, address: IpAddr, contained: bool) {
    if contained {
        addresses.insert(address);
    } else {
        addresses.remove(&address);
    }
}

/// The standing claims of others for the address.
fn rivals(address: IpAddr, membership: &Membership, now: Instant) -> Vec<Rival> {
    let standing = membership.peers().filter(|peer| peer.standing);
    let claims = standing.filter_map(|peer| Some((peer, *peer.claims.get(address)?)));
    claims
        .map(|(peer, claim)| Rival {
            id: peer.id,
            name: peer.name.clone(),
            claim,
            state: peer.said.state,
            deaf_to_me: peer.said.receiving && last_echo(peer) + peer.said.patience < now,
        })
        .collect()
}

fn last_echo(peer: &Peer) -> Instant {
    peer.echo.map_or(peer.audible_since, |echo| echo.at.max(peer.audible_since))
}

impl Slot {
    /// Keeps of the standing claims what must outlive them.
    fn remember(&mut self, rivals: &[Rival], address: IpAddr, membership: &Membership, now: Instant) {
        let latest = rivals.iter().max_by_key(|rival| rival.claim.epoch);
        if let Some(latest) = latest {
            self.highest = self.highest.max(latest.claim.epoch);
            self.last = Some(LastClaim::of(latest.id, &latest.claim));
            self.vacant_since = None;
            return;
        }
        if self.offer.is_some() && self.vacant_since.is_none() {
            self.vacant_since = Some(now);
            self.note_death(address, membership);
        }
    }

    /// Whether all know whom the last claim named. Who came after its end does not, nor its owner, if it is a candidate
    /// again and gave nothing away: it lost the claim unheard. Then the rank alone is what all agree on.
    fn heirs_agreed<'a>(
        &self,
        last: &LastClaim,
        address: IpAddr,
        membership: &Membership,
        mut candidates: impl Iterator<Item = &'a Peer>,
    ) -> bool {
        let newer = |since: Instant| self.vacant_since.is_some_and(|vacant| vacant < since);
        let lost = |peer: &Peer| last.owner == peer.id && last.target.is_none();
        let offers = |peer: &Peer| peer.offers.get(address).is_some();
        let unaware = |peer: &Peer| offers(peer) && (newer(peer.audible_since) || lost(peer));
        !newer(membership.settling_since()) && !candidates.any(unaware)
    }

    /// Whether the claim ended by silence, and since when that was suspected.
    fn note_death(&mut self, address: IpAddr, membership: &Membership) {
        let Some(last) = &mut self.last else { return };
        let owner = membership.peer(last.owner);
        let silent = owner.filter(|peer| !peer.standing && peer.claims.get(address).is_some());
        last.died = silent.is_some();
        last.suspected_at = silent.and_then(|peer| peer.suspected_at);
    }
}

fn gather<'a>(
    slot: &'a mut Slot,
    address: IpAddr,
    rivals: &'a [Rival],
    ranking: &'a Ranking,
    membership: &'a Membership,
    unwell: bool,
    now: Instant,
) -> Facts<'a> {
    let parting = parting(slot, membership, unwell, now);
    let owns = slot.owner().is_some();
    let offered = slot.offer.is_some() && slot.quarantined_until.is_none();
    let vacant = offered && !owns && rivals.is_empty();
    // Turns in line are counted from when this node could take part.
    let vacant_since = slot.vacant_since.max(membership.active_since()).unwrap_or(now);
    let (place, unread) = if vacant { place(slot, address, ranking, membership, unwell) } else { (1, false) };
    Facts {
        now,
        timing: membership.timing,
        me: (membership.id, &membership.me.name),
        state: membership.state(),
        offered,
        fresh: slot.offer.is_some_and(|terms| terms.fresh) && slot.highest.0 == 0,
        rivals,
        hearing: hearing(membership, vacant_since, now),
        hold_until: slot.hold_until.max(held_off(membership)),
        vacant_since,
        place,
        vacant_by: slot.last.filter(|last| last.died).map_or(Cause::Unowned, |_| Cause::OwnerDied),
        given_up: slot.last.is_some_and(|last| !last.died && last.target.is_none()),
        parting,
        next_target: parting.and_then(|_| next_target(slot, address, ranking, membership, now)),
        asserted_at: slot.asserted_at,
        provoked: slot.provoked,
        unwell,
        unread,
        ranking,
        part: match &slot.role {
            Role::Bystander => Part::Bystander,
            Role::Prober { since, .. } => Part::Prober(*since),
            Role::Owner(owner) => {
                Part::Owner { claim: &owner.claim, hand: owner.hand.as_ref(), answered: &owner.answered }
            }
        },
    }
}

/// After total silence, or a stall, nothing is taken before everybody had the time to be heard.
fn held_off(membership: &Membership) -> Option<Instant> {
    (!membership.alone()).then(|| membership.hold_until())
}

/// Whether frames of others reach this node, or nobody else is known to exist.
fn hearing(membership: &Membership, since: Instant, now: Instant) -> bool {
    let recent = now - membership.timing.beat * PROOF_BEATS;
    membership.alone() || membership.foreign_at().is_some_and(|at| at >= since.min(recent))
}

fn parting(slot: &mut Slot, membership: &Membership, unwell: bool, now: Instant) -> Option<Parting> {
    slot.owner()?;
    let withheld = slot.quarantined_until.is_some_and(|until| until > now);
    if membership.state() == State::Leaving {
        return Some(Parting::Leaving);
    }
    if slot.offer.is_none() || withheld {
        return Some(Parting::NotOffered);
    }
    (slot.planned.is_some() || unwell && slot.may_move(now)).then_some(Parting::Planned)
}

/// The live candidates for the address other than this node.
fn candidates<'a>(
    address: IpAddr,
    ranking: &'a Ranking,
    membership: &'a Membership,
) -> impl Iterator<Item = Rank> + 'a {
    ranks(address, ranking, membership.peers().filter(|peer| peer.candidate()))
}

fn ranks<'a>(
    address: IpAddr,
    ranking: &'a Ranking,
    peers: impl Iterator<Item = &'a Peer> + 'a,
) -> impl Iterator<Item = Rank> + 'a {
    peers.filter_map(move |peer| Some(ranking.rank(&peer.name, peer.id, *peer.offers.get(address)?)))
}

/// The best two of them: who comes after this node.
pub(super) fn line(address: IpAddr, membership: &Membership) -> [Option<NodeId>; 2] {
    let ranking = Ranking::of(address);
    let (mut first, mut second): (Option<Rank>, Option<Rank>) = (None, None);
    for rank in candidates(address, &ranking, membership) {
        if first.is_none_or(|first| rank < first) {
            second = first.replace(rank);
        } else if second.is_none_or(|second| rank < second) {
            second = Some(rank);
        }
    }
    [first.map(|rank| rank.id()), second.map(|rank| rank.id())]
}

/// The first in rank, if that is not this node, and whether it is so by its weight.
pub(super) fn best(address: IpAddr, weight: Weight, membership: &Membership) -> Option<(NodeId, bool)> {
    let ranking = Ranking::of(address);
    let first = candidates(address, &ranking, membership).min()?;
    let mine = ranking.rank(&membership.me.name, membership.id, weight);
    (first < mine).then(|| (first.id(), first.weight() > weight))
}

fn next_target(
    slot: &Slot,
    address: IpAddr,
    ranking: &Ranking,
    membership: &Membership,
    now: Instant,
) -> Option<NodeId> {
    let tried = slot.owner().and_then(|owner| owner.hand.as_ref()).map_or(&[][..], |hand| &hand.tried);
    let wanted = slot.planned.and_then(|planned| planned.to);
    // Who gives away because it stalls gives to one that does not.
    let late = |id| membership.peer(id).is_some_and(|peer| peer.said.lateness >= membership.timing.beat);
    let lateness_matters =
        slot.planned.is_none() && slot.offer.is_some() && membership.state() == State::Active;
    // Who is overdue may have died: it is tried last.
    let overdue = |id| membership.peer(id).is_some_and(|peer| now > peer.silent_for(OVERDUE));
    candidates(address, ranking, membership)
        .filter(|rank| !(lateness_matters && late(rank.id())))
        .filter(|rank| !tried.contains(&rank.id()) && wanted.is_none_or(|id| id == rank.id()))
        .min_by_key(|rank| (overdue(rank.id()), *rank))
        .map(|rank| rank.id())
}

/// This node's place among all live candidates: the last target, then the named heirs, then the rank. Those that become
/// candidates together with this node count already. And whether one ahead has claims that are not known yet.
fn place(
    slot: &Slot,
    address: IpAddr,
    ranking: &Ranking,
    membership: &Membership,
    unwell: bool,
) -> (u32, bool) {
    let soon = || membership.peers().filter(|peer| peer.candidate() || peer.alive && peer.said.ready);
    let last = slot.last.filter(|last| slot.heirs_agreed(last, address, membership, soon()));
    let named = last.map(|last| [last.target, last.line[0], last.line[1]]).unwrap_or_default();
    let turn = |id| named.iter().position(|heir| *heir == Some(id)).unwrap_or(named.len());
    let weight = slot.offer.map(|terms| terms.weight).unwrap_or_default();
    let mine = (turn(membership.id), ranking.rank(&membership.me.name, membership.id, weight));
    let unread = |rank: &Rank| membership.peer(rank.id()).is_some_and(|peer| !peer.claims_match());
    // Who stalls too often to hold anything comes after everybody else; of several such, each in its turn.
    let behind = u32::from(unwell);
    ranks(address, ranking, soon()).fold((1 + behind, false), |(place, any), rank| {
        let ahead = (turn(rank.id()), rank) < mine;
        (place + behind + u32::from(ahead), any || ahead && unread(&rank))
    })
}
