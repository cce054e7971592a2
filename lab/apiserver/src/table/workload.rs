//! Printers of Pods and what makes them.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::object::{is_terminating, list, map, name, number, text};
use crate::table::Columns;
use crate::table::Width::{Always, Wide};
use crate::table::age;
use crate::table::plain::or_word;

pub(super) const POD: Columns = &[
    ("Name", Always),
    ("Ready", Always),
    ("Status", Always),
    ("Restarts", Always),
    ("Age", Always),
    ("IP", Wide),
    ("Node", Wide),
    ("Nominated Node", Wide),
    ("Readiness Gates", Wide),
];

pub(super) fn pod(object: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = list(object, "/status/containerStatuses");
    let ready = statuses.iter().filter(|status| status["ready"] == true).count();
    let restarts: i64 = statuses.iter().map(|status| number(status, "/restartCount")).sum();
    let first_address = list(object, "/status/podIPs").first().map_or("", |address| text(address, "/ip"));
    vec![
        json!(name(object)),
        json!(format!("{ready}/{}", list(object, "/spec/containers").len())),
        json!(pod_status(object)),
        json!(restarts.to_string()),
        age::cell(object, now),
        json!(or_word(first_address, &or_word(text(object, "/status/podIP"), "<none>"))),
        json!(or_word(text(object, "/spec/nodeName"), "<none>")),
        json!(or_word(text(object, "/status/nominatedNodeName"), "<none>")),
        json!("<none>"),
    ]
}

/// The most telling word: what a container waits for, why it ended, or the phase.
fn pod_status(pod: &Value) -> String {
    let phase = or_word(text(pod, "/status/reason"), text(pod, "/status/phase"));
    let mut word = phase.clone();
    for status in list(pod, "/status/containerStatuses").iter().rev() {
        let waiting = text(status, "/state/waiting/reason");
        let terminated = text(status, "/state/terminated/reason");
        for reason in [waiting, terminated].into_iter().filter(|reason| !reason.is_empty()) {
            word = reason.into();
        }
    }
    if is_terminating(pod) {
        return if text(pod, "/status/reason") == "NodeLost" {
            "Unknown".into()
        } else {
            "Terminating".into()
        };
    }
    word
}

pub(super) const DEPLOYMENT: Columns = &[
    ("Name", Always),
    ("Ready", Always),
    ("Up-to-date", Always),
    ("Available", Always),
    ("Age", Always),
    ("Containers", Wide),
    ("Images", Wide),
    ("Selector", Wide),
];

pub(super) fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
    let mut cells = vec![
        json!(name(object)),
        json!(ready),
        json!(number(object, "/status/updatedReplicas")),
        json!(number(object, "/status/availableReplicas")),
        age::cell(object, now),
    ];
    cells.extend(template(object));
    cells.push(json!(selector(&object["spec"]["selector"])));
    cells
}

pub(super) const REPLICA_SET: Columns = &[
    ("Name", Always),
    ("Desired", Always),
    ("Current", Always),
    ("Ready", Always),
    ("Age", Always),
    ("Containers", Wide),
    ("Images", Wide),
    ("Selector", Wide),
];

pub(super) fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![
        json!(name(object)),
        json!(number(object, "/spec/replicas")),
        json!(number(object, "/status/replicas")),
        json!(number(object, "/status/readyReplicas")),
        age::cell(object, now),
    ];
    cells.extend(template(object));
    cells.push(json!(selector(&object["spec"]["selector"])));
    cells
}

pub(super) const DAEMON_SET: Columns = &[
    ("Name", Always),
    ("Desired", Always),
    ("Current", Always),
    ("Ready", Always),
    ("Up-to-date", Always),
    ("Available", Always),
    ("Node Selector", Always),
    ("Age", Always),
    ("Containers", Wide),
    ("Images", Wide),
    ("Selector", Wide),
];

pub(super) fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let count = |field: &str| json!(number(object, &format!("/status/{field}")));
    let mut cells = vec![
        json!(name(object)),
        count("desiredNumberScheduled"),
        count("currentNumberScheduled"),
        count("numberReady"),
        count("updatedNumberScheduled"),
        count("numberAvailable"),
        json!(pairs(&object["spec"]["template"]["spec"]["nodeSelector"])),
        age::cell(object, now),
    ];
    cells.extend(template(object));
    cells.push(json!(selector(&object["spec"]["selector"])));
    cells
}

pub(super) const STATEFUL_SET: Columns =
    &[("Name", Always), ("Ready", Always), ("Age", Always), ("Containers", Wide), ("Images", Wide)];

pub(super) fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
    let mut cells = vec![json!(name(object)), json!(ready), age::cell(object, now)];
    cells.extend(template(object));
    cells
}

pub(super) const JOB: Columns =
    &[("Name", Always), ("Status", Always), ("Completions", Always), ("Duration", Always), ("Age", Always)];

pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let holds = |kind: &str| {
        let conditions = list(object, "/status/conditions").iter();
        conditions.into_iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    let word = ["Complete", "Failed", "Suspended"].into_iter().find(|kind| holds(kind)).unwrap_or("Running");
    let done = format!("{}/{}", number(object, "/status/succeeded"), number(object, "/spec/completions"));
    let started = text(object, "/status/startTime");
    let ended = text(object, "/status/completionTime").parse().unwrap_or(now);
    let took = if started.is_empty() { String::new() } else { age::since(started, ended) };
    vec![json!(name(object)), json!(word), json!(done), json!(took), age::cell(object, now)]
}

/// Names and images of the containers.
fn template(workload: &Value) -> [Value; 2] {
    let containers = list(workload, "/spec/template/spec/containers");
    let joined =
        |pointer: &str| containers.iter().map(|one| text(one, pointer)).collect::<Vec<_>>().join(",");
    [json!(joined("/name")), json!(joined("/image"))]
}

/// A label selector as `kubectl` writes it; a plain map of labels is one too.
pub(super) fn selector(selector: &Value) -> String {
    let Some(labels) = map(selector, "/matchLabels") else {
        let plain = selector.get("matchExpressions").is_none();
        return if plain { pairs(selector) } else { expressions(selector).join(",") };
    };
    let mut terms: Vec<String> =
        labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    terms.extend(expressions(selector));
    or_word(&terms.join(","), "<none>")
}

fn expressions(selector: &Value) -> Vec<String> {
    let words = |one: &Value| {
        let values = list(one, "/values").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
        let key = text(one, "/key");
        match text(one, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    };
    list(selector, "/matchExpressions").iter().map(words).collect()
}

/// `a=b,c=d`, or `<none>`.
pub(super) fn pairs(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    or_word(&pairs.join(","), "<none>")
}
