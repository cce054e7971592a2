//! Pods: what follows from images, networks and volumes.

use serde_json::{Map, Value, json};

use super::{objects, set_default};

/// The access mode of files from Secrets and ConfigMaps: 0644.
const FILE_MODE: u32 = 0o644;

/// Volume sources whose files have a mode of their own.
const FILES: [&str; 4] = ["secret", "configMap", "projected", "downwardAPI"];

pub(super) fn fill(spec: &mut Map<String, Value>) {
    let on_host = spec.get("hostNetwork").is_some_and(|on| *on == true);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in objects(spec, list) {
            fill_container(container, on_host);
        }
    }
    for volume in objects(spec, "volumes") {
        fill_volume(volume);
    }
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        set_default(spec, "serviceAccount", account);
    }
}

fn fill_container(container: &mut Map<String, Value>, on_host: bool) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = if is_moving(image) { "Always" } else { "IfNotPresent" };
    set_default(container, "imagePullPolicy", policy);
    if on_host {
        for port in objects(container, "ports") {
            if let Some(number) = port.get("containerPort").cloned() {
                set_default(port, "hostPort", number);
            }
        }
    }
    fill_requests(container);
}

/// Whether an image may be another one tomorrow: no tag, or `latest`, and no digest.
fn is_moving(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains('@') {
        return false;
    }
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// A limit without a request is a request too.
fn fill_requests(container: &mut Map<String, Value>) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { return };
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    let Some(requests) = requests.as_object_mut() else { return };
    for (resource, limit) in limits {
        set_default(requests, &resource, limit);
    }
}

fn fill_volume(volume: &mut Map<String, Value>) {
    if volume.len() == 1 && volume.contains_key("name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in FILES {
        if let Some(source) = volume.get_mut(source).and_then(Value::as_object_mut) {
            set_default(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(source) = volume.get_mut("hostPath").and_then(Value::as_object_mut) {
        set_default(source, "type", "");
    }
}
