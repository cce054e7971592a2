//! The table of built-in resources: one row each.

use crate::resource::{Nature, Resource, ScalePaths, Scope, StorageId};

/// A built-in kind. Kinds whose rules, columns or side effects differ from the plain ones are matched by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Builtin {
    Namespace,
    Node,
    Pod,
    Service,
    Endpoints,
    EndpointSlice,
    CoreEvent,
    Event,
    Secret,
    ConfigMap,
    ServiceAccount,
    Lease,
    Deployment,
    ReplicaSet,
    DaemonSet,
    StatefulSet,
    ControllerRevision,
    Job,
    CronJob,
    Ingress,
    IngressClass,
    ServiceCidr,
    NetworkPolicy,
    ResourceQuota,
    LimitRange,
    PersistentVolume,
    PersistentVolumeClaim,
    ReplicationController,
    PodDisruptionBudget,
    PriorityClass,
    StorageClass,
    Role,
    RoleBinding,
    ClusterRole,
    ClusterRoleBinding,
    ValidatingWebhookConfiguration,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    CustomResourceDefinition,
    SelfSubjectAccessReview,
    SelfSubjectRulesReview,
    SubjectAccessReview,
    LocalSubjectAccessReview,
    TokenReview,
    SelfSubjectReview,
}

impl Builtin {
    /// True for kinds that are answered and never kept.
    pub(crate) fn is_review(self) -> bool {
        self >= Self::SelfSubjectAccessReview
    }

    /// True for kinds whose PUT creates what is missing.
    pub(crate) fn creates_on_update(self) -> bool {
        matches!(self, Self::Endpoints | Self::Lease | Self::CoreEvent | Self::Event | Self::LimitRange)
            || matches!(self, Self::Role | Self::RoleBinding | Self::ClusterRole | Self::ClusterRoleBinding)
    }

    /// True for kinds that are written only against a named revision.
    pub(crate) fn needs_revision(self) -> bool {
        matches!(self, Self::Lease | Self::CustomResourceDefinition)
            || matches!(self, Self::EndpointSlice | Self::PodDisruptionBudget)
    }
}

/// What a row offers beside the plain verbs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offers {
    /// No subresource, no generation.
    Plain,
    /// No subresource; generation is counted.
    Counted,
    /// `status`, no generation.
    Status,
    /// `status` and generation.
    CountedStatus,
    /// `status`, `scale` and generation.
    Scaled,
}

struct Row(
    Builtin,
    &'static str,
    &'static str,
    &'static str,
    Scope,
    &'static [&'static str],
    &'static [&'static str],
    Offers,
);

use Builtin as B;
use Offers::{Counted, CountedStatus, Plain, Scaled, Status};
use Scope::{Cluster, Namespaced};

const ADMISSION: &str = "admissionregistration.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io/v1";
const AUTHORIZATION: &str = "authorization.k8s.io/v1";
const AUTHENTICATION: &str = "authentication.k8s.io/v1";
const EXTENSIONS: &str = "apiextensions.k8s.io/v1";
const ALL: &[&str] = &["all"];

/// kind · apiVersion · plural · Kind · scope · short names · categories · offers
const ROWS: &[Row] = &[
    Row(B::ConfigMap, "v1", "configmaps", "ConfigMap", Namespaced, &["cm"], &[], Plain),
    Row(B::Endpoints, "v1", "endpoints", "Endpoints", Namespaced, &["ep"], &[], Plain),
    Row(B::CoreEvent, "v1", "events", "Event", Namespaced, &["ev"], &[], Plain),
    Row(B::LimitRange, "v1", "limitranges", "LimitRange", Namespaced, &["limits"], &[], Plain),
    Row(B::Namespace, "v1", "namespaces", "Namespace", Cluster, &["ns"], &[], Status),
    Row(B::Node, "v1", "nodes", "Node", Cluster, &["no"], &[], Status),
    Row(
        B::PersistentVolumeClaim,
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        Namespaced,
        &["pvc"],
        &[],
        Status,
    ),
    Row(B::PersistentVolume, "v1", "persistentvolumes", "PersistentVolume", Cluster, &["pv"], &[], Status),
    Row(B::Pod, "v1", "pods", "Pod", Namespaced, &["po"], ALL, CountedStatus),
    Row(
        B::ReplicationController,
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        Namespaced,
        &["rc"],
        ALL,
        Scaled,
    ),
    Row(B::ResourceQuota, "v1", "resourcequotas", "ResourceQuota", Namespaced, &["quota"], &[], Status),
    Row(B::Secret, "v1", "secrets", "Secret", Namespaced, &[], &[], Plain),
    Row(B::ServiceAccount, "v1", "serviceaccounts", "ServiceAccount", Namespaced, &["sa"], &[], Plain),
    Row(B::Service, "v1", "services", "Service", Namespaced, &["svc"], ALL, Status),
    Row(
        B::MutatingWebhookConfiguration,
        ADMISSION,
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        Cluster,
        &[],
        &["api-extensions"],
        Counted,
    ),
    Row(
        B::ValidatingAdmissionPolicy,
        ADMISSION,
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        Cluster,
        &[],
        &["api-extensions"],
        CountedStatus,
    ),
    Row(
        B::ValidatingAdmissionPolicyBinding,
        ADMISSION,
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        Cluster,
        &[],
        &["api-extensions"],
        Counted,
    ),
    Row(
        B::ValidatingWebhookConfiguration,
        ADMISSION,
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        Cluster,
        &[],
        &["api-extensions"],
        Counted,
    ),
    Row(
        B::CustomResourceDefinition,
        EXTENSIONS,
        "customresourcedefinitions",
        "CustomResourceDefinition",
        Cluster,
        &["crd", "crds"],
        &["api-extensions"],
        CountedStatus,
    ),
    Row(
        B::ControllerRevision,
        "apps/v1",
        "controllerrevisions",
        "ControllerRevision",
        Namespaced,
        &[],
        &[],
        Plain,
    ),
    Row(B::DaemonSet, "apps/v1", "daemonsets", "DaemonSet", Namespaced, &["ds"], ALL, CountedStatus),
    Row(B::Deployment, "apps/v1", "deployments", "Deployment", Namespaced, &["deploy"], ALL, Scaled),
    Row(B::ReplicaSet, "apps/v1", "replicasets", "ReplicaSet", Namespaced, &["rs"], ALL, Scaled),
    Row(B::StatefulSet, "apps/v1", "statefulsets", "StatefulSet", Namespaced, &["sts"], ALL, Scaled),
    Row(
        B::SelfSubjectReview,
        AUTHENTICATION,
        "selfsubjectreviews",
        "SelfSubjectReview",
        Cluster,
        &[],
        &[],
        Plain,
    ),
    Row(B::TokenReview, AUTHENTICATION, "tokenreviews", "TokenReview", Cluster, &[], &[], Plain),
    Row(
        B::LocalSubjectAccessReview,
        AUTHORIZATION,
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        Namespaced,
        &[],
        &[],
        Plain,
    ),
    Row(
        B::SelfSubjectAccessReview,
        AUTHORIZATION,
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        Cluster,
        &[],
        &[],
        Plain,
    ),
    Row(
        B::SelfSubjectRulesReview,
        AUTHORIZATION,
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        Cluster,
        &[],
        &[],
        Plain,
    ),
    Row(
        B::SubjectAccessReview,
        AUTHORIZATION,
        "subjectaccessreviews",
        "SubjectAccessReview",
        Cluster,
        &[],
        &[],
        Plain,
    ),
    Row(B::CronJob, "batch/v1", "cronjobs", "CronJob", Namespaced, &["cj"], ALL, CountedStatus),
    Row(B::Job, "batch/v1", "jobs", "Job", Namespaced, &[], ALL, CountedStatus),
    Row(B::Lease, "coordination.k8s.io/v1", "leases", "Lease", Namespaced, &[], &[], Plain),
    Row(
        B::EndpointSlice,
        "discovery.k8s.io/v1",
        "endpointslices",
        "EndpointSlice",
        Namespaced,
        &[],
        &[],
        Counted,
    ),
    Row(B::Event, "events.k8s.io/v1", "events", "Event", Namespaced, &["ev"], &[], Plain),
    Row(
        B::IngressClass,
        "networking.k8s.io/v1",
        "ingressclasses",
        "IngressClass",
        Cluster,
        &[],
        &[],
        Counted,
    ),
    Row(B::Ingress, "networking.k8s.io/v1", "ingresses", "Ingress", Namespaced, &["ing"], &[], CountedStatus),
    Row(
        B::NetworkPolicy,
        "networking.k8s.io/v1",
        "networkpolicies",
        "NetworkPolicy",
        Namespaced,
        &["netpol"],
        &[],
        Counted,
    ),
    Row(B::ServiceCidr, "networking.k8s.io/v1", "servicecidrs", "ServiceCIDR", Cluster, &[], &[], Status),
    Row(
        B::PodDisruptionBudget,
        "policy/v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        Namespaced,
        &["pdb"],
        &[],
        CountedStatus,
    ),
    Row(B::ClusterRoleBinding, RBAC, "clusterrolebindings", "ClusterRoleBinding", Cluster, &[], &[], Plain),
    Row(B::ClusterRole, RBAC, "clusterroles", "ClusterRole", Cluster, &[], &[], Plain),
    Row(B::RoleBinding, RBAC, "rolebindings", "RoleBinding", Namespaced, &[], &[], Plain),
    Row(B::Role, RBAC, "roles", "Role", Namespaced, &[], &[], Plain),
    Row(
        B::PriorityClass,
        "scheduling.k8s.io/v1",
        "priorityclasses",
        "PriorityClass",
        Cluster,
        &["pc"],
        &[],
        Counted,
    ),
    Row(B::StorageClass, "storage.k8s.io/v1", "storageclasses", "StorageClass", Cluster, &["sc"], &[], Plain),
];

/// Every built-in resource.
pub(crate) fn resources() -> impl Iterator<Item = Resource> {
    ROWS.iter().map(resource)
}

fn resource(row: &Row) -> Resource {
    let Row(builtin, api_version, plural, kind, scope, short_names, categories, offers) = *row;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Resource {
        group: group.into(),
        version: version.into(),
        plural: plural.into(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        list_kind: format!("{kind}List"),
        short_names: owned(short_names),
        categories: owned(categories),
        scope,
        storage: storage(builtin, group, plural),
        status: !matches!(offers, Plain | Counted),
        scale: (offers == Scaled).then(|| scale(builtin)),
        generation: matches!(offers, Counted | CountedStatus | Scaled),
        nature: Nature::Builtin(builtin),
    }
}

/// The two groups of Event are two views of one store.
fn storage(builtin: Builtin, group: &str, plural: &str) -> StorageId {
    if builtin == B::Event { StorageId::new("", "events") } else { StorageId::new(group, plural) }
}

fn scale(builtin: Builtin) -> ScalePaths {
    let selector =
        if builtin == B::ReplicationController { "/spec/selector" } else { "/spec/selector/matchLabels" };
    ScalePaths {
        spec: "/spec/replicas".into(),
        status: "/status/replicas".into(),
        selector: Some(selector.into()),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
