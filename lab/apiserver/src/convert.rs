//! The same object in another version.
//!
//! Custom kinds convert by the strategy `None`: only `apiVersion` differs. Events are kept in the form of the
//! core group and shown in the form of the group that asks.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::object;
use crate::resource::{Builtin, Nature, Resource};

/// Field in the core group · field in events.k8s.io.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// A kept object as `resource` shows it; shared when nothing differs.
pub(crate) fn shown(resource: &Resource, object: &Arc<Value>) -> Arc<Value> {
    let api_version = resource.api_version();
    if object["apiVersion"] == api_version.as_str() {
        return object.clone();
    }
    let mut shown = Value::clone(object);
    if resource.builtin() == Some(Builtin::Event) {
        EVENT_FIELDS.iter().for_each(|(core, named)| rename(&mut shown, core, named));
    }
    shown["apiVersion"] = json!(api_version);
    Arc::new(shown)
}

/// An object of `resource` as it is kept.
pub(crate) fn kept(resource: &Resource, mut object: Value) -> Value {
    match &resource.nature {
        Nature::Custom(custom) => object["apiVersion"] = json!(custom.storage_version),
        Nature::Builtin(Builtin::Event) => {
            EVENT_FIELDS.iter().for_each(|(core, named)| rename(&mut object, named, core));
            object["apiVersion"] = json!("v1");
        }
        Nature::Builtin(_) => {}
    }
    object
}

fn rename(object: &mut Value, from: &str, to: &str) {
    if let Some(value) = object::remove(object, &[from]) {
        object::set(object, &[to], value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Registry;

    #[test]
    fn an_event_written_in_one_group_reads_the_same_in_the_other_and_back() {
        let registry = Registry::builtin();
        let named = registry.find("events.k8s.io", "v1", "events").expect("events");
        let core = registry.find("", "v1", "events").expect("events");
        let written = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"name": "a"}, "note": "b",
            "reportingController": "c", "action": "d",
        });
        let kept = Arc::new(kept(named, written.clone()));
        assert_eq!(kept["involvedObject"]["name"], "a");
        assert_eq!(shown(core, &kept)["message"], "b");
        assert_eq!(*shown(named, &kept), written);
    }
}
