//! Services: what they ask for and what they hold.

mod read;

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::addr::Family;
use crate::api::annotations::Request;
use crate::api::conditions::{ConditionStatus, ConditionType};
use crate::config::{Identity, Labels, Timestamp};
use crate::name::ServiceKey;

/// A Service, about half a kilobyte. Only those that ask for a load balancer or still carry marks of one are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// `spec.type` is `LoadBalancer`.
    pub load_balancer: bool,
    /// `spec.loadBalancerClass`.
    pub class: Option<Arc<str>>,
    /// `spec.clusterIPs`, of which only the family matters; `None` in it stands for a text that is no address.
    pub cluster_families: Box<[Option<Family>]>,
    /// `spec.clusterIPs` that are addresses. The `World` takes them for what it knows of all Services, and keeps none.
    pub cluster_addresses: Box<[IpAddr]>,
    /// `spec.ipFamilyPolicy`.
    pub family_policy: FamilyPolicy,
    /// The first of `spec.ipFamilies`.
    pub primary_family: Option<Family>,
    /// `spec.externalTrafficPolicy`.
    pub traffic_policy: TrafficPolicy,
    /// `spec.ports`, sorted.
    pub ports: Box<[Port]>,
    /// `spec.selector`.
    pub selector: Labels,
    /// `spec.loadBalancerIP`.
    pub load_balancer_ip: Option<Arc<str>>,
    /// The annotations that matter.
    pub annotations: Annotations,
    /// `metadata.labels`.
    pub labels: Labels,
    /// Addresses in `status.loadBalancer.ingress`, in the order written.
    pub ingress: Box<[IpAddr]>,
    /// Some entry of the ingress list is no plain address (a host name, a text that does not parse).
    pub foreign_ingress: bool,
    /// Our conditions in its status.
    pub conditions: Box<[Condition]>,
    /// The ingress addresses when this object was first seen: others may know them already, so they are never probed.
    /// The `World` keeps it from one version of the object to the next.
    pub inherited: Box<[IpAddr]>,
}

impl Service {
    /// Namespace and name.
    pub const fn key(&self) -> &ServiceKey {
        &self.identity.key
    }

    /// Whether it asks for a load balancer or carries marks of ours that are to be removed.
    pub fn concerns_us(&self) -> bool {
        self.load_balancer || self.marked()
    }

    /// Whether it carries marks of ours.
    pub fn marked(&self) -> bool {
        self.annotations.allocated_from.is_some() || !self.conditions.is_empty()
    }

    /// Since when it holds its addresses, as far as that is known: since our condition says so, or since its creation.
    pub fn holds_since(&self) -> Timestamp {
        let told = self.condition(ConditionType::Allocated.as_str());
        let holds = told.filter(|condition| condition.status == ConditionStatus::True);
        holds.and_then(|condition| condition.since).unwrap_or(self.identity.created)
    }

    /// Our condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind.as_ref() == kind)
    }
}

/// `spec.ipFamilyPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FamilyPolicy {
    /// `SingleStack`, or absent.
    #[default]
    Single,
    /// `PreferDualStack`.
    Prefer,
    /// `RequireDualStack`.
    Require,
}

/// `spec.externalTrafficPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TrafficPolicy {
    /// Every node passes traffic on to every endpoint.
    #[default]
    Cluster,
    /// A node passes traffic to its own endpoints only.
    Local,
}

/// Transport protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// `TCP`, or absent.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
}

/// One port that a Service serves; the name and the node port do not matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    /// Transport protocol.
    pub protocol: Protocol,
    /// 1 to 65535.
    pub port: u16,
}

/// An annotation's value, and under which prefix it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotated {
    /// The value as written.
    pub value: Arc<str>,
    /// Found under `metallb.universe.tf/` and not under `metallb.io/`.
    pub deprecated: bool,
}

/// The annotations of a Service that matter. A key under the current prefix wins, even with an empty value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotations {
    /// `address-pool`.
    pub address_pool: Option<Annotated>,
    /// `loadBalancerIPs`.
    pub load_balancer_ips: Option<Annotated>,
    /// `allow-shared-ip`.
    pub allow_shared_ip: Option<Annotated>,
    /// `patina.dev/addresses-per-family`, as written.
    pub per_family: Option<Arc<str>>,
    /// `ip-allocated-from-pool`, written by the controller under the current prefix only.
    pub allocated_from: Option<Arc<str>>,
}

impl Annotations {
    /// Those that stand under the deprecated prefix.
    pub fn deprecated(&self) -> impl Iterator<Item = Request> {
        let of = |a: &Option<Annotated>, name| a.as_ref().is_some_and(|a| a.deprecated).then_some(name);
        [
            of(&self.address_pool, Request::AddressPool),
            of(&self.load_balancer_ips, Request::LoadBalancerIps),
            of(&self.allow_shared_ip, Request::AllowSharedIp),
        ]
        .into_iter()
        .flatten()
    }
}
