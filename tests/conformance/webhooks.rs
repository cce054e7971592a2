//! Validating webhooks that give no answer: their failure policy decides, about what their rules name and nothing else.
//!
//! What they say when they are reached is told by `tests/parity` and `tests/realcluster`: a real server does not reach this
//! process.
//!
//! Source: Kubernetes documentation, "Dynamic Admission Control", "Failure policy" and "Matching requests: rules".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{Fixture, MERGE, Widgets, eventually};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

impl Fixture {
    /// A webhook that nobody can reach, about these operations on the case's widgets.
    async fn unreachable_webhook(&self, widgets: &Widgets<'_>, operations: Value, policy: &str) {
        let rule = json!({ "apiGroups": [widgets.group], "apiVersions": ["*"], "operations": operations, "resources": ["widgets"] });
        let webhook = json!({
            "name": "gone.patina.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [rule],
            "clientConfig": { "url": "https://127.0.0.1:1/judge" }, "failurePolicy": policy, "timeoutSeconds": 2,
        });
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": { "name": self.namespace, "labels": self.labels() }, "webhooks": [webhook],
        });
        self.post(CONFIGURATIONS, &configuration).await.ok();
    }

    /// Sets the failure policy.
    async fn set_policy(&self, policy: &str) {
        let patch = json!([{ "op": "replace", "path": "/webhooks/0/failurePolicy", "value": policy }]);
        let path = format!("{CONFIGURATIONS}/{}", self.namespace);
        self.patch(&path, crate::fixture::JSON_PATCH, &patch).await.ok();
    }
}

/// Waits until a widget that is judged and not kept is let through; or is not.
async fn passes(fixture: &Fixture, widgets: &Widgets<'_>, passes: bool) {
    let probe = widgets.named("probe", json!({ "size": 1 }));
    let path = widgets.path("?dryRun=All");
    eventually("the policy is in force", async || (fixture.post(&path, &probe).await.code == 201) == passes)
        .await;
}

#[tokio::test]
async fn without_an_answer_fail_refuses_and_ignore_lets_pass() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.unreachable_webhook(&widgets, json!(["CREATE"]), "Fail").await;
        passes(fixture, &widgets, false).await;
        let refused = fixture.post(&widgets.path(""), &widgets.one(json!({ "size": 1 }))).await;
        let message = refused.refused(500, "InternalError");
        let expected = "Internal error occurred: failed calling webhook \"gone.patina.dev\": failed to call webhook: \
                        Post \"https://127.0.0.1:1/judge?timeout=2s\": dial tcp 127.0.0.1:1: ";
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(fixture.get(&widgets.path("one")).await.code, 404);
        fixture.set_policy("Ignore").await;
        passes(fixture, &widgets, true).await;
        fixture.post(&widgets.path(""), &widgets.one(json!({ "size": 1 }))).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_webhook_is_asked_about_what_its_rules_name_and_nothing_else() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({ "size": 1 }))).await.ok();
        fixture.unreachable_webhook(&widgets, json!(["CREATE", "DELETE"]), "Fail").await;
        passes(fixture, &widgets, false).await;
        fixture.patch(&widgets.path("one"), MERGE, &json!({ "spec": { "size": 2 } })).await.ok();
        let status = fixture.patch(&widgets.path("one/status"), MERGE, &json!({ "status": {} })).await;
        status.ok();
        fixture.delete(&widgets.path("one")).await.refused(500, "InternalError");
        fixture.set_policy("Ignore").await;
        passes(fixture, &widgets, true).await;
        fixture.delete(&widgets.path("one")).await.ok();
    })
    .await;
}

#[tokio::test]
async fn what_the_schema_refuses_is_refused_before_a_webhook_is_asked() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.unreachable_webhook(&widgets, json!(["*"]), "Fail").await;
        passes(fixture, &widgets, false).await;
        let wrong = fixture.post(&widgets.path(""), &widgets.one(json!({ "size": "many" }))).await;
        wrong.refused(422, "Invalid");
        fixture.delete(&widgets.path("nobody")).await.refused(404, "NotFound");
    })
    .await;
}
