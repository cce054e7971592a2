//! Node ports of a Service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::object::{self, number, set, text};
use crate::random::Random;
use crate::rules::service::{needs_health_port, needs_node_ports, written_ports};
use crate::schema::{FieldError, FieldPath};
use crate::store::Key;

/// Keeps node ports that an update leaves out, and clears those that the new type does not have.
pub(super) fn carry_over(new: &mut Value, old: &Value) {
    let before = object::list(old, "/spec/ports").to_vec();
    let keeps = needs_node_ports(old) && needs_node_ports(new);
    let clears = needs_node_ports(old) && !needs_node_ports(new);
    if let Some(Value::Array(ports)) = new.pointer_mut("/spec/ports") {
        for port in ports {
            let same = before.iter().find(|old| is_same(old, port));
            match same.map(|old| number(old, "/nodePort")).filter(|given| *given > 0) {
                Some(given) if keeps && number(port, "/nodePort") == 0 => port["nodePort"] = json!(given),
                Some(given) if clears && number(port, "/nodePort") == given => {
                    object::remove(port, &["nodePort"]);
                }
                Some(_) | None => {}
            }
        }
    }
    let health = old.pointer("/spec/healthCheckNodePort").cloned();
    if let Some(health) = health.filter(|_| needs_health_port(old) && needs_health_port(new)) {
        object::default(new, &["spec", "healthCheckNodePort"], health);
    }
}

/// A port keeps its node port while its number and protocol stay.
fn is_same(old: &Value, new: &Value) -> bool {
    old["port"] == new["port"] && old["protocol"] == new["protocol"]
}

/// Gives the ports that are missing and refuses those that are not free.
pub(super) fn allocate(
    service: &mut Value,
    ledger: &Ledger,
    key: &Key,
    random: &mut Random,
) -> Vec<FieldError> {
    let mut errors = refused(service, ledger, key);
    if needs_node_ports(service) {
        errors.extend(give(service, ledger, random));
    }
    if needs_health_port(service) && number(service, "/spec/healthCheckNodePort") == 0 {
        match ledger.free_port(&written_ports(service), random) {
            Some(port) => set(service, &["spec", "healthCheckNodePort"], json!(port)),
            None => errors.push(full(&FieldPath::from("spec.healthCheckNodePort"))),
        }
    }
    errors
}

fn refused(service: &Value, ledger: &Ledger, key: &Key) -> Vec<FieldError> {
    let (first, last) = ledger.port_range();
    let mut errors = Vec::new();
    for (index, port) in object::list(service, "/spec/ports").iter().enumerate() {
        let wanted = number(port, "/nodePort");
        let path = FieldPath::from("spec.ports").index(index).child("nodePort");
        let Ok(wanted) = u16::try_from(wanted) else {
            errors.push(FieldError::invalid(path, &json!(wanted), "must be between 1 and 65535, inclusive"));
            continue;
        };
        if wanted == 0 {
            continue;
        }
        if !(first..=last).contains(&wanted) {
            let rule = format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            );
            errors.push(FieldError::invalid(path, &json!(wanted), &rule));
        } else if ledger.port_is_taken(wanted, key) {
            errors.push(FieldError::invalid(path, &json!(wanted), "provided port is already allocated"));
        }
    }
    errors
}

fn give(service: &mut Value, ledger: &Ledger, random: &mut Random) -> Vec<FieldError> {
    let mut chosen: BTreeSet<u16> = written_ports(service);
    let before = object::list(service, "/spec/ports").to_vec();
    let mut errors = Vec::new();
    let Some(Value::Array(ports)) = service.pointer_mut("/spec/ports") else { return errors };
    for index in 0..ports.len() {
        if number(&ports[index], "/nodePort") != 0 {
            continue;
        }
        // One number in two protocols is one node port in two protocols.
        let twin = before.iter().chain(&ports[..index]).find(|other| is_twin(other, &ports[index]));
        let twin = twin.and_then(|twin| u16::try_from(number(twin, "/nodePort")).ok());
        match twin.or_else(|| ledger.free_port(&chosen, random)) {
            Some(port) => {
                chosen.insert(port);
                ports[index]["nodePort"] = json!(port);
            }
            None => errors.push(full(&FieldPath::from("spec.ports").index(index).child("nodePort"))),
        }
    }
    errors
}

fn is_twin(other: &Value, port: &Value) -> bool {
    number(other, "/nodePort") > 0
        && other["port"] == port["port"]
        && text(other, "/protocol") != text(port, "/protocol")
}

fn full(path: &FieldPath) -> FieldError {
    FieldError::invalid(path.clone(), &json!(0), "failed to allocate a nodePort: range is full")
}
