use serde_json::{Value, json};

use super::{component, components, definition_name, fill_defaults, object_meta, schema};
use crate::schema::{ListType, MapType, PatchStrategy, Schema};

fn at<'s>(schema: &'s Schema, path: &str) -> &'s Schema {
    path.split('.').fold(schema, |schema, name| match name {
        "[]" => schema.items.as_ref().expect("items"),
        name => schema.field(name).unwrap_or_else(|| panic!("no field {name}")),
    })
}

fn filled(api_version: &str, kind: &str, mut object: Value) -> Value {
    fill_defaults(api_version, kind, &mut object);
    let once = object.clone();
    fill_defaults(api_version, kind, &mut object);
    assert_eq!(object, once, "defaults are filled in once");
    object
}

#[test]
fn lists_are_keyed_as_the_openapi_document_says() {
    let service = schema("v1", "Service").expect("built in");
    let ports = at(&service, "spec.ports");
    assert_eq!(ports.list_type, ListType::Map(vec!["port".into(), "protocol".into()]));
    assert_eq!(ports.patch_merge_key.as_deref(), Some("port"));
    assert_eq!(ports.patch_strategies, [PatchStrategy::Merge]);
    assert_eq!(at(&service, "spec.selector").map_type, MapType::Atomic);
    assert_eq!(at(&service, "status.loadBalancer.ingress").list_type, ListType::Atomic);
    assert_eq!(at(&service, "status.conditions").list_type, ListType::Map(vec!["type".into()]));
    let deployment = schema("apps/v1", "Deployment").expect("built in");
    let pod = at(&deployment, "spec.template.spec");
    assert_eq!(at(pod, "containers").list_type, ListType::Map(vec!["name".into()]));
    assert_eq!(at(pod, "containers.[].env").list_type, ListType::Map(vec!["name".into()]));
    assert_eq!(at(pod, "containers.[].volumeMounts").list_type, ListType::Map(vec!["mountPath".into()]));
    assert_eq!(at(pod, "tolerations").list_type, ListType::Atomic);
    assert_eq!(at(pod, "volumes").patch_strategies, [PatchStrategy::Merge, PatchStrategy::RetainKeys]);
    assert_eq!(at(&deployment, "spec.strategy").patch_strategies, [PatchStrategy::RetainKeys]);
    assert_eq!(at(&deployment, "spec.selector").map_type, MapType::Atomic);
    let meta = object_meta();
    assert_eq!(at(&meta, "finalizers").list_type, ListType::Set);
    assert_eq!(at(&meta, "ownerReferences").list_type, ListType::Map(vec!["uid".into()]));
}

#[test]
fn a_load_balancer_gets_what_its_type_implies() {
    let service = filled(
        "v1",
        "Service",
        json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 53, "protocol": "UDP", "targetPort": "dns"}]}}),
    );
    assert_eq!(
        service["spec"],
        json!({
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": true,
            "externalTrafficPolicy": "Cluster",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "ports": [
                {"port": 80, "protocol": "TCP", "targetPort": 80},
                {"port": 53, "protocol": "UDP", "targetPort": "dns"},
            ],
        })
    );
    assert_eq!(service["status"], json!({"loadBalancer": {}}));
}

#[test]
fn a_cluster_service_gets_no_external_policy() {
    let service = filled("v1", "Service", json!({"spec": {"sessionAffinity": "ClientIP"}}));
    assert_eq!(service["spec"].get("externalTrafficPolicy"), None);
    assert_eq!(service["spec"]["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"], 10800);
    let named = filled("v1", "Service", json!({"spec": {"type": "ExternalName"}}));
    assert_eq!(named["spec"].get("internalTrafficPolicy"), None);
}

#[test]
fn an_address_in_the_status_is_a_virtual_one_unless_it_says_otherwise() {
    let service = filled(
        "v1",
        "Service",
        json!({
            "spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}, {"hostname": "x"}]}},
        }),
    );
    assert_eq!(
        service["status"]["loadBalancer"]["ingress"],
        json!([{"ip": "10.0.0.1", "ipMode": "VIP"}, {"hostname": "x"}])
    );
}

#[test]
fn a_deployment_and_the_pods_in_it_are_filled_in() {
    let deployment = filled(
        "apps/v1",
        "Deployment",
        json!({"spec": {"template": {"spec": {
            "containers": [
                {"name": "a", "image": "registry:5000/web", "ports": [{"containerPort": 80}]},
                {"name": "b", "image": "web:1.2", "resources": {"limits": {"cpu": "1"}}},
                {"name": "c", "image": "web@sha256:00", "readinessProbe": {"httpGet": {"port": 80}}},
            ],
            "volumes": [{"name": "v"}, {"name": "s", "secret": {"secretName": "x"}}],
        }}}}),
    );
    let spec = &deployment["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["revisionHistoryLimit"], 10);
    assert_eq!(spec["strategy"]["rollingUpdate"], json!({"maxSurge": "25%", "maxUnavailable": "25%"}));
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Always");
    assert_eq!(pod["terminationGracePeriodSeconds"], 30);
    let containers = &pod["containers"];
    assert_eq!(containers[0]["imagePullPolicy"], "Always");
    assert_eq!(containers[0]["ports"][0]["protocol"], "TCP");
    assert_eq!(containers[1]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(containers[1]["resources"]["requests"]["cpu"], "1");
    assert_eq!(containers[2]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(
        containers[2]["readinessProbe"]["httpGet"],
        json!({"port": 80, "path": "/", "scheme": "HTTP"})
    );
    assert_eq!(pod["volumes"][0], json!({"name": "v", "emptyDir": {}}));
    assert_eq!(pod["volumes"][1]["secret"]["defaultMode"], 420);
}

#[test]
fn names_follow_from_names() {
    let binding = filled(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User"}, {"kind": "ServiceAccount"}]}),
    );
    assert_eq!(binding["roleRef"]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(binding["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(binding["subjects"][1].get("apiGroup"), None);
    let definition = filled(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        json!({"spec": {"names": {"kind": "IPAddressPool", "plural": "ipaddresspools"}}}),
    );
    assert_eq!(definition["spec"]["names"]["listKind"], "IPAddressPoolList");
    assert_eq!(definition["spec"]["names"]["singular"], "ipaddresspool");
}

#[test]
fn unknown_fields_are_found_at_any_depth() {
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "colour": 1}]}});
    let unknown = schema("v1", "Pod").expect("built in").prune(&mut pod);
    assert_eq!(unknown, ["spec.containers[0].colour"]);
}

#[test]
fn any_json_stays_any_json() {
    let mut definition = json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": {
        "type": "object",
        "properties": {"spec": {
            "default": {"a": [1, null]},
            "items": [{"type": "string"}],
            "additionalProperties": false,
            "properties": {"x": {"type": "object", "properties": {"y": {"enum": [1, "a"]}}}},
        }},
    }}}]}});
    let before = definition.clone();
    let schema = schema("apiextensions.k8s.io/v1", "CustomResourceDefinition").expect("built in");
    assert_eq!(schema.prune(&mut definition), Vec::<String>::new());
    assert_eq!(definition, before);
}

#[test]
fn a_node_may_have_two_addresses_of_one_type() {
    let node = json!({"metadata": {}, "status": {"addresses": [
        {"type": "InternalIP", "address": "10.0.0.1"}, {"type": "InternalIP", "address": "fd00::1"},
    ]}});
    assert_eq!(schema("v1", "Node").expect("built in").validate(&node), []);
}

#[test]
fn the_components_of_a_group_are_complete() {
    let components = components("v1");
    let name = definition_name("v1", "Service").expect("built in");
    assert_eq!(components[name]["x-kubernetes-group-version-kind"][0]["kind"], "Service");
    let text = Value::Object(components.clone()).to_string();
    for target in text.split("#/components/schemas/").skip(1) {
        let target = target.split('"').next().expect("a name");
        assert!(components.contains_key(target), "{target}");
    }
    assert!(component(super::OBJECT_META).contains_key(super::OBJECT_META));
    assert!(schema("v1", "Nothing").is_none());
}
