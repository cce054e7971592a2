//! The bodies of requests.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use patina::alloc::Pools;
use patina::api::annotations::ALLOCATED_FROM_POOL;
use patina::api::{IPAddressPool, PoolState, PoolStateSpec, ReleasedAddress};
use patina::reconcile::{PoolStateWrite, ServiceWrite, StatusWrite, Subject};
use patina::world::{Condition, PoolCounters};
use serde_json::{Map, Value, json};

pub(super) fn service_status(write: &ServiceWrite, now: Timestamp) -> Value {
    let key = &write.subject.key;
    let metadata = json!({
        "namespace": &*key.namespace,
        "name": &*key.name,
        "uid": &*write.subject.uid,
        "resourceVersion": &*write.version,
    });
    let ingress: Vec<Value> = write.ingress.iter().map(|address| json!({ "ip": address })).collect();
    let status =
        json!({ "loadBalancer": { "ingress": ingress }, "conditions": conditions(&write.conditions, now) });
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata, "status": status })
}

pub(super) fn annotation(subject: &Subject, pools: Option<&Pools>) -> Value {
    let annotations = json!({ ALLOCATED_FROM_POOL: pools.map(Pools::annotation) });
    json!({ "metadata": { "uid": &*subject.uid, "annotations": annotations } })
}

pub(super) fn status(write: &StatusWrite, now: Timestamp) -> Value {
    let mut status = write.counters.as_ref().map(counters).unwrap_or_default();
    if !write.conditions.is_empty() {
        status.insert("conditions".to_owned(), conditions(&write.conditions, now));
    }
    json!({ "metadata": { "uid": &*write.subject.uid }, "status": status })
}

/// The whole object; it goes with its pool.
pub(super) fn pool_state(write: &PoolStateWrite) -> PoolState {
    let key = &write.pool.key;
    let owner = OwnerReference {
        api_version: IPAddressPool::api_version(&()).into_owned(),
        kind: IPAddressPool::kind(&()).into_owned(),
        name: key.name.to_string(),
        uid: write.pool.uid.to_string(),
        ..OwnerReference::default()
    };
    let metadata = ObjectMeta {
        namespace: Some(key.namespace.to_string()),
        name: Some(key.name.to_string()),
        resource_version: write.version.as_deref().map(str::to_owned),
        owner_references: Some(vec![owner]),
        ..ObjectMeta::default()
    };
    let released = write.released.iter().map(ReleasedAddress::from).collect();
    PoolState { metadata, spec: PoolStateSpec { released } }
}

fn counters(counters: &PoolCounters) -> Map<String, Value> {
    [
        ("assignedIPv4", counters.assigned_v4),
        ("assignedIPv6", counters.assigned_v6),
        ("availableIPv4", counters.available_v4),
        ("availableIPv6", counters.available_v6),
    ]
    .into_iter()
    .map(|(name, number)| (name.to_owned(), number.into()))
    .collect()
}

fn conditions(conditions: &[Condition], now: Timestamp) -> Value {
    conditions.iter().map(|c| condition(c, now)).collect()
}

fn condition(condition: &Condition, now: Timestamp) -> Value {
    let since = condition.since.and_then(|since| Timestamp::from_second(since.0).ok()).unwrap_or(now);
    let mut body = json!({
        "type": &*condition.kind,
        "status": condition.status.to_string(),
        "reason": &*condition.reason,
        "message": &*condition.message,
        "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    if condition.generation > 0 {
        body["observedGeneration"] = condition.generation.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use patina::api::conditions::ConditionStatus;
    use patina::config::Timestamp as Seconds;
    use patina::name::ObjectKey;
    use patina::world::Kind;

    use super::*;

    fn subject(kind: Kind) -> Subject {
        Subject { kind, key: ObjectKey::new("web", "shop"), uid: "u".into() }
    }

    fn ready(since: Option<Seconds>) -> Condition {
        Condition {
            kind: "patina.dev/Allocated".into(),
            status: ConditionStatus::True,
            reason: "Allocated".into(),
            message: "".into(),
            since,
            generation: 3,
        }
    }

    #[test]
    fn clearing_an_address_sends_an_empty_list_and_the_version_that_was_decided_on() {
        let (subject, version) = (subject(Kind::Service), "7".into());
        let write = ServiceWrite { subject, version, ingress: vec![], conditions: vec![] };
        let body = service_status(&write, Timestamp::UNIX_EPOCH);
        assert_eq!(body["status"]["loadBalancer"]["ingress"], json!([]));
        assert_eq!(body["metadata"]["resourceVersion"], "7");
    }

    #[test]
    fn a_condition_keeps_its_time_or_is_stamped_now() {
        let now = Timestamp::from_second(60).unwrap();
        let time = |since| condition(&ready(since), now)["lastTransitionTime"].clone();
        assert_eq!(time(None), "1970-01-01T00:01:00Z");
        assert_eq!(time(Some(Seconds(5))), "1970-01-01T00:00:05Z");
    }

    #[test]
    fn an_annotation_is_removed_by_null() {
        let body = annotation(&subject(Kind::Service), None);
        assert_eq!(body["metadata"]["annotations"][ALLOCATED_FROM_POOL], Value::Null);
    }
}
