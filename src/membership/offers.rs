//! What a speaker can do and what it holds: the entries of the two lists that travel.

use serde::{Deserialize, Serialize};

use super::bytes::{Reader, Unreadable, put_short};
use super::list::{Entry, Written, take_id};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

const CONFIRMED: u8 = 1;
const FIRST: u8 = 2;
const SECOND: u8 = 4;
const TARGET: u8 = 8;

/// What differs from the claim before, beside [`CONFIRMED`] (see `list::pack`).
mod differs {
    pub(super) const EPOCH: u8 = 2;
    pub(super) const WEIGHT: u8 = 4;
    pub(super) const FIRST: u8 = 8;
    pub(super) const SECOND: u8 = 16;
    pub(super) const TARGET: u8 = 32;
    pub(super) const ALL: u8 = super::CONFIRMED | EPOCH | WEIGHT | FIRST | SECOND | TARGET;
}

impl Entry for Weight {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_be_bytes());
    }

    fn pack(&self, _: &Self, _: &mut Written, bytes: &mut Vec<u8>) {
        put_short(bytes, self.0.into());
    }

    fn unpack(_: &Self, _: &mut Vec<NodeId>, bytes: &mut Reader<'_>) -> Result<Self, Unreadable> {
        bytes.short_u32().map(Self)
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
    fn pack(&self, before: &Self, names: &mut Written, bytes: &mut Vec<u8>) {
        let ids = self.ids().into_iter().zip(before.ids()).zip(ID_BITS);
        let numbers = [
            (self.epoch.0, before.epoch.0, differs::EPOCH),
            (self.weight.0, before.weight.0, differs::WEIGHT),
        ];
        let confirmed = if self.confirmed { CONFIRMED } else { 0 };
        let flags = numbers.iter().filter(|(now, before, _)| now != before).map(|(.., bit)| *bit);
        let flags = flags.chain(ids.clone().filter(|((now, before), _)| now != before).map(|(_, bit)| bit));
        bytes.push(flags.fold(confirmed, |flags, bit| flags | bit));
        for (now, ..) in numbers.iter().filter(|(now, before, _)| now != before) {
            put_short(bytes, (*now).into());
        }
        for ((now, _), _) in ids.filter(|((now, before), _)| now != before) {
            names.put(now, bytes);
        }
    }

    fn unpack(before: &Self, names: &mut Vec<NodeId>, bytes: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let flags = bytes.u8()?;
        if flags & !differs::ALL != 0 {
            return Err(Unreadable::Absurd);
        }
        let mut claim = Self { confirmed: flags & CONFIRMED != 0, ..*before };
        if flags & differs::EPOCH != 0 {
            claim.epoch = Epoch(bytes.short_u32()?);
        }
        if flags & differs::WEIGHT != 0 {
            claim.weight = Weight(bytes.short_u32()?);
        }
        let [first, second] = &mut claim.line;
        for (id, bit) in [first, second, &mut claim.target].into_iter().zip(ID_BITS) {
            if flags & bit != 0 {
                *id = take_id(names, bytes)?;
            }
        }
        Ok(claim)
    }
}

const ID_BITS: [u8; 3] = [differs::FIRST, differs::SECOND, differs::TARGET];

impl Claim {
    fn ids(&self) -> [Option<NodeId>; 3] {
        let [first, second] = self.line;
        [first, second, self.target]
    }
}
