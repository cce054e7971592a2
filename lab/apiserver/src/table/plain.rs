//! Printers of kinds around the workloads.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::object::{list, map, name, number, text};
use crate::table::Columns;
use crate::table::Width::{Always, Wide};
use crate::table::age;

pub(super) const PLAIN: Columns = &[("Name", Always), ("Age", Always)];

pub(super) fn plain(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), age::cell(object, now)]
}

pub(super) const CREATED: Columns = &[("Name", Always), ("Created At", Always)];

pub(super) fn created(object: &Value, _now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), json!(text(object, "/metadata/creationTimestamp"))]
}

pub(super) const NAMESPACE: Columns = &[("Name", Always), ("Status", Always), ("Age", Always)];

pub(super) fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), json!(text(object, "/status/phase")), age::cell(object, now)]
}

pub(super) const NODE: Columns = &[
    ("Name", Always),
    ("Status", Always),
    ("Roles", Always),
    ("Age", Always),
    ("Version", Always),
    ("Internal-IP", Wide),
    ("External-IP", Wide),
    ("OS-Image", Wide),
    ("Kernel-Version", Wide),
    ("Container-Runtime", Wide),
];

pub(super) fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let about = |field: &str| or_word(text(object, &format!("/status/nodeInfo/{field}")), "<unknown>");
    vec![
        json!(name(object)),
        json!(node_status(object)),
        json!(node_roles(object)),
        age::cell(object, now),
        json!(text(object, "/status/nodeInfo/kubeletVersion")),
        json!(node_address(object, "InternalIP")),
        json!(node_address(object, "ExternalIP")),
        json!(about("osImage")),
        json!(about("kernelVersion")),
        json!(about("containerRuntimeVersion")),
    ]
}

fn node_status(node: &Value) -> String {
    let ready = list(node, "/status/conditions").iter().find(|condition| condition["type"] == "Ready");
    let mut words = vec![match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if node.pointer("/spec/unschedulable") == Some(&json!(true)) {
        words.push("SchedulingDisabled");
    }
    words.join(",")
}

fn node_roles(node: &Value) -> String {
    let labels = map(node, "/metadata/labels").into_iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    or_word(&roles.join(","), "<none>")
}

fn node_address(node: &Value, kind: &str) -> String {
    let addresses = list(node, "/status/addresses");
    let found = addresses.iter().find(|address| address["type"] == kind);
    or_word(found.map_or("", |address| text(address, "/address")), "<none>")
}

pub(super) const EVENT: Columns = &[
    ("Last Seen", Always),
    ("Type", Always),
    ("Reason", Always),
    ("Object", Always),
    ("Subobject", Wide),
    ("Source", Wide),
    ("Message", Always),
    ("First Seen", Wide),
    ("Count", Wide),
    ("Name", Wide),
];

/// Reads both forms: the core group's and that of events.k8s.io.
pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let either = |core: &str, named: &str| or_word(text(object, core), text(object, named));
    let first = or_word(&either("/firstTimestamp", "/deprecatedFirstTimestamp"), text(object, "/eventTime"));
    let last = or_word(
        text(object, "/series/lastObservedTime"),
        &either("/lastTimestamp", "/deprecatedLastTimestamp"),
    );
    let last = or_word(&last, &first);
    let kind = either("/involvedObject/kind", "/regarding/kind").to_lowercase();
    let involved = either("/involvedObject/name", "/regarding/name");
    let source = or_word(
        &either("/source/component", "/deprecatedSource/component"),
        &either("/reportingComponent", "/reportingController"),
    );
    let host = either("/source/host", "/deprecatedSource/host");
    let source = if host.is_empty() { source } else { format!("{source}, {host}") };
    let count =
        number(object, "/series/count").max(number(object, "/count")).max(number(object, "/deprecatedCount"));
    vec![
        json!(age::since(&last, now)),
        json!(text(object, "/type")),
        json!(text(object, "/reason")),
        json!(format!("{kind}/{involved}")),
        json!(either("/involvedObject/fieldPath", "/regarding/fieldPath")),
        json!(source),
        json!(either("/message", "/note").trim()),
        json!(age::since(&first, now)),
        json!(count.max(1)),
        json!(name(object)),
    ]
}

pub(super) const SECRET: Columns = &[("Name", Always), ("Type", Always), ("Data", Always), ("Age", Always)];

pub(super) fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        json!(name(object)),
        json!(text(object, "/type")),
        json!(entries(object, "/data")),
        age::cell(object, now),
    ]
}

pub(super) const CONFIG_MAP: Columns = &[("Name", Always), ("Data", Always), ("Age", Always)];

pub(super) fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    let count = entries(object, "/data") + entries(object, "/binaryData");
    vec![json!(name(object)), json!(count), age::cell(object, now)]
}

pub(super) const ACCOUNT: Columns = &[("Name", Always), ("Age", Always)];

pub(super) fn account(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), age::cell(object, now)]
}

pub(super) const LEASE: Columns = &[("Name", Always), ("Holder", Always), ("Age", Always)];

pub(super) fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), json!(text(object, "/spec/holderIdentity")), age::cell(object, now)]
}

pub(super) const BINDING: Columns = &[("Name", Always), ("Role", Always), ("Age", Always)];

pub(super) fn binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let role = format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name"));
    vec![json!(name(object)), json!(role), age::cell(object, now)]
}

pub(super) const PRIORITY: Columns = &[
    ("Name", Always),
    ("Value", Always),
    ("Global-Default", Always),
    ("Age", Always),
    ("PreemptionPolicy", Always),
];

pub(super) fn priority(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        json!(name(object)),
        json!(number(object, "/value")),
        json!(object["globalDefault"] == true),
        age::cell(object, now),
        json!(or_word(text(object, "/preemptionPolicy"), "PreemptLowerPriority")),
    ]
}

fn entries(object: &Value, pointer: &str) -> usize {
    map(object, pointer).map_or(0, serde_json::Map::len)
}

/// The text, or a word for nothing.
pub(super) fn or_word(text: &str, word: &str) -> String {
    if text.is_empty() { word.into() } else { text.into() }
}
