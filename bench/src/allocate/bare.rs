//! The yardstick: as many status patches as the controller has to write, by a process that does nothing else.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::observer::{self, Observer};
use crate::clock::Stopwatch;
use crate::server::{BURST, Server};
use crate::services::{AT_ONCE, name};

/// The time for a patch of each Service, until the last was seen by a watch.
pub(super) async fn run(server: &Server, count: usize) -> Result<Duration> {
    let api = server.services(BURST);
    let mut observer = Observer::start(server, BURST).await?;
    let watch = Stopwatch::start();
    let patches = futures::stream::iter(0..count).map(|i| patch(&api, name(i), i));
    let patched = patches.buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) });
    let (patched, seen) = tokio::join!(patched, observer.until(count, observer::addressed));
    patched.and(seen)?;
    Ok(watch.elapsed())
}

/// The Services as they were created: creating others takes a real server minutes, most of it for their cluster IPs.
pub(super) async fn clear(server: &Server, count: usize) -> Result<()> {
    let api = server.services(BURST);
    let cleared = futures::stream::iter(0..count).map(|i| clear_one(&api, name(i)));
    cleared.buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) }).await
}

async fn clear_one(api: &Api<Service>, name: String) -> Result<()> {
    let parameters = PatchParams::default();
    let annotations = json!({ "metadata": { "annotations": null } });
    api.patch(&name, &parameters, &Patch::Merge(annotations)).await.context("clearing annotations")?;
    let status = json!({ "status": { "loadBalancer": null, "conditions": null } });
    api.patch_status(&name, &parameters, &Patch::Merge(status)).await.context("clearing a status")?;
    Ok(())
}

/// One patch of the shape that the controller writes; the conditions are of nobody's domain, or the controller would take
/// the Service for one that it has to clear.
pub(super) async fn patch(api: &Api<Service>, name: String, i: usize) -> Result<()> {
    let address = Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + u32::try_from(i)?);
    let body = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name },
        "status": {
            "loadBalancer": { "ingress": [{ "ip": address }] },
            "conditions": [
                condition("bench.test/Allocated", "True", "Allocated", &format!("{address} from pool bench")),
                condition("bench.test/Announced", "False", "NoAdvertisement", "NoAdvertisement: no L2Advertisement is \
                    about the pool and the Service; create one, an empty spec is about all"),
            ],
        },
    });
    let parameters = PatchParams::apply("bench").force();
    api.patch_status(&name, &parameters, &Patch::Apply(body)).await.context("patching a status")?;
    Ok(())
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": 1,
    })
}
