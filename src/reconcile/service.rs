//! What is due on one Service.

use std::net::IpAddr;

use super::allocated::allocated;
use super::announced::announced;
use super::grounds::Grounds;
use super::{Effect, ServiceWrite, Subject, notice};
use crate::alloc::{Decision, Pools, Verdict};
use crate::world::{Condition, Kind, Service};

/// Effects on one Service. Without a verdict it is none of our business.
pub(super) fn effects(grounds: Grounds<'_>, service: &Service) -> Vec<Effect> {
    match grounds.plan.verdict(service.key()) {
        None => Vec::new(),
        Some(Verdict::Clear) => write(service, Vec::new(), Vec::new(), None),
        Some(Verdict::Decided(decision)) if waits(grounds, service, decision) => let_go(service, decision),
        Some(Verdict::Decided(decision)) => {
            let conditions = vec![allocated(service, decision), announced(grounds, service, decision)];
            let ingress = decision.addresses().iter().collect();
            let pools = decision.allocation.as_ref().map(|a| &a.pools);
            let mut effects = write(service, ingress, conditions, pools);
            effects.extend(notice::of_service(service, decision).into_iter().map(Effect::Notice));
            effects
        }
    }
}

/// Whether an address of the decision still stands in another status that is to lose it. Nobody is told to have it before
/// that has happened, so that two never show one address.
fn waits(grounds: Grounds<'_>, service: &Service, decision: &Decision) -> bool {
    let is_new = |address: &IpAddr| !service.ingress.contains(address);
    decision.addresses().iter().filter(is_new).any(|address| grounds.plan.is_awaited(address, service.key()))
}

/// While it waits it lets go of what it is to lose, so that two may change places; nothing else is said.
fn let_go(service: &Service, decision: &Decision) -> Vec<Effect> {
    let stays = |address: &IpAddr| decision.addresses().iter().any(|decided| decided == *address);
    let ingress: Vec<IpAddr> = service.ingress.iter().copied().filter(stays).collect();
    if *ingress == *service.ingress {
        return Vec::new();
    }
    let subject = Subject::of(Kind::Service, &service.identity);
    let (version, conditions) = (service.identity.version.clone(), service.conditions.to_vec());
    vec![Effect::ServiceStatus(ServiceWrite { subject, version, ingress, conditions })]
}

/// Writes of status and annotation, as far as they differ from what stands.
fn write(
    service: &Service,
    ingress: Vec<IpAddr>,
    conditions: Vec<Condition>,
    pools: Option<&Pools>,
) -> Vec<Effect> {
    let subject = Subject::of(Kind::Service, &service.identity);
    let moves = *ingress != *service.ingress || service.foreign_ingress && service.load_balancer;
    let standing = &service.conditions;
    let says_the_same = |wanted: &Condition| standing.iter().any(|c| c.says_the_same(wanted));
    let explains = conditions.len() != standing.len() || !conditions.iter().all(says_the_same);
    let mut effects = Vec::new();
    if moves || explains {
        let (subject, version) = (subject.clone(), service.identity.version.clone());
        effects.push(Effect::ServiceStatus(ServiceWrite { subject, version, ingress, conditions }));
    }
    if pools.map(Pools::annotation).as_deref() != service.annotations.allocated_from.as_deref() {
        effects.push(Effect::PoolAnnotation { subject, pools: pools.cloned() });
    }
    effects
}
