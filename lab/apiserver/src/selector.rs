//! Label and field selectors of list and watch.
//!
//! Source: Kubernetes documentation, "Labels and Selectors" and "Field Selectors".

use serde_json::Value;

use crate::resource::{Builtin, Nature, Resource};
use crate::status::Status;
use labels::Requirement;

mod labels;

/// What a list or watch lets through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

/// One term of a field selector.
#[derive(Clone, Debug, PartialEq)]
struct FieldRequirement {
    pointer: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Reads both selectors of a request.
    ///
    /// # Errors
    /// 400 when a selector does not parse or names a field that the kind does not offer.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = labels::parse(labels)?;
        let fields = fields
            .split(',')
            .filter(|term| !term.trim().is_empty())
            .map(|term| field_requirement(resource, term.trim()))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// True when it lets everything through.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.matches(object))
            && self.fields.iter().all(|requirement| requirement.matches(object))
    }
}

impl FieldRequirement {
    fn matches(&self, object: &Value) -> bool {
        let found = match object.pointer(&self.pointer) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => absent(&self.pointer).to_owned(),
            Some(other) => other.to_string(),
        };
        (found == self.value) == self.equal
    }
}

/// What the real server compares when a field is not set: booleans are false, all else is empty.
fn absent(pointer: &str) -> &'static str {
    if matches!(pointer, "/spec/unschedulable" | "/spec/hostNetwork") { "false" } else { "" }
}

fn field_requirement(resource: &Resource, term: &str) -> Result<FieldRequirement, Status> {
    let parts = term.split_once("!=").map(|(field, value)| (field, value, false)).or_else(|| {
        term.split_once("==").or_else(|| term.split_once('=')).map(|(field, value)| (field, value, true))
    });
    let Some((field, value, equal)) = parts else {
        return Err(Status::bad_request(format!(
            "invalid field selector: invalid selector: '{term}'; can't understand '{term}'"
        )));
    };
    let pointer = pointer_of(resource, field).ok_or_else(|| Status::bad_request(unknown(resource, field)))?;
    Ok(FieldRequirement { pointer, value: value.to_owned(), equal })
}

/// Kinds without fields of their own are told in other words than those with some.
fn unknown(resource: &Resource, field: &str) -> String {
    match resource.builtin() {
        Some(builtin) if selectable(builtin).is_empty() => {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
        Some(_) | None => format!("field label not supported: {field}"),
    }
}

/// Where a selectable field stands in the stored object, or nothing when the kind does not offer it.
fn pointer_of(resource: &Resource, field: &str) -> Option<String> {
    let by_slashes = |field: &str| format!("/{}", field.replace('.', "/"));
    if field == "metadata.name" || (field == "metadata.namespace") {
        return Some(by_slashes(field));
    }
    match &resource.nature {
        Nature::Custom(custom) => custom
            .selectable
            .iter()
            .any(|one| one.trim_start_matches('.') == field)
            .then(|| by_slashes(field)),
        Nature::Builtin(builtin) => {
            let renamed = RENAMED.iter().find(|(kind, name, _)| kind == builtin && *name == field);
            if let Some((_, _, pointer)) = renamed {
                return Some((*pointer).to_owned());
            }
            selectable(*builtin).contains(&field).then(|| by_slashes(field))
        }
    }
}

/// Fields that a kind offers beside its name and namespace.
const SELECTABLE: &[(Builtin, &[&str])] = &[
    (
        Builtin::Pod,
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (Builtin::Node, &["spec.unschedulable"]),
    (Builtin::Namespace, &["status.phase"]),
    (Builtin::Secret, &["type"]),
    (Builtin::Service, &["spec.clusterIP", "spec.type"]),
    (Builtin::ReplicaSet, &["status.replicas"]),
    (Builtin::ReplicationController, &["status.replicas"]),
    (Builtin::Job, &["status.successful"]),
    (Builtin::CoreEvent, EVENT),
    (Builtin::Event, EVENT),
];

const EVENT: &[&str] = &[
    "reason",
    "type",
    "reportingComponent",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
];

/// Names that differ from the place in the stored object: events are kept in the core form.
const RENAMED: &[(Builtin, &str, &str)] = &[
    (Builtin::CoreEvent, "source", "/source/component"),
    (Builtin::Event, "regarding.kind", "/involvedObject/kind"),
    (Builtin::Event, "regarding.namespace", "/involvedObject/namespace"),
    (Builtin::Event, "regarding.name", "/involvedObject/name"),
    (Builtin::Event, "regarding.uid", "/involvedObject/uid"),
    (Builtin::Event, "regarding.apiVersion", "/involvedObject/apiVersion"),
    (Builtin::Event, "reportingController", "/reportingComponent"),
];

fn selectable(builtin: Builtin) -> &'static [&'static str] {
    SELECTABLE.iter().find(|(kind, _)| *kind == builtin).map_or(&[], |(_, fields)| fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Registry;

    fn matches(labels: &str, fields: &str, object: &Value) -> bool {
        let registry = Registry::builtin();
        let pods = registry.find("", "v1", "pods").expect("pods");
        Selector::parse(pods, labels, fields).expect("selector").matches(object)
    }

    #[test]
    fn every_operator_of_label_selectors_is_understood() {
        let pod = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        for yes in
            ["app=web", "app==web", "app!=db", "app in (web,db)", "app notin (db)", "app", "!db", "x!=y", ""]
        {
            assert!(matches(yes, "", &pod), "{yes}");
        }
        for no in
            ["app=db", "app!=web", "app in (db)", "app notin (web, db)", "!app", "db", "app=web,tier=back"]
        {
            assert!(!matches(no, "", &pod), "{no}");
        }
    }

    #[test]
    fn a_field_that_is_not_set_equals_the_empty_text() {
        let pod = json!({"metadata": {"name": "a"}, "spec": {}});
        assert!(matches("", "spec.nodeName=", &pod));
        assert!(matches("", "spec.nodeName!=n1,metadata.name=a", &pod));
        assert!(matches("", "spec.hostNetwork=false", &pod));
    }

    #[test]
    fn a_field_that_the_kind_does_not_offer_is_refused() {
        let registry = Registry::builtin();
        let pods = registry.find("", "v1", "pods").expect("pods");
        let refusal = Selector::parse(pods, "", "spec.colour=red").expect_err("refusal");
        assert_eq!(refusal.message, "field label not supported: spec.colour");
    }
}
