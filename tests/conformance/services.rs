//! Services: what the server gives and what it refuses.
//!
//! A real server must serve both families, IPv4 first. Source: Kubernetes documentation, "Service" and "IPv4/IPv6
//! dual-stack".

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use patina::addr::AddressRange;
use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{Answer, Fixture, MERGE, eventually, object};

fn service(name: &str, spec: Value) -> Value {
    let mut whole = json!({"ports": [{"port": 80}]});
    whole.as_object_mut().expect("fields").extend(spec.as_object().cloned().unwrap_or_default());
    json!({"metadata": {"name": name}, "spec": whole})
}

async fn create(fixture: &Fixture, name: &str, spec: Value) -> Answer {
    fixture.post(&fixture.core("services"), &service(name, spec)).await
}

/// Patches the Service `a`.
async fn patch(fixture: &Fixture, spec: Value) -> Answer {
    fixture.patch(&fixture.core("services/a"), MERGE, &json!({"spec": spec})).await
}

fn address(value: &Value) -> IpAddr {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no address: {value}"))
}

#[tokio::test]
async fn a_load_balancer_gets_an_address_inside_and_a_node_port() {
    conforms(async |fixture| {
        let made = create(fixture, "a", json!({"type": "LoadBalancer"})).await.ok();
        let spec = &made["spec"];
        assert!(address(&spec["clusterIP"]).is_ipv4(), "{spec}");
        assert_eq!(spec["clusterIPs"], json!([spec["clusterIP"]]));
        assert_eq!(spec["ipFamilies"], json!(["IPv4"]));
        for (field, value) in [
            ("ipFamilyPolicy", json!("SingleStack")),
            ("externalTrafficPolicy", json!("Cluster")),
            ("internalTrafficPolicy", json!("Cluster")),
            ("sessionAffinity", json!("None")),
            ("allocateLoadBalancerNodePorts", json!(true)),
        ] {
            assert_eq!(spec[field], value, "{field}");
        }
        let port = &spec["ports"][0];
        assert_eq!((&port["protocol"], &port["targetPort"]), (&json!("TCP"), &json!(80)));
        assert!(port["nodePort"].as_i64().is_some_and(|port| port >= 1_024), "{port}");
        assert_eq!(made["status"], json!({"loadBalancer": {}}));
        assert_eq!(made["metadata"].get("generation"), None);
    })
    .await;
}

#[tokio::test]
async fn both_families_are_given_when_they_are_wanted() {
    conforms(async |fixture| {
        let both = create(fixture, "a", json!({"ipFamilyPolicy": "RequireDualStack"})).await.ok();
        assert_eq!(both["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
        assert!(address(&both["spec"]["clusterIPs"][1]).is_ipv6());
        let one = patch(fixture, json!({"ipFamilyPolicy": "SingleStack"})).await.ok();
        assert_eq!(one["spec"]["clusterIPs"], json!([both["spec"]["clusterIP"]]));
        assert_eq!(one["spec"]["ipFamilies"], json!(["IPv4"]));
        let more = patch(fixture, json!({"ipFamilyPolicy": "PreferDualStack"})).await.ok();
        assert_eq!(more["spec"]["clusterIPs"][0], both["spec"]["clusterIP"]);
        assert!(address(&more["spec"]["clusterIPs"][1]).is_ipv6());
        let six = create(fixture, "b", json!({"ipFamilies": ["IPv6"]})).await.ok();
        assert!(address(&six["spec"]["clusterIP"]).is_ipv6());
        let reversed = json!({"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "PreferDualStack"});
        let reversed = create(fixture, "c", reversed).await.ok();
        assert!(address(&reversed["spec"]["clusterIPs"][0]).is_ipv6());
    })
    .await;
}

#[tokio::test]
async fn a_service_without_an_address_of_its_own_says_none() {
    conforms(async |fixture| {
        let headless = create(fixture, "a", json!({"clusterIP": "None", "selector": {"a": "b"}})).await.ok();
        assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
        let outside = json!({"type": "ExternalName", "externalName": "example.org"});
        let outside = create(fixture, "b", outside).await.ok();
        assert_eq!((outside["spec"].get("clusterIP"), outside["spec"].get("ipFamilies")), (None, None));
    })
    .await;
}

#[tokio::test]
async fn an_address_and_a_port_are_given_once_and_free_again_afterwards() {
    conforms(async |fixture| {
        let made = create(fixture, "a", json!({"type": "NodePort"})).await.ok();
        let (ip, port) = (&made["spec"]["clusterIP"], &made["spec"]["ports"][0]["nodePort"]);
        let taken = create(fixture, "b", json!({"clusterIP": ip})).await;
        let message = taken.refused(422, "Invalid");
        let why = format!("failed to allocate IP {}: provided IP is already allocated", address(ip));
        assert_eq!(message, format!("Service \"b\" is invalid: spec.clusterIPs: Invalid value: [{ip}]: {why}"));
        assert_eq!(taken.causes(), [("FieldValueInvalid", "spec.clusterIPs")]);
        let same = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]});
        let taken = create(fixture, "b", same.clone()).await;
        assert_eq!(
            taken.refused(422, "Invalid"),
            format!("Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated")
        );
        fixture.delete(&fixture.core("services/a")).await.ok();
        let mut both = same;
        both["clusterIP"] = ip.clone();
        eventually("both are free again", async || create(fixture, "b", both.clone()).await.code == 201).await;
    })
    .await;
}

#[tokio::test]
async fn another_type_loses_what_only_the_first_had() {
    conforms(async |fixture| {
        let first = json!({"type": "LoadBalancer", "loadBalancerClass": "patina.dev/l2"});
        let made = create(fixture, "a", first).await.ok();
        let ingress = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
        let told = fixture.patch(&fixture.core("services/a/status"), MERGE, &ingress).await.ok();
        assert_eq!(told["status"]["loadBalancer"]["ingress"], json!([{"ip": "192.0.2.1", "ipMode": "VIP"}]));

        let plain = patch(fixture, json!({"type": "ClusterIP"})).await.ok();
        assert_eq!(plain["status"]["loadBalancer"], json!({}));
        assert_eq!(plain["spec"]["clusterIP"], made["spec"]["clusterIP"]);
        for gone in ["loadBalancerClass", "allocateLoadBalancerNodePorts", "externalTrafficPolicy"] {
            assert_eq!(plain["spec"].get(gone), None, "{gone}");
        }
        assert_eq!(plain["spec"]["ports"][0].get("nodePort"), None);
        let outside =
            patch(fixture, json!({"type": "ExternalName", "externalName": "example.org"})).await.ok();
        assert_eq!(outside["spec"].get("clusterIPs"), None);
    })
    .await;
}

#[tokio::test]
async fn conditions_outlive_the_type_they_were_told_of() {
    conforms(async |fixture| {
        create(fixture, "a", json!({"type": "LoadBalancer"})).await.ok();
        let status = json!({"status": {
            "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]},
            "conditions": [{
                "type": "A", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2030-01-01T00:00:00Z",
            }],
        }});
        fixture.patch(&fixture.core("services/a/status"), MERGE, &status).await.ok();
        let plain = patch(fixture, json!({"type": "ClusterIP"})).await.ok();
        assert_eq!(plain["status"]["conditions"][0]["type"], "A");
    })
    .await;
}

#[tokio::test]
async fn a_local_policy_comes_with_a_port_for_health_checks() {
    conforms(async |fixture| {
        let local = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local"});
        let made = create(fixture, "a", local).await.ok();
        assert!(made["spec"]["healthCheckNodePort"].as_i64().is_some_and(|port| port > 0), "{made}");
        let fixed = patch(fixture, json!({"healthCheckNodePort": 1_234})).await;
        fixed.refused(422, "Invalid");
        let cluster = patch(fixture, json!({"externalTrafficPolicy": "Cluster"})).await.ok();
        assert_eq!(cluster["spec"].get("healthCheckNodePort"), None);
    })
    .await;
}

#[tokio::test]
async fn node_ports_may_be_left_out() {
    conforms(async |fixture| {
        let without = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false});
        let made = create(fixture, "a", without).await.ok();
        assert_eq!(made["spec"]["ports"][0].get("nodePort"), None);
    })
    .await;
}

#[tokio::test]
async fn what_may_not_change_does_not() {
    conforms(async |fixture| {
        let class = json!({"type": "LoadBalancer", "loadBalancerClass": "a.b/c"});
        create(fixture, "a", class).await.ok();
        for (spec, reason, field) in [
            (json!({"clusterIP": "192.0.2.99"}), "FieldValueInvalid", "spec.clusterIPs[0]"),
            (json!({"loadBalancerClass": "a.b/d"}), "FieldValueInvalid", "spec.loadBalancerClass"),
            (json!({"type": "Odd"}), "FieldValueNotSupported", "spec.type"),
            (json!({"ports": []}), "FieldValueRequired", "spec.ports"),
            (json!({"ports": [{"port": 0}]}), "FieldValueInvalid", "spec.ports[0].port"),
            (
                json!({"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}),
                "FieldValueDuplicate",
                "spec.ports[1].name",
            ),
            (
                json!({"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 1}]}),
                "FieldValueDuplicate",
                "spec.ports[1]",
            ),
            (
                json!({"ports": [{"port": 1, "protocol": "ICMP"}]}),
                "FieldValueNotSupported",
                "spec.ports[0].protocol",
            ),
            (json!({"sessionAffinity": "Odd"}), "FieldValueNotSupported", "spec.sessionAffinity"),
            (json!({"externalTrafficPolicy": "Odd"}), "FieldValueNotSupported", "spec.externalTrafficPolicy"),
            (json!({"externalIPs": ["no"]}), "FieldValueInvalid", "spec.externalIPs[0]"),
            (
                json!({"loadBalancerSourceRanges": ["no"]}),
                "FieldValueInvalid",
                "spec.LoadBalancerSourceRanges[0]",
            ),
            (json!({"ipFamilies": ["IPv6"]}), "FieldValueInvalid", "spec.clusterIPs[0]"),
        ] {
            let refused = patch(fixture, spec.clone()).await;
            refused.refused(422, "Invalid");
            assert!(refused.causes().contains(&(reason, field)), "{spec}: {refused:?}");
        }
        let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "no"}]}}});
        let odd = fixture.patch(&fixture.core("services/a/status"), MERGE, &status).await;
        odd.refused(422, "Invalid");
        assert_eq!(odd.causes(), [("FieldValueInvalid", "status.loadBalancer.ingress[0].ip")]);
    })
    .await;
}

#[tokio::test]
async fn a_new_service_must_make_sense() {
    conforms(async |fixture| {
        for (spec, reason, field) in [
            (json!({"ports": null}), "FieldValueRequired", "spec.ports"),
            (json!({"type": "ExternalName"}), "FieldValueRequired", "spec.externalName"),
            (json!({"ports": [{"port": 1}, {"port": 2}]}), "FieldValueRequired", "spec.ports[0].name"),
            (json!({"loadBalancerClass": "a.b/c"}), "FieldValueForbidden", "spec.loadBalancerClass"),
            (json!({"externalTrafficPolicy": "Local"}), "FieldValueInvalid", "spec.externalTrafficPolicy"),
            (json!({"clusterIP": "192.0.2.300"}), "FieldValueInvalid", "spec.clusterIPs[0]"),
            (
                json!({"clusterIPs": ["192.0.2.1"], "clusterIP": "192.0.2.2"}),
                "FieldValueInvalid",
                "spec.clusterIPs",
            ),
            (json!({"type": "LoadBalancer", "clusterIP": "None"}), "FieldValueInvalid", "spec.clusterIPs[0]"),
            (json!({"ipFamilies": ["IPv4", "IPv4"]}), "FieldValueDuplicate", "spec.ipFamilies[1]"),
            (json!({"selector": {"a": "b c"}}), "FieldValueInvalid", "spec.selector"),
        ] {
            let refused = create(fixture, "a", spec.clone()).await;
            refused.refused(422, "Invalid");
            assert!(refused.causes().contains(&(reason, field)), "{spec}: {refused:?}");
        }
        let digit = create(fixture, "1a", json!({})).await;
        digit.refused(422, "Invalid");
        assert_eq!(digit.causes(), [("FieldValueInvalid", "metadata.name")]);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_leaves_out_what_was_given_keeps_it() {
    conforms(async |fixture| {
        let made = create(fixture, "a", json!({"type": "LoadBalancer"})).await.ok();
        let services: Api<Service> = fixture.api();
        let bare: Service =
            object(service("a", json!({"type": "LoadBalancer", "sessionAffinity": "ClientIP"})));
        let kept = services.replace("a", &PostParams::default(), &bare).await.expect("replaced");
        let kept = serde_json::to_value(kept).expect("JSON");
        assert_eq!(kept["spec"]["clusterIPs"], made["spec"]["clusterIPs"]);
        assert_eq!(kept["spec"]["ports"], made["spec"]["ports"]);
        assert_eq!(kept["spec"]["sessionAffinityConfig"], json!({"clientIP": {"timeoutSeconds": 10800}}));
    })
    .await;
}

#[tokio::test]
async fn status_may_carry_labels_of_a_service_but_not_its_wishes() {
    conforms(async |fixture| {
        create(fixture, "a", json!({"type": "LoadBalancer"})).await.ok();
        let services: Api<Service> = fixture.api();
        let patch = Patch::Merge(json!({
            "metadata": {"annotations": {"a": "b"}}, "spec": {"sessionAffinity": "ClientIP"},
            "status": {"loadBalancer": {"ingress": [{"hostname": "example.org"}]}},
        }));
        let told = services.patch_status("a", &PatchParams::default(), &patch).await.expect("patched");
        let told = serde_json::to_value(told).expect("JSON");
        assert_eq!(told["spec"]["sessionAffinity"], "None");
        assert_eq!(told["metadata"]["annotations"]["a"], "b");
        assert_eq!(told["status"]["loadBalancer"]["ingress"], json!([{"hostname": "example.org"}]));
    })
    .await;
}

#[tokio::test]
async fn the_server_says_of_which_ranges_cluster_addresses_are() {
    conforms(async |fixture| {
        let declared = fixture.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes").await.ok();
        assert_eq!(declared["metadata"].get("generation"), None);
        let range: AddressRange =
            declared["spec"]["cidrs"][0].as_str().expect("a range").parse().expect("a prefix");
        let made = create(fixture, "a", json!({})).await.ok();
        assert!(range.contains(address(&made["spec"]["clusterIP"])), "{range} {made}");
    })
    .await;
}
