//! What a kubelet writes: its Node, its Lease, its Pods' status.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use std::net::IpAddr;

use super::NodeSpec;
use crate::clock;

/// A Lease that was not renewed for so long ends the belief in its node (kubelet's default).
const LEASE_SECONDS: i32 = 40;

/// Now, as Kubernetes writes times.
pub(crate) fn now() -> Time {
    Time(Timestamp::from_second(clock::unix_seconds()).unwrap_or_default())
}

fn condition(kind: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": if kind == "Ready" { "True" } else { "False" },
        "reason": reason, "message": message,
        "lastHeartbeatTime": now(), "lastTransitionTime": now(),
    })
}

/// The Node as its kubelet registers it.
pub(crate) fn node(spec: &NodeSpec) -> Value {
    let shares: Vec<String> = spec.shares.iter().map(ToString::to_string).collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": spec.name,
            "labels": {
                "kubernetes.io/hostname": spec.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "spec": {"podCIDR": shares.first(), "podCIDRs": shares},
    })
}

/// The Node's status, alive.
pub(crate) fn node_status(spec: &NodeSpec) -> Value {
    let mut addresses: Vec<Value> =
        spec.addresses.iter().map(|net| json!({"type": "InternalIP", "address": net.addr()})).collect();
    addresses.push(json!({"type": "Hostname", "address": spec.name}));
    // The schema merges addresses by type, of which a node of both families has two alike: a kubelet replaces the list.
    addresses.push(json!({"$patch": "replace"}));
    let version = concat!("v1.33.0-patina-lab-", env!("CARGO_PKG_VERSION"));
    json!({"status": {
        "addresses": addresses,
        "capacity": {"cpu": "2", "memory": "4Gi", "pods": "110"},
        "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"},
        "conditions": [
            condition("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "KubeletReady", "kubelet is posting ready status"),
        ],
        "nodeInfo": {
            "machineID": spec.name, "systemUUID": spec.name, "bootID": spec.name,
            "kernelVersion": "", "osImage": "Patina lab", "containerRuntimeVersion": "patina-lab://1",
            "kubeletVersion": version, "kubeProxyVersion": "",
            "operatingSystem": "linux", "architecture": "amd64",
        },
    }})
}

/// The node's sign of life.
pub(crate) fn lease(node: &str) -> Value {
    let renewed = Timestamp::from_second(clock::unix_seconds()).unwrap_or_default();
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": node, "namespace": "kube-node-lease"},
        "spec": {
            "holderIdentity": node, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": MicroTime(renewed),
        },
    })
}

/// The status of a Pod whose containers all run.
pub(crate) fn running(pod: &Pod, spec: &NodeSpec, addresses: &[IpAddr]) -> Value {
    let started = now();
    let kinds = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let conditions = kinds.map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": started}));
    let containers = pod.spec.as_ref().map(|pod| pod.containers.as_slice()).unwrap_or_default();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
                "ready": true, "started": true, "state": {"running": {"startedAt": started}},
            })
        })
        .collect();
    // The schema merges addresses by their own value; those of a Pod that runs anew take the place of the old ones.
    let replace = json!({"$patch": "replace"});
    let own = addresses.iter().map(|ip| json!({"ip": ip})).chain([replace]);
    json!({"status": {
        "phase": "Running",
        "startTime": started,
        "conditions": conditions,
        "containerStatuses": statuses,
        "hostIP": spec.addresses.first().map(|net| net.addr()),
        "hostIPs": spec.addresses.iter().map(|net| json!({"ip": net.addr()})).collect::<Vec<_>>(),
        "podIP": addresses.first(),
        "podIPs": own.collect::<Vec<_>>(),
        "qosClass": "BestEffort",
    }})
}
