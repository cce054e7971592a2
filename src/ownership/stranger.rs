//! A station that is no member uses an address (RFC 5227 §2.4), or a member says that it is its own.

use std::net::IpAddr;
use std::time::Duration;

use super::slot::Role;
use super::{Output, Ownership};
use crate::membership::Membership;
use crate::time::Instant;

/// An address that a stranger uses is withheld for so long.
const QUARANTINE: Duration = Duration::from_secs(300);
/// An owner defends its address at most once in this span (RFC 5227 §2.4 (c)).
const DEFENCE_SPACING: Duration = Duration::from_secs(10);

impl Ownership {
    /// A frame of a stranger claims the address as its own, or probes for it (`claims` tells which). Gives whether
    /// anything followed.
    pub fn handle_stranger(
        &mut self,
        address: IpAddr,
        claims: bool,
        membership: &mut Membership,
        now: Instant,
    ) -> bool {
        let Some(slot) = self.slots.get_mut(&address) else { return false };
        match &slot.role {
            Role::Bystander => return false,
            Role::Prober { .. } => {
                slot.role = Role::Bystander;
                slot.quarantined_until = Some(now + QUARANTINE);
                self.set_deadline(address, Some(now + QUARANTINE));
                self.publish_offers(membership, now);
            }
            Role::Owner(_) if !claims => return false,
            Role::Owner(_) if slot.defended_at.is_some_and(|at| now.since(at) < DEFENCE_SPACING) => {
                return false;
            }
            Role::Owner(_) => {
                slot.defended_at = Some(now);
                self.outputs.push_back(Output::Assert(address));
            }
        }
        self.outputs.push_back(Output::Conflict(address));
        true
    }

    /// A member said on the wire that an address of this node is its own: clients that believed it are corrected.
    pub fn handle_gratuitous(&mut self, address: IpAddr) {
        let Some(slot) = self.slots.get_mut(&address) else { return };
        if slot.owner().is_some_and(|owner| owner.hand.is_none()) {
            slot.provoked = true;
            self.urgent.insert(address);
        }
    }
}
