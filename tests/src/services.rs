//! What Services hold, and what is said of them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use patina::api::annotations::ALLOCATED_FROM_POOL;

use crate::wait::eventually;

/// Services by name, with their addresses.
pub type Holdings = BTreeMap<String, Vec<String>>;

/// What each of these Services holds.
pub async fn held(services: &Api<Service>) -> Holdings {
    let list = services.list(&ListParams::default()).await.unwrap();
    list.into_iter().map(|service| (service.name_any(), addresses(&service))).collect()
}

/// Waits until every one of them has exactly one address, and nobody that of another.
pub async fn each_has_its_own(services: &Api<Service>) -> Holdings {
    let own = |held: &Holdings| {
        let different: BTreeSet<_> = held.values().flatten().collect();
        different.len() == held.len() && held.values().all(|addresses| addresses.len() == 1)
    };
    eventually("each has its own address", async || held(services).await, own).await
}

/// Addresses in the status, in the order written.
pub fn addresses(service: &Service) -> Vec<String> {
    let ingress = service.status.iter().flat_map(|s| &s.load_balancer).flat_map(|b| &b.ingress).flatten();
    ingress.filter_map(|entry| entry.ip.clone()).collect()
}

/// The pool that the Service says its addresses are from.
pub fn origin(service: &Service) -> Option<&str> {
    service.metadata.annotations.as_ref()?.get(ALLOCATED_FROM_POOL).map(String::as_str)
}

/// Status and reason of a condition.
pub fn condition(service: &Service, kind: &str) -> Option<(String, String)> {
    let conditions = service.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|c| c.type_ == kind)?;
    Some((found.status.clone(), found.reason.clone()))
}
