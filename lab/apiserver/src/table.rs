//! Rows for people: the columns of `kubectl get`, cells rendered by the server.
//!
//! Built-in kinds have a printer each; custom ones the columns of their definition; all others name and age.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::resource::{Builtin, Nature, Resource};

mod age;
mod custom;
mod network;
mod plain;
mod workload;

/// What comes with each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    /// Reads `includeObject`; metadata unless asked otherwise.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "None" => Self::Nothing,
            "Object" => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// Columns of a built-in kind: name, and whether only `-o wide` shows it.
type Columns = &'static [(&'static str, Width)];

/// When a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Always,
    Wide,
}

/// Cells of one object, in the order of the columns.
type Cells = fn(&Value, Timestamp) -> Vec<Value>;

const PRINTERS: &[(Builtin, Columns, Cells)] = &[
    (Builtin::Service, network::SERVICE, network::service),
    (Builtin::Endpoints, network::ENDPOINTS, network::endpoints),
    (Builtin::EndpointSlice, network::SLICE, network::slice),
    (Builtin::Ingress, network::INGRESS, network::ingress),
    (Builtin::IngressClass, network::INGRESS_CLASS, network::ingress_class),
    (Builtin::NetworkPolicy, network::POLICY, network::policy),
    (Builtin::ServiceCidr, network::SERVICE_CIDR, network::service_cidr),
    (Builtin::Pod, workload::POD, workload::pod),
    (Builtin::Deployment, workload::DEPLOYMENT, workload::deployment),
    (Builtin::ReplicaSet, workload::REPLICA_SET, workload::replica_set),
    (Builtin::ReplicationController, workload::REPLICA_SET, workload::replica_set),
    (Builtin::DaemonSet, workload::DAEMON_SET, workload::daemon_set),
    (Builtin::StatefulSet, workload::STATEFUL_SET, workload::stateful_set),
    (Builtin::Job, workload::JOB, workload::job),
    (Builtin::Namespace, plain::NAMESPACE, plain::namespace),
    (Builtin::Node, plain::NODE, plain::node),
    (Builtin::CoreEvent, plain::EVENT, plain::event),
    (Builtin::Event, plain::EVENT, plain::event),
    (Builtin::Secret, plain::SECRET, plain::secret),
    (Builtin::ConfigMap, plain::CONFIG_MAP, plain::config_map),
    (Builtin::ServiceAccount, plain::ACCOUNT, plain::account),
    (Builtin::Lease, plain::LEASE, plain::lease),
    (Builtin::CustomResourceDefinition, plain::CREATED, plain::created),
    (Builtin::Role, plain::CREATED, plain::created),
    (Builtin::ClusterRole, plain::CREATED, plain::created),
    (Builtin::LimitRange, plain::CREATED, plain::created),
    (Builtin::RoleBinding, plain::BINDING, plain::binding),
    (Builtin::ClusterRoleBinding, plain::BINDING, plain::binding),
    (Builtin::PriorityClass, plain::PRIORITY, plain::priority),
];

/// A `Table` of these objects.
pub(crate) fn of(
    resource: &Resource,
    items: &[Arc<Value>],
    metadata: Value,
    include: Include,
    now: Timestamp,
) -> Value {
    let columns = match &resource.nature {
        Nature::Custom(custom) => custom::columns(&custom.columns),
        Nature::Builtin(builtin) => printer(*builtin).0.iter().map(column).collect(),
    };
    let rows: Vec<Value> = items.iter().map(|item| row(resource, item, include, now)).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

/// The printer of a built-in kind.
fn printer(builtin: Builtin) -> (Columns, Cells) {
    let row = PRINTERS.iter().find(|(kind, _, _)| *kind == builtin);
    row.map_or((plain::PLAIN, plain::plain), |(_, columns, cells)| (columns, *cells))
}

fn row(resource: &Resource, item: &Value, include: Include, now: Timestamp) -> Value {
    let cells = match &resource.nature {
        Nature::Custom(custom) => custom::cells(&custom.columns, item, now),
        Nature::Builtin(builtin) => printer(*builtin).1(item, now),
    };
    match include {
        Include::Nothing => json!({"cells": cells}),
        Include::Metadata => json!({"cells": cells, "object": metadata_of(item)}),
        Include::Object => json!({"cells": cells, "object": item}),
    }
}

/// An object reduced to its metadata.
pub(crate) fn metadata_of(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
    })
}

fn column((name, width): &(&str, Width)) -> Value {
    let numbers = ["Desired", "Current", "Up-to-date", "Available", "Data", "Count", "Value"];
    let kind = if numbers.contains(name) { "integer" } else { "string" };
    let format = if *name == "Name" { "name" } else { "" };
    json!({
        "name": name, "type": kind, "format": format, "description": "",
        "priority": if *width == Width::Wide { 1 } else { 0 },
    })
}
