//! From the API's objects to those of the world.

use k8s_openapi::api::core::v1::{Namespace, Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::ResourceExt;
use kube::api::DynamicObject;
use patina::api::{self, ForeignRange, IPAddressPool, L2Advertisement, PoolState, ServiceL2Status};
use patina::config::ForeignSource;
use patina::world::{self, Object};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fatal::line_of;

pub(super) fn service(object: Service) -> Option<Object> {
    Some(Object::Service(world::Service::from(&object)))
}

pub(super) fn slice(object: EndpointSlice) -> Option<Object> {
    Some(Object::EndpointSlice(world::EndpointSlice::from(&object)))
}

pub(super) fn node(object: Node) -> Option<Object> {
    Some(Object::Node(world::Node::from(&object)))
}

pub(super) fn namespace(object: Namespace) -> Option<Object> {
    Some(Object::Namespace(world::Namespace::from(&object)))
}

/// A pool that does not fit its type is passed on as one without addresses: it is refused by name, and what it said
/// before stays in force.
pub(super) fn pool(object: DynamicObject) -> Option<Object> {
    let pool = parse::<IPAddressPool>(&object).or_else(|| parse(&emptied(&object)))?;
    Some(Object::Pool(world::Pool::from(&pool)))
}

pub(super) fn advertisement(object: DynamicObject) -> Option<Object> {
    let advertisement = parse::<L2Advertisement>(&object)?;
    Some(Object::Advertisement(world::Advertisement::from(&advertisement)))
}

pub(super) fn l2status(object: DynamicObject) -> Option<Object> {
    let status = parse::<ServiceL2Status>(&object)?;
    Some(Object::L2Status(world::L2Status::from(&status)))
}

pub(super) fn pool_state(object: DynamicObject) -> Option<Object> {
    let state = parse::<PoolState>(&object)?;
    Some(Object::PoolState(world::PoolState::from(&state)))
}

/// As with a pool.
pub(super) fn foreign_range(object: DynamicObject) -> Option<Object> {
    let range = parse::<ForeignRange>(&object).or_else(|| parse(&emptied(&object)))?;
    Some(Object::ForeignRange(ForeignSource::from(&range)))
}

pub(super) fn service_cidr(object: ServiceCIDR) -> Option<Object> {
    Some(Object::ServiceCidr(world::ServiceCidr::from(&object)))
}

fn emptied(object: &DynamicObject) -> DynamicObject {
    DynamicObject { data: json!({ "spec": { "addresses": [] } }), ..object.clone() }
}

/// Reads one object; one that does not fit its type is logged.
pub fn parse<K>(object: &DynamicObject) -> Option<K>
where
    K: kube::Resource<DynamicType = ()> + DeserializeOwned,
{
    let value = serde_json::to_value(object).unwrap_or(Value::Null);
    let read = api::read(value);
    if let Err(error) = &read {
        tracing::warn!(object = object.name_any(), reason = line_of(error), "object does not fit its kind");
    }
    read.ok()
}

#[cfg(test)]
mod tests {
    use kube::api::ApiResource;

    use super::*;

    fn object(data: Value) -> DynamicObject {
        DynamicObject::new("p", &ApiResource::erase::<IPAddressPool>(&())).data(data)
    }

    #[test]
    fn a_pool_that_does_not_fit_is_a_pool_without_addresses_and_not_a_deleted_one() {
        let unfit = object(json!({ "spec": { "addresses": "192.0.2.0/28" } }));
        let Some(Object::Pool(pool)) = pool(unfit) else { panic!("the pool has disappeared") };
        assert_eq!(pool.source.identity.key.to_string(), "p");
        assert!(pool.source.addresses.is_empty());
    }

    #[test]
    fn an_advertisement_without_spec_is_read() {
        assert!(advertisement(object(json!({}))).is_some());
    }
}
