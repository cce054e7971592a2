//! Services: what the server gives and what it refuses.

use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::fixture::{Fixture, object, refusal};

fn service(name: &str, spec: Value) -> Service {
    let mut whole = json!({"ports": [{"port": 80}]});
    json_patch::merge(&mut whole, &spec);
    object(json!({"metadata": {"name": name}, "spec": whole}))
}

async fn create(services: &Api<Service>, name: &str, spec: Value) -> Result<Value, kube::Error> {
    let made = services.create(&PostParams::default(), &service(name, spec)).await?;
    Ok(serde_json::to_value(made).expect("JSON"))
}

async fn patch(services: &Api<Service>, name: &str, patch: Value) -> Result<Value, kube::Error> {
    let patched = services.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(serde_json::to_value(patched).expect("JSON"))
}

#[tokio::test]
async fn a_load_balancer_gets_an_address_inside_and_a_node_port() {
    let fixture = Fixture::new().await;
    let made = create(&fixture.api(), "a", json!({"type": "LoadBalancer"})).await.expect("created");
    let spec = &made["spec"];
    assert!(spec["clusterIP"].as_str().is_some_and(|address| address.starts_with("10.96.")), "{spec}");
    assert_eq!(spec["clusterIPs"], json!([spec["clusterIP"]]));
    assert_eq!(spec["ipFamilies"], json!(["IPv4"]));
    assert_eq!(spec["externalTrafficPolicy"], "Cluster");
    assert!(spec["ports"][0]["nodePort"].as_i64().is_some_and(|port| (30_000..=32_767).contains(&port)));
}

#[tokio::test]
async fn both_families_are_given_when_they_are_wanted() {
    let fixture = Fixture::new().await;
    let services = fixture.api();
    let both = create(&services, "a", json!({"ipFamilyPolicy": "RequireDualStack"})).await.expect("created");
    assert_eq!(both["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
    let second = both["spec"]["clusterIPs"][1].as_str().unwrap_or_default();
    assert!(second.starts_with("fd00:10:96::"), "{second}");
    let one =
        patch(&services, "a", json!({"spec": {"ipFamilyPolicy": "SingleStack"}})).await.expect("patched");
    assert_eq!(one["spec"]["clusterIPs"], json!([both["spec"]["clusterIP"]]));
    let six = create(&services, "b", json!({"ipFamilies": ["IPv6"]})).await.expect("created");
    assert!(six["spec"]["clusterIP"].as_str().is_some_and(|address| address.starts_with("fd00:")));
}

#[tokio::test]
async fn an_address_and_a_port_are_given_once_and_free_again_afterwards() {
    let fixture = Fixture::new().await;
    let services: Api<Service> = fixture.api();
    let fixed =
        json!({"type": "NodePort", "clusterIP": "10.96.7.7", "ports": [{"port": 80, "nodePort": 30_080}]});
    create(&services, "a", fixed.clone()).await.expect("created");
    let taken = refusal(create(&services, "b", json!({"clusterIP": "10.96.7.7"})).await);
    assert!(
        taken.message.ends_with("failed to allocate IP 10.96.7.7: provided IP is already allocated"),
        "{taken}"
    );
    let port = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30_080}]});
    let taken = refusal(create(&services, "b", port).await);
    assert_eq!(
        taken.message,
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    );
    services.delete("a", &kube::api::DeleteParams::default()).await.expect("deleted");
    create(&services, "b", fixed).await.expect("free again");
}

#[tokio::test]
async fn another_type_loses_what_only_the_first_had() {
    let fixture = Fixture::new().await;
    let services: Api<Service> = fixture.api();
    let made =
        create(&services, "a", json!({"type": "LoadBalancer", "loadBalancerClass": "patina.dev/l2"})).await;
    let address = made.expect("created")["spec"]["clusterIP"].clone();
    let ingress = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}));
    let told = services.patch_status("a", &PatchParams::default(), &ingress).await.expect("patched");
    let told = serde_json::to_value(told).expect("JSON");
    assert_eq!(told["status"]["loadBalancer"]["ingress"], json!([{"ip": "192.0.2.1", "ipMode": "VIP"}]));

    let plain = patch(&services, "a", json!({"spec": {"type": "ClusterIP"}})).await.expect("patched");
    assert_eq!(plain["status"]["loadBalancer"], json!({}));
    assert_eq!(plain["spec"]["clusterIP"], address);
    for gone in ["loadBalancerClass", "allocateLoadBalancerNodePorts", "externalTrafficPolicy"] {
        assert_eq!(plain["spec"].get(gone), None, "{gone}");
    }
    assert_eq!(plain["spec"]["ports"][0].get("nodePort"), None);

    let outside = json!({"spec": {"type": "ExternalName", "externalName": "example.org"}});
    let outside = patch(&services, "a", outside).await.expect("patched");
    assert_eq!(outside["spec"].get("clusterIPs"), None);
}

#[tokio::test]
async fn what_may_not_change_does_not() {
    let fixture = Fixture::new().await;
    let services: Api<Service> = fixture.api();
    create(&services, "a", json!({"type": "LoadBalancer", "loadBalancerClass": "a.b/c"}))
        .await
        .expect("created");
    for (spec, field) in [
        (json!({"clusterIP": "10.96.1.1"}), "spec.clusterIPs[0]"),
        (json!({"loadBalancerClass": "a.b/d"}), "spec.loadBalancerClass"),
        (json!({"type": "Odd"}), "spec.type"),
        (json!({"ports": []}), "spec.ports"),
        (json!({"ports": [{"port": 0}]}), "spec.ports[0].port"),
        (json!({"ports": [{"port": 1}, {"port": 2}]}), "spec.ports[0].name"),
    ] {
        let refused = refusal(patch(&services, "a", json!({"spec": spec})).await);
        let causes = refused.details.clone().map(|details| details.causes).unwrap_or_default();
        assert!(causes.iter().any(|cause| cause.field == field), "{field}: {refused:?}");
    }
    let status = |ingress: Value| Patch::Merge(json!({"status": {"loadBalancer": {"ingress": [ingress]}}}));
    let odd = services.patch_status("a", &PatchParams::default(), &status(json!({"ip": "no"}))).await;
    assert_eq!(refusal(odd).code, 422);
}

#[tokio::test]
async fn an_update_that_leaves_out_what_was_given_keeps_it() {
    let fixture = Fixture::new().await;
    let services: Api<Service> = fixture.api();
    let made = create(&services, "a", json!({"type": "LoadBalancer"})).await.expect("created");
    let bare = service("a", json!({"type": "LoadBalancer", "sessionAffinity": "ClientIP"}));
    let kept = services.replace("a", &PostParams::default(), &bare).await.expect("replaced");
    let kept = serde_json::to_value(kept).expect("JSON");
    assert_eq!(kept["spec"]["clusterIPs"], made["spec"]["clusterIPs"]);
    assert_eq!(kept["spec"]["ports"], made["spec"]["ports"]);
}
