//! The endpoints of a Service: which Pods, at which addresses, on which ports, in which state.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ContainerPort, Node, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::super::events::reference;
use super::super::pods;

/// The label that names a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// What endpoints of one slice have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// `IPv4` or `IPv6`.
    pub(super) address_type: &'static str,
    /// In the order of the Service; empty in a group without endpoints.
    pub(super) ports: Vec<EndpointPort>,
    pub(super) endpoints: Vec<Endpoint>,
}

/// The endpoints of a Service by family and ports, at least one group for each family.
pub(super) fn groups(service: &Service, pods: &[Arc<Pod>], nodes: &[Arc<Node>]) -> Vec<Group> {
    let mut chosen: Vec<&Pod> = pods.iter().map(|pod| &**pod).filter(|pod| is_chosen(service, pod)).collect();
    chosen.sort_by_key(|pod| pod.name_any());
    let families = families(service);
    families.into_iter().flat_map(|family| family_groups(service, family, &chosen, nodes)).collect()
}

fn family_groups(service: &Service, family: &'static str, pods: &[&Pod], nodes: &[Arc<Node>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for pod in pods {
        let Some(address) = address(pod, family) else { continue };
        let endpoint = endpoint(service, pod, address, nodes);
        let ports = ports(service, pod);
        match groups.iter_mut().find(|group| group.ports == ports) {
            Some(group) => group.endpoints.push(endpoint),
            None => groups.push(Group { address_type: family, ports, endpoints: vec![endpoint] }),
        }
    }
    if groups.is_empty() {
        groups.push(Group { address_type: family, ports: Vec::new(), endpoints: Vec::new() });
    }
    groups
}

fn is_chosen(service: &Service, pod: &Pod) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default();
    service.namespace() == pod.namespace()
        && !pods::has_ended(pod)
        && selector.iter().all(|(name, value)| pod.labels().get(name) == Some(value))
}

/// The families of a Service; of an old one that does not say, that of its address.
fn families(service: &Service) -> Vec<&'static str> {
    let Some(spec) = &service.spec else { return Vec::new() };
    let named = spec.ip_families.iter().flatten().map(String::as_str);
    let mut families: Vec<&'static str> =
        named.map(|family| if family == "IPv6" { "IPv6" } else { "IPv4" }).collect();
    if families.is_empty() {
        let six = spec.cluster_ip.as_deref().is_some_and(|address| address.contains(':'));
        families.push(if six { "IPv6" } else { "IPv4" });
    }
    families
}

fn address(pod: &Pod, family: &str) -> Option<String> {
    let status = pod.status.as_ref()?;
    let all = status.pod_ips.iter().flatten().map(|entry| &entry.ip).chain(&status.pod_ip);
    let is_of_family = |address: &&String| match address.parse() {
        Ok(IpAddr::V4(_)) => family == "IPv4",
        Ok(IpAddr::V6(_)) => family == "IPv6",
        Err(_) => false,
    };
    all.into_iter().find(is_of_family).cloned()
}

fn endpoint(service: &Service, pod: &Pod, address: String, nodes: &[Arc<Node>]) -> Endpoint {
    let node_name = pods::node_of(pod).map(str::to_owned);
    let node = nodes.iter().find(|node| Some(node.name_any()) == node_name);
    let mut target = reference(pod);
    target.api_version = None;
    target.resource_version = None;
    Endpoint {
        addresses: vec![address],
        conditions: Some(conditions(service, pod)),
        hostname: hostname(service, pod),
        node_name,
        target_ref: Some(target),
        zone: node.and_then(|node| node.labels().get(ZONE).cloned()),
        ..Endpoint::default()
    }
}

/// `publishNotReadyAddresses` makes every Pod a ready one, even on its way out.
fn conditions(service: &Service, pod: &Pod) -> EndpointConditions {
    let always = service.spec.as_ref().and_then(|spec| spec.publish_not_ready_addresses) == Some(true);
    let (serving, terminating) = (pods::is_ready(pod), pods::is_terminating(pod));
    EndpointConditions {
        ready: Some(always || (serving && !terminating)),
        serving: Some(serving),
        terminating: Some(terminating),
    }
}

/// A Pod that names itself under this headless Service can be found by that name.
fn hostname(service: &Service, pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let hostname = spec.hostname.clone().filter(|name| !name.is_empty())?;
    (spec.subdomain == service.metadata.name).then_some(hostname)
}

/// The Service's ports as this Pod offers them; a name the Pod does not know is left out.
fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    let offered = |port: &ServicePort| {
        Some(EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(target(port, pod)?),
            protocol: Some(protocol(port.protocol.as_deref())),
            app_protocol: port.app_protocol.clone(),
        })
    };
    ports.filter_map(offered).collect()
}

fn protocol(named: Option<&str>) -> String {
    named.unwrap_or("TCP").to_owned()
}

fn target(port: &ServicePort, pod: &Pod) -> Option<i32> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) if name.is_empty() => Some(port.port),
        Some(IntOrString::String(name)) => {
            let wanted = protocol(port.protocol.as_deref());
            let is_it = |offered: &&ContainerPort| {
                offered.name.as_ref() == Some(name) && protocol(offered.protocol.as_deref()) == wanted
            };
            container_ports(pod).into_iter().find(is_it).map(|offered| offered.container_port)
        }
    }
}

fn container_ports(pod: &Pod) -> Vec<&ContainerPort> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.flat_map(|container| container.ports.iter().flatten()).collect()
}

/// Labels that every slice of a Service carries: the Service's own and those that mark it.
pub(super) fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.insert(super::SERVICE_NAME.to_owned(), service.name_any());
    labels.insert(super::MANAGED_BY.to_owned(), super::AUTHOR.to_owned());
    if service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None") {
        labels.insert("service.kubernetes.io/headless".to_owned(), String::new());
    }
    labels
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::samples;
    use super::*;

    fn arcs<T: Clone>(objects: &[T]) -> Vec<Arc<T>> {
        objects.iter().cloned().map(Arc::new).collect()
    }

    fn of(service: &Service, pods: &[Pod]) -> Vec<Group> {
        groups(service, &arcs(pods), &arcs(&[samples::node("node-1", "True")]))
    }

    fn flags(group: &Group) -> Vec<(bool, bool, bool)> {
        let flag = |value: Option<bool>| value.unwrap_or_default();
        let conditions = group.endpoints.iter().filter_map(|endpoint| endpoint.conditions.as_ref());
        conditions.map(|c| (flag(c.ready), flag(c.serving), flag(c.terminating))).collect()
    }

    #[test]
    fn each_family_has_its_own_endpoints() {
        let groups = of(&samples::service(json!({})), &[samples::ready_pod("a", "node-1")]);
        let addresses: Vec<(&str, &str)> = groups
            .iter()
            .map(|group| (group.address_type, group.endpoints[0].addresses[0].as_str()))
            .collect();
        assert_eq!(addresses, [("IPv4", "10.244.1.5"), ("IPv6", "fd00:244:1::5")]);
        let endpoint = &groups[0].endpoints[0];
        assert_eq!(endpoint.node_name.as_deref(), Some("node-1"));
        let target = endpoint.target_ref.as_ref().expect("a target");
        assert_eq!(
            (target.kind.as_deref(), target.name.as_deref(), target.uid.as_deref()),
            (Some("Pod"), Some("a"), Some("uid-a"))
        );
    }

    #[test]
    fn readiness_and_departure_are_told_apart() {
        let service = samples::service(json!({"ipFamilies": ["IPv4"]}));
        let pods = [
            samples::ready_pod("a", "node-1"),
            samples::unready_pod("b", "node-1"),
            samples::terminating(samples::ready_pod("c", "node-1")),
            samples::ended_pod("d"),
        ];
        let groups = of(&service, &pods);
        assert_eq!(flags(&groups[0]), [(true, true, false), (false, false, false), (false, true, true)]);
        let generous = samples::service(json!({"ipFamilies": ["IPv4"], "publishNotReadyAddresses": true}));
        assert_eq!(
            flags(&of(&generous, &pods)[0]),
            [(true, true, false), (true, false, false), (true, true, true)]
        );
    }

    #[test]
    fn ports_are_resolved_by_name_and_protocol() {
        let service = samples::service(json!({"ipFamilies": ["IPv4"], "ports": [
            {"name": "web", "port": 80, "protocol": "TCP", "targetPort": "http"},
            {"name": "number", "port": 81, "protocol": "TCP", "targetPort": 9000},
            {"name": "same", "port": 82, "protocol": "TCP"},
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
            {"name": "wrong", "port": 54, "protocol": "TCP", "targetPort": "dns"},
        ]}));
        let groups = of(&service, &[samples::ready_pod("a", "node-1")]);
        let ports: Vec<(Option<&str>, Option<i32>)> =
            groups[0].ports.iter().map(|port| (port.name.as_deref(), port.port)).collect();
        assert_eq!(
            ports,
            [
                (Some("web"), Some(8080)),
                (Some("number"), Some(9000)),
                (Some("same"), Some(82)),
                (Some("dns"), Some(5353))
            ]
        );
    }

    #[test]
    fn pods_that_offer_other_ports_stand_apart() {
        let service = samples::service(json!({"ipFamilies": ["IPv4"]}));
        let mut other = samples::ready_pod("b", "node-1");
        let spec = other.spec.as_mut().expect("a spec");
        spec.containers[0].ports.as_mut().expect("ports")[0].container_port = 9090;
        let groups = of(&service, &[samples::ready_pod("a", "node-1"), other]);
        let ports: Vec<Option<i32>> = groups.iter().map(|group| group.ports[0].port).collect();
        assert_eq!(ports, [Some(8080), Some(9090)]);
    }

    #[test]
    fn a_service_without_pods_has_an_empty_group_for_each_family() {
        let groups = of(&samples::service(json!({})), &[samples::pending_pod("a")]);
        assert_eq!(groups.len(), 2);
        assert!(groups.iter().all(|group| group.endpoints.is_empty() && group.ports.is_empty()));
    }

    #[test]
    fn other_namespaces_and_labels_do_not_count() {
        let mut elsewhere = samples::ready_pod("a", "node-1");
        elsewhere.metadata.namespace = Some("other".to_owned());
        let mut unlike = samples::ready_pod("b", "node-1");
        unlike.labels_mut().clear();
        assert!(of(&samples::service(json!({})), &[elsewhere, unlike])[0].endpoints.is_empty());
    }
}
