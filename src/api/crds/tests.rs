use serde_json::{Value, json};

use super::*;

fn definition(name: &str) -> Value {
    let crd = crds().unwrap().into_iter().find(|crd| crd.metadata.name.as_deref() == Some(name));
    serde_json::to_value(crd.expect(name)).unwrap()
}

fn schema(name: &str, version: &str) -> Value {
    let definition = definition(name);
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let found = versions.iter().find(|v| v["name"] == version).expect(version);
    found["schema"]["openAPIV3Schema"].clone()
}

/// What the rules say of a pool with this one entry.
fn entry(text: &str) -> Result<(), String> {
    let object = json!({
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": { "name": "p" },
        "spec": { "addresses": [text] },
    });
    let schema = schema("ipaddresspools.metallb.io", "v1beta1");
    kube::core::cel::Validator::new().validate(&schema, &object, None).map_err(|errors| format!("{errors:?}"))
}

#[test]
fn all_nine_kinds_are_defined_with_a_status_subresource() {
    let all = crds().unwrap();
    let nine: Vec<_> = all.iter().filter(|crd| crd.spec.group == crate::api::GROUP).collect();
    assert_eq!(nine.len(), 9);
    for crd in nine {
        for version in &crd.spec.versions {
            assert!(
                version.subresources.as_ref().is_some_and(|s| s.status.is_some()),
                "{:?}",
                crd.metadata.name
            );
        }
    }
}

#[test]
fn only_the_newer_version_of_a_peer_is_stored() {
    let definition = definition("bgppeers.metallb.io");
    let stored: Vec<_> = definition["spec"]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["name"].as_str().unwrap(), v["served"] == true, v["storage"] == true))
        .collect();
    assert_eq!(stored, [("v1beta2", true, true), ("v1beta1", true, false)]);
}

#[test]
fn a_pool_needs_its_spec_and_an_advertisement_does_not() {
    assert_eq!(schema("ipaddresspools.metallb.io", "v1beta1")["required"], json!(["spec"]));
    assert_eq!(schema("l2advertisements.metallb.io", "v1beta1").get("required"), None);
    assert_eq!(schema("configurationstates.metallb.io", "v1beta1").get("required"), None);
}

#[test]
fn nothing_is_nullable_and_nothing_is_left_open() {
    let text = serde_json::to_string(&crds().unwrap()).unwrap();
    for word in ["nullable", "preserve-unknown-fields", "anyOf", "oneOf", "uint", "$ref"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn entries_that_mean_addresses_are_accepted() {
    for text in [
        "192.0.2.0/28",
        "192.0.2.10-192.0.2.20",
        "192.0.2.10 - 192.0.2.20",
        "192.0.2.9-192.0.2.9",
        "192.0.2.200-192.0.3.1",
        "2001:db8::/64",
        "2001:db8::1-2001:db8::ff",
    ] {
        assert_eq!(entry(text), Ok(()), "{text}");
    }
}

#[test]
fn entries_that_mean_nothing_are_refused() {
    for (text, why) in [
        ("192.0.2.1", "must be a prefix"),
        ("192.0.2.0/33", "must be a prefix"),
        ("garbage", "must be a prefix"),
        ("192.0.2.10-", "two addresses"),
        ("192.0.2.10-2001:db8::1", "two addresses"),
        ("192.0.2.1-192.0.2.2-192.0.2.3", "two addresses"),
        ("192.0.2.10-192.0.2.1", "backwards"),
        ("192.0.3.1-192.0.2.200", "backwards"),
    ] {
        let refused = entry(text).expect_err(text);
        assert!(refused.contains(why), "{text}: {refused}");
    }
}
