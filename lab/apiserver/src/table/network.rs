//! Printers of Services and what stands before and behind them.

use std::collections::BTreeSet;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::object::{list, name, number, text, texts};
use crate::table::Columns;
use crate::table::Width::{Always, Wide};
use crate::table::age;
use crate::table::plain::or_word;
use crate::table::workload::{pairs, selector};

pub(super) const SERVICE: Columns = &[
    ("Name", Always),
    ("Type", Always),
    ("Cluster-IP", Always),
    ("External-IP", Always),
    ("Port(s)", Always),
    ("Age", Always),
    ("Selector", Wide),
];

pub(super) fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        json!(name(object)),
        json!(text(object, "/spec/type")),
        json!(or_word(text(object, "/spec/clusterIP"), "<none>")),
        json!(external_address(object)),
        json!(or_word(&ports(object), "<none>")),
        age::cell(object, now),
        json!(pairs(&object["spec"]["selector"])),
    ]
}

/// What a client outside would use, by type.
fn external_address(service: &Value) -> String {
    let mut addresses = texts(service, "/spec/externalIPs");
    match text(service, "/spec/type") {
        "LoadBalancer" => {
            let mut given: Vec<String> = list(service, "/status/loadBalancer/ingress")
                .iter()
                .map(|one| or_word(text(one, "/ip"), text(one, "/hostname")))
                .collect();
            given.extend(addresses);
            or_word(&given.join(","), "<pending>")
        }
        "ExternalName" => text(service, "/spec/externalName").to_owned(),
        _ => {
            addresses.retain(|address| !address.is_empty());
            or_word(&addresses.join(","), "<none>")
        }
    }
}

fn ports(service: &Value) -> String {
    let one = |port: &Value| {
        let (number_of, node, protocol) =
            (number(port, "/port"), number(port, "/nodePort"), text(port, "/protocol"));
        if node > 0 { format!("{number_of}:{node}/{protocol}") } else { format!("{number_of}/{protocol}") }
    };
    list(service, "/spec/ports").iter().map(one).collect::<Vec<_>>().join(",")
}

pub(super) const ENDPOINTS: Columns = &[("Name", Always), ("Endpoints", Always), ("Age", Always)];

pub(super) fn endpoints(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut pairs = Vec::new();
    for subset in list(object, "/subsets") {
        for address in list(subset, "/addresses") {
            let ports = list(subset, "/ports").iter().map(|port| number(port, "/port"));
            pairs.extend(ports.map(|port| with_port(text(address, "/ip"), port)));
        }
    }
    vec![json!(name(object)), json!(some(&pairs, 3)), age::cell(object, now)]
}

fn with_port(address: &str, port: i64) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

pub(super) const SLICE: Columns =
    &[("Name", Always), ("AddressType", Always), ("Ports", Always), ("Endpoints", Always), ("Age", Always)];

pub(super) fn slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = list(object, "/ports")
        .iter()
        .map(|port| port["port"].as_i64().map_or_else(|| "*".into(), |port| port.to_string()))
        .collect();
    let addresses: Vec<String> =
        list(object, "/endpoints").iter().flat_map(|endpoint| texts(endpoint, "/addresses")).collect();
    vec![
        json!(name(object)),
        json!(text(object, "/addressType")),
        json!(if ports.is_empty() { "<unset>".into() } else { some(&ports, 3) }),
        json!(if addresses.is_empty() { "<unset>".into() } else { some(&addresses, 3) }),
        age::cell(object, now),
    ]
}

pub(super) const INGRESS: Columns = &[
    ("Name", Always),
    ("Class", Always),
    ("Hosts", Always),
    ("Address", Always),
    ("Ports", Always),
    ("Age", Always),
];

pub(super) fn ingress(object: &Value, now: Timestamp) -> Vec<Value> {
    let hosts: Vec<String> =
        list(object, "/spec/rules").iter().map(|rule| or_word(text(rule, "/host"), "*")).collect();
    let addresses: BTreeSet<String> = list(object, "/status/loadBalancer/ingress")
        .iter()
        .map(|one| or_word(text(one, "/ip"), text(one, "/hostname")))
        .collect();
    let addresses: Vec<String> = addresses.into_iter().collect();
    let encrypted = !list(object, "/spec/tls").is_empty();
    vec![
        json!(name(object)),
        json!(or_word(text(object, "/spec/ingressClassName"), "<none>")),
        json!(if hosts.is_empty() { "*".into() } else { some(&hosts, 3) }),
        json!(addresses.join(",")),
        json!(if encrypted { "80, 443" } else { "80" }),
        age::cell(object, now),
    ]
}

pub(super) const INGRESS_CLASS: Columns =
    &[("Name", Always), ("Controller", Always), ("Parameters", Always), ("Age", Always)];

pub(super) fn ingress_class(object: &Value, now: Timestamp) -> Vec<Value> {
    let parameters = &object["spec"]["parameters"];
    let kind = [text(parameters, "/kind"), text(parameters, "/apiGroup")];
    let kind: Vec<&str> = kind.into_iter().filter(|part| !part.is_empty()).collect();
    let parameters = match kind.is_empty() {
        true => "<none>".into(),
        false => format!("{}/{}", kind.join("."), text(parameters, "/name")),
    };
    vec![
        json!(name(object)),
        json!(text(object, "/spec/controller")),
        json!(parameters),
        age::cell(object, now),
    ]
}

pub(super) const POLICY: Columns = &[("Name", Always), ("Pod-Selector", Always), ("Age", Always)];

pub(super) fn policy(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), json!(selector(&object["spec"]["podSelector"])), age::cell(object, now)]
}

pub(super) const SERVICE_CIDR: Columns = &[("Name", Always), ("CIDRs", Always), ("Age", Always)];

pub(super) fn service_cidr(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![json!(name(object)), json!(texts(object, "/spec/cidrs").join(",")), age::cell(object, now)]
}

/// The first few, and how many more there are.
fn some(all: &[String], shown: usize) -> String {
    if all.is_empty() {
        return "<none>".into();
    }
    if all.len() <= shown {
        return all.join(",");
    }
    format!("{} + {} more...", all[..shown].join(","), all.len() - shown)
}
