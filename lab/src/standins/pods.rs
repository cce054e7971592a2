//! What the controllers ask about a Pod.

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use kube::ResourceExt;

/// Whether it counts: neither ended nor on its way out.
pub(super) fn is_active(pod: &Pod) -> bool {
    !has_ended(pod) && !is_terminating(pod)
}

/// Whether its containers have ended for good.
pub(super) fn has_ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

pub(super) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

pub(super) fn is_running(pod: &Pod) -> bool {
    phase(pod) == "Running"
}

/// Whether its Ready condition says so.
pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

pub(super) fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p PodCondition> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The node it is bound to.
pub(super) fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|name| !name.is_empty())
}

/// UID of the object that controls it.
pub(super) fn owner_of(pod: &Pod) -> Option<&str> {
    let mut owners = pod.owner_references().iter();
    owners.find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
}

/// Whether the object with this UID controls it.
pub(super) fn is_owned_by(pod: &Pod, uid: &str) -> bool {
    owner_of(pod) == Some(uid)
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}
