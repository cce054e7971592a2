//! Lists that travel only when they change: what this node publishes, and what it holds of a peer.
//!
//! ```text
//!   Published ── set, remove ──► version, digest (in every beat)
//!       │                              │
//!       └── delta since a version ──► Slice, Slice, … ──► Held: applied whole, and only if the digest then agrees
//! ```
//!
//! *Guarantees*: a held list is always one that its owner has published as a whole; slices that are lost, late, twice or
//! out of order never leave half of a change behind. What cannot be matched leaves the last known list standing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ring::digest;
use serde::Serialize;

use super::member::Version;

/// At most so many slices make one change; more is absurd and refused.
pub const MAX_SLICES: u16 = 4096;
/// So many removals are remembered, so that a reader that missed them needs no whole list.
const REMEMBERED_REMOVALS: usize = 4096;

/// What can be put in a list: its bytes are its identity.
pub trait Entry: Clone + PartialEq {
    /// Appends the bytes that travel, and that the digest covers.
    fn write(&self, bytes: &mut Vec<u8>);
}

/// A sum over the entries, so that one change costs one entry; agreement means the same list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Digest(pub u64);

/// Version and digest of a list, as a beat carries them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// How often the list has changed.
    pub version: Version,
    /// What it holds.
    pub digest: Digest,
}

/// One of the parts that take a list from `base` (0: from nothing) to `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<E> {
    /// The reader must hold this version or a later one; 0 makes the list new.
    pub base: Version,
    /// What the list is after all slices.
    pub to: Stamp,
    /// Which part, from 0.
    pub index: u16,
    /// Of how many.
    pub count: u16,
    /// What the address has from now on; nothing when it left the list.
    pub entries: Vec<(IpAddr, Option<E>)>,
}

impl Digest {
    fn of<E: Entry>(address: IpAddr, entry: &E) -> Self {
        let mut bytes = Vec::with_capacity(64);
        match address {
            IpAddr::V4(a) => bytes.extend(a.octets()),
            IpAddr::V6(a) => bytes.extend(a.octets()),
        }
        entry.write(&mut bytes);
        let hash = digest::digest(&digest::SHA256, &bytes);
        Self(hash.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    fn without(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

/// A list of this node.
#[derive(Debug)]
pub struct Published<E> {
    entries: BTreeMap<IpAddr, (E, Version)>,
    removed: BTreeMap<IpAddr, Version>,
    /// Changes up to this version may have been forgotten.
    floor: Version,
    stamp: Stamp,
}

impl<E: Entry> Default for Published<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry> Default for Held<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry> Published<E> {
    /// An empty list.
    pub fn new() -> Self {
        let stamp = Stamp { version: Version(1), digest: Digest::default() };
        Self { entries: BTreeMap::new(), removed: BTreeMap::new(), floor: Version(0), stamp }
    }

    /// Version and digest as they are now.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What the address has.
    pub fn get(&self, address: IpAddr) -> Option<&E> {
        self.entries.get(&address).map(|(entry, _)| entry)
    }

    /// All entries, by address.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &E)> {
        self.entries.iter().map(|(address, (entry, _))| (*address, entry))
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts `entry` in; the version grows if that changes anything.
    pub fn set(&mut self, address: IpAddr, entry: E) {
        if self.get(address) == Some(&entry) {
            return;
        }
        let version = self.advance();
        self.stamp.digest = self.stamp.digest.with(Digest::of(address, &entry));
        self.removed.remove(&address);
        if let Some((old, _)) = self.entries.insert(address, (entry, version)) {
            self.stamp.digest = self.stamp.digest.without(Digest::of(address, &old));
        }
    }

    /// Takes the address out; the version grows if it was in.
    pub fn remove(&mut self, address: IpAddr) {
        let Some((old, _)) = self.entries.remove(&address) else { return };
        let version = self.advance();
        self.stamp.digest = self.stamp.digest.without(Digest::of(address, &old));
        self.removed.insert(address, version);
        if self.removed.len() > REMEMBERED_REMOVALS {
            self.floor = version;
            self.removed.clear();
        }
    }

    fn advance(&mut self) -> Version {
        self.stamp.version = Version(self.stamp.version.0.saturating_add(1));
        self.stamp.version
    }

    /// All that changed after `base`, and the base that it can be applied to: 0 when so much was forgotten that only
    /// the whole list will do.
    pub fn since(&self, base: Version) -> (Version, Vec<(IpAddr, Option<E>)>) {
        let base = if base < self.floor || base > self.stamp.version { Version(0) } else { base };
        let kept = self.entries.iter().filter(|(_, (_, at))| *at > base);
        let mut changes: Vec<_> = kept.map(|(address, (entry, _))| (*address, Some(entry.clone()))).collect();
        if base > Version(0) {
            changes.extend(self.removed.iter().filter(|(_, at)| **at > base).map(|(a, _)| (*a, None)));
        }
        (base, changes)
    }
}

/// The last list of a peer that was known as a whole.
#[derive(Debug)]
pub struct Held<E> {
    entries: BTreeMap<IpAddr, E>,
    stamp: Stamp,
    incoming: Option<Incoming<E>>,
}

#[derive(Debug)]
struct Incoming<E> {
    base: Version,
    to: Stamp,
    count: u16,
    slices: BTreeMap<u16, Vec<(IpAddr, Option<E>)>>,
}

impl<E: Entry> Held<E> {
    /// Nothing known.
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), stamp: Stamp::default(), incoming: None }
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
    pub fn take(&mut self, slice: Slice<E>) -> Vec<IpAddr> {
        if !self.wants(&slice) {
            return Vec::new();
        }
        if slice.count == 1 {
            return self.apply(slice.base, slice.to, vec![slice.entries]);
        }
        self.collect(slice)
    }

    fn wants(&self, slice: &Slice<E>) -> bool {
        let applies = slice.base == Version(0) || slice.base <= self.stamp.version;
        let newer = slice.to.version > self.stamp.version;
        applies && newer && slice.index < slice.count && slice.count <= MAX_SLICES
    }

    fn collect(&mut self, slice: Slice<E>) -> Vec<IpAddr> {
        let same = |i: &Incoming<E>| i.to == slice.to && i.base == slice.base && i.count == slice.count;
        let mut incoming = self.incoming.take().filter(same).unwrap_or_else(|| Incoming {
            base: slice.base,
            to: slice.to,
            count: slice.count,
            slices: BTreeMap::new(),
        });
        incoming.slices.insert(slice.index, slice.entries);
        if incoming.slices.len() < usize::from(incoming.count) {
            self.incoming = Some(incoming);
            return Vec::new();
        }
        self.apply(incoming.base, incoming.to, incoming.slices.into_values().collect())
    }

    fn apply(&mut self, base: Version, to: Stamp, slices: Vec<Vec<(IpAddr, Option<E>)>>) -> Vec<IpAddr> {
        let changes: BTreeMap<IpAddr, Option<E>> = slices.into_iter().flatten().collect();
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

#[cfg(test)]
mod tests;
