//! Defaults that depend on nothing else: one row each.

use serde_json::{Map, Value, json};

const CORE: &str = "io.k8s.api.core.v1";
const APPS: &str = "io.k8s.api.apps.v1";
const BATCH: &str = "io.k8s.api.batch.v1";
const NETWORKING: &str = "io.k8s.api.networking.v1";
const DISCOVERY: &str = "io.k8s.api.discovery.v1";
const ADMISSION: &str = "io.k8s.api.admissionregistration.v1";
const EXTENSIONS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
const STORAGE: &str = "io.k8s.api.storage.v1";

/// package · type · field · default
fn rows() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    [core(), pods(), workloads(), others()].concat()
}

fn core() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    vec![
        (CORE, "Service", "spec", json!({})),
        (CORE, "Service", "status", json!({"loadBalancer": {}})),
        (CORE, "ServiceStatus", "loadBalancer", json!({})),
        (CORE, "ServiceSpec", "type", json!("ClusterIP")),
        (CORE, "ServiceSpec", "sessionAffinity", json!("None")),
        (CORE, "ServicePort", "protocol", json!("TCP")),
        (CORE, "EndpointPort", "protocol", json!("TCP")),
        (CORE, "Namespace", "spec", json!({})),
        (CORE, "Namespace", "status", json!({"phase": "Active"})),
        (CORE, "NamespaceSpec", "finalizers", json!(["kubernetes"])),
        (CORE, "NamespaceStatus", "phase", json!("Active")),
        (CORE, "Node", "spec", json!({})),
        (
            CORE,
            "Node",
            "status",
            json!({"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": blank()}),
        ),
        (CORE, "NodeStatus", "daemonEndpoints", json!({"kubeletEndpoint": {"Port": 0}})),
        (CORE, "NodeStatus", "nodeInfo", blank()),
        (CORE, "Secret", "type", json!("Opaque")),
        (CORE, "PersistentVolume", "status", json!({"phase": "Pending"})),
        (CORE, "PersistentVolumeSpec", "persistentVolumeReclaimPolicy", json!("Retain")),
        (CORE, "PersistentVolumeSpec", "volumeMode", json!("Filesystem")),
        (CORE, "PersistentVolumeClaim", "status", json!({"phase": "Pending"})),
        (CORE, "PersistentVolumeClaimSpec", "volumeMode", json!("Filesystem")),
    ]
}

/// The system of a node about which nothing is known yet.
fn blank() -> Value {
    let names = [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ];
    Value::Object(names.into_iter().map(|name| (name.to_owned(), json!(""))).collect())
}

fn pods() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let mut rows = vec![
        (CORE, "Pod", "spec", json!({})),
        (CORE, "Pod", "status", json!({"phase": "Pending"})),
        (CORE, "PodStatus", "phase", json!("Pending")),
        (CORE, "PodSpec", "dnsPolicy", json!("ClusterFirst")),
        (CORE, "PodSpec", "enableServiceLinks", json!(true)),
        (CORE, "PodSpec", "restartPolicy", json!("Always")),
        (CORE, "PodSpec", "schedulerName", json!("default-scheduler")),
        (CORE, "PodSpec", "securityContext", json!({})),
        (CORE, "PodSpec", "terminationGracePeriodSeconds", json!(30)),
        (CORE, "ContainerPort", "protocol", json!("TCP")),
        (CORE, "HTTPGetAction", "path", json!("/")),
        (CORE, "HTTPGetAction", "scheme", json!("HTTP")),
        (CORE, "GRPCAction", "service", json!("")),
        (CORE, "Probe", "failureThreshold", json!(3)),
        (CORE, "Probe", "periodSeconds", json!(10)),
        (CORE, "Probe", "successThreshold", json!(1)),
        (CORE, "Probe", "timeoutSeconds", json!(1)),
        (CORE, "ObjectFieldSelector", "apiVersion", json!("v1")),
        (CORE, "ServiceAccountTokenProjection", "expirationSeconds", json!(3600)),
    ];
    for container in ["Container", "EphemeralContainer"] {
        rows.push((CORE, container, "resources", json!({})));
        rows.push((CORE, container, "terminationMessagePath", json!("/dev/termination-log")));
        rows.push((CORE, container, "terminationMessagePolicy", json!("File")));
    }
    rows
}

fn workloads() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let rolling = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
    let one_down = json!({"maxSurge": 0, "maxUnavailable": 1});
    vec![
        (APPS, "Deployment", "status", json!({})),
        (APPS, "DeploymentSpec", "progressDeadlineSeconds", json!(600)),
        (APPS, "DeploymentSpec", "replicas", json!(1)),
        (APPS, "DeploymentSpec", "revisionHistoryLimit", json!(10)),
        (APPS, "DeploymentSpec", "strategy", json!({"type": "RollingUpdate", "rollingUpdate": rolling})),
        (APPS, "RollingUpdateDeployment", "maxSurge", json!("25%")),
        (APPS, "RollingUpdateDeployment", "maxUnavailable", json!("25%")),
        (APPS, "ReplicaSet", "status", json!({"replicas": 0})),
        (APPS, "ReplicaSetSpec", "replicas", json!(1)),
        (
            APPS,
            "DaemonSet",
            "status",
            json!({
                "currentNumberScheduled": 0, "desiredNumberScheduled": 0,
                "numberMisscheduled": 0, "numberReady": 0,
            }),
        ),
        (APPS, "DaemonSetSpec", "revisionHistoryLimit", json!(10)),
        (
            APPS,
            "DaemonSetSpec",
            "updateStrategy",
            json!({"type": "RollingUpdate", "rollingUpdate": one_down}),
        ),
        (APPS, "RollingUpdateDaemonSet", "maxSurge", json!(0)),
        (APPS, "RollingUpdateDaemonSet", "maxUnavailable", json!(1)),
        (APPS, "StatefulSet", "status", json!({"availableReplicas": 0, "replicas": 0})),
        (APPS, "StatefulSetSpec", "podManagementPolicy", json!("OrderedReady")),
        (
            APPS,
            "StatefulSetSpec",
            "persistentVolumeClaimRetentionPolicy",
            json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
        ),
        (APPS, "StatefulSetSpec", "replicas", json!(1)),
        (APPS, "StatefulSetSpec", "revisionHistoryLimit", json!(10)),
        (
            APPS,
            "StatefulSetSpec",
            "updateStrategy",
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ),
        (BATCH, "CronJobSpec", "concurrencyPolicy", json!("Allow")),
        (BATCH, "CronJobSpec", "failedJobsHistoryLimit", json!(1)),
        (BATCH, "CronJobSpec", "successfulJobsHistoryLimit", json!(3)),
        (BATCH, "CronJobSpec", "suspend", json!(false)),
        (BATCH, "CronJob", "status", json!({})),
        (BATCH, "Job", "status", json!({})),
        (BATCH, "JobSpec", "backoffLimit", json!(6)),
        (BATCH, "JobSpec", "completionMode", json!("NonIndexed")),
        (BATCH, "JobSpec", "manualSelector", json!(false)),
        (BATCH, "JobSpec", "podReplacementPolicy", json!("TerminatingOrFailed")),
        (BATCH, "JobSpec", "suspend", json!(false)),
    ]
}

fn others() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let mut rows = vec![
        (DISCOVERY, "EndpointPort", "name", json!("")),
        (DISCOVERY, "EndpointPort", "protocol", json!("TCP")),
        (NETWORKING, "Ingress", "status", json!({"loadBalancer": {}})),
        (NETWORKING, "IngressStatus", "loadBalancer", json!({})),
        (NETWORKING, "IngressClassParametersReference", "scope", json!("Cluster")),
        (NETWORKING, "NetworkPolicyPort", "protocol", json!("TCP")),
        (STORAGE, "StorageClass", "reclaimPolicy", json!("Delete")),
        (STORAGE, "StorageClass", "volumeBindingMode", json!("Immediate")),
        (EXTENSIONS, "CustomResourceDefinitionSpec", "conversion", json!({"strategy": "None"})),
        (
            EXTENSIONS,
            "CustomResourceDefinition",
            "status",
            json!({"acceptedNames": {"kind": "", "plural": ""}}),
        ),
    ];
    for webhook in ["MutatingWebhook", "ValidatingWebhook"] {
        rows.push((ADMISSION, webhook, "failurePolicy", json!("Fail")));
        rows.push((ADMISSION, webhook, "matchPolicy", json!("Equivalent")));
        rows.push((ADMISSION, webhook, "namespaceSelector", json!({})));
        rows.push((ADMISSION, webhook, "objectSelector", json!({})));
        rows.push((ADMISSION, webhook, "timeoutSeconds", json!(10)));
    }
    rows.push((ADMISSION, "MutatingWebhook", "reinvocationPolicy", json!("Never")));
    rows.push((ADMISSION, "ValidatingAdmissionPolicySpec", "failurePolicy", json!("Fail")));
    rows.push((ADMISSION, "RuleWithOperations", "scope", json!("*")));
    rows
}

/// Writes the defaults into the definitions.
pub(in crate::builtin) fn extend(definitions: &mut Map<String, Value>) {
    for (package, kind, field, default) in rows() {
        if let Some(node) = node(definitions, package, kind, field) {
            node.insert("default".to_owned(), default);
        }
    }
}

fn node<'d>(
    definitions: &'d mut Map<String, Value>,
    package: &str,
    kind: &str,
    field: &str,
) -> Option<&'d mut Map<String, Value>> {
    let definition = definitions.get_mut(&format!("{package}.{kind}"))?;
    definition.get_mut("properties")?.get_mut(field)?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::kinds;

    #[test]
    fn every_row_names_a_field_that_exists() {
        let (mut definitions, _) = kinds::read();
        for (package, kind, field, _) in rows() {
            assert!(node(&mut definitions, package, kind, field).is_some(), "{package}.{kind}.{field}");
        }
    }
}
