//! Manifests, as `kubectl apply --server-side` would send them.

use std::path::Path;

use anyhow::Context;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client, ResourceExt};
use serde::Deserialize;

/// Who owns the fields that the lab applies for the user.
const MANAGER: &str = "patina-lab";

/// Reads a file with one or more YAML documents.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Vec<DynamicObject>> {
    let documents = serde_yaml::Deserializer::from_str(text);
    let parsed = documents.map(Option::<DynamicObject>::deserialize);
    let objects: Result<Vec<_>, _> = parsed.collect();
    Ok(objects.with_context(|| name.to_owned())?.into_iter().flatten().collect())
}

/// Reads every manifest of a folder, in the order of the file names, as kubectl does.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn read_folder(folder: &Path) -> anyhow::Result<Vec<DynamicObject>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<_> = entries.collect::<Result<Vec<_>, _>>()?.iter().map(|e| e.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json"));
    files.sort();
    let mut objects = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).with_context(|| name.clone())?;
        objects.extend(parse(&name, &text)?);
    }
    Ok(objects)
}

/// Applies objects in their order. Says what was applied, as kubectl does: `service/web`.
///
/// # Errors
/// The first object that the API server refused; those before it are applied.
pub async fn apply(client: &Client, objects: &[DynamicObject]) -> anyhow::Result<Vec<String>> {
    let mut applied = Vec::new();
    for object in objects {
        let name = title(object);
        let parameters = PatchParams::apply(MANAGER).force().validation_strict();
        let api = api(client, object).await.with_context(|| name.clone())?;
        let done = api.patch(&object.name_any(), &parameters, &Patch::Apply(object)).await;
        done.with_context(|| name.clone())?;
        applied.push(name);
    }
    Ok(applied)
}

/// Deletes objects, the last first; those that are gone already are no error. Does not wait until they are gone.
///
/// # Errors
/// The first object that the API server did not let go.
pub async fn delete(client: &Client, objects: &[DynamicObject]) -> anyhow::Result<()> {
    for object in objects.iter().rev() {
        let api = api(client, object).await.with_context(|| title(object))?;
        match api.delete(&object.name_any(), &DeleteParams::background()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            done => drop(done.with_context(|| title(object))?),
        }
    }
    Ok(())
}

async fn api(client: &Client, object: &DynamicObject) -> anyhow::Result<Api<DynamicObject>> {
    let types = object.types.clone().context("no apiVersion and kind")?;
    let (resource, capabilities) = pinned_kind(client, &GroupVersionKind::try_from(&types)?).await?;
    Ok(match (capabilities.scope, object.namespace()) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), &resource),
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), &namespace, &resource),
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), &resource),
    })
}

fn title(object: &DynamicObject) -> String {
    let kind = object.types.as_ref().map_or("object", |TypeMeta { kind, .. }| kind.as_str());
    format!("{}/{}", kind.to_lowercase(), object.name_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_one_by_one_and_empty_ones_skipped() {
        let text = "# a comment\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n\
                    apiVersion: v1\nkind: Service\nmetadata: {name: b}\n";
        let titles: Vec<_> = parse("file", text).unwrap().iter().map(title).collect();
        assert_eq!(titles, ["namespace/a", "service/b"]);
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_its_file() {
        let error = parse("pool.yaml", "metadata: [").unwrap_err();
        assert!(format!("{error:#}").starts_with("pool.yaml: "), "{error:#}");
    }
}
