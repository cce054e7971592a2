//! Addresses and ports that Services hold, so that each is given once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::object;
use crate::random::Random;
use crate::resource::{Builtin, Resource};
use crate::settings::Settings;
use crate::store::Key;

/// An address family, as Services write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::V4, Self::V6].into_iter().find(|family| family.word() == word)
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

/// What is given out to which Service.
#[derive(Debug)]
pub(crate) struct Ledger {
    ranges: Vec<IpNet>,
    ports: (u16, u16),
    addresses: BTreeMap<IpAddr, Key>,
    node_ports: BTreeMap<u16, BTreeSet<Key>>,
}

impl Ledger {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            ranges: settings.service_ranges.clone(),
            ports: settings.node_ports,
            addresses: BTreeMap::new(),
            node_ports: BTreeMap::new(),
        }
    }

    /// Keeps the ledger in step with one write.
    pub(crate) fn replace(&mut self, resource: &Resource, old: Option<&Value>, new: Option<&Value>) {
        if resource.builtin() != Some(Builtin::Service) {
            return;
        }
        if let Some(old) = old {
            let key = Key::of(old);
            self.addresses.retain(|_, holder| *holder != key);
            for port in node_ports(old) {
                if let Some(holders) = self.node_ports.get_mut(&port) {
                    holders.remove(&key);
                }
            }
            self.node_ports.retain(|_, holders| !holders.is_empty());
        }
        let Some(new) = new else { return };
        let key = Key::of(new);
        self.addresses.extend(cluster_addresses(new).into_iter().map(|address| (address, key.clone())));
        node_ports(new).into_iter().for_each(|port| {
            self.node_ports.entry(port).or_default().insert(key.clone());
        });
    }

    /// The family that Services have when they do not say.
    pub(crate) fn default_family(&self) -> Family {
        self.ranges.first().map_or(Family::V4, |range| Family::of(range.network()))
    }

    /// The range of a family, if the cluster has one.
    pub(crate) fn range(&self, family: Family) -> Option<&IpNet> {
        self.ranges.iter().find(|range| Family::of(range.network()) == family)
    }

    /// All ranges, the default one first.
    pub(crate) fn ranges(&self) -> Vec<String> {
        self.ranges.iter().map(ToString::to_string).collect()
    }

    /// The first address of the default range: the API server's own.
    pub(crate) fn first_address(&self) -> String {
        self.ranges.first().map(|range| nth(range, 1).to_string()).unwrap_or_default()
    }

    /// Who holds an address.
    pub(crate) fn holder(&self, address: IpAddr) -> Option<&Key> {
        self.addresses.get(&address)
    }

    /// A free address of a family; nothing when the range is used up.
    pub(crate) fn free_address(&self, family: Family, random: &mut Random) -> Option<IpAddr> {
        let range = self.range(family)?;
        let bits = u32::from(range.max_prefix_len() - range.prefix_len()).min(20);
        let size = 1u64 << bits;
        // The first address is the server's own; network and broadcast address are never given.
        let start = random.below(size);
        let offsets =
            (0..size).map(|step| (start + step) % size).filter(|offset| (2..size - 1).contains(offset));
        offsets
            .map(|offset| nth(range, u128::from(offset)))
            .find(|address| !self.addresses.contains_key(address))
    }

    /// First and last node port.
    pub(crate) fn port_range(&self) -> (u16, u16) {
        self.ports
    }

    /// True when a Service other than `key` holds the port.
    pub(crate) fn port_is_taken(&self, port: u16, key: &Key) -> bool {
        self.node_ports.get(&port).is_some_and(|holders| holders.iter().any(|holder| holder != key))
    }

    /// A free node port that is not among `chosen`.
    pub(crate) fn free_port(&self, chosen: &BTreeSet<u16>, random: &mut Random) -> Option<u16> {
        let (first, last) = self.ports;
        let size = u64::from(last - first) + 1;
        let start = random.below(size);
        let ports = (0..size).filter_map(|step| u16::try_from(u64::from(first) + (start + step) % size).ok());
        ports.into_iter().find(|port| !self.node_ports.contains_key(port) && !chosen.contains(port))
    }
}

fn nth(range: &IpNet, offset: u128) -> IpAddr {
    match range {
        IpNet::V4(range) => {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            IpAddr::V4(range.network().to_bits().wrapping_add(offset).into())
        }
        IpNet::V6(range) => IpAddr::V6(range.network().to_bits().wrapping_add(offset).into()),
    }
}

fn cluster_addresses(service: &Value) -> Vec<IpAddr> {
    object::texts(service, "/spec/clusterIPs").iter().filter_map(|text| text.parse().ok()).collect()
}

fn node_ports(service: &Value) -> BTreeSet<u16> {
    let ports = object::list(service, "/spec/ports").iter().map(|port| object::number(port, "/nodePort"));
    let health = object::number(service, "/spec/healthCheckNodePort");
    ports.chain([health]).filter(|port| *port > 0).filter_map(|port| u16::try_from(port).ok()).collect()
}
