//! The built-in kinds and their schemas as the types describe themselves.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use k8s_openapi::api::{
    admissionregistration, apps, authentication, authorization, autoscaling, batch, coordination, core,
    discovery, events, networking, policy, rbac, scheduling, storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// `apiVersion` and `kind`, and the name of the definition that describes it.
pub(super) type Names = BTreeMap<(String, String), String>;

/// Definitions that stand for any JSON at all, whatever their own schema says.
const ANY: [&str; 4] =
    ["JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"];

/// All definitions that the kinds reach, and the kinds themselves.
pub(super) fn read() -> (Map<String, Value>, Names) {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut reader = Reader { generator: settings.into_generator(), names: Names::new() };
    reader.core();
    reader.workloads();
    reader.networking();
    reader.access();
    reader.extensions();
    let mut definitions = reader.generator.take_definitions(false);
    for (name, definition) in &mut definitions {
        complete(name, definition);
    }
    for ((api_version, kind), name) in &reader.names {
        if let Some(definition) = definitions.get_mut(name).and_then(Value::as_object_mut) {
            definition.insert("x-kubernetes-group-version-kind".to_owned(), json!([gvk(api_version, kind)]));
        }
    }
    (definitions, reader.names)
}

fn gvk(api_version: &str, kind: &str) -> Value {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    json!({"group": group, "version": version, "kind": kind})
}

struct Reader {
    generator: SchemaGenerator,
    names: Names,
}

impl Reader {
    fn kind<T: JsonSchema + Resource>(&mut self) {
        self.generator.subschema_for::<T>();
        self.names.insert((T::API_VERSION.to_owned(), T::KIND.to_owned()), T::schema_name().into_owned());
    }

    fn core(&mut self) {
        self.kind::<core::v1::ConfigMap>();
        self.kind::<core::v1::Endpoints>();
        self.kind::<core::v1::Event>();
        self.kind::<core::v1::LimitRange>();
        self.kind::<core::v1::Namespace>();
        self.kind::<core::v1::Node>();
        self.kind::<core::v1::PersistentVolume>();
        self.kind::<core::v1::PersistentVolumeClaim>();
        self.kind::<core::v1::Pod>();
        self.kind::<core::v1::ReplicationController>();
        self.kind::<core::v1::ResourceQuota>();
        self.kind::<core::v1::Secret>();
        self.kind::<core::v1::Service>();
        self.kind::<core::v1::ServiceAccount>();
        self.kind::<coordination::v1::Lease>();
        self.kind::<events::v1::Event>();
        self.kind::<scheduling::v1::PriorityClass>();
        self.kind::<storage::v1::StorageClass>();
    }

    fn workloads(&mut self) {
        self.kind::<apps::v1::ControllerRevision>();
        self.kind::<apps::v1::DaemonSet>();
        self.kind::<apps::v1::Deployment>();
        self.kind::<apps::v1::ReplicaSet>();
        self.kind::<apps::v1::StatefulSet>();
        self.kind::<autoscaling::v1::Scale>();
        self.kind::<batch::v1::CronJob>();
        self.kind::<batch::v1::Job>();
        self.kind::<policy::v1::PodDisruptionBudget>();
    }

    fn networking(&mut self) {
        self.kind::<discovery::v1::EndpointSlice>();
        self.kind::<networking::v1::Ingress>();
        self.kind::<networking::v1::IngressClass>();
        self.kind::<networking::v1::NetworkPolicy>();
        self.kind::<networking::v1::ServiceCIDR>();
    }

    fn access(&mut self) {
        self.kind::<authentication::v1::SelfSubjectReview>();
        self.kind::<authentication::v1::TokenReview>();
        self.kind::<authorization::v1::LocalSubjectAccessReview>();
        self.kind::<authorization::v1::SelfSubjectAccessReview>();
        self.kind::<authorization::v1::SelfSubjectRulesReview>();
        self.kind::<authorization::v1::SubjectAccessReview>();
        self.kind::<rbac::v1::ClusterRole>();
        self.kind::<rbac::v1::ClusterRoleBinding>();
        self.kind::<rbac::v1::Role>();
        self.kind::<rbac::v1::RoleBinding>();
    }

    fn extensions(&mut self) {
        self.kind::<admissionregistration::v1::MutatingWebhookConfiguration>();
        self.kind::<admissionregistration::v1::ValidatingAdmissionPolicy>();
        self.kind::<admissionregistration::v1::ValidatingAdmissionPolicyBinding>();
        self.kind::<admissionregistration::v1::ValidatingWebhookConfiguration>();
        self.kind::<apiextensions::v1::CustomResourceDefinition>();
    }
}

/// Says what a definition leaves unsaid: that it holds anything, and that a reference with words of its
/// own stands beside them (the form OpenAPI v3 documents use).
fn complete(name: &str, definition: &mut Value) {
    let short = name.rsplit('.').next().unwrap_or(name);
    let Some(node) = definition.as_object_mut() else { return };
    if ANY.contains(&short) {
        node.remove("type");
    }
    if !node.contains_key("properties") && matches!(node.get("type"), None | Some(Value::String(_))) {
        let free = node.get("type").is_none_or(|kind| kind == "object");
        if free && !node.contains_key("x-kubernetes-int-or-string") {
            node.insert("x-kubernetes-preserve-unknown-fields".to_owned(), Value::Bool(true));
        }
    }
    wrap_references(definition);
}

fn wrap_references(value: &mut Value) {
    match value {
        Value::Object(node) => {
            let is_reference = node.get("$ref").is_some_and(Value::is_string);
            if is_reference
                && node.len() > 1
                && let Some(target) = node.remove("$ref")
            {
                node.insert("allOf".to_owned(), json!([{"$ref": target}]));
            }
            node.values_mut().for_each(wrap_references);
        }
        Value::Array(list) => list.iter_mut().for_each(wrap_references),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
