//! Services: what follows from the type.

use serde_json::{Map, Value, json};

use super::{at, objects, set_default};

/// Three hours, in seconds.
const AFFINITY_TIMEOUT: u32 = 10_800;

pub(super) fn fill(service: &mut Value) {
    at(service, "/spec", fill_spec);
    let is_balanced = service.pointer("/spec/type").is_some_and(|kind| kind == "LoadBalancer");
    if let Some(ingress) = service.pointer_mut("/status/loadBalancer/ingress").and_then(Value::as_array_mut) {
        let with_address =
            ingress.iter_mut().filter_map(Value::as_object_mut).filter(|i| i.contains_key("ip"));
        with_address.filter(|_| is_balanced).for_each(|ingress| set_default(ingress, "ipMode", "VIP"));
    }
}

fn fill_spec(spec: &mut Map<String, Value>) {
    let kind = spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
    for port in objects(spec, "ports") {
        let unset = port.get("targetPort").is_none_or(|target| *target == 0 || *target == "");
        if let (true, Some(number)) = (unset, port.get("port").cloned()) {
            port.insert("targetPort".to_owned(), number);
        }
    }
    if spec.get("sessionAffinity").is_some_and(|affinity| affinity == "ClientIP") {
        let timeout = json!({"clientIP": {"timeoutSeconds": AFFINITY_TIMEOUT}});
        set_default(spec, "sessionAffinityConfig", timeout);
    }
    if kind != "ExternalName" {
        set_default(spec, "internalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && has_external(spec)) {
        set_default(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        set_default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

fn has_external(spec: &Map<String, Value>) -> bool {
    spec.get("externalIPs").and_then(Value::as_array).is_some_and(|addresses| !addresses.is_empty())
}
