//! What is refused of a Service.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::object::{self, list, number, text, texts};
use crate::rules::names;
use crate::rules::service::{ServiceType, is_headless, is_type, needs_health_port};
use crate::schema::{FieldError, FieldPath};

const ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const PORT: &str = "must be between 1 and 65535, inclusive";

/// Words that a field may hold.
const WORDS: &[(&str, &[&str])] = &[
    ("type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ("sessionAffinity", &["ClientIP", "None"]),
    ("externalTrafficPolicy", &["Cluster", "Local"]),
    ("internalTrafficPolicy", &["Cluster", "Local"]),
    ("ipFamilyPolicy", &["SingleStack", "PreferDualStack", "RequireDualStack"]),
];

/// What must hold before anything can be given.
pub(super) fn before_allocation(service: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let spec = FieldPath::from("spec");
    let mut errors = Vec::new();
    for (field, words) in WORDS {
        let value = &service["spec"][*field];
        if !value.is_null() && !words.iter().any(|word| value == word) {
            let words: Vec<Value> = words.iter().map(|word| json!(word)).collect();
            errors.push(FieldError::not_supported(spec.child(field), value, &words));
        }
    }
    for (index, family) in texts(service, "/spec/ipFamilies").iter().enumerate() {
        if crate::ledger::Family::parse(family).is_none() {
            let words = [json!("IPv4"), json!("IPv6")];
            errors.push(FieldError::not_supported(
                spec.child("ipFamilies").index(index),
                &json!(family),
                &words,
            ));
        }
    }
    errors.extend(repeated_family(service, &spec));
    errors.extend(address_errors(service, &spec));
    errors.extend(old.map(|old| change_errors(service, old, &spec)).unwrap_or_default());
    errors
}

fn repeated_family(service: &Value, spec: &FieldPath) -> Option<FieldError> {
    let families = texts(service, "/spec/ipFamilies");
    let [first, second] = families.as_slice() else { return None };
    (first == second).then(|| FieldError::duplicate(spec.child("ipFamilies").index(1), &json!(second)))
}

fn address_errors(service: &Value, spec: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let path = spec.child("clusterIPs");
    let families = texts(service, "/spec/ipFamilies");
    let (one, mut many) = (text(service, "/spec/clusterIP"), texts(service, "/spec/clusterIPs"));
    if many.is_empty() && !one.is_empty() {
        many.push(one.to_owned());
    }
    if many.first().is_some_and(|first| !one.is_empty() && first != one) {
        let rule = "first value must match `clusterIP`";
        return vec![FieldError::invalid(path, &json!(many), rule)];
    }
    if many.len() > 2 {
        errors.push(FieldError::invalid(path.clone(), &json!(many), "may only hold up to 2 values"));
    }
    for (index, address) in many.iter().enumerate() {
        let none = address == "None" && many.len() == 1;
        match (address.parse::<IpAddr>(), families.get(index)) {
            (Err(_), _) if !none => {
                errors.push(FieldError::invalid(path.index(index), &json!(address), ADDRESS));
            }
            (Ok(parsed), Some(family)) if crate::ledger::Family::of(parsed).word() != family => {
                let rule = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
                errors.push(FieldError::invalid(path.index(index), &json!(address), &rule));
            }
            (Ok(_) | Err(_), _) => {}
        }
    }
    if is_type(service, ServiceType::ExternalName) && !many.is_empty() {
        errors.push(FieldError::forbidden(path, "may not be set when `type` is 'ExternalName'"));
    }
    errors
}

/// The whole Service, after it got its addresses and ports.
pub(crate) fn validate(new: &Value, _: Option<&Value>) -> Vec<FieldError> {
    let spec = FieldPath::from("spec");
    let mut errors = port_errors(new, &spec.child("ports"));
    errors.extend(type_errors(new, &spec));
    for (index, address) in texts(new, "/spec/externalIPs").iter().enumerate() {
        if address.parse::<IpAddr>().is_err() {
            errors.push(FieldError::invalid(
                spec.child("externalIPs").index(index),
                &json!(address),
                ADDRESS,
            ));
        }
    }
    for (index, source) in texts(new, "/spec/loadBalancerSourceRanges").iter().enumerate() {
        if source.trim().parse::<ipnet::IpNet>().is_err() {
            let rule = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            // The real server spells this field as its own type does.
            let path = spec.child("LoadBalancerSourceRanges").index(index);
            errors.push(FieldError::invalid(path, &json!(source), rule));
        }
    }
    errors.extend(selector_errors(new, &spec));
    errors
}

fn selector_errors(service: &Value, spec: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in object::map(service, "/spec/selector").into_iter().flatten() {
        if !names::is_qualified(key) {
            errors.push(FieldError::invalid(spec.child("selector"), &json!(key), names::QUALIFIED));
        }
        if !value.as_str().is_some_and(names::is_label_value) {
            errors.push(FieldError::invalid(spec.child("selector"), value, names::LABEL_VALUE));
        }
    }
    errors
}

fn type_errors(service: &Value, spec: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let balanced = is_type(service, ServiceType::LoadBalancer);
    for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
        if !balanced && service["spec"].get(field).is_some() {
            let rule = "may only be used when `type` is 'LoadBalancer'";
            errors.push(FieldError::forbidden(spec.child(field), rule));
        }
    }
    if is_headless(service) && !is_type(service, ServiceType::ClusterIp) {
        let rule = format!("may not be set to 'None' for {} services", text(service, "/spec/type"));
        errors.push(FieldError::invalid(spec.child("clusterIPs").index(0), &json!("None"), &rule));
    }
    if is_type(service, ServiceType::ExternalName) && text(service, "/spec/externalName").is_empty() {
        errors.push(FieldError::required(spec.child("externalName"), ""));
    }
    let policy = text(service, "/spec/externalTrafficPolicy");
    let reachable = super::is_external(service) || !list(service, "/spec/externalIPs").is_empty();
    if !policy.is_empty() && !reachable {
        let rule = "may only be set for externally-accessible services";
        errors.push(FieldError::invalid(spec.child("externalTrafficPolicy"), &json!(policy), rule));
    }
    let health = number(service, "/spec/healthCheckNodePort");
    if health != 0 && !needs_health_port(service) {
        let rule = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(FieldError::invalid(spec.child("healthCheckNodePort"), &json!(health), rule));
    }
    let class = text(service, "/spec/loadBalancerClass");
    if balanced && !class.is_empty() && !names::is_qualified(class) {
        errors.push(FieldError::invalid(spec.child("loadBalancerClass"), &json!(class), names::QUALIFIED));
    }
    errors
}

fn port_errors(service: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let ports = list(service, "/spec/ports");
    let needed = !is_headless(service) && !is_type(service, ServiceType::ExternalName);
    if ports.is_empty() && needed {
        errors.push(FieldError::required(path.clone(), ""));
    }
    let (mut names, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        errors.extend(one_port_errors(port, ports.len() > 1, &path));
        let name = text(port, "/name");
        if !name.is_empty() && !names.insert(name) {
            errors.push(FieldError::duplicate(path.child("name"), &json!(name)));
        }
        if !pairs.insert((number(port, "/port"), text(port, "/protocol"))) {
            let twin = json!({"port": port["port"], "protocol": port["protocol"]});
            errors.push(FieldError::duplicate(path.clone(), &twin));
        }
        let in_use = number(port, "/nodePort") != 0;
        if in_use && !super::is_external(service) {
            let rule = format!("may not be used when `type` is '{}'", text(service, "/spec/type"));
            errors.push(FieldError::forbidden(path.child("nodePort"), &rule));
        }
    }
    errors
}

fn one_port_errors(port: &Value, named: bool, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = text(port, "/name");
    if named && name.is_empty() {
        errors.push(FieldError::required(path.child("name"), ""));
    }
    if !name.is_empty() && !names::is_label(name) {
        errors.push(FieldError::invalid(path.child("name"), &json!(name), names::LABEL));
    }
    if !(1..=65_535).contains(&number(port, "/port")) {
        errors.push(FieldError::invalid(path.child("port"), &json!(number(port, "/port")), PORT));
    }
    let protocol = text(port, "/protocol");
    if !["SCTP", "TCP", "UDP"].contains(&protocol) {
        let words = [json!("SCTP"), json!("TCP"), json!("UDP")];
        errors.push(FieldError::not_supported(path.child("protocol"), &json!(protocol), &words));
    }
    let target = &port["targetPort"];
    if target.as_i64().is_some_and(|target| !(1..=65_535).contains(&target)) {
        errors.push(FieldError::invalid(path.child("targetPort"), target, PORT));
    }
    errors
}

fn change_errors(new: &Value, old: &Value, spec: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let external = |service: &Value| is_type(service, ServiceType::ExternalName);
    let (first, before) = (text(new, "/spec/clusterIP"), text(old, "/spec/clusterIP"));
    if !external(new) && !external(old) && !before.is_empty() && first != before {
        let path = spec.child("clusterIPs").index(0);
        errors.push(FieldError::invalid(
            path,
            &json!(texts(new, "/spec/clusterIPs")),
            "may not change once set",
        ));
    }
    let health = |service: &Value| number(service, "/spec/healthCheckNodePort");
    if needs_health_port(new) && needs_health_port(old) && health(new) != health(old) {
        errors.push(FieldError::forbidden(spec.child("healthCheckNodePort"), "field is immutable"));
    }
    let balanced = |service: &Value| is_type(service, ServiceType::LoadBalancer);
    let class = |service: &Value| service["spec"].get("loadBalancerClass").cloned().unwrap_or_default();
    if balanced(new) && balanced(old) && class(new) != class(old) {
        errors.push(FieldError::invalid(
            spec.child("loadBalancerClass"),
            &class(new),
            "may not change once set",
        ));
    }
    errors
}

/// The addresses that a load balancer writes.
pub(crate) fn validate_status(service: &Value) -> Vec<FieldError> {
    let path = FieldPath::from("status.loadBalancer.ingress");
    let ingress = list(service, "/status/loadBalancer/ingress");
    if !ingress.is_empty() && !is_type(service, ServiceType::LoadBalancer) {
        let rule = "may only be used when `spec.type` is \"LoadBalancer\"";
        return vec![FieldError::forbidden(path, rule)];
    }
    ingress.iter().enumerate().flat_map(|(index, one)| ingress_errors(one, &path.index(index))).collect()
}

fn ingress_errors(ingress: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (ip, hostname, mode) = (text(ingress, "/ip"), text(ingress, "/hostname"), text(ingress, "/ipMode"));
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        errors.push(FieldError::invalid(path.child("ip"), &json!(ip), ADDRESS));
    }
    if ip.is_empty() && !mode.is_empty() {
        errors.push(FieldError::forbidden(path.child("ipMode"), "may not be specified when `ip` is not set"));
    }
    if !ip.is_empty() && !["VIP", "Proxy"].contains(&mode) {
        errors.push(FieldError::not_supported(
            path.child("ipMode"),
            &json!(mode),
            &[json!("VIP"), json!("Proxy")],
        ));
    }
    if !hostname.is_empty() && (hostname.parse::<IpAddr>().is_ok() || !names::is_subdomain(hostname)) {
        errors.push(FieldError::invalid(path.child("hostname"), &json!(hostname), names::SUBDOMAIN));
    }
    errors
}
