//! What is known of one address on one link.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::membership::list::Stamp;
use crate::membership::member::{NodeId, Version};
use crate::membership::offers::{Claim, Epoch, Weight};
use crate::time::Instant;

/// Why an address came or went: a closed list, the same word in status, event, metric and log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// Nobody owned it.
    Unowned,
    /// Its owner fell silent.
    OwnerDied,
    /// Its owner gave it away.
    HandOver,
    /// This node no longer offers it.
    NotOffered,
    /// Another claim won.
    Yielded,
    /// This node doubted itself after a stall.
    Doubt,
    /// The link lost its carrier.
    CarrierLost,
    /// A station that is no member uses it.
    Conflict,
    /// The speaker is leaving.
    Leaving,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unowned => "Unowned",
            Self::OwnerDied => "OwnerDied",
            Self::HandOver => "HandOver",
            Self::NotOffered => "NotOffered",
            Self::Yielded => "Yielded",
            Self::Doubt => "Doubt",
            Self::CarrierLost => "CarrierLost",
            Self::Conflict => "Conflict",
            Self::Leaving => "Leaving",
        })
    }
}

/// How this node offers an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Sum of the preferences.
    pub weight: Weight,
    /// To be probed before its first use.
    pub fresh: bool,
}

/// All that this node remembers of an address; what others say now is asked of membership each time.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) offer: Option<Terms>,
    pub(super) highest: Epoch,
    pub(super) role: Role,
    pub(super) hold_until: Option<Instant>,
    pub(super) vacant_since: Option<Instant>,
    pub(super) offered_at: Option<Instant>,
    /// The last words of the last claim that stood.
    pub(super) last: Option<LastClaim>,
    pub(super) asserted_at: Option<Instant>,
    /// A member's frame said that the address is its own, and that was not answered yet.
    pub(super) provoked: bool,
    pub(super) defended_at: Option<Instant>,
    pub(super) quarantined_until: Option<Instant>,
    pub(super) planned: Option<Planned>,
    pub(super) moves: VecDeque<Instant>,
    pub(super) deadline: Option<Instant>,
}

#[derive(Debug, Default)]
pub(super) enum Role {
    #[default]
    Bystander,
    Prober {
        since: Instant,
        sent: u32,
    },
    Owner(Owner),
}

/// What this node holds.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The claim as it is published.
    pub claim: Claim,
    /// The list of claims in which it first stood.
    pub made: Version,
    /// Since when.
    pub since: Instant,
    /// The hand-over in progress.
    pub hand: Option<Hand>,
    /// Claims of others that were already answered with an assertion.
    pub(super) answered: Vec<(NodeId, Epoch)>,
}

/// A hand-over in progress.
#[derive(Clone, Debug)]
pub struct Hand {
    /// When it began.
    pub began: Instant,
    /// Until when the present target is waited for.
    pub until: Instant,
    /// Whom it was offered to, the present target last.
    pub tried: Vec<NodeId>,
}

/// A move that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// To whom; to the best candidate when nobody is named.
    pub to: Option<NodeId>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LastClaim {
    pub(super) owner: NodeId,
    pub(super) line: [Option<NodeId>; 2],
    pub(super) target: Option<NodeId>,
    pub(super) suspected_at: Option<Instant>,
    pub(super) died: bool,
}

impl LastClaim {
    pub(super) fn of(owner: NodeId, claim: &Claim) -> Self {
        Self { owner, line: claim.line, target: claim.target, suspected_at: None, died: false }
    }
}

/// Planned moves of an address within this span …
const DAMPING: Duration = Duration::from_secs(180);
/// … are at most so many: fabrics freeze an address after five (RFC 7432 §15.1).
const MOVES_AT_MOST: usize = 3;

impl Slot {
    pub(super) fn owner(&self) -> Option<&Owner> {
        match &self.role {
            Role::Owner(owner) => Some(owner),
            Role::Bystander | Role::Prober { .. } => None,
        }
    }

    pub(super) fn owner_mut(&mut self) -> Option<&mut Owner> {
        match &mut self.role {
            Role::Owner(owner) => Some(owner),
            Role::Bystander | Role::Prober { .. } => None,
        }
    }

    /// Whether one more planned move is allowed at `now`.
    pub(super) fn may_move(&mut self, now: Instant) -> bool {
        self.moves.retain(|at| now.since(*at) < DAMPING);
        self.moves.len() < MOVES_AT_MOST
    }

    /// Nothing is worth remembering.
    pub(super) fn is_empty(&self) -> bool {
        self.offer.is_none() && self.owner().is_none() && self.highest == Epoch::default()
    }
}

/// One address, for state dumps and for the simulation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressState {
    /// The address.
    pub address: IpAddr,
    /// What this node is to it: `owner`, `probing`, `bystander`.
    pub role: &'static str,
    /// Whether this node offers it.
    pub offered: bool,
    /// The claim of this node.
    pub claim: Option<Claim>,
    /// The highest epoch ever heard.
    pub highest: Epoch,
    /// Since when this node owns it.
    pub since: Option<Instant>,
    /// Until when it is withheld because a stranger uses it.
    pub quarantined_until: Option<Instant>,
}

impl Slot {
    pub(super) fn snapshot(&self, address: IpAddr) -> AddressState {
        let role = match self.role {
            Role::Owner(_) => "owner",
            Role::Prober { .. } => "probing",
            Role::Bystander => "bystander",
        };
        AddressState {
            address,
            role,
            offered: self.offer.is_some(),
            claim: self.owner().map(|owner| owner.claim),
            highest: self.highest,
            since: self.owner().map(|owner| owner.since),
            quarantined_until: self.quarantined_until,
        }
    }
}

/// The version that the next change of a list will have.
pub(super) fn next_version(stamp: Stamp) -> Version {
    Version(stamp.version.0.saturating_add(1))
}
