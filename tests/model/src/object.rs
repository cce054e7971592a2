//! From what a history says to the objects that the API server stores.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use patina::addr::Family;
use patina::config::{AdvertisementSource, AllocationSource, ForeignSource, Identity, Labels, PoolSource};
use patina::name::ObjectKey;
use patina::world::{
    Annotated, Annotations, FamilyPolicy, Namespace, Port, Protocol, Service, TrafficPolicy,
};

use crate::step::{Families, PoolWish, Type, Whom, Wish};

/// Namespaces there are.
pub const NAMESPACES: u8 = 2;
/// Where pools live.
const SYSTEM: &str = "patina-system";

/// Namespace and name of a Service.
pub fn service_key(number: u8) -> ObjectKey {
    ObjectKey::new(namespace_name(number % NAMESPACES), format!("s{number}"))
}

/// Name of a namespace.
pub fn namespace_name(number: u8) -> String {
    format!("n{number}")
}

/// Namespace and name of a pool.
pub fn pool_key(number: u8) -> ObjectKey {
    ObjectKey::new(SYSTEM, pool_name(number))
}

/// Name of a pool.
pub fn pool_name(number: u8) -> String {
    format!("p{number}")
}

/// Address of an IPAM endpoint.
pub fn endpoint_name(number: u8) -> String {
    format!("grpc://ipam-{number}:9000")
}

/// The namespace that every cluster has, by whose uid IPAM endpoints tell clusters apart.
pub fn namespace_of_the_cluster() -> Namespace {
    Namespace { key: ObjectKey::new("", "kube-system"), uid: "cluster".into(), labels: Labels::default() }
}

/// Namespace and name of the only advertisement.
pub fn advertisement_key() -> ObjectKey {
    ObjectKey::new(SYSTEM, "all")
}

/// Name of the only ForeignRange.
pub fn foreign_range_key() -> ObjectKey {
    ObjectKey::new("", "elsewhere")
}

/// The ForeignRange as written.
pub fn foreign_range(ranges: &[String], identity: Identity) -> ForeignSource {
    ForeignSource { identity, addresses: ranges.to_vec(), description: String::new() }
}

/// A namespace with a label.
pub fn namespace(number: u8, label: u8) -> Namespace {
    Namespace {
        key: ObjectKey::new("", namespace_name(number)),
        uid: namespace_name(number).into(),
        labels: labels("team", label),
    }
}

/// An advertisement for everything.
pub fn advertisement(identity: Identity) -> AdvertisementSource {
    AdvertisementSource {
        identity,
        pools: Vec::new(),
        pool_selectors: Vec::new(),
        node_selectors: Vec::new(),
        interfaces: Vec::new(),
        service_selectors: Vec::new(),
        preferences: Vec::new(),
        unsupported: Vec::new(),
    }
}

/// The pool as written.
pub fn pool(wish: &PoolWish, identity: Identity) -> PoolSource {
    PoolSource {
        identity,
        labels: Labels::default(),
        addresses: wish.ranges.clone(),
        auto_assign: !wish.on_request,
        avoid_buggy: wish.avoid_buggy,
        allocation: wish.whom.as_ref().map(allocation),
        options: options(wish),
        unsupported: Vec::new(),
    }
}

fn options(wish: &PoolWish) -> BTreeMap<String, String> {
    let left_out: Vec<_> = wish.left_out.iter().map(ToString::to_string).collect();
    let reserved: Vec<_> =
        wish.reserved.iter().map(|(address, number)| format!("{address}={}", service_key(*number))).collect();
    let written = [
        ("reserve", (!reserved.is_empty()).then(|| reserved.join(","))),
        ("cool-down", wish.cool_down.map(|seconds| format!("{seconds}s"))),
        ("exclude", (!left_out.is_empty()).then(|| left_out.join(","))),
        ("ipam", wish.lender.map(endpoint_name)),
    ];
    written.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn allocation(whom: &Whom) -> AllocationSource {
    let selector = |key: &str, value: Option<u8>| {
        let selector = |value| LabelSelector { match_labels: Some(pair(key, value)), ..Default::default() };
        value.map(selector).into_iter().collect()
    };
    AllocationSource {
        priority: whom.priority.into(),
        namespaces: whom.namespace.map(namespace_name).into_iter().collect(),
        namespace_selectors: selector("team", whom.label),
        service_selectors: selector("app", whom.app),
    }
}

/// The Service as a user writes it, with the status and the marks that it carries already.
pub fn service(wish: &Wish, identity: Identity, standing: Option<&Service>) -> Service {
    let (cluster, family_policy, primary) = families(wish.families);
    let texts = wish.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let named: Vec<_> = wish.pool.into_iter().chain(wish.beside).map(pool_name).collect();
    let annotated = |value: String| Annotated { value: value.into(), deprecated: false };
    let stays = standing.filter(|_| wish.kind != Type::ClusterIp);
    let ingress = stays.map(|service| service.ingress.clone()).unwrap_or_default();
    Service {
        identity,
        load_balancer: wish.kind != Type::ClusterIp,
        class: (wish.kind == Type::OtherClass).then(|| "example.com/other".into()),
        cluster_families: cluster,
        cluster_addresses: Box::default(),
        family_policy,
        primary_family: Some(primary),
        traffic_policy: if wish.local { TrafficPolicy::Local } else { TrafficPolicy::Cluster },
        ports: Box::new([Port { protocol: Protocol::Tcp, port: wish.port }]),
        selector: labels("app", wish.app),
        load_balancer_ip: None,
        annotations: Annotations {
            address_pool: (!named.is_empty()).then(|| annotated(named.join(","))),
            load_balancer_ips: (!texts.is_empty()).then(|| annotated(texts)),
            allow_shared_ip: wish.key.map(|key| annotated(format!("k{key}"))),
            per_family: (wish.several > 0).then(|| wish.several.to_string().into()),
            allocated_from: standing.and_then(|service| service.annotations.allocated_from.clone()),
        },
        labels: labels("app", wish.app),
        inherited: ingress.clone(),
        ingress,
        foreign_ingress: false,
        conditions: standing.map(|service| service.conditions.clone()).unwrap_or_default(),
    }
}

fn families(families: Families) -> (Box<[Option<Family>]>, FamilyPolicy, Family) {
    let both = || -> Box<[Option<Family>]> { Box::new([Some(Family::V4), Some(Family::V6)]) };
    let only = |family| -> Box<[Option<Family>]> { Box::new([Some(family)]) };
    match families {
        Families::V4 => (only(Family::V4), FamilyPolicy::Single, Family::V4),
        Families::V6 => (only(Family::V6), FamilyPolicy::Single, Family::V6),
        Families::Both => (both(), FamilyPolicy::Require, Family::V4),
        Families::PreferV4 => (both(), FamilyPolicy::Prefer, Family::V4),
        Families::PreferV6 => (both(), FamilyPolicy::Prefer, Family::V6),
    }
}

fn labels(key: &str, value: u8) -> Labels {
    Labels::from(&pair(key, value))
}

fn pair(key: &str, value: u8) -> BTreeMap<String, String> {
    [(key.to_owned(), value.to_string())].into()
}
