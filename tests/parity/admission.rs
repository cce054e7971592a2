//! Rows 45 and 97: what the API server accepts.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::pinned_kind;
use kube::{Client, ResourceExt};
use patina_lab::manifest;
use serde_json::{Value, json};

use crate::case::parity;
use crate::fixture::{Cluster, Server, eventually};

const KINDS: &str = include_str!("kinds.yaml");
const POLICY: &str = include_str!("../../charts/patina/manifests/admission.yaml");
/// What stands for the namespace of the installation in all these.
const PLACEHOLDER: &str = "metallb-system";
/// Kinds that the operator writes.
const WRITTEN: [&str; 6] =
    ["IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer", "BFDProfile", "Community"];

/// Columns of each kind after its name.
const COLUMNS: &[(&str, &[&str])] = &[
    ("ipaddresspools", &["Auto Assign", "Avoid Buggy IPs", "Addresses"]),
    ("l2advertisements", &["IPAddressPools", "IPAddressPool Selectors", "Interfaces", "Node Selectors"]),
    ("bgpadvertisements", &["IPAddressPools", "IPAddressPool Selectors", "Peers", "Node Selectors"]),
    ("bgppeers", &["Address", "ASN", "BFD Profile", "Multi Hops"]),
    ("bfdprofiles", &["Passive Mode", "Transmit Interval", "Receive Interval", "Multiplier"]),
    ("communities", &[]),
    ("servicel2statuses", &["Allocated Node", "Service Name", "Service Namespace"]),
    ("servicebgpstatuses", &["Node", "Service Name", "Service Namespace"]),
    ("configurationstates", &["Result", "ErrorSummary", "Age"]),
];

fn objects(cluster: &Cluster, text: &str) -> Vec<DynamicObject> {
    manifest::parse("manifest", &text.replace(PLACEHOLDER, &cluster.own)).unwrap()
}

async fn api(client: &Client, object: &DynamicObject, namespace: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::try_from(object.types.as_ref().unwrap()).unwrap();
    let (resource, _) = pinned_kind(client, &kind).await.unwrap();
    Api::namespaced_with(client.clone(), namespace, &resource)
}

#[tokio::test]
async fn row_97_objects_of_all_nine_kinds_apply_and_no_field_is_lost() {
    parity(async |cluster| {
        let objects = objects(cluster, KINDS);
        manifest::apply(&cluster.client, &objects).await.unwrap();
        for object in objects {
            let objects = api(&cluster.client, &object, &cluster.own).await;
            let stored = objects.get(&object.name_any()).await.unwrap();
            assert!(includes(&stored.data, &object.data), "{object:#?}\nis stored as {stored:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn row_97_what_metallb_says_in_a_status_is_accepted() {
    parity(async |cluster| {
        let objects = objects(cluster, KINDS);
        manifest::apply(&cluster.client, &objects).await.unwrap();
        let announced = json!({ "node": "node-a", "serviceName": "shop", "serviceNamespace": "web" });
        let (mut l2, mut bgp) = (announced.clone(), announced);
        l2["interfaces"] = json!([{ "name": "eth0" }]);
        bgp["peers"] = json!(["peer-a"]);
        let condition = json!({
            "type": "configReconcilerValid", "status": "True", "reason": "Reconciled", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let counters =
            json!({ "assignedIPv4": 1, "assignedIPv6": 0, "availableIPv4": 47, "availableIPv6": 16 });
        for (name, status) in [
            ("first-pool", counters),
            ("l2-x7k2p", l2),
            ("bgp-9dq4f", bgp),
            ("speaker-node-a", json!({ "result": "Valid", "conditions": [condition] })),
        ] {
            let object = objects.iter().find(|o| o.name_any() == name).unwrap();
            let patch = Patch::Merge(json!({ "status": status }));
            let objects = api(&cluster.client, object, &cluster.own).await;
            let stored = objects.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
            assert!(includes(&stored.data["status"], &status), "{name}: {stored:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn row_97_tables_have_the_columns_that_people_know() {
    parity(async |cluster| {
        let definitions: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
        for (plural, columns) in COLUMNS {
            let definition = definitions.get(&format!("{plural}.metallb.io")).await.unwrap();
            let stored = definition.spec.versions.into_iter().find(|version| version.storage).unwrap();
            let shown = stored.additional_printer_columns.unwrap_or_default();
            let shown: Vec<_> = shown.into_iter().map(|column| column.name).collect();
            assert_eq!(shown, *columns, "{plural}");
        }
    })
    .await;
}

/// The lab's server keeps policies and does not ask them: there it is shown that the shipped one is read as it is meant.
#[tokio::test]
async fn row_45_objects_in_a_foreign_namespace_are_refused_by_the_shipped_policy() {
    parity(async |cluster| {
        let policy = objects(cluster, POLICY);
        manifest::apply(&cluster.client, &policy).await.unwrap();
        let objects = objects(cluster, KINDS);
        for kind in WRITTEN {
            let object = objects.iter().find(|o| o.types.as_ref().unwrap().kind == kind).unwrap();
            let mut object = object.clone();
            object.metadata.namespace = Some(cluster.web.namespace.clone());
            let foreign = api(&cluster.client, &object, &cluster.web.namespace).await;
            match cluster.server {
                Server::Real { .. } => is_refused(&foreign, &object, &cluster.own).await,
                Server::Lab { .. } => assert!(names(&policy[0].data, &foreign), "{kind}"),
            }
        }
        manifest::apply(&cluster.client, &objects).await.unwrap();
    })
    .await;
}

/// Waits until the server has read the policy.
async fn is_refused(objects: &Api<DynamicObject>, object: &DynamicObject, belongs: &str) {
    let look = async || {
        let outcome = objects.create(&PostParams::default(), object).await;
        if outcome.is_ok() {
            objects.delete(&object.name_any(), &DeleteParams::default()).await.unwrap();
        }
        outcome.map(drop).map_err(|error| error.to_string())
    };
    let words = format!("belongs in the namespace {belongs}");
    let refused = |outcome: &Result<(), String>| outcome.as_ref().is_err_and(|e| e.contains(&words));
    let _ = eventually(&format!("{} is refused", object.name_any()), look, refused).await;
}

/// Whether the policy is about these objects.
fn names(policy: &Value, objects: &Api<DynamicObject>) -> bool {
    let resources = policy["spec"]["matchConstraints"]["resourceRules"][0]["resources"].as_array().unwrap();
    resources.iter().filter_map(Value::as_str).any(|resource| objects.resource_url().ends_with(resource))
}

/// Whether everything of `wanted` is in `stored`; the server may have added to it.
fn includes(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| stored.get(name).is_some_and(|stored| includes(stored, wanted))),
        (Value::Array(stored), Value::Array(wanted)) => {
            stored.len() == wanted.len() && stored.iter().zip(wanted).all(|(s, w)| includes(s, w))
        }
        (stored, wanted) => stored == wanted,
    }
}
