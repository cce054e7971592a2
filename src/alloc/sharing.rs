//! Who may share an address: Services that agree on a key, serve different ports, and reach the same Pods if the node
//! that answers matters.

use std::fmt;
use std::sync::Arc;

use crate::config::Labels;
use crate::world::{Port, Protocol, Service, TrafficPolicy};

/// The text that Services agree on in `allow-shared-ip`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharingKey(Arc<str>);

impl SharingKey {
    fn read(service: &Service) -> Option<Self> {
        let annotated = service.annotations.allow_shared_ip.as_ref()?;
        (!annotated.value.is_empty()).then(|| Self(annotated.value.clone()))
    }
}

/// On which terms a Service holds an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `None`: with nobody.
    pub key: Option<SharingKey>,
    /// The selector when traffic stays on the node that answers; empty when every node reaches every Pod.
    backend: Labels,
    /// Sorted.
    ports: Box<[Port]>,
}

/// Why two Services cannot share an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clash {
    /// One of them shares with nobody.
    NoKey,
    /// Their keys differ.
    OtherKey,
    /// One node would have to reach the Pods of both.
    OtherBackend,
    /// Both serve it.
    SamePort(Port),
}

impl Terms {
    /// The terms of a Service.
    pub fn of(service: &Service) -> Self {
        let backend = match service.traffic_policy {
            TrafficPolicy::Local => service.selector.clone(),
            TrafficPolicy::Cluster => Labels::default(),
        };
        Self { key: SharingKey::read(service), backend, ports: service.ports.clone() }
    }

    /// Why the two cannot share; `None` if they can.
    pub fn clash(&self, other: &Self) -> Option<Clash> {
        let (Some(key), Some(other_key)) = (&self.key, &other.key) else { return Some(Clash::NoKey) };
        if key != other_key {
            return Some(Clash::OtherKey);
        }
        if self.backend != other.backend {
            return Some(Clash::OtherBackend);
        }
        let both = self.ports.iter().find(|port| other.ports.binary_search(port).is_ok());
        both.copied().map(Clash::SamePort)
    }
}

impl fmt::Display for Clash {
    /// The half of a sentence that follows a comma.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("and not both have a sharing key"),
            Self::OtherKey => f.write_str("and their sharing keys differ"),
            Self::OtherBackend => f.write_str("and with externalTrafficPolicy Local their selectors differ"),
            Self::SamePort(port) => write!(f, "and both serve {}", PortText(*port)),
        }
    }
}

struct PortText(Port);

impl fmt::Display for PortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.0.protocol {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        };
        write!(f, "{}/{protocol}", self.0.port)
    }
}
