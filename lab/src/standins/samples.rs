//! Objects for the tests of the stand-ins.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use serde_json::{Value, from_value, json};

fn pod(name: &str, node: Option<&str>, phase: &str, ready: &str) -> Pod {
    from_value(json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "labels": {"app": "web"},
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "c", "ports": [
                {"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
            ]}],
        },
        "status": {
            "phase": phase,
            "podIP": "10.244.1.5",
            "podIPs": [{"ip": "10.244.1.5"}, {"ip": "fd00:244:1::5"}],
            "conditions": [
                {"type": "Ready", "status": ready}, {"type": "ContainersReady", "status": ready},
            ],
        },
    }))
    .expect("a Pod")
}

pub(super) fn ready_pod(name: &str, node: &str) -> Pod {
    pod(name, Some(node), "Running", "True")
}

pub(super) fn unready_pod(name: &str, node: &str) -> Pod {
    pod(name, Some(node), "Running", "False")
}

pub(super) fn pending_pod(name: &str) -> Pod {
    let mut pod = pod(name, None, "Pending", "False");
    pod.status = None;
    pod
}

pub(super) fn ended_pod(name: &str) -> Pod {
    pod(name, Some("node-1"), "Succeeded", "False")
}

pub(super) fn terminating(mut pod: Pod) -> Pod {
    let stamp = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let stamped: Pod = from_value(stamp).expect("a time");
    pod.metadata.deletion_timestamp = stamped.metadata.deletion_timestamp;
    pod
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": image}]},
    })
}

pub(super) fn deployment(replicas: i32, image: &str) -> Deployment {
    from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "d1", "generation": 3},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "revisionHistoryLimit": 1,
            "progressDeadlineSeconds": 600,
            "template": template(image),
        },
    }))
    .expect("a Deployment")
}

/// A ReplicaSet of [`deployment`], all its Pods available.
pub(super) fn replica_set(name: &str, uid: &str, replicas: i32, image: &str) -> ReplicaSet {
    from_value(json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": uid, "labels": {"app": "web"},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d1", "controller": true,
            }],
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(image)},
        "status": {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas},
    }))
    .expect("a ReplicaSet")
}

pub(super) fn node(name: &str, ready: &str) -> Node {
    from_value(json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {"conditions": [
            {"type": "MemoryPressure", "status": "False", "lastHeartbeatTime": "2026-01-01T00:00:00Z"},
            {"type": "Ready", "status": ready, "lastHeartbeatTime": "2026-01-01T00:00:00Z"},
        ]},
    }))
    .expect("a Node")
}

pub(super) fn service(spec: Value) -> Service {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "s1", "labels": {"tier": "front"}},
        "spec": {
            "selector": {"app": "web"},
            "type": "ClusterIP",
            "ipFamilies": ["IPv4", "IPv6"],
            "clusterIPs": ["10.96.0.1", "fd00:96::1"],
            "ports": [{"name": "web", "port": 80, "protocol": "TCP", "targetPort": "http"}],
        },
    });
    if let (Some(into), Value::Object(fields)) = (object["spec"].as_object_mut(), spec) {
        into.extend(fields);
    }
    from_value(object).expect("a Service")
}
