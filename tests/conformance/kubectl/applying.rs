//! apply, from either side, and diff.

use crate::kubectl::by_kubectl;

const SERVICE: &str = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},
    "spec":{"type":"LoadBalancer","selector":{"app":"web"},"ports":[{"name":"http","port":80}]}}"#;

#[tokio::test]
async fn an_applied_object_is_created_then_unchanged_then_configured() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        assert_eq!(kubectl.ok_with("apply -f -", SERVICE).await, "service/web created\n");
        assert_eq!(kubectl.ok_with("apply -f -", SERVICE).await, "service/web unchanged\n");
        let other = SERVICE.replace("\"port\":80", "\"port\":81");
        assert_eq!(kubectl.ok_with("apply -f -", &other).await, "service/web configured\n");
        assert_eq!(kubectl.ok("get svc web -o jsonpath={.spec.ports[*].port}").await, "81");
        assert_eq!(
            kubectl.ok_with("apply -f -", &kubectl.widget(3)).await,
            kubectl.said("widget.GROUP/one created\n")
        );
        assert_eq!(
            kubectl.ok_with("apply -f -", &kubectl.widget(4)).await,
            kubectl.said("widget.GROUP/one configured\n")
        );
    })
    .await;
}

#[tokio::test]
async fn a_bad_manifest_is_refused_with_the_field_and_changes_nothing() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        let large = kubectl.refused("apply -f -", &kubectl.widget(10)).await;
        assert!(large.contains("spec.size: Invalid value: 10"), "{large}");
        let unknown = kubectl
            .refused("apply -f -", &kubectl.widget(3).replace("\"spec\":{", "\"spec\":{\"shape\":1,"))
            .await;
        assert!(unknown.contains("strict decoding error: unknown field \"spec.shape\""), "{unknown}");
        let unknown =
            kubectl.refused("apply -f -", &SERVICE.replace("\"ports\"", "\"prots\":[],\"ports\"")).await;
        assert!(unknown.contains("unknown field \"spec.prots\""), "{unknown}");
        let listed = format!(
            r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
            kubectl.widget(3).replace("size", "sise")
        );
        let unknown = kubectl.refused("apply -f -", &listed).await;
        // Where the server describes its kinds in OpenAPI v2, kubectl looks into lists itself and says it in its own words.
        assert!(unknown.contains("unknown field") && unknown.contains("sise"), "{unknown}");
        assert_eq!(kubectl.ok("get WD,svc -o name").await, "");
    })
    .await;
}

#[tokio::test]
async fn fields_of_another_manager_are_a_conflict_until_forced() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply --server-side --field-manager=one -f -", &kubectl.widget(3)).await;
        let conflict =
            kubectl.refused("apply --server-side --field-manager=two -f -", &kubectl.widget(4)).await;
        assert!(
            conflict.contains("Apply failed with 1 conflict: conflict with \"one\": .spec.size"),
            "{conflict}"
        );
        kubectl
            .ok_with("apply --server-side --field-manager=two --force-conflicts -f -", &kubectl.widget(4))
            .await;
        assert_eq!(kubectl.ok("get WD one -o jsonpath={.spec.size}").await, "4");
        let fields = kubectl.ok("get WD one -o yaml --show-managed-fields").await;
        assert!(fields.contains("manager: two") && fields.contains("operation: Apply"), "{fields}");
    })
    .await;
}

#[tokio::test]
async fn apply_moves_from_the_client_to_the_server() {
    by_kubectl(async |kubectl| {
        kubectl.ok_with("apply -f -", SERVICE).await;
        kubectl.ok_with("apply --server-side -f -", SERVICE).await;
        let fields = kubectl.ok("get svc web -o yaml --show-managed-fields").await;
        assert!(fields.contains("operation: Apply"), "{fields}");
    })
    .await;
}

#[tokio::test]
async fn a_difference_is_shown_and_nothing_is_written() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let said = kubectl.run("diff -f -", &kubectl.widget(4)).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.contains("-  size: 3") && said.out.contains("+  size: 4"), "{}", said.out);
        assert_eq!(kubectl.run("diff -f -", &kubectl.widget(3)).await.code, Some(0));
        assert_eq!(kubectl.ok("get WD one -o jsonpath={.spec.size}").await, "3");
    })
    .await;
}
