//! From the endpoints of a Service to the slices that hold them, with as few changes as possible.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::MOST;
use super::endpoint::{Group, labels};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Create(EndpointSlice),
    Replace(EndpointSlice),
    Delete(EndpointSlice),
}

/// The writes that make the slices of a Service hold these groups.
pub(super) fn changes(service: &Service, groups: Vec<Group>, present: &[&EndpointSlice]) -> Vec<Change> {
    let mut left: Vec<&EndpointSlice> = present.to_vec();
    let mut changes = Vec::new();
    for group in groups {
        let fitting: Vec<&EndpointSlice> = left.iter().copied().filter(|slice| fits(slice, &group)).collect();
        left.retain(|slice| !fits(slice, &group));
        changes.extend(group_changes(service, group, fitting));
    }
    changes.extend(left.into_iter().cloned().map(Change::Delete));
    changes
}

/// A slice can take a group of its family with its ports; an empty group any slice without ports.
fn fits(slice: &EndpointSlice, group: &Group) -> bool {
    slice.address_type == group.address_type && slice.ports.as_deref().unwrap_or_default() == group.ports
}

fn group_changes(service: &Service, group: Group, mut present: Vec<&EndpointSlice>) -> Vec<Change> {
    present.sort_by_key(|slice| (slice.creation_timestamp(), slice.name_any()));
    let mut changes = Vec::new();
    let shares = share_out(group.endpoints, &present);
    for (index, share) in shares.into_iter().enumerate() {
        let Some(slice) = present.get(index) else {
            changes.push(Change::Create(new_slice(service, group.address_type, &group.ports, share)));
            continue;
        };
        if share.is_empty() && index > 0 {
            changes.push(Change::Delete((*slice).clone()));
            continue;
        }
        let wanted = EndpointSlice {
            endpoints: share,
            metadata: ObjectMeta { labels: Some(labels(service)), ..slice.metadata.clone() },
            ..(*slice).clone()
        };
        if wanted != **slice {
            changes.push(Change::Replace(wanted));
        }
    }
    changes
}

/// Which slice holds which endpoints: first where each was, then where there is room. The shares beyond
/// the present slices are new ones; there is at least one share.
fn share_out(endpoints: Vec<Endpoint>, present: &[&EndpointSlice]) -> Vec<Vec<Endpoint>> {
    let mut homes = BTreeMap::new();
    for (index, slice) in present.iter().enumerate() {
        homes.extend(slice.endpoints.iter().map(|endpoint| (endpoint.addresses.clone(), index)));
    }
    let mut shares: Vec<Vec<Endpoint>> = vec![Vec::new(); present.len().max(1)];
    let mut homeless = Vec::new();
    for endpoint in endpoints {
        match homes.get(&endpoint.addresses).filter(|index| shares[**index].len() < MOST) {
            Some(index) => shares[*index].push(endpoint),
            None => homeless.push(endpoint),
        }
    }
    for endpoint in homeless {
        match shares.iter_mut().find(|share| share.len() < MOST) {
            Some(share) => share.push(endpoint),
            None => shares.push(vec![endpoint]),
        }
    }
    shares
}

fn new_slice(
    service: &Service,
    address_type: &str,
    ports: &[EndpointPort],
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    EndpointSlice {
        address_type: address_type.to_owned(),
        ports: Some(ports.to_vec()),
        endpoints,
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", service.name_any())),
            namespace: service.namespace(),
            labels: Some(labels(service)),
            owner_references: service.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::samples;
    use super::*;

    fn endpoint(number: usize) -> Endpoint {
        Endpoint { addresses: vec![format!("10.0.{}.{}", number / 250, number % 250)], ..Endpoint::default() }
    }

    fn group(endpoints: impl IntoIterator<Item = usize>) -> Group {
        let port = EndpointPort { name: Some(String::new()), port: Some(80), ..EndpointPort::default() };
        Group {
            address_type: "IPv4",
            ports: vec![port],
            endpoints: endpoints.into_iter().map(endpoint).collect(),
        }
    }

    fn created(changes: Vec<Change>) -> Vec<EndpointSlice> {
        let slice = |change| match change {
            Change::Create(slice) => slice,
            Change::Replace(_) | Change::Delete(_) => panic!("{change:?}"),
        };
        let named = |(index, mut slice): (usize, EndpointSlice)| {
            slice.metadata.name = Some(format!("web-{index}"));
            slice
        };
        changes.into_iter().map(slice).enumerate().map(named).collect()
    }

    fn service() -> Service {
        samples::service(json!({}))
    }

    #[test]
    fn a_new_slice_is_marked_and_owned() {
        let slices = created(changes(&service(), vec![group(0..2)], &[]));
        let [slice] = slices.as_slice() else { panic!("{slices:?}") };
        assert_eq!(slice.metadata.generate_name.as_deref(), Some("web-"));
        assert_eq!(slice.labels()["kubernetes.io/service-name"], "web");
        assert_eq!(
            slice.labels()["endpointslice.kubernetes.io/managed-by"],
            "endpointslice-controller.k8s.io"
        );
        assert_eq!(slice.labels()["tier"], "front");
        assert_eq!(slice.owner_references()[0].uid, "s1");
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let slices = created(changes(&service(), vec![group(0..250)], &[]));
        assert_eq!(slices.iter().map(|slice| slice.endpoints.len()).collect::<Vec<_>>(), [100, 100, 50]);
        let present: Vec<&EndpointSlice> = slices.iter().collect();
        assert_eq!(changes(&service(), vec![group(0..250)], &present), []);
    }

    #[test]
    fn an_endpoint_that_goes_changes_its_own_slice_only() {
        let slices = created(changes(&service(), vec![group(0..250)], &[]));
        let present: Vec<&EndpointSlice> = slices.iter().collect();
        let changes = changes(&service(), vec![group((0..250).filter(|number| *number != 120))], &present);
        let [Change::Replace(slice)] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!((slice.name_any().as_str(), slice.endpoints.len()), ("web-1", 99));
    }

    #[test]
    fn the_last_slice_stays_empty_and_the_others_go() {
        let slices = created(changes(&service(), vec![group(0..150)], &[]));
        let present: Vec<&EndpointSlice> = slices.iter().collect();
        let changes = changes(&service(), vec![group(0..1)], &present);
        assert!(matches!(changes.as_slice(), [Change::Replace(_), Change::Delete(_)]), "{changes:?}");
    }

    #[test]
    fn slices_of_a_family_that_was_dropped_go() {
        let mut six = created(changes(&service(), vec![group(0..1)], &[])).remove(0);
        six.address_type = "IPv6".to_owned();
        let changes = changes(&service(), vec![group(0..1)], &[&six]);
        assert!(matches!(changes.as_slice(), [Change::Create(_), Change::Delete(_)]), "{changes:?}");
    }
}
