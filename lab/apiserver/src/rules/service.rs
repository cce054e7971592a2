//! Services: what the real server's strategy does to them.
//!
//! ```text
//!   carry over what the author left out ─► clear what the type does not have ─► allocate ─► validate
//! ```
//!
//! Source: Kubernetes documentation, "Service" and "IPv4/IPv6 dual-stack".

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::object::{self, text};
use crate::random::Random;
use crate::schema::FieldError;
use crate::store::Key;

mod addresses;
mod check;
mod ports;

pub(crate) use check::{validate, validate_status};

/// What `spec.type` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServiceType {
    ClusterIp,
    NodePort,
    LoadBalancer,
    ExternalName,
}

impl ServiceType {
    fn of(service: &Value) -> Option<Self> {
        match text(service, "/spec/type") {
            "ClusterIP" | "" => Some(Self::ClusterIp),
            "NodePort" => Some(Self::NodePort),
            "LoadBalancer" => Some(Self::LoadBalancer),
            "ExternalName" => Some(Self::ExternalName),
            _ => None,
        }
    }

    fn is_external(self) -> bool {
        matches!(self, Self::NodePort | Self::LoadBalancer)
    }
}

fn is_type(service: &Value, wanted: ServiceType) -> bool {
    ServiceType::of(service) == Some(wanted)
}

fn is_headless(service: &Value) -> bool {
    text(service, "/spec/clusterIP") == "None"
}

/// True when the Service is reached from outside by node or load balancer.
fn is_external(service: &Value) -> bool {
    ServiceType::of(service).is_some_and(ServiceType::is_external)
}

/// True when node ports are given to the Service.
fn needs_node_ports(service: &Value) -> bool {
    let declined = service.pointer("/spec/allocateLoadBalancerNodePorts") == Some(&json!(false));
    is_type(service, ServiceType::NodePort) || (is_type(service, ServiceType::LoadBalancer) && !declined)
}

/// True when the load balancer asks nodes for their health.
fn needs_health_port(service: &Value) -> bool {
    is_type(service, ServiceType::LoadBalancer) && text(service, "/spec/externalTrafficPolicy") == "Local"
}

/// Carries over what the server gave before and the author left out, and clears what another type had.
pub(crate) fn prepare_update(new: &mut Value, old: &Value) {
    addresses::carry_over(new, old);
    ports::carry_over(new, old);
    clear_of_type(new, old);
}

/// Fields that only make sense with some types go when the type changes and the author did not touch them.
fn clear_of_type(new: &mut Value, old: &Value) {
    type Applies = fn(&Value) -> bool;
    let rows: [(&str, Applies); 4] = [
        ("allocateLoadBalancerNodePorts", |service| is_type(service, ServiceType::LoadBalancer)),
        ("loadBalancerClass", |service| is_type(service, ServiceType::LoadBalancer)),
        ("externalTrafficPolicy", |service| {
            is_external(service) || !object::list(service, "/spec/externalIPs").is_empty()
        }),
        ("healthCheckNodePort", needs_health_port),
    ];
    for (field, applies) in rows {
        let untouched = new["spec"].get(field) == old["spec"].get(field);
        if applies(old) && !applies(new) && untouched {
            object::remove(new, &["spec", field]);
        }
    }
    if is_type(old, ServiceType::LoadBalancer) && !is_type(new, ServiceType::LoadBalancer) {
        object::set(new, &["status", "loadBalancer"], json!({}));
    }
}

/// Gives the Service its addresses and ports.
///
/// What is given is not yet held: the ledger learns of it when the Service is kept.
pub(crate) fn allocate(
    service: &mut Value,
    old: Option<&Value>,
    ledger: &Ledger,
    random: &mut Random,
) -> Vec<FieldError> {
    let mut errors = check::before_allocation(service, old);
    if !errors.is_empty() {
        return errors;
    }
    let key = Key::of(service);
    errors.extend(addresses::allocate(service, old, ledger, &key, random));
    if errors.is_empty() {
        errors.extend(ports::allocate(service, ledger, &key, random));
    }
    errors
}

/// Ports already written in the Service.
fn written_ports(service: &Value) -> BTreeSet<u16> {
    let ports = object::list(service, "/spec/ports").iter().map(|port| object::number(port, "/nodePort"));
    ports.filter_map(|port| u16::try_from(port).ok()).filter(|port| *port > 0).collect()
}
