//! What is held of a list of a peer.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::{Digest, Entry, MAX_SLICES, Slice, Stamp, pack};
use crate::membership::member::Version;

/// Changes that are collected at the same time; beyond that the one that was added to longest ago is given up.
const INCOMING: usize = 3;

/// The last list of a peer that was known as a whole.
#[derive(Debug)]
pub struct Held<E> {
    entries: BTreeMap<IpAddr, E>,
    stamp: Stamp,
    /// The one that was added to last at the end.
    incoming: VecDeque<Incoming>,
}

/// A change of which some slices are there.
#[derive(Debug)]
struct Incoming {
    base: Version,
    to: Stamp,
    count: u16,
    slices: BTreeMap<u16, Vec<u8>>,
}

impl Incoming {
    fn of(slice: &Slice) -> Self {
        Self { base: slice.base, to: slice.to, count: slice.count, slices: BTreeMap::new() }
    }

    fn is_of(&self, slice: &Slice) -> bool {
        (self.base, self.to, self.count) == (slice.base, slice.to, slice.count)
    }

    fn is_whole(&self) -> bool {
        self.slices.len() == usize::from(self.count)
    }
}

impl<E: Entry> Default for Held<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry> Held<E> {
    /// Nothing known.
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), stamp: Stamp::default(), incoming: VecDeque::new() }
    }

    /// Version and digest of what is held.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What the peer has for the address.
    pub fn get(&self, address: IpAddr) -> Option<&E> {
        self.entries.get(&address)
    }

    /// All entries, by address.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &E)> {
        self.entries.iter().map(|(address, entry)| (*address, entry))
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether this is the list that `announced` speaks of. Two lists of one content are one list.
    pub fn agrees(&mut self, announced: Stamp) -> bool {
        if self.stamp.digest == announced.digest && self.stamp.version < announced.version {
            self.stamp = announced;
        }
        self.stamp == announced
    }

    /// Takes a slice. Gives the addresses that may have changed, once a change is whole and its digest agrees.
    pub fn take(&mut self, slice: Slice) -> Vec<IpAddr> {
        if !self.wants(&slice) {
            return Vec::new();
        }
        let found = self.incoming.iter().position(|incoming| incoming.is_of(&slice));
        let known = found.and_then(|index| self.incoming.remove(index));
        let mut incoming = known.unwrap_or_else(|| Incoming::of(&slice));
        incoming.slices.insert(slice.index, slice.bytes);
        if incoming.is_whole() {
            return self.apply(incoming);
        }
        self.incoming.push_back(incoming);
        if self.incoming.len() > INCOMING {
            self.incoming.pop_front();
        }
        Vec::new()
    }

    /// Whether slices of a change are here, and others are missing.
    pub fn is_arriving(&self) -> bool {
        !self.incoming.is_empty()
    }

    fn wants(&self, slice: &Slice) -> bool {
        let applies = slice.base == Version(0) || slice.base <= self.stamp.version;
        let newer = slice.to.version > self.stamp.version;
        applies && newer && slice.index < slice.count && slice.count <= MAX_SLICES
    }

    fn apply(&mut self, Incoming { base, to, slices, .. }: Incoming) -> Vec<IpAddr> {
        let stream: Vec<u8> = slices.into_values().flatten().collect();
        let Ok(changes) = pack::unpack::<E>(&stream) else { return Vec::new() };
        let changes: BTreeMap<IpAddr, Option<E>> = changes.into_iter().collect();
        let digest = self.digest_after(base, &changes);
        if digest != to.digest {
            return Vec::new();
        }
        let mut touched: Vec<IpAddr> = changes.keys().copied().collect();
        if base == Version(0) {
            touched.extend(self.entries.keys().filter(|address| !changes.contains_key(address)));
            self.entries.clear();
        }
        for (address, entry) in changes {
            match entry {
                Some(entry) => self.entries.insert(address, entry),
                None => self.entries.remove(&address),
            };
        }
        self.stamp = to;
        self.incoming.retain(|incoming| incoming.to.version > to.version);
        touched
    }

    fn digest_after(&self, base: Version, changes: &BTreeMap<IpAddr, Option<E>>) -> Digest {
        let start = if base == Version(0) { Digest::default() } else { self.stamp.digest };
        changes.iter().fold(start, |sum, (address, entry)| {
            let old = self.entries.get(address).filter(|_| base != Version(0));
            let sum = old.map_or(sum, |old| sum.without(Digest::of(*address, old)));
            entry.as_ref().map_or(sum, |entry| sum.with(Digest::of(*address, entry)))
        })
    }
}
