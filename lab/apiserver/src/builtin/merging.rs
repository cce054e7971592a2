//! How the lists and maps of built-in kinds are merged: the extensions that the types' own schemas lack.
//!
//! One row for each field that is not a plain value, an atomic list or a granular map. Source: the
//! OpenAPI document of Kubernetes 1.33 (`x-kubernetes-list-type`, `-list-map-keys`, `-map-type`,
//! `-patch-strategy`, `-patch-merge-key`).

use serde_json::{Map, Value, json};

/// How server-side apply owns a value.
enum Owned {
    /// As the schema says by itself.
    Plainly,
    /// A map as one value.
    AtomicMap,
    /// Members of a list by their value.
    Set,
    /// Items of a list by these fields.
    Keyed(&'static [&'static str]),
}

/// How a strategic merge patch treats a value.
enum Patched {
    /// By the general rule: maps are merged, lists replaced.
    Plainly,
    /// Members of a list are added.
    Members,
    /// Items of a list are merged by this field.
    Items(&'static str),
    /// Items of a list are merged by this field, each keeping only the fields the patch names.
    RetainedItems(&'static str),
    /// Only the fields the patch names stay.
    Retained,
    /// Replaced whole.
    Replaced,
}

/// One field of a type, or (with an empty field) the type itself wherever it stands.
struct Row(&'static str, &'static str, Owned, Patched);

use Owned::{AtomicMap, Keyed, Set};
use Patched::{Items, Members, Replaced, Retained, RetainedItems};

const UNOWNED: Owned = Owned::Plainly;
const UNPATCHED: Patched = Patched::Plainly;

/// Rows by package.
const PACKAGES: &[(&str, &[Row])] = &[
    (
        "io.k8s.api.admissionregistration.v1",
        &[
            Row("MatchResources", "", AtomicMap, UNPATCHED),
            Row("MutatingWebhook", "matchConditions", Keyed(&["name"]), Items("name")),
            Row("MutatingWebhookConfiguration", "webhooks", Keyed(&["name"]), Items("name")),
            Row("NamedRuleWithOperations", "", AtomicMap, UNPATCHED),
            Row("ParamKind", "", AtomicMap, UNPATCHED),
            Row("ParamRef", "", AtomicMap, UNPATCHED),
            Row("ValidatingAdmissionPolicyBindingSpec", "validationActions", Set, UNPATCHED),
            Row("ValidatingAdmissionPolicySpec", "matchConditions", Keyed(&["name"]), Items("name")),
            Row("ValidatingAdmissionPolicySpec", "variables", Keyed(&["name"]), Items("name")),
            Row("ValidatingAdmissionPolicyStatus", "conditions", Keyed(&["type"]), UNPATCHED),
            Row("ValidatingWebhook", "matchConditions", Keyed(&["name"]), Items("name")),
            Row("ValidatingWebhookConfiguration", "webhooks", Keyed(&["name"]), Items("name")),
            Row("Variable", "", AtomicMap, UNPATCHED),
        ],
    ),
    (
        "io.k8s.api.apps.v1",
        &[
            Row("DaemonSetStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("DeploymentSpec", "strategy", UNOWNED, Retained),
            Row("DeploymentStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("ReplicaSetStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("StatefulSetStatus", "conditions", Keyed(&["type"]), Items("type")),
        ],
    ),
    (
        "io.k8s.api.batch.v1",
        &[
            Row("JobStatus", "conditions", UNOWNED, Items("type")),
            Row("PodFailurePolicyOnExitCodesRequirement", "values", Set, UNPATCHED),
            Row("UncountedTerminatedPods", "failed", Set, UNPATCHED),
            Row("UncountedTerminatedPods", "succeeded", Set, UNPATCHED),
        ],
    ),
    (
        "io.k8s.api.core.v1",
        &[
            Row("ConfigMapKeySelector", "", AtomicMap, UNPATCHED),
            Row("Container", "env", Keyed(&["name"]), Items("name")),
            Row("Container", "ports", Keyed(&["containerPort", "protocol"]), Items("containerPort")),
            Row("Container", "volumeDevices", Keyed(&["devicePath"]), Items("devicePath")),
            Row("Container", "volumeMounts", Keyed(&["mountPath"]), Items("mountPath")),
            Row("ContainerStatus", "allocatedResourcesStatus", Keyed(&["name"]), Items("name")),
            Row("ContainerStatus", "volumeMounts", Keyed(&["mountPath"]), Items("mountPath")),
            Row("EndpointAddress", "", AtomicMap, UNPATCHED),
            Row("EndpointPort", "", AtomicMap, UNPATCHED),
            Row("EphemeralContainer", "env", Keyed(&["name"]), Items("name")),
            Row("EphemeralContainer", "ports", Keyed(&["containerPort", "protocol"]), Items("containerPort")),
            Row("EphemeralContainer", "volumeDevices", Keyed(&["devicePath"]), Items("devicePath")),
            Row("EphemeralContainer", "volumeMounts", Keyed(&["mountPath"]), Items("mountPath")),
            Row("LocalObjectReference", "", AtomicMap, UNPATCHED),
            Row("NamespaceStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("NodeSelector", "", AtomicMap, UNPATCHED),
            Row("NodeSelectorTerm", "", AtomicMap, UNPATCHED),
            Row("NodeSpec", "podCIDRs", Set, Members),
            Row("NodeStatus", "addresses", Keyed(&["type"]), Items("type")),
            Row("NodeStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("ObjectFieldSelector", "", AtomicMap, UNPATCHED),
            Row("ObjectReference", "", AtomicMap, UNPATCHED),
            Row("PersistentVolumeClaimStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("PodSpec", "containers", Keyed(&["name"]), Items("name")),
            Row("PodSpec", "ephemeralContainers", Keyed(&["name"]), Items("name")),
            Row("PodSpec", "hostAliases", Keyed(&["ip"]), Items("ip")),
            Row("PodSpec", "imagePullSecrets", Keyed(&["name"]), Items("name")),
            Row("PodSpec", "initContainers", Keyed(&["name"]), Items("name")),
            Row("PodSpec", "nodeSelector", AtomicMap, UNPATCHED),
            Row("PodSpec", "resourceClaims", Keyed(&["name"]), RetainedItems("name")),
            Row("PodSpec", "schedulingGates", Keyed(&["name"]), Items("name")),
            Row(
                "PodSpec",
                "topologySpreadConstraints",
                Keyed(&["topologyKey", "whenUnsatisfiable"]),
                Items("topologyKey"),
            ),
            Row("PodSpec", "volumes", Keyed(&["name"]), RetainedItems("name")),
            Row("PodStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("PodStatus", "hostIPs", UNOWNED, Items("ip")),
            Row("PodStatus", "podIPs", Keyed(&["ip"]), Items("ip")),
            Row("PodStatus", "resourceClaimStatuses", Keyed(&["name"]), RetainedItems("name")),
            Row("ReplicationControllerSpec", "selector", AtomicMap, UNPATCHED),
            Row("ReplicationControllerStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("ResourceFieldSelector", "", AtomicMap, UNPATCHED),
            Row("ResourceRequirements", "claims", Keyed(&["name"]), UNPATCHED),
            Row("ResourceStatus", "resources", Keyed(&["resourceID"]), UNPATCHED),
            Row("ScopeSelector", "", AtomicMap, UNPATCHED),
            Row("SecretKeySelector", "", AtomicMap, UNPATCHED),
            Row("SecretReference", "", AtomicMap, UNPATCHED),
            Row("ServiceAccount", "secrets", Keyed(&["name"]), Items("name")),
            Row("ServiceSpec", "ports", Keyed(&["port", "protocol"]), Items("port")),
            Row("ServiceSpec", "selector", AtomicMap, UNPATCHED),
            Row("ServiceStatus", "conditions", Keyed(&["type"]), Items("type")),
            Row("TopologySelectorTerm", "", AtomicMap, UNPATCHED),
            Row("TypedLocalObjectReference", "", AtomicMap, UNPATCHED),
        ],
    ),
    (
        "io.k8s.api.discovery.v1",
        &[Row("Endpoint", "addresses", Set, UNPATCHED), Row("EndpointPort", "", AtomicMap, UNPATCHED)],
    ),
    ("io.k8s.api.networking.v1", &[Row("ServiceBackendPort", "", AtomicMap, UNPATCHED)]),
    (
        "io.k8s.api.policy.v1",
        &[
            Row("PodDisruptionBudgetSpec", "selector", UNOWNED, Replaced),
            Row("PodDisruptionBudgetStatus", "conditions", Keyed(&["type"]), Items("type")),
        ],
    ),
    (
        "io.k8s.api.rbac.v1",
        &[Row("RoleRef", "", AtomicMap, UNPATCHED), Row("Subject", "", AtomicMap, UNPATCHED)],
    ),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
        &[
            Row("CustomResourceDefinitionStatus", "conditions", Keyed(&["type"]), UNPATCHED),
            Row("JSONSchemaProps", "x-kubernetes-validations", Keyed(&["rule"]), Items("rule")),
        ],
    ),
    (
        "io.k8s.apimachinery.pkg.apis.meta.v1",
        &[
            Row("LabelSelector", "", AtomicMap, UNPATCHED),
            Row("ObjectMeta", "finalizers", Set, Members),
            Row("ObjectMeta", "ownerReferences", Keyed(&["uid"]), Items("uid")),
            Row("OwnerReference", "", AtomicMap, UNPATCHED),
        ],
    ),
];

/// Writes the table into the definitions.
pub(super) fn extend(definitions: &mut Map<String, Value>) {
    for (package, rows) in PACKAGES {
        for row in *rows {
            if let Some(node) = node(definitions, package, row) {
                row.write(node);
            }
        }
    }
}

fn node<'d>(
    definitions: &'d mut Map<String, Value>,
    package: &str,
    row: &Row,
) -> Option<&'d mut Map<String, Value>> {
    let definition = definitions.get_mut(&format!("{package}.{}", row.0))?;
    if row.1.is_empty() { definition } else { definition.get_mut("properties")?.get_mut(row.1)? }
        .as_object_mut()
}

impl Row {
    fn write(&self, node: &mut Map<String, Value>) {
        let mut set = |name: &str, value: Value| {
            node.insert(format!("x-kubernetes-{name}"), value);
        };
        match self.2 {
            Owned::Plainly => {}
            AtomicMap => set("map-type", json!("atomic")),
            Set => set("list-type", json!("set")),
            Keyed(keys) => {
                set("list-type", json!("map"));
                set("list-map-keys", json!(keys));
            }
        }
        match self.3 {
            Patched::Plainly => {}
            Members => set("patch-strategy", json!("merge")),
            Retained => set("patch-strategy", json!("retainKeys")),
            Replaced => set("patch-strategy", json!("replace")),
            Items(key) => {
                set("patch-strategy", json!("merge"));
                set("patch-merge-key", json!(key));
            }
            RetainedItems(key) => {
                set("patch-strategy", json!("merge,retainKeys"));
                set("patch-merge-key", json!(key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::kinds;

    #[test]
    fn every_row_names_a_field_that_exists() {
        let (mut definitions, _) = kinds::read();
        for (package, rows) in PACKAGES {
            for row in *rows {
                assert!(node(&mut definitions, package, row).is_some(), "{package}.{}.{}", row.0, row.1);
            }
        }
    }
}
