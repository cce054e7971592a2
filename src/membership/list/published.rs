//! A list of this node, and what changed in it since when.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Change, Digest, Entry, MAX_SLICES, SLICE_BYTES, Slice, Stamp, pack};
use crate::membership::member::Version;

/// Every list begins empty, so whoever holds this version, or nothing, can take the whole list.
const EMPTY: Version = Version(1);
/// So many removals are remembered, so that a reader that missed them needs no whole list.
pub(super) const REMEMBERED_REMOVALS: usize = 4096;

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

impl<E: Entry> Published<E> {
    /// An empty list.
    pub fn new() -> Self {
        let stamp = Stamp { version: EMPTY, digest: Digest::default() };
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

    /// What takes a reader that holds version `base` to the list as it is now, in slices that fit a datagram. The whole
    /// list when so much was forgotten that nothing less will do. There is always at least one.
    pub fn slices(&self, base: Version) -> Vec<Slice> {
        let (base, changes) = self.since(base);
        let stream = pack::pack(&changes);
        let mut chunks: Vec<&[u8]> = stream.chunks(SLICE_BYTES).take(MAX_SLICES.into()).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let count = u16::try_from(chunks.len()).unwrap_or(MAX_SLICES);
        let slice = |(index, chunk): (u16, &[u8])| Slice {
            base,
            to: self.stamp,
            index,
            count,
            bytes: chunk.to_vec(),
        };
        (0..count).zip(chunks).map(slice).collect()
    }

    /// All that changed after `base`, and the base that it can be applied to: 0 when only the whole list will do.
    pub(super) fn since(&self, base: Version) -> (Version, Vec<Change<E>>) {
        let forgotten = base < self.floor || base > self.stamp.version;
        let base = if forgotten || base <= EMPTY { Version(0) } else { base };
        let kept = self.entries.iter().filter(|(_, (_, at))| *at > base);
        let mut changes: Vec<_> = kept.map(|(address, (entry, _))| (*address, Some(entry.clone()))).collect();
        if base > Version(0) {
            changes.extend(self.removed.iter().filter(|(_, at)| **at > base).map(|(a, _)| (*a, None)));
        }
        (base, changes)
    }
}
