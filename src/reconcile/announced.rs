//! Who announces a Service, as the speakers say it: the condition `patina.dev/Announced`.

use std::fmt;

use super::grounds::{Grounds, condition};
use crate::alloc::Decision;
use crate::api::conditions::ConditionType;
use crate::reason::reasons;
use crate::world::{Condition, Kind, L2Status, Service};

/// Reasons of `patina.dev/Announced`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Announced {
    /// A speaker says that it answers.
    Announced,
    /// There is nothing to answer for.
    NoAddress,
    /// No L2Advertisement is about the pool and the Service.
    NoAdvertisement,
    /// No speaker says that it answers.
    NoAnnouncer,
}

impl Announced {
    reasons! {
        Self::Announced => "Announced",
            "A speaker answers for the address.",
            "nothing is to be done",
            Self::Announced;
        Self::NoAddress => "NoAddress",
            "There is nothing to announce before the Service has an address.",
            "see the condition patina.dev/Allocated",
            Self::NoAddress;
        Self::NoAdvertisement => "NoAdvertisement",
            "An address is announced if an L2Advertisement is about its pool and about the Service.",
            "create an L2Advertisement, an empty spec is about all",
            Self::NoAdvertisement;
        Self::NoAnnouncer => "NoAnnouncer",
            "An L2Advertisement is about the Service, and no speaker says that it answers.",
            "see the events of the speakers, and whether a node has a link in the subnet and a ready Pod where \
             externalTrafficPolicy is Local",
            Self::NoAnnouncer;
    }

    /// What is the matter.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Announced => "a speaker answers for the address",
            Self::NoAddress => "the Service has no address yet",
            Self::NoAdvertisement => "no L2Advertisement is about the pool and the Service",
            Self::NoAnnouncer => "no speaker answers for the address",
        }
    }
}

impl fmt::Display for Announced {
    /// The word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason().word)
    }
}

/// The condition `patina.dev/Announced`.
pub(super) fn announced(grounds: Grounds<'_>, service: &Service, decision: &Decision) -> Condition {
    let by = announcers(grounds, service, decision.addresses().iter().count());
    let reason = reason(grounds, service, decision, &by);
    let message = match reason {
        Announced::Announced => by.iter().map(|s| told(s)).collect::<Vec<_>>().join(", "),
        Announced::NoAddress | Announced::NoAdvertisement | Announced::NoAnnouncer => {
            reason.reason().line(reason.sentence())
        }
    };
    let holds = reason == Announced::Announced;
    let (standing, generation) = (&service.conditions, service.identity.generation);
    condition(ConditionType::Announced, holds, &reason.to_string(), &message, standing, generation)
}

fn reason(grounds: Grounds<'_>, service: &Service, decision: &Decision, by: &[&L2Status]) -> Announced {
    let Some(allocation) = &decision.allocation else { return Announced::NoAddress };
    if !by.is_empty() {
        return Announced::Announced;
    }
    let rules = |pool| grounds.config.rules(pool, &service.labels).next();
    let advertised = allocation.pools.names().any(|pool| rules(pool).is_some());
    if advertised { Announced::NoAnnouncer } else { Announced::NoAdvertisement }
}

/// Those who answer now. A node that died leaves its object behind for a while: of more objects than there are
/// addresses the newest count, and those of nodes that are Ready before others.
fn announcers<'a>(grounds: Grounds<'a>, service: &Service, addresses: usize) -> Vec<&'a L2Status> {
    let mut all: Vec<_> = grounds.world.announcers(service.key()).filter(|s| s.node.is_some()).collect();
    all.sort_by_key(|status| (!ready(grounds, status), -status.identity.created.0, status.node.clone()));
    all.truncate(addresses);
    all.sort_by(|a, b| a.node.cmp(&b.node));
    all
}

fn ready(grounds: Grounds<'_>, status: &L2Status) -> bool {
    let node = status.node.as_ref().and_then(|name| grounds.world.node(name));
    !grounds.world.knows(&[Kind::Node]) || node.is_some_and(|node| node.ready)
}

fn told(status: &L2Status) -> String {
    let node = status.node.as_ref().map_or("", |name| name.as_str());
    if status.links.is_empty() {
        return format!("by {node}");
    }
    let links: Vec<_> = status.links.iter().map(|link| link.as_str()).collect();
    format!("by {node} on {}", links.join(" and "))
}
