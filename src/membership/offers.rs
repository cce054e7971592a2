//! What a speaker can do and what it holds: the entries of the two lists that travel.

use serde::{Deserialize, Serialize};

use super::list::Entry;
use super::member::NodeId;

/// "I can answer for this address", with the sum of the operator's preferences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(pub u32);

/// Grows by one with each change of owner of an address, as far as anybody has heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch of the next claim. It stops growing at the end of its range: then the later fields of the key decide.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// "I answer for this address."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// One more than the highest ever heard for the address.
    pub epoch: Epoch,
    /// More than half of the members have held this claim, or it was handed over by one that had it so.
    pub confirmed: bool,
    /// The weight as it was when the claim was made.
    pub weight: Weight,
    /// Who comes after the owner: the best two among the live candidates, as the owner ranks them.
    pub line: [Option<NodeId>; 2],
    /// To whom it is being handed over.
    pub target: Option<NodeId>,
}

pub(super) const CONFIRMED: u8 = 1;
pub(super) const FIRST: u8 = 2;
pub(super) const SECOND: u8 = 4;
pub(super) const TARGET: u8 = 8;

impl Entry for Weight {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_be_bytes());
    }
}

impl Entry for Claim {
    fn write(&self, bytes: &mut Vec<u8>) {
        let [first, second] = self.line;
        let named = [(FIRST, first), (SECOND, second), (TARGET, self.target)];
        let confirmed = if self.confirmed { CONFIRMED } else { 0 };
        bytes.push(
            named.iter().filter(|(_, id)| id.is_some()).fold(confirmed, |flags, (flag, _)| flags | flag),
        );
        bytes.extend(self.epoch.0.to_be_bytes());
        bytes.extend(self.weight.0.to_be_bytes());
        for id in named.iter().filter_map(|(_, id)| *id) {
            bytes.extend(id.0.to_be_bytes());
        }
    }
}
