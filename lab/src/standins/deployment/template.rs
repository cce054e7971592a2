//! Which ReplicaSet runs which template.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// The label that tells the Pods of two versions apart.
pub(super) const HASH_LABEL: &str = "pod-template-hash";

/// Letters that spell no words; the names of ReplicaSets are made of them.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The ReplicaSet that runs the Deployment's present template, the oldest if there are several.
pub(super) fn newest<'s>(deployment: &Deployment, sets: &[&'s ReplicaSet]) -> Option<&'s ReplicaSet> {
    let wanted = plain(&template_of(deployment));
    let same = sets.iter().filter(|set| {
        let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        plain(&template) == wanted
    });
    same.min_by_key(|set| set.metadata.creation_timestamp.clone()).copied()
}

pub(super) fn template_of(deployment: &Deployment) -> PodTemplateSpec {
    deployment.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default()
}

/// A template without the label that its ReplicaSet added.
fn plain(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH_LABEL);
    }
    template
}

/// The part of a ReplicaSet's name that stands for its template.
pub(super) fn hash(template: &PodTemplateSpec) -> String {
    let text = serde_json::to_string(template).unwrap_or_default();
    let digits = fnv(text.as_bytes()).to_string();
    digits.bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

/// FNV-1a, 32 bits.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
