//! get in every form, explain, api-resources.

use crate::kubectl::{Kubectl, cells, widget};

#[tokio::test]
async fn columns_are_those_of_the_real_server() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok("create service loadbalancer web --tcp=80:8080").await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    let services = kubectl.ok("get svc web").await;
    let header = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"];
    assert_eq!(cells(&services)[0], header);
    assert_eq!(cells(&services)[1][..2], ["web", "LoadBalancer"]);
    assert_eq!(cells(&services)[1][3], "<pending>");
    assert_eq!(cells(&kubectl.ok("get wd").await)[0], ["NAME", "SIZE", "AGE"]);
    let wide = kubectl.ok("get wd -o wide").await;
    assert_eq!(cells(&wide)[1][..3], ["one", "3", "blue"]);
    for (kind, header) in [
        ("ns", "NAME STATUS AGE"),
        ("cm", "NAME DATA AGE"),
        ("sa", "NAME SECRETS AGE"),
        ("crd", "NAME CREATED AT"),
    ] {
        let table = kubectl.ok(&format!("get {kind}")).await;
        assert_eq!(cells(&table)[0].join(" "), header);
    }
}

#[tokio::test]
async fn an_object_is_shown_in_every_form() {
    let kubectl = Kubectl::new().await;
    assert_eq!(kubectl.ok("get ns default -o name").await, "namespace/default\n");
    assert!(kubectl.ok("get ns default -o yaml").await.contains("phase: Active"));
    assert!(kubectl.ok("get ns default -o json").await.contains("\"phase\": \"Active\""));
    assert_eq!(kubectl.ok("get ns default -o jsonpath={.status.phase}").await, "Active");
    let selected = kubectl
        .ok("get ns -l kubernetes.io/metadata.name=default --field-selector=status.phase=Active")
        .await;
    assert_eq!(cells(&selected).len(), 2);
    assert_eq!(kubectl.ok("get ns --chunk-size=1 -o name").await.lines().count(), 4);
    assert_eq!(kubectl.ok("get --raw /livez").await, "ok");
}

#[tokio::test]
async fn fields_are_explained() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    let ports = kubectl.ok("explain svc.spec.ports").await;
    assert!(ports.contains("FIELD: ports <[]ServicePort>") && ports.contains("nodePort"), "{ports}");
    let size = kubectl.ok("explain widget.spec.size").await;
    assert!(size.contains("How large it is."), "{size}");
}

#[tokio::test]
async fn resources_and_rights_are_told() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    let resources = kubectl.ok("api-resources --no-headers").await;
    for wanted in ["services", "endpointslices", "leases", "customresourcedefinitions", "widgets"] {
        assert!(resources.lines().any(|line| line.starts_with(wanted)), "{wanted}");
    }
    assert!(kubectl.ok("api-versions").await.contains("patina.dev/v1"));
    assert_eq!(kubectl.ok("auth can-i create services").await, "yes\n");
    assert!(kubectl.ok("cluster-info").await.contains("is running at"));
}

#[tokio::test]
async fn what_is_not_there_is_told_as_the_real_server_tells_it() {
    let kubectl = Kubectl::new().await;
    let missing = kubectl.refused("get svc nope", "").await;
    assert_eq!(missing, "Error from server (NotFound): services \"nope\" not found\n");
    let unknown = kubectl.refused("get nothing", "").await;
    assert!(unknown.contains("the server doesn't have a resource type \"nothing\""), "{unknown}");
    kubectl.ok("run web --image=web:1").await;
    let logs = kubectl.refused("logs web", "").await;
    assert!(logs.contains("the lab runs no kubelet"), "{logs}");
}
