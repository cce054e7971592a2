//! Cluster addresses and families of a Service.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::ledger::{Family, Ledger};
use crate::object::{self, set, text, texts};
use crate::random::Random;
use crate::rules::service::{ServiceType, is_headless, is_type};
use crate::schema::{FieldError, FieldPath};
use crate::store::Key;

/// `spec.ipFamilyPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Single,
    Prefer,
    Require,
}

const PLACES: &[&str] = &["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

/// Keeps addresses that an update leaves out.
pub(super) fn carry_over(new: &mut Value, old: &Value) {
    let external = ServiceType::ExternalName;
    if is_type(old, external) {
        return;
    }
    if is_type(new, external) {
        return clear_untouched(new, old);
    }
    one_and_many(new, old);
    if text(new, "/spec/clusterIP").is_empty() && texts(new, "/spec/clusterIPs").is_empty() {
        for field in &PLACES[..2] {
            object::set_or_remove(new, &["spec", field], old["spec"].get(field).cloned());
        }
    }
    for field in &PLACES[2..] {
        if new["spec"].get(field).is_none_or(Value::is_null) {
            object::set_or_remove(new, &["spec", field], old["spec"].get(field).cloned());
        }
    }
}

/// An ExternalName has no address of its own; what it still carries from before goes.
fn clear_untouched(new: &mut Value, old: &Value) {
    for field in PLACES {
        if new["spec"].get(field) == old["spec"].get(field) {
            object::remove(new, &["spec", field]);
        }
    }
}

/// `clusterIP` and the first of `clusterIPs` are one value; an update may change either.
fn one_and_many(new: &mut Value, old: &Value) {
    let one = text(new, "/spec/clusterIP").to_owned();
    let many = texts(new, "/spec/clusterIPs");
    let one_changed = one != text(old, "/spec/clusterIP");
    let many_changed = many != texts(old, "/spec/clusterIPs");
    if one_changed && !many_changed {
        let many = if one.is_empty() { None } else { Some(json!([one])) };
        object::set_or_remove(new, &["spec", "clusterIPs"], many);
    } else if many_changed && !one_changed {
        object::set_or_remove(new, &["spec", "clusterIP"], many.first().map(|first| json!(first)));
    }
}

/// Settles families and gives the addresses that are missing.
pub(super) fn allocate(
    service: &mut Value,
    old: Option<&Value>,
    ledger: &Ledger,
    key: &Key,
    random: &mut Random,
) -> Vec<FieldError> {
    if is_type(service, ServiceType::ExternalName) {
        return Vec::new();
    }
    if texts(service, "/spec/clusterIPs").is_empty() && !text(service, "/spec/clusterIP").is_empty() {
        let one = text(service, "/spec/clusterIP").to_owned();
        set(service, &["spec", "clusterIPs"], json!([one]));
    }
    let families = match families(service, old, ledger) {
        Ok(families) => families,
        Err(error) => return vec![error],
    };
    let words: Vec<&str> = families.iter().map(|family| family.word()).collect();
    set(service, &["spec", "ipFamilies"], json!(words));
    if is_headless(service) {
        set(service, &["spec", "clusterIPs"], json!(["None"]));
        return Vec::new();
    }
    match addresses(service, &families, ledger, key, random) {
        Ok(addresses) => {
            let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            object::set_or_remove(service, &["spec", "clusterIP"], texts.first().map(|first| json!(first)));
            set(service, &["spec", "clusterIPs"], json!(texts));
            Vec::new()
        }
        Err(error) => vec![error],
    }
}

/// The families that the Service gets, first one first.
fn families(service: &mut Value, old: Option<&Value>, ledger: &Ledger) -> Result<Vec<Family>, FieldError> {
    let path = FieldPath::from("spec.ipFamilyPolicy");
    let given: Vec<Family> =
        texts(service, "/spec/ipFamilies").iter().filter_map(|word| Family::parse(word)).collect();
    let addresses = texts(service, "/spec/clusterIPs");
    let of_addresses: Vec<Family> =
        addresses.iter().filter_map(|address| address.parse().ok()).map(Family::of).collect();
    let policy = policy(service, &given, &of_addresses);
    let wanted_two = given.len().max(of_addresses.len()) > 1;
    if policy == Policy::Single && wanted_two && !was_dual(old) {
        let rule = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
        return Err(FieldError::invalid(path, &service["spec"]["ipFamilyPolicy"], rule));
    }
    let known = if given.len() >= of_addresses.len() { given } else { of_addresses };
    let first = known.first().copied().unwrap_or(ledger.default_family());
    let second = known.get(1).copied().or_else(|| (policy != Policy::Single).then(|| first.other()));
    let mut families = vec![first];
    families.extend(second.filter(|second| policy != Policy::Single && *second != first));
    families.retain(|family| ledger.range(*family).is_some());
    if families.is_empty() {
        let rule = "not configured on this cluster";
        return Err(FieldError::invalid(
            FieldPath::from("spec.ipFamilies").index(0),
            &json!(first.word()),
            rule,
        ));
    }
    if policy == Policy::Require && families.len() < 2 {
        let rule = "this cluster is not configured for dual-stack services";
        return Err(FieldError::invalid(path, &json!("RequireDualStack"), rule));
    }
    Ok(families)
}

/// Going back to one family is allowed: the second goes.
fn was_dual(old: Option<&Value>) -> bool {
    old.is_some_and(|old| texts(old, "/spec/ipFamilies").len() > 1)
}

fn policy(service: &mut Value, given: &[Family], of_addresses: &[Family]) -> Policy {
    let headless = is_headless(service);
    let selects = object::map(service, "/spec/selector").is_some_and(|selector| !selector.is_empty());
    let default = match (headless && !selects && given.is_empty(), given.len().max(of_addresses.len())) {
        (true, _) | (false, 2..) => "RequireDualStack",
        (false, _) => "SingleStack",
    };
    object::default_text(service, &["spec", "ipFamilyPolicy"], default);
    match text(service, "/spec/ipFamilyPolicy") {
        "PreferDualStack" => Policy::Prefer,
        "RequireDualStack" => Policy::Require,
        _ => Policy::Single,
    }
}

/// One address per family: the written one, or a free one.
fn addresses(
    service: &Value,
    families: &[Family],
    ledger: &Ledger,
    key: &Key,
    random: &mut Random,
) -> Result<Vec<IpAddr>, FieldError> {
    let written: Vec<IpAddr> =
        texts(service, "/spec/clusterIPs").iter().filter_map(|address| address.parse().ok()).collect();
    let mut chosen = Vec::new();
    for family in families {
        let address = match written.iter().find(|address| Family::of(**address) == *family) {
            Some(address) => held(*address, ledger, key)?,
            None => free(*family, ledger, random)?,
        };
        chosen.push(address);
    }
    Ok(chosen)
}

fn held(address: IpAddr, ledger: &Ledger, key: &Key) -> Result<IpAddr, FieldError> {
    let refusal = |why: &str| {
        let rule = format!("failed to allocate IP {address}: {why}");
        FieldError::invalid(FieldPath::from("spec.clusterIPs"), &json!([address]), &rule)
    };
    let range = ledger.range(Family::of(address)).filter(|range| range.contains(&address));
    if range.is_none() {
        let ranges = ledger.range(Family::of(address)).map(ToString::to_string).unwrap_or_default();
        let why = format!(
            "the provided IP ({address}) is not in the valid range. The range of valid IPs is {ranges}"
        );
        return Err(refusal(&why));
    }
    match ledger.holder(address) {
        Some(holder) if holder != key => Err(refusal("provided IP is already allocated")),
        Some(_) | None => Ok(address),
    }
}

fn free(family: Family, ledger: &Ledger, random: &mut Random) -> Result<IpAddr, FieldError> {
    ledger.free_address(family, random).ok_or_else(|| {
        let rule = "failed to allocate a serviceIP: range is full";
        FieldError::invalid(FieldPath::from("spec.clusterIPs"), &json!([]), rule)
    })
}
