//! From the API's Service to ours.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service as ApiService, ServicePort, ServiceSpec};

use super::{Annotated, Annotations, FamilyPolicy, Port, Protocol, Service, TrafficPolicy};
use crate::addr::Family;
use crate::api::annotations::{ADDRESSES_PER_FAMILY, ALLOCATED_FROM_POOL, Prefix, Request};
use crate::config::{Identity, Labels};
use crate::world::Condition;

impl From<&ApiService> for Service {
    fn from(service: &ApiService) -> Self {
        let nothing = ServiceSpec::default();
        let spec = service.spec.as_ref().unwrap_or(&nothing);
        let balancer = service.status.as_ref().and_then(|s| s.load_balancer.as_ref());
        let (ingress, foreign_ingress) =
            read_ingress(balancer.and_then(|b| b.ingress.as_deref()).unwrap_or_default());
        Self {
            identity: Identity::from(&service.metadata),
            load_balancer: spec.type_.as_deref() == Some("LoadBalancer"),
            class: spec.load_balancer_class.as_deref().map(Into::into),
            cluster_families: read_cluster_families(spec),
            cluster_addresses: read_cluster_addresses(spec),
            family_policy: read_family_policy(spec),
            primary_family: spec.ip_families.iter().flatten().next().and_then(|f| read_family(f)),
            traffic_policy: read_traffic_policy(spec),
            ports: read_ports(spec.ports.as_deref().unwrap_or_default()),
            selector: Labels::from(&spec.selector),
            load_balancer_ip: spec.load_balancer_ip.as_deref().filter(|ip| !ip.is_empty()).map(Into::into),
            annotations: service.metadata.annotations.as_ref().map(read_annotations).unwrap_or_default(),
            labels: Labels::from(&service.metadata.labels),
            inherited: ingress.clone(),
            ingress,
            foreign_ingress,
            conditions: Condition::ours(service.status.as_ref().and_then(|s| s.conditions.as_ref())),
        }
    }
}

fn read_cluster_families(spec: &ServiceSpec) -> Box<[Option<Family>]> {
    let family = |text: &String| text.parse().ok().map(Family::of);
    let all = spec.cluster_ips.as_deref().unwrap_or_default();
    let all = if all.is_empty() { spec.cluster_ip.as_slice() } else { all };
    all.iter().filter(|text| !text.is_empty()).map(family).collect()
}

fn read_cluster_addresses(spec: &ServiceSpec) -> Box<[IpAddr]> {
    spec.cluster_ips.iter().flatten().filter_map(|text| text.parse().ok()).collect()
}

fn read_family(text: &str) -> Option<Family> {
    match text {
        "IPv4" => Some(Family::V4),
        "IPv6" => Some(Family::V6),
        _ => None,
    }
}

fn read_family_policy(spec: &ServiceSpec) -> FamilyPolicy {
    match spec.ip_family_policy.as_deref() {
        Some("RequireDualStack") => FamilyPolicy::Require,
        Some("PreferDualStack") => FamilyPolicy::Prefer,
        _ => FamilyPolicy::Single,
    }
}

fn read_traffic_policy(spec: &ServiceSpec) -> TrafficPolicy {
    match spec.external_traffic_policy.as_deref() {
        Some("Local") => TrafficPolicy::Local,
        _ => TrafficPolicy::Cluster,
    }
}

fn read_ports(ports: &[ServicePort]) -> Box<[Port]> {
    let mut ports: Vec<Port> = ports.iter().filter_map(read_port).collect();
    ports.sort_unstable();
    ports.into()
}

fn read_port(port: &ServicePort) -> Option<Port> {
    let protocol = match port.protocol.as_deref() {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    };
    Some(Port { protocol, port: u16::try_from(port.port).ok()? })
}

fn read_annotations(all: &BTreeMap<String, String>) -> Annotations {
    Annotations {
        address_pool: read_annotation(all, Request::AddressPool),
        load_balancer_ips: read_annotation(all, Request::LoadBalancerIps),
        allow_shared_ip: read_annotation(all, Request::AllowSharedIp),
        per_family: all.get(ADDRESSES_PER_FAMILY).map(|v| v.as_str().into()),
        allocated_from: all.get(ALLOCATED_FROM_POOL).map(|v| v.as_str().into()),
    }
}

fn read_annotation(all: &BTreeMap<String, String>, request: Request) -> Option<Annotated> {
    let found = request.find(all)?;
    Some(Annotated { value: found.value.into(), deprecated: found.prefix == Prefix::Deprecated })
}

fn read_ingress(entries: &[LoadBalancerIngress]) -> (Box<[IpAddr]>, bool) {
    let addresses: Box<[IpAddr]> = entries.iter().filter_map(|e| e.ip.as_deref()?.parse().ok()).collect();
    let foreign = addresses.len() != entries.len();
    (addresses, foreign)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    fn annotated(pairs: &[(&str, &str)]) -> Annotations {
        let annotations = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let metadata = ObjectMeta { annotations: Some(annotations), ..ObjectMeta::default() };
        Service::from(&ApiService { metadata, ..ApiService::default() }).annotations
    }

    #[test]
    fn row_10_the_deprecated_prefix_counts_only_without_the_current_one() {
        let old = annotated(&[("metallb.universe.tf/address-pool", "old")]).address_pool.unwrap();
        assert_eq!((old.value.as_ref(), old.deprecated), ("old", true));
        let both = [("metallb.universe.tf/address-pool", "old"), ("metallb.io/address-pool", "")];
        let new = annotated(&both).address_pool.unwrap();
        assert_eq!((new.value.as_ref(), new.deprecated), ("", false));
    }

    #[test]
    fn the_deprecated_ones_are_named() {
        let all =
            annotated(&[("metallb.universe.tf/allow-shared-ip", "k"), ("metallb.io/address-pool", "p")]);
        assert_eq!(all.deprecated().collect::<Vec<_>>(), [Request::AllowSharedIp]);
    }

    #[test]
    fn an_ingress_entry_without_address_is_noticed() {
        let entry = |ip: Option<&str>| LoadBalancerIngress {
            ip: ip.map(Into::into),
            ..LoadBalancerIngress::default()
        };
        let (addresses, foreign) = read_ingress(&[entry(Some("192.0.2.1")), entry(None)]);
        assert_eq!(addresses.as_ref(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert!(foreign);
    }

    #[test]
    fn a_headless_cluster_address_has_no_family() {
        let spec = ServiceSpec { cluster_ip: Some("None".into()), ..ServiceSpec::default() };
        assert_eq!(read_cluster_families(&spec).as_ref(), [None]);
        let spec = ServiceSpec { cluster_ip: Some(String::new()), ..ServiceSpec::default() };
        assert!(read_cluster_families(&spec).is_empty());
    }
}
