//! create, label, annotate, patch, edit, replace, scale, delete.

use crate::kubectl::by_kubectl;

#[tokio::test]
async fn typed_objects_are_created() {
    by_kubectl(async |kubectl| {
        for words in [
            "configmap c --from-literal=a=b",
            "secret generic s --from-literal=a=b",
            "serviceaccount bot",
            "deployment web --image=web:1 --replicas=2 --port=80",
            "service nodeport web --tcp=80",
            "role r --verb=get --resource=pods",
            "rolebinding rb --role=r --serviceaccount=NS:bot",
            "job j --image=j:1",
            "ingress i --rule=example.org/=web:80",
            "poddisruptionbudget p --selector=app=web --min-available=1",
        ] {
            kubectl.ok(&format!("create {words}")).await;
        }
        assert_eq!(kubectl.ok("get deploy web -o jsonpath={.spec.replicas}").await, "2");
        assert_eq!(kubectl.ok("get secret s -o jsonpath={.data.a}").await, "Yg==");
        kubectl.ok("expose deployment web --name=out --type=LoadBalancer").await;
        let dry = kubectl.ok("create configmap d --dry-run=server -o name").await;
        assert_eq!(dry, "configmap/d\n");
        kubectl.refused("get configmap d", "").await;
    })
    .await;
}

#[tokio::test]
async fn labels_and_annotations_come_and_go() {
    by_kubectl(async |kubectl| {
        kubectl.ok("label ns NS colour=blue").await;
        kubectl.refused("label ns NS colour=red", "").await;
        kubectl.ok("label ns NS colour=red --overwrite").await;
        kubectl.ok("annotate ns NS note=hello").await;
        let read =
            kubectl.ok("get ns NS -o jsonpath={.metadata.labels.colour}:{.metadata.annotations.note}").await;
        assert_eq!(read, "red:hello");
        kubectl.ok("label ns NS colour-").await;
        assert_eq!(kubectl.ok("get ns NS -o jsonpath={.metadata.labels.colour}").await, "");
    })
    .await;
}

#[tokio::test]
async fn patches_of_every_type_change_what_they_say() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        kubectl.ok("create deployment web --image=web:1").await;
        kubectl.ok(r#"patch WD one --type=merge -p '{"spec":{"size":4}}'"#).await;
        kubectl.ok(r#"patch WD one --type=json -p '[{"op":"replace","path":"/spec/size","value":5}]'"#).await;
        let strategic =
            r#"'{"spec":{"template":{"spec":{"containers":[{"name":"more","image":"more:1"}]}}}}'"#;
        kubectl.ok(&format!("patch deploy web -p {strategic}")).await;
        let names = kubectl.ok("get deploy web -o jsonpath={.spec.template.spec.containers[*].name}").await;
        assert_eq!(names.split(' ').count(), 2, "{names}");
        let refused = kubectl.refused(r#"patch WD one --type=strategic -p '{"spec":{"size":4}}'"#, "").await;
        assert!(refused.contains("application/merge-patch+json"), "{refused}");
        let status = r#"'{"status":{"conditions":[{"type":"Ready","status":"True"}]},"spec":{"size":9}}'"#;
        kubectl.ok(&format!("patch WD one --subresource=status --type=merge -p {status}")).await;
        let read = kubectl.ok("get WD one -o jsonpath={.spec.size}:{.status.conditions[0].status}").await;
        assert_eq!(read, "5:True");
    })
    .await;
}

#[tokio::test]
async fn an_editor_changes_an_object() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        assert_eq!(kubectl.ok("edit WD one").await, kubectl.said("widget.GROUP/one edited\n"));
        assert_eq!(kubectl.ok("get WD one -o jsonpath={.spec.colour}").await, "edited");
    })
    .await;
}

#[tokio::test]
async fn a_replacement_of_an_old_state_is_a_conflict() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let old = kubectl.ok("get WD one -o json").await;
        kubectl.ok_with("replace -f -", &old.replace("\"size\": 3", "\"size\": 4")).await;
        let stale = kubectl.refused("replace -f -", &old.replace("\"size\": 3", "\"size\": 5")).await;
        assert!(stale.contains("the object has been modified"), "{stale}");
    })
    .await;
}

#[tokio::test]
async fn scaling_writes_the_one_number() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok("create deployment web --image=web:1").await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        for kind in ["deploy/web", "WD/one"] {
            kubectl.ok(&format!("scale {kind} --replicas=3")).await;
            assert_eq!(kubectl.ok(&format!("get {kind} -o jsonpath={{.spec.replicas}}")).await, "3");
        }
    })
    .await;
}

#[tokio::test]
async fn deleted_objects_are_gone_when_kubectl_returns() {
    by_kubectl(async |kubectl| {
        kubectl.ok("create ns NS-demo").await;
        kubectl.ok("-n NS-demo create configmap c").await;
        let deleted = kubectl.ok("-n NS-demo delete configmap c").await;
        assert!(deleted.starts_with("configmap \"c\" deleted"), "{deleted}");
        kubectl.ok("-n NS-demo create configmap d").await;
        kubectl.ok("delete ns NS-demo --timeout=30s").await;
        kubectl.refused("get ns NS-demo", "").await;
        kubectl.ok("create configmap a").await;
        kubectl.ok("create configmap b").await;
        kubectl.ok("delete configmap --all").await;
        let forbidden = kubectl.refused("delete ns default", "").await;
        assert!(forbidden.contains("this namespace may not be deleted"), "{forbidden}");
    })
    .await;
}
