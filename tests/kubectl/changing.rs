//! create, label, annotate, patch, edit, replace, scale, delete.

use crate::kubectl::{Kubectl, widget};

#[tokio::test]
async fn typed_objects_are_created() {
    let kubectl = Kubectl::new().await;
    kubectl.ok("create ns demo").await;
    for words in [
        "configmap c --from-literal=a=b",
        "secret generic s --from-literal=a=b",
        "serviceaccount bot",
        "deployment web --image=web:1 --replicas=2 --port=80",
        "service nodeport web --tcp=80",
        "role r --verb=get --resource=pods",
        "rolebinding rb --role=r --serviceaccount=demo:bot",
        "job j --image=j:1",
        "ingress i --rule=example.org/=web:80",
        "poddisruptionbudget p --selector=app=web --min-available=1",
    ] {
        kubectl.ok(&format!("-n demo create {words}")).await;
    }
    assert_eq!(kubectl.ok("-n demo get deploy web -o jsonpath={.spec.replicas}").await, "2");
    assert_eq!(kubectl.ok("-n demo get secret s -o jsonpath={.data.a}").await, "Yg==");
    kubectl.ok("-n demo expose deployment web --name=out --type=LoadBalancer").await;
    let dry = kubectl.ok("-n demo create configmap d --dry-run=server -o name").await;
    assert_eq!(dry, "configmap/d\n");
    kubectl.refused("-n demo get configmap d", "").await;
}

#[tokio::test]
async fn labels_and_annotations_come_and_go() {
    let kubectl = Kubectl::new().await;
    kubectl.ok("label ns default colour=blue").await;
    kubectl.refused("label ns default colour=red", "").await;
    kubectl.ok("label ns default colour=red --overwrite").await;
    kubectl.ok("annotate ns default note=hello").await;
    let read =
        kubectl.ok("get ns default -o jsonpath={.metadata.labels.colour}:{.metadata.annotations.note}").await;
    assert_eq!(read, "red:hello");
    kubectl.ok("label ns default colour-").await;
    assert_eq!(kubectl.ok("get ns default -o jsonpath={.metadata.labels.colour}").await, "");
}

#[tokio::test]
async fn patches_of_every_type_change_what_they_say() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    kubectl.ok("create deployment web --image=web:1").await;
    kubectl.ok(r#"patch wd one --type=merge -p '{"spec":{"size":4}}'"#).await;
    kubectl.ok(r#"patch wd one --type=json -p '[{"op":"replace","path":"/spec/size","value":5}]'"#).await;
    let strategic = r#"'{"spec":{"template":{"spec":{"containers":[{"name":"more","image":"more:1"}]}}}}'"#;
    kubectl.ok(&format!("patch deploy web -p {strategic}")).await;
    let names = kubectl.ok("get deploy web -o jsonpath={.spec.template.spec.containers[*].name}").await;
    assert_eq!(names.split(' ').count(), 2, "{names}");
    let refused = kubectl.refused(r#"patch wd one --type=strategic -p '{"spec":{"size":4}}'"#, "").await;
    assert!(refused.contains("application/merge-patch+json"), "{refused}");
    let status = r#"'{"status":{"conditions":[{"type":"Ready","status":"True"}]},"spec":{"size":9}}'"#;
    kubectl.ok(&format!("patch wd one --subresource=status --type=merge -p {status}")).await;
    let read = kubectl.ok("get wd one -o jsonpath={.spec.size}:{.status.conditions[0].status}").await;
    assert_eq!(read, "5:True");
}

#[tokio::test]
async fn an_editor_changes_an_object() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    assert_eq!(kubectl.ok("edit wd one").await, "widget.patina.dev/one edited\n");
    assert_eq!(kubectl.ok("get wd one -o jsonpath={.spec.colour}").await, "edited");
}

#[tokio::test]
async fn a_replacement_of_an_old_state_is_a_conflict() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    let old = kubectl.ok("get wd one -o json").await;
    kubectl.ok_with("replace -f -", &old.replace("\"size\": 3", "\"size\": 4")).await;
    let stale = kubectl.refused("replace -f -", &old.replace("\"size\": 3", "\"size\": 5")).await;
    assert!(stale.contains("the object has been modified"), "{stale}");
}

#[tokio::test]
async fn scaling_writes_the_one_number() {
    let kubectl = Kubectl::new().await.with_widgets().await;
    kubectl.ok("create deployment web --image=web:1").await;
    kubectl.ok_with("apply -f -", &widget(3)).await;
    for kind in ["deploy/web", "wd/one"] {
        kubectl.ok(&format!("scale {kind} --replicas=3")).await;
        assert_eq!(kubectl.ok(&format!("get {kind} -o jsonpath={{.spec.replicas}}")).await, "3");
    }
}

#[tokio::test]
async fn deleted_objects_are_gone_when_kubectl_returns() {
    let kubectl = Kubectl::new().await;
    kubectl.ok("create ns demo").await;
    kubectl.ok("-n demo create configmap c").await;
    assert_eq!(kubectl.ok("-n demo delete configmap c").await.trim_end(), "configmap \"c\" deleted");
    kubectl.ok("-n demo create configmap d").await;
    kubectl.ok("delete ns demo --timeout=30s").await;
    kubectl.refused("get ns demo", "").await;
    kubectl.ok("create configmap a").await;
    kubectl.ok("create configmap b").await;
    kubectl.ok("delete configmap --all").await;
    let forbidden = kubectl.refused("delete ns default", "").await;
    assert!(forbidden.contains("this namespace may not be deleted"), "{forbidden}");
}
