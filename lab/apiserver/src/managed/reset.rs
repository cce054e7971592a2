//! Fields that an endpoint never writes, and fields that nobody owns.

use super::FieldSet;

/// The fields that a write through `subresource` (empty: the main endpoint) of a kind *with a status
/// subresource* does not touch, so that nobody comes to own them there.
///
/// For a kind without one use [`FieldSet::default`].
pub fn reset_fields(kind: &str, subresource: &str) -> FieldSet {
    match (subresource, kind) {
        ("status", "Pod") => FieldSet::of_fields(&[
            &["spec"],
            &["metadata", "deletionTimestamp"],
            &["metadata", "ownerReferences"],
        ]),
        ("status", "Deployment") => FieldSet::of_fields(&[&["spec"], &["metadata", "labels"]]),
        ("status", "CustomResourceDefinition") => FieldSet::of_fields(&[&["spec"], &["metadata"]]),
        ("status", _) => FieldSet::of_fields(&[&["spec"]]),
        _ => FieldSet::of_fields(&[&["status"]]),
    }
}

/// What the server writes itself, and what names the object.
pub(super) fn unowned() -> FieldSet {
    FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}
