//! get in every form, explain, api-resources.

use crate::fixture::eventually;
use crate::kubectl::{by_kubectl, cells};

#[tokio::test]
async fn columns_are_those_of_the_real_server() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok("create service loadbalancer web --tcp=80:8080").await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let services = kubectl.ok("get svc web").await;
        let header = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"];
        assert_eq!(cells(&services)[0], header);
        assert_eq!(cells(&services)[1][..2], ["web", "LoadBalancer"]);
        assert_eq!(cells(&services)[1][3], "<pending>");
        assert_eq!(cells(&kubectl.ok("get WD").await)[0], ["NAME", "SIZE", "AGE"]);
        let wide = kubectl.ok("get WD -o wide").await;
        assert_eq!(cells(&wide)[1][..3], ["one", "3", "blue"]);
        for (kind, header) in [
            ("ns", "NAME STATUS AGE"),
            ("cm", "NAME DATA AGE"),
            ("sa", "NAME AGE"),
            ("crd", "NAME CREATED AT"),
        ] {
            let table = kubectl.ok(&format!("get {kind}")).await;
            assert_eq!(cells(&table)[0].join(" "), header);
        }
    })
    .await;
}

#[tokio::test]
async fn an_object_is_shown_in_every_form() {
    by_kubectl(async |kubectl| {
        assert_eq!(kubectl.ok("get ns default -o name").await, "namespace/default\n");
        assert!(kubectl.ok("get ns default -o yaml").await.contains("phase: Active"));
        assert!(kubectl.ok("get ns default -o json").await.contains("\"phase\": \"Active\""));
        assert_eq!(kubectl.ok("get ns default -o jsonpath={.status.phase}").await, "Active");
        let selected = kubectl
            .ok("get ns -l kubernetes.io/metadata.name=default --field-selector=status.phase=Active")
            .await;
        assert_eq!(cells(&selected).len(), 2);
        let all = kubectl.ok("get ns --chunk-size=1 -o name").await;
        assert!(all.lines().any(|line| line == kubectl.said("namespace/NS")), "{all}");
        assert_eq!(kubectl.ok("get --raw /livez").await, "ok");
    })
    .await;
}

#[tokio::test]
async fn fields_are_explained() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        let ports = kubectl.ok("explain svc.spec.ports").await;
        assert!(ports.contains("FIELD: ports <[]ServicePort>") && ports.contains("nodePort"), "{ports}");
        eventually("the kind is described", async || {
            let size = kubectl.run("explain widgets.spec.size --api-version=GROUP/v1", "").await;
            size.code == Some(0) && size.out.contains("How large it is.")
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn resources_and_rights_are_told() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        let resources = kubectl.ok("api-resources --no-headers").await;
        for wanted in ["services", "endpointslices", "leases", "customresourcedefinitions", "widgets"] {
            assert!(resources.lines().any(|line| line.starts_with(wanted)), "{wanted}");
        }
        assert!(kubectl.ok("api-versions").await.contains(&kubectl.said("GROUP/v1")));
        assert_eq!(kubectl.ok("auth can-i create services").await, "yes\n");
        assert!(kubectl.ok("cluster-info").await.contains("is running at"));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_told_as_the_real_server_tells_it() {
    by_kubectl(async |kubectl| {
        let missing = kubectl.refused("get svc nope", "").await;
        assert_eq!(missing, "Error from server (NotFound): services \"nope\" not found\n");
        let unknown = kubectl.refused("get nothing", "").await;
        assert!(unknown.contains("the server doesn't have a resource type \"nothing\""), "{unknown}");
    })
    .await;
}
