//! Tables: rows for people, rendered by the server.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Receiving resources as Tables".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::Fixture;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

async fn table(fixture: &Fixture, path: &str) -> Value {
    let table = fixture.get_as(path, TABLE).await.ok();
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    table
}

/// Name, type and priority of each column.
fn columns(table: &Value) -> Vec<(String, String, i64)> {
    let text = |column: &Value, field: &str| column[field].as_str().unwrap_or_default().to_owned();
    let columns = table["columnDefinitions"].as_array().expect("columns").iter();
    columns
        .map(|one| (text(one, "name"), text(one, "type"), one["priority"].as_i64().unwrap_or(-1)))
        .collect()
}

fn names(table: &Value) -> Vec<String> {
    columns(table).into_iter().map(|(name, _, _)| name).collect()
}

#[tokio::test]
async fn a_custom_kind_has_the_columns_of_its_definition() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 3}))).await.ok();
        let table = table(fixture, &widgets.path("")).await;
        let expected =
            [("Name", "string", 0), ("Size", "integer", 0), ("Colour", "string", 1), ("Age", "date", 0)];
        let expected = expected.map(|(name, kind, priority)| (name.to_owned(), kind.to_owned(), priority));
        assert_eq!(columns(&table), expected);
        assert_eq!(table["columnDefinitions"][1]["description"], "How large it is.");
        let row = &table["rows"][0];
        let cells = row["cells"].as_array().expect("cells");
        assert_eq!(cells[..3], [json!("one"), json!(3), json!("blue")]);
        assert!(cells[3].as_str().is_some_and(|age| age.ends_with('s')), "{cells:?}");
        assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
        assert_eq!(row["object"]["metadata"]["name"], "one");
        assert!(table["metadata"]["resourceVersion"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_kind_without_columns_shows_its_age() {
    conforms(async |fixture| {
        let mut definition = fixture.widgets_manifest();
        for version in 0..2 {
            let version = definition["spec"]["versions"][version].as_object_mut().expect("a version");
            version.remove("additionalPrinterColumns");
        }
        let widgets = fixture.register(definition).await;
        assert_eq!(names(&table(fixture, &widgets.path("")).await), ["Name", "Age"]);
    })
    .await;
}

#[tokio::test]
async fn paths_of_columns_reach_into_lists_and_conditions() {
    conforms(async |fixture| {
        let mut definition = fixture.widgets_with(json!({
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        }));
        let path = |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
        definition["spec"]["versions"][0]["additionalPrinterColumns"] = json!([
            path("First", "string", ".spec.list[0]"),
            path("All", "string", ".spec.list[*]"),
            path("Ready", "string", ".spec.conditions[?(@.type==\"Ready\")].status"),
            path("Missing", "string", ".spec.none"),
            path("Noted", "string", ".metadata.annotations.patina\\.dev/note"),
            path("On", "boolean", ".spec.on"),
            path("Share", "number", ".spec.share"),
            path("When", "date", ".spec.when"),
            path("Whole", "string", ".spec.map"),
            path("Odd", "integer", ".spec.list[0]"),
        ]);
        let widgets = fixture.register(definition).await;
        let mut widget = widgets.one(json!({
            "list": ["a", "b"], "conditions": [{"type": "Odd", "status": "x"}, {"type": "Ready", "status": "True"}],
            "on": true, "share": 0.5, "when": "2001-01-01T00:00:00Z", "map": {"k": "v"},
        }));
        widget["metadata"]["annotations"] = json!({"patina.dev/note": "hello"});
        fixture.post(&widgets.path(""), &widget).await.ok();
        let table = table(fixture, &widgets.path("one")).await;
        let mut cells = table["rows"][0]["cells"].as_array().expect("cells").clone();
        let when = cells.remove(8);
        assert!(when.as_str().is_some_and(|age| age.ends_with('y')), "{when}");
        let expected = json!(["one", "a", "a", "True", null, "hello", true, 0.5, "{\"k\":\"v\"}", null]);
        assert_eq!(Value::from(cells), expected);
    })
    .await;
}

#[tokio::test]
async fn builtin_kinds_have_the_columns_that_people_know() {
    conforms(async |fixture| {
        for (path, expected) in [
            ("/api/v1/namespaces", "Name Status Age"),
            ("/api/v1/services", "Name Type Cluster-IP External-IP Port(s) Age Selector"),
            ("/api/v1/nodes", "Name Status Roles Age Version Internal-IP External-IP OS-Image Kernel-Version Container-Runtime"),
            ("/api/v1/pods", "Name Ready Status Restarts Age IP Node Nominated Node Readiness Gates"),
            ("/api/v1/configmaps", "Name Data Age"),
            ("/api/v1/secrets", "Name Type Data Age"),
            ("/api/v1/events", "Last Seen Type Reason Object Subobject Source Message First Seen Count Name"),
            ("/apis/apps/v1/deployments", "Name Ready Up-to-date Available Age Containers Images Selector"),
            ("/apis/discovery.k8s.io/v1/endpointslices", "Name AddressType Ports Endpoints Age"),
            ("/apis/coordination.k8s.io/v1/leases", "Name Holder Age"),
            ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "Name Created At"),
            ("/apis/networking.k8s.io/v1/ingresses", "Name Class Hosts Address Ports Age"),
            ("/apis/networking.k8s.io/v1/servicecidrs", "Name CIDRs Age"),
        ] {
            assert_eq!(names(&table(fixture, path).await).join(" "), expected, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_is_shown_with_its_addresses_and_ports() {
    conforms(async |fixture| {
        let service = json!({
            "metadata": {"name": "s"},
            "spec": {
                "type": "LoadBalancer", "selector": {"app": "web"},
                "ports": [{"name": "a", "port": 80, "nodePort": null}, {"name": "b", "port": 53, "protocol": "UDP"}],
            },
        });
        let made = fixture.post(&fixture.core("services"), &service).await.ok();
        let ports = &made["spec"]["ports"];
        let expected = format!("80:{}/TCP,53:{}/UDP", ports[0]["nodePort"], ports[1]["nodePort"]);
        let path = fixture.core("services/s");
        let table = table(fixture, &path).await;
        let cells = table["rows"][0]["cells"].as_array().expect("cells").clone();
        assert_eq!(cells[1], "LoadBalancer");
        assert_eq!(cells[2], made["spec"]["clusterIP"]);
        assert_eq!((&cells[3], &cells[4], &cells[6]), (&json!("<pending>"), &json!(expected), &json!("app=web")));
    })
    .await;
}

#[tokio::test]
async fn rows_carry_as_much_of_the_object_as_is_asked_for() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 3}))).await.ok();
        let whole = table(fixture, &widgets.path("?includeObject=Object")).await;
        assert_eq!(whole["rows"][0]["object"]["spec"]["size"], 3);
        let none = table(fixture, &widgets.path("?includeObject=None")).await;
        assert!(none["rows"][0].get("object").is_none_or(Value::is_null), "{none}");
    })
    .await;
}

#[tokio::test]
async fn a_watch_of_rows_names_the_columns_once() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.named("a", json!({"size": 3}))).await.ok();
        let mut events = fixture.watch_as(&widgets.path(""), TABLE).await;
        let first = events.next().await.expect("a row");
        assert_eq!(first["object"]["rows"][0]["cells"][0], "a");
        assert_eq!(names(&first["object"]).len(), 4);
        fixture.post(&widgets.path(""), &widgets.named("b", json!({"size": 3}))).await.ok();
        let second = events.next().await.expect("a row");
        assert_eq!(second["object"]["rows"][0]["cells"][0], "b");
        assert!(second["object"]["columnDefinitions"].as_array().is_none_or(Vec::is_empty), "{second}");
    })
    .await;
}
