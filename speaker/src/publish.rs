//! Status objects of this node, written by one task, some at a time. The driver says what it wants, whole; a slow API server
//! sees the latest only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use patina::api::{SPEAKER_FIELD_MANAGER, ServiceL2Status};
use patina::name::ObjectKey;
use patina::reconcile::{Effect, EffectKey, L2StatusWrite};
use patina_daemon::backoff::Backoff;
use patina_daemon::client::{code, describe};
use patina_daemon::owner::Owner;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::metrics::Metrics;

const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
/// Requests under way: after a take-over of a thousand addresses as many objects are due, each of them two requests.
const AT_ONCE: usize = 8;
/// Longest value of a label (Kubernetes, "Labels and Selectors").
const LONGEST_LABEL: usize = 63;

/// The way to the task that writes; dropping it ends the task.
pub(crate) struct Publisher {
    wanted: watch::Sender<Vec<Effect>>,
    settled: watch::Receiver<bool>,
    _task: JoinSet<()>,
}

impl Publisher {
    /// The effects that are due. An effect that is still due after it was carried out is not carried out again.
    pub(crate) fn want(&mut self, effects: Vec<Effect>) {
        self.wanted.send_if_modified(|wanted| {
            let changed = *wanted != effects;
            *wanted = effects;
            changed
        });
    }

    /// Waits until everything wanted is carried out.
    pub(crate) async fn settled(&mut self) {
        let _ = self.settled.wait_for(|settled| *settled).await;
    }
}

/// Starts the task.
pub(crate) fn start(client: Client, owner: Owner, metrics: Metrics) -> Publisher {
    let (wanted, effects) = watch::channel(Vec::new());
    let (settle, settled) = watch::channel(true);
    let mut task = JoinSet::new();
    task.spawn(carry_out_all(Writer { client, owner }, effects, settle, metrics));
    Publisher { wanted, settled, _task: task }
}

async fn carry_out_all(
    mut writer: Writer,
    mut wanted: watch::Receiver<Vec<Effect>>,
    settle: watch::Sender<bool>,
    metrics: Metrics,
) {
    let mut done: BTreeMap<EffectKey, Effect> = BTreeMap::new();
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    let mut told = BTreeSet::new();
    loop {
        let effects: BTreeMap<_, _> =
            wanted.borrow_and_update().iter().map(|effect| (effect.key(), effect.clone())).collect();
        done.retain(|key, effect| effects.get(key) == Some(effect));
        let due: Vec<_> = effects.into_iter().filter(|(key, _)| !done.contains_key(key)).collect();
        let mut failed = false;
        if !due.is_empty() {
            settle.send_replace(false);
            for (key, effect, outcome) in writer.carry_out(due).await {
                match outcome {
                    Ok(()) => drop(done.insert(key, effect)),
                    Err(error) => {
                        metrics.client.update_errors.add(1);
                        tell(&mut told, &error, &key.object);
                        failed = true;
                    }
                }
            }
        }
        let more = if failed {
            let pause = backoff.pause();
            tokio::time::timeout(pause, wanted.changed()).await.unwrap_or(Ok(()))
        } else {
            backoff.reset();
            told.clear();
            settle.send_replace(!wanted.has_changed().unwrap_or(false));
            wanted.changed().await
        };
        if more.is_err() {
            return;
        }
    }
}

/// One line for each code until everything stands again: the same trouble has many objects. A right that is missing is told
/// where all requests pass.
fn tell(told: &mut BTreeSet<Option<u16>>, error: &kube::Error, object: &ObjectKey) {
    let reason = describe(error);
    if code(error) != Some(FORBIDDEN) && told.insert(code(error)) {
        tracing::warn!(reason, %object, "status was not written");
    } else {
        tracing::debug!(reason, %object, "status was not written");
    }
}

/// What was to be done, and how that went.
type Carried = (EffectKey, Effect, Result<(), kube::Error>);

struct Writer {
    client: Client,
    /// With our own Pod go its status objects; those without one the driver removes.
    owner: Owner,
}

impl Writer {
    async fn carry_out(&mut self, due: Vec<(EffectKey, Effect)>) -> Vec<Carried> {
        let batch = Batch { client: &self.client, owners: self.owner.references(&self.client).await };
        let one = async |(key, effect)| {
            let outcome = batch.carry_out(&effect).await;
            (key, effect, outcome)
        };
        stream::iter(due).map(one).buffer_unordered(AT_ONCE).collect().await
    }
}

struct Batch<'a> {
    client: &'a Client,
    owners: Vec<Value>,
}

impl Batch<'_> {
    async fn carry_out(&self, effect: &Effect) -> Result<(), kube::Error> {
        match effect {
            Effect::L2Status(write) => self.write(write).await,
            Effect::DeleteL2Status(key) => self.delete(key).await,
            Effect::ServiceStatus(_)
            | Effect::PoolAnnotation { .. }
            | Effect::Status(_)
            | Effect::PoolState(_)
            | Effect::Notice(_) => Ok(()),
        }
    }

    async fn write(&self, write: &L2StatusWrite) -> Result<(), kube::Error> {
        let objects = self.objects(&write.key);
        let parameters = PatchParams::apply(SPEAKER_FIELD_MANAGER).force();
        let object = Patch::Apply(object(write, self.owners.clone()));
        objects.patch(&write.key.name, &parameters, &object).await?;
        objects.patch_status(&write.key.name, &parameters, &Patch::Apply(status(write))).await?;
        Ok(())
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), kube::Error> {
        match self.objects(key).delete(&key.name, &DeleteParams::default()).await {
            Err(error) if code(&error) != Some(NOT_FOUND) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Untyped: an object of this kind may come without a spec, whatever the type says.
    fn objects(&self, key: &ObjectKey) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<ServiceL2Status>(&());
        Api::namespaced_with(self.client.clone(), &key.namespace, &resource)
    }
}

/// Labels are MetalLB's; a value that is too long for a label is left out, it stands in the status.
fn object(write: &L2StatusWrite, owners: Vec<Value>) -> Value {
    let labels = [
        ("metallb.io/node", write.node.as_str()),
        ("metallb.io/service-name", write.service.name.as_ref()),
        ("metallb.io/service-namespace", write.service.namespace.as_ref()),
    ];
    let labels: BTreeMap<_, _> =
        labels.into_iter().filter(|(_, value)| value.len() <= LONGEST_LABEL).collect();
    json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "ServiceL2Status",
        "metadata": {
            "name": write.key.name,
            "namespace": write.key.namespace,
            "labels": labels,
            "ownerReferences": owners,
        },
        "spec": {},
    })
}

fn status(write: &L2StatusWrite) -> Value {
    let interfaces: Vec<_> = write.links.iter().map(|link| json!({ "name": link })).collect();
    json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "ServiceL2Status",
        "metadata": { "name": write.key.name, "namespace": write.key.namespace },
        "status": {
            "node": write.node,
            "serviceName": write.service.name,
            "serviceNamespace": write.service.namespace,
            "interfaces": interfaces,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(node: &str) -> L2StatusWrite {
        L2StatusWrite {
            key: ObjectKey::new("metallb-system", "l2-0123456789"),
            service: ObjectKey::new("web", "shop"),
            node: node.into(),
            links: vec!["eth0".into()],
        }
    }

    #[test]
    fn row_81_labels_and_status_are_metallbs() {
        let object = object(&write("node-a"), vec![json!({ "kind": "Pod", "uid": "u" })]);
        assert_eq!(object["metadata"]["labels"]["metallb.io/service-namespace"], "web");
        assert_eq!(object["metadata"]["ownerReferences"][0]["uid"], "u");
        assert_eq!(status(&write("node-a"))["status"]["interfaces"], json!([{ "name": "eth0" }]));
    }

    #[test]
    fn a_node_name_that_is_no_label_value_stands_in_the_status_only() {
        let long = "n".repeat(64);
        assert_eq!(object(&write(&long), vec![])["metadata"]["labels"].get("metallb.io/node"), None);
        assert_eq!(status(&write(&long))["status"]["node"], long);
    }
}
