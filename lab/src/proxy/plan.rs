//! Which address and port leads to which endpoints. A function of the objects alone.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use patina::addr::Family;

use crate::netlink::Reception;

/// The label by which an EndpointSlice names its Service.
const SERVICE_OF: &str = "kubernetes.io/service-name";

/// Transport of a front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Transport {
    Tcp,
    Udp,
}

/// Where clients knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Front {
    pub(crate) at: SocketAddr,
    pub(crate) transport: Transport,
}

/// Everything one node's proxy should do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) addresses: BTreeMap<IpAddr, Reception>,
    pub(crate) fronts: BTreeMap<Front, Vec<SocketAddr>>,
}

/// The node for which a plan is made.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) node: String,
    pub(crate) addresses: Vec<IpAddr>,
}

/// How far a policy looks for endpoints.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Cluster,
    Node,
}

/// The plan for one node.
pub(crate) fn plan<'a>(
    services: impl IntoIterator<Item = &'a Service>,
    slices: &[&EndpointSlice],
    place: &Place,
) -> Plan {
    let mut plan = Plan::default();
    for service in services {
        let own: Vec<&EndpointSlice> =
            slices.iter().copied().filter(|slice| belongs(slice, service)).collect();
        plan.add(service, &own, place);
    }
    plan
}

impl Plan {
    fn add(&mut self, service: &Service, slices: &[&EndpointSlice], place: &Place) {
        let Some(spec) = &service.spec else { return };
        let outside = reach(spec.external_traffic_policy.as_deref());
        let inside = reach(spec.internal_traffic_policy.as_deref());
        for port in spec.ports.iter().flatten() {
            let Some(transport) = transport(port) else { continue };
            let backends =
                |address: IpAddr, reach| endpoints(slices, port, Family::of(address), reach, place);
            for address in cluster_addresses(spec) {
                let front = Front { at: front_at(address, port.port), transport };
                self.receive(front, backends(address, inside));
            }
            for address in external_addresses(service, spec) {
                let front = Front { at: front_at(address, port.port), transport };
                self.receive(front, backends(address, outside));
            }
            for address in place.addresses.iter().copied() {
                let Some(number) = port.node_port else { continue };
                let front = Front { at: front_at(address, number), transport };
                self.fronts.insert(front, backends(address, outside));
            }
        }
    }

    /// An address without any endpoint stays in [`Reception::Drop`]; one port with endpoints is enough.
    fn receive(&mut self, front: Front, backends: Vec<SocketAddr>) {
        let reception = self.addresses.entry(front.at.ip()).or_insert(Reception::Drop);
        if backends.is_empty() {
            return;
        }
        *reception = Reception::Local;
        self.fronts.insert(front, backends);
    }
}

fn belongs(slice: &EndpointSlice, service: &Service) -> bool {
    let named = slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_OF));
    named.is_some()
        && named == service.metadata.name.as_ref()
        && slice.metadata.namespace == service.metadata.namespace
}

fn reach(policy: Option<&str>) -> Reach {
    match policy {
        Some("Local") => Reach::Node,
        Some(_) | None => Reach::Cluster,
    }
}

fn transport(port: &ServicePort) -> Option<Transport> {
    match port.protocol.as_deref() {
        None | Some("TCP") => Some(Transport::Tcp),
        Some("UDP") => Some(Transport::Udp),
        Some(_) => None,
    }
}

fn front_at(address: IpAddr, port: i32) -> SocketAddr {
    SocketAddr::new(address, u16::try_from(port).unwrap_or(0))
}

fn cluster_addresses(spec: &ServiceSpec) -> impl Iterator<Item = IpAddr> + '_ {
    // "None" is a headless Service and no address.
    spec.cluster_ips.iter().flatten().filter_map(|text| text.parse().ok())
}

fn external_addresses(service: &Service, spec: &ServiceSpec) -> Vec<IpAddr> {
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref()).into_iter().flatten();
    let answered = ingress.filter(|entry| entry.ip_mode.as_deref() != Some("Proxy"));
    let assigned = answered.filter_map(|entry| entry.ip.as_deref());
    let named = spec.external_ips.iter().flatten().map(String::as_str);
    assigned.chain(named).filter_map(|text| text.parse().ok()).collect()
}

fn endpoints(
    slices: &[&EndpointSlice],
    port: &ServicePort,
    family: Family,
    reach: Reach,
    place: &Place,
) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for slice in slices.iter().filter(|slice| family_of(slice) == Some(family)) {
        let Some(target) = target_port(slice, port) else { continue };
        let chosen = slice.endpoints.iter().filter(|endpoint| counts(endpoint, reach, place));
        let addresses = chosen.flat_map(|endpoint| &endpoint.addresses);
        found.extend(addresses.filter_map(|text| Some(SocketAddr::new(text.parse().ok()?, target))));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn family_of(slice: &EndpointSlice) -> Option<Family> {
    match slice.address_type.as_str() {
        "IPv4" => Some(Family::V4),
        "IPv6" => Some(Family::V6),
        _ => None,
    }
}

/// An endpoint without a word about readiness is ready (EndpointConditions).
fn counts(endpoint: &Endpoint, reach: Reach, place: &Place) -> bool {
    let ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true);
    let here = endpoint.node_name.as_deref() == Some(place.node.as_str());
    ready && (reach == Reach::Cluster || here)
}

/// Slices name their ports as the Service does; the number in the slice is the target.
fn target_port(slice: &EndpointSlice, port: &ServicePort) -> Option<u16> {
    let wanted = port.name.as_deref().unwrap_or("");
    let named = slice.ports.iter().flatten().find(|offered| offered.name.as_deref().unwrap_or("") == wanted);
    let number = named?.port.or(match &port.target_port {
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(_)) | None => None,
    });
    number.and_then(|number| u16::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn place() -> Place {
        Place { node: "node-1".into(), addresses: vec!["192.168.50.11".parse().unwrap()] }
    }

    fn service(extra: &Value) -> Service {
        let mut object = json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {
                "type": "LoadBalancer", "clusterIPs": ["10.96.0.7"],
                "ports": [{"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP"}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "192.168.50.240"}]}},
        });
        for (key, value) in extra.as_object().unwrap() {
            object["spec"][key] = value.clone();
        }
        from_value(object).unwrap()
    }

    fn slice(endpoints: &Value) -> EndpointSlice {
        from_value(json!({
            "metadata": {
                "name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": endpoints,
        }))
        .unwrap()
    }

    fn two_endpoints() -> EndpointSlice {
        slice(&json!([
            {"addresses": ["10.244.1.2"], "nodeName": "node-1", "conditions": {"ready": true}},
            {"addresses": ["10.244.2.2"], "nodeName": "node-2", "conditions": {"ready": true}},
            {"addresses": ["10.244.2.3"], "nodeName": "node-2", "conditions": {"ready": false}},
        ]))
    }

    fn backends(plan: &Plan, front: &str) -> Vec<String> {
        let front = Front { at: front.parse().unwrap(), transport: Transport::Tcp };
        plan.fronts.get(&front).into_iter().flatten().map(ToString::to_string).collect()
    }

    #[test]
    fn external_node_and_cluster_address_lead_to_the_ready_endpoints() {
        let plan = plan([&service(&json!({}))], &[&two_endpoints()], &place());
        for front in ["192.168.50.240:80", "192.168.50.11:30080", "10.96.0.7:80"] {
            assert_eq!(backends(&plan, front), ["10.244.1.2:8080", "10.244.2.2:8080"], "{front}");
        }
        assert_eq!(plan.addresses.values().collect::<Vec<_>>(), [&Reception::Local; 2]);
    }

    #[test]
    fn policy_local_keeps_to_the_node_for_outside_traffic_only() {
        let local = service(&json!({"externalTrafficPolicy": "Local"}));
        let plan = plan([&local], &[&two_endpoints()], &place());
        assert_eq!(backends(&plan, "192.168.50.240:80"), ["10.244.1.2:8080"]);
        assert_eq!(backends(&plan, "10.96.0.7:80"), ["10.244.1.2:8080", "10.244.2.2:8080"]);
    }

    #[test]
    fn policy_local_without_an_endpoint_here_drops() {
        let local = service(&json!({"externalTrafficPolicy": "Local"}));
        let elsewhere = slice(&json!([{"addresses": ["10.244.2.2"], "nodeName": "node-2"}]));
        let plan = plan([&local], &[&elsewhere], &place());
        assert_eq!(plan.addresses.get(&"192.168.50.240".parse().unwrap()), Some(&Reception::Drop));
        assert_eq!(backends(&plan, "192.168.50.240:80"), Vec::<String>::new());
    }

    #[test]
    fn another_service_s_slices_do_not_count() {
        let mut other = two_endpoints();
        other.metadata.namespace = Some("elsewhere".into());
        let plan = plan([&service(&json!({}))], &[&other], &place());
        assert_eq!(backends(&plan, "192.168.50.240:80"), Vec::<String>::new());
    }
}
