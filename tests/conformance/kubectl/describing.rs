//! describe and events.

use crate::kubectl::by_kubectl;

const EVENT: &str = r#"{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e","namespace":"NS"},
    "eventTime":"2030-01-01T00:00:00.000000Z","reportingController":"patina.dev/test","reportingInstance":"t",
    "action":"Assign","reason":"IPAllocated","type":"Normal","note":"assigned 192.0.2.1",
    "regarding":{"apiVersion":"v1","kind":"Service","name":"web","namespace":"NS","uid":"UID"}}"#;

const POD: &str = r#"{"apiVersion":"v1","kind":"List","items":[
    {"apiVersion":"v1","kind":"Node","metadata":{"name":"NS-n1","labels":LABELS},"status":{
        "allocatable":{"cpu":"2","memory":"1Gi"},"addresses":[{"type":"InternalIP","address":"192.0.2.9"}],
        "conditions":[{"type":"Ready","status":"True"}]}},
    {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p1","namespace":"NS"},
        "spec":{"nodeName":"NS-n1","containers":[{"name":"c","image":"c:1"}]}}]}"#;

#[tokio::test]
async fn a_service_is_described_with_its_events() {
    by_kubectl(async |kubectl| {
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
    })
    .await;
}

#[tokio::test]
async fn nodes_pods_namespaces_and_custom_kinds_are_described() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", POD).await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let node = kubectl.ok("describe node NS-n1").await;
        assert!(node.contains("InternalIP:  192.0.2.9") && node.contains("p1"), "{node}");
        assert!(kubectl.ok("describe pod p1").await.contains(&kubectl.said("NS-n1/")));
        assert!(kubectl.ok("describe ns NS").await.contains("Active"));
        assert!(kubectl.ok("describe WD one").await.contains("Size:    3"));
        let nodes = kubectl.ok("get node NS-n1 -o wide --no-headers").await;
        assert!(nodes.contains("Ready") && nodes.contains("192.0.2.9"), "{nodes}");
        kubectl.ok("cordon NS-n1").await;
        assert!(kubectl.ok("get node NS-n1").await.contains("Ready,SchedulingDisabled"));
    })
    .await;
}
