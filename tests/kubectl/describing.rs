//! describe and events.

use crate::kubectl::{Kubectl, widget};

const EVENT: &str = r#"{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e","namespace":"default"},
    "eventTime":"2030-01-01T00:00:00.000000Z","reportingController":"patina.dev/test","reportingInstance":"t",
    "action":"Assign","reason":"IPAllocated","type":"Normal","note":"assigned 192.0.2.1",
    "regarding":{"apiVersion":"v1","kind":"Service","name":"web","namespace":"default","uid":"UID"}}"#;

const POD: &str = r#"{"apiVersion":"v1","kind":"List","items":[
    {"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"status":{
        "allocatable":{"cpu":"2","memory":"1Gi"},"addresses":[{"type":"InternalIP","address":"192.0.2.9"}],
        "conditions":[{"type":"Ready","status":"True"}]}},
    {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p1","namespace":"default"},
        "spec":{"nodeName":"n1","containers":[{"name":"c","image":"c:1"}]}}]}"#;

#[tokio::test]
async fn a_service_is_described_with_its_events() {
    let kubectl = Kubectl::new().await;
    kubectl.ok("create service loadbalancer web --tcp=80").await;
    let uid = kubectl.ok("get svc web -o jsonpath={.metadata.uid}").await;
    kubectl.ok_with("create -f -", &EVENT.replace("UID", &uid)).await;
    let told = kubectl.ok("describe svc web").await;
    for wanted in ["LoadBalancer", "IP Families:", "NodePort:", "IPAllocated", "assigned 192.0.2.1"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(kubectl.ok("events").await.contains("IPAllocated"));
    assert!(kubectl.ok("events --for=service/web").await.contains("IPAllocated"));
    assert!(kubectl.ok("get events").await.contains("service/web"));
}

#[tokio::test]
async fn nodes_pods_namespaces_and_custom_kinds_are_described() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok_with("apply -f -", POD).await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    let node = kubectl.ok("describe node n1").await;
    assert!(node.contains("InternalIP:  192.0.2.9") && node.contains("p1"), "{node}");
    assert!(kubectl.ok("describe pod p1").await.contains("n1/"));
    assert!(kubectl.ok("describe ns default").await.contains("Active"));
    assert!(kubectl.ok("describe wd one").await.contains("Size:    3"));
    let nodes = kubectl.ok("get nodes -o wide --no-headers").await;
    assert!(nodes.contains("Ready") && nodes.contains("192.0.2.9"), "{nodes}");
    kubectl.ok("cordon n1").await;
    assert!(kubectl.ok("get nodes").await.contains("Ready,SchedulingDisabled"));
}
