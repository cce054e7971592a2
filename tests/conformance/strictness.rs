//! Fields that a kind does not know, and writes that are only tried.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Field validation" and "Dry-run".

use hyper::Method;
use serde_json::{Value, json};

use crate::case::{conforms, differs};
use crate::difference::Difference;
use crate::fixture::{APPLY, Answer, Fixture, MERGE};

async fn post_text(fixture: &Fixture, path: &str, media: &str, text: &str) -> Answer {
    fixture.ask(Method::POST, path, "application/json", media, text.into()).await
}

fn service() -> Value {
    json!({"metadata": {"name": "s", "odd": 1}, "spec": {"ports": [{"port": 80, "extra": true}], "prots": []}})
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_about_or_passed_over() {
    conforms(async |fixture| {
        let path = |validation: &str| fixture.core(&format!("services?fieldValidation={validation}"));
        let strict = fixture.post(&path("Strict"), &service()).await;
        assert_eq!(
            strict.refused(400, "BadRequest"),
            "Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \
             \"metadata.odd\", unknown field \"spec.ports[0].extra\", unknown field \"spec.prots\""
        );
        let warned = fixture.post(&path("Warn"), &service()).await;
        let expected = [
            "unknown field \"metadata.odd\"",
            "unknown field \"spec.ports[0].extra\"",
            "unknown field \"spec.prots\"",
        ];
        assert_eq!((warned.code, warned.warnings), (201, expected.map(str::to_owned).to_vec()));
        fixture.delete(&fixture.core("services/s")).await.ok();
        let ignored = fixture.post(&path("Ignore"), &service()).await;
        assert_eq!((ignored.code, ignored.warnings.len()), (201, 0));
        assert_eq!(ignored.body["spec"].get("prots"), None);
        fixture.delete(&fixture.core("services/s")).await.ok();
        let unsaid = fixture.post(&fixture.core("services"), &service()).await;
        assert_eq!(unsaid.warnings.len(), 3, "a warning is what nobody need ask for");
    })
    .await;
}

#[tokio::test]
async fn unknown_fields_of_custom_kinds_too() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let widget =
            widgets.one(json!({"size": 1, "odd": {"deep": 1}, "ports": [{"name": "a", "extra": 1}]}));
        let strict = fixture.post(&widgets.path("?fieldValidation=Strict"), &widget).await;
        assert_eq!(
            strict.refused(400, "BadRequest"),
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \
             \"spec.odd\", unknown field \"spec.ports[0].extra\""
        );
        let warned = fixture.post(&widgets.path(""), &widget).await;
        assert_eq!(warned.warnings, ["unknown field \"spec.odd\"", "unknown field \"spec.ports[0].extra\""]);
        assert_eq!(warned.ok()["spec"].get("odd"), None);
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_said_twice_is_told() {
    conforms(async |fixture| {
        let twice = r#"{"metadata":{"name":"a"},"data":{"k":"1","k":"2"},"immutable":false,"immutable":false}"#;
        let path = |validation: &str| fixture.core(&format!("configmaps?fieldValidation={validation}"));
        let strict = post_text(fixture, &path("Strict"), "application/json", twice).await;
        assert_eq!(
            strict.refused(400, "BadRequest"),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \
             \"data.k\", duplicate field \"immutable\""
        );
        let warned = post_text(fixture, &path("Warn"), "application/json", twice).await;
        assert_eq!(warned.warnings, ["duplicate field \"data.k\"", "duplicate field \"immutable\""]);
        assert_eq!(warned.ok()["data"]["k"], "2", "the last one counts");

        let widgets = fixture.widgets().await;
        let one = widgets.one(json!({"size": 1})).to_string().replace("\"size\":1", "\"size\":1,\"size\":2");
        let strict = post_text(fixture, &widgets.path("?fieldValidation=Strict"), "application/json", &one).await;
        assert!(strict.refused(400, "BadRequest").ends_with("strict decoding error: duplicate field \"spec.size\""));
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_applied_twice_is_told() {
    differs(Difference::RepeatedInApply, async |fixture| {
        let twice =
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}"#;
        let path = fixture.core("configmaps/a?fieldManager=one&fieldValidation=Strict");
        let refused = fixture.ask(Method::PATCH, &path, "application/json", APPLY, twice.into()).await;
        let message = refused.refused(400, "BadRequest");
        assert!(message.contains("key \"k\" already set in map"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn some_words_of_older_yaml_are_no_texts() {
    differs(Difference::OlderYaml, async |fixture| {
        let yes = "metadata:\n  name: a\ndata:\n  answer: yes\n";
        let refused = post_text(fixture, &fixture.core("configmaps"), "application/yaml", yes).await;
        refused.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn changes_are_held_to_the_same_strictness() {
    conforms(async |fixture| {
        let made = fixture.post(&fixture.core("services?fieldValidation=Ignore"), &service()).await.ok();
        let path = fixture.core("services/s?fieldValidation=Strict");
        let mut replaced = made;
        replaced["spec"]["odd"] = json!(1);
        let replaced = fixture.put(&path, &replaced).await;
        assert!(replaced.refused(400, "BadRequest").contains("unknown field \"spec.odd\""), "{replaced:?}");
        let patched = fixture.patch(&path, MERGE, &json!({"spec": {"odd": 1}})).await;
        patched.refused(422, "Invalid");
        assert!(patched.text("/message").contains("unknown field \"spec.odd\""), "{patched:?}");
        let loose = fixture.patch(&fixture.core("services/s"), MERGE, &json!({"spec": {"odd": 1}})).await;
        assert_eq!((loose.code, loose.warnings), (200, vec!["unknown field \"spec.odd\"".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn options_of_writes_are_checked() {
    conforms(async |fixture| {
        let map = json!({"metadata": {"name": "a"}});
        let long = "x".repeat(129);
        for (query, reason, field) in [
            ("fieldValidation=Odd", "FieldValueNotSupported", "fieldValidation"),
            ("dryRun=Some", "FieldValueNotSupported", "dryRun"),
            (&format!("fieldManager={long}"), "FieldValueTooLong", "fieldManager"),
        ] {
            let refused = fixture.post(&fixture.core(&format!("configmaps?{query}")), &map).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes(), [(reason, field)]);
            assert_eq!(refused.body["details"]["kind"], "CreateOptions");
        }
        fixture.get(&fixture.core("configmaps/a")).await.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_only_tried_answers_and_keeps_nothing() {
    conforms(async |fixture| {
        let all = fixture.core("configmaps?dryRun=All");
        let one = |query: &str| fixture.core(&format!("configmaps/a?dryRun=All{query}"));
        let map = json!({"metadata": {"name": "a"}, "data": {"k": "1"}});
        let tried = fixture.post(&all, &map).await;
        assert_eq!(tried.code, 201);
        let tried = tried.ok();
        assert!(
            tried["metadata"]["uid"].is_string() && tried["metadata"].get("resourceVersion").is_none(),
            "{tried}"
        );
        fixture.get(&fixture.core("configmaps/a")).await.refused(404, "NotFound");
        let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        let applied = fixture.patch(&one("&fieldManager=x"), APPLY, &applied).await;
        assert_eq!(applied.code, 201);

        let made = fixture.post(&fixture.core("configmaps"), &map).await.ok();
        fixture.post(&all, &map).await.refused(409, "AlreadyExists");
        let patched = fixture.patch(&one(""), MERGE, &json!({"data": {"k": "2"}})).await.ok();
        assert_eq!(patched["data"]["k"], "2");
        let mut replaced = made.clone();
        replaced["data"]["k"] = json!("3");
        assert_eq!(fixture.put(&one(""), &replaced).await.ok()["data"]["k"], "3");
        fixture
            .put(&one(""), &json!({"metadata": {"name": "a"}, "data": 1}))
            .await
            .refused(400, "BadRequest");
        fixture.delete(&one("")).await.ok();
        assert_eq!(fixture.get(&fixture.core("configmaps/a")).await.ok(), made);
    })
    .await;
}

#[tokio::test]
async fn values_of_a_wrong_type_are_named_with_their_field() {
    conforms(async |fixture| {
        let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": "80"}]}});
        let refused = fixture.post(&fixture.core("services"), &service).await;
        assert_eq!(
            refused.refused(400, "BadRequest"),
            "Service in version \"v1\" cannot be handled as a Service: json: cannot unmarshal string into Go struct \
             field ServicePort.spec.ports.port of type int32"
        );
    })
    .await;
}
