//! Addresses that a status still shows although it has been decided that they go: nobody else is told to have one before
//! the status has let go of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::name::ServiceKey;

/// Who still shows what. A Service that was just given an address and does not show it yet is not in here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Leaving {
    services: BTreeMap<ServiceKey, Vec<IpAddr>>,
    addresses: BTreeMap<IpAddr, BTreeSet<ServiceKey>>,
}

impl Leaving {
    /// What the status of the Service shows and is to lose.
    pub(super) fn note(&mut self, service: &ServiceKey, leaving: Vec<IpAddr>) {
        for address in self.services.remove(service).unwrap_or_default() {
            if let Some(shown) = self.addresses.get_mut(&address) {
                shown.remove(service);
                if shown.is_empty() {
                    self.addresses.remove(&address);
                }
            }
        }
        for address in &leaving {
            self.addresses.entry(*address).or_default().insert(service.clone());
        }
        if !leaving.is_empty() {
            self.services.insert(service.clone(), leaving);
        }
    }

    /// Forgets Services that are gone.
    pub(super) fn retain(&mut self, known: impl Fn(&ServiceKey) -> bool) {
        let gone: Vec<_> = self.services.keys().filter(|key| !known(key)).cloned().collect();
        gone.iter().for_each(|key| self.note(key, Vec::new()));
    }

    /// What the status of the Service is to lose.
    pub(super) fn of(&self, service: &ServiceKey) -> &[IpAddr] {
        self.services.get(service).map_or(&[], Vec::as_slice)
    }

    /// All addresses that some status is to lose.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &IpAddr> {
        self.addresses.keys()
    }

    /// Whether some status is to lose the address.
    pub(super) fn shows(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address)
    }

    /// Whether the status of another Service than this one is to lose the address.
    pub(super) fn is_shown_beside(&self, address: IpAddr, service: &ServiceKey) -> bool {
        self.addresses.get(&address).is_some_and(|shown| shown.iter().any(|other| other != service))
    }
}
