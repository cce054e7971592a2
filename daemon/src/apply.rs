//! Effects into requests to the API server. Nothing is decided here; each request is safe to repeat.
//!
//! | effect | request |
//! | --- | --- |
//! | status of a Service | server-side apply with force on its `status` |
//! | annotation of a Service | merge patch through its `status`, so that no right to the Service itself is needed |
//! | status of a pool or an advertisement | merge patch on its `status`: what MetalLB's schema lacks is pruned, where an apply would be refused |
//! | ServiceL2Status | server-side apply of the object, then of its `status` |

mod body;

use std::fmt::Debug;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use patina::api::{IPAddressPool, L2Advertisement, ServiceL2Status};
use patina::name::{ObjectKey, PoolName};
use patina::reconcile::{Effect, L2StatusWrite, ServiceWrite, StatusWrite, Subject};
use patina::world::Kind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{code, describe};
use crate::clock;
use crate::outbox::Outcome;

const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;

/// Carries effects out.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    manager: &'static str,
    owner: Option<OwnerReference>,
}

/// An effect that failed; the reason is one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct WriteError {
    /// What it ends as: failed, or without an object.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
}

impl From<kube::Error> for WriteError {
    fn from(error: kube::Error) -> Self {
        let outcome = if code(&error) == Some(NOT_FOUND) { Outcome::Gone } else { Outcome::Failed };
        Self { outcome, reason: describe(&error) }
    }
}

impl Writer {
    /// Writes under the name of `manager`; status objects belong to `owner` and go when it goes.
    pub fn new(client: Client, manager: &'static str, owner: Option<OwnerReference>) -> Self {
        Self { client, manager, owner }
    }

    /// Carries out one effect. `version` is the version of the object that was decided upon; an address is only written
    /// over that one.
    ///
    /// # Errors
    /// [`WriteError`]; repeating it is safe.
    pub async fn carry_out(&self, effect: &Effect, version: Option<&str>) -> Result<Outcome, WriteError> {
        match effect {
            Effect::ServiceStatus(write) => self.service_status(write, version).await,
            Effect::PoolAnnotation { subject, pool } => self.annotation(subject, pool.as_ref()).await,
            Effect::Status(write) => self.status(write).await,
            Effect::L2Status(write) => self.l2status(write).await,
            Effect::DeleteL2Status(key) => self.delete_l2status(key).await,
            Effect::Notice(_) => Ok(Outcome::Written),
        }
    }

    async fn service_status(
        &self,
        write: &ServiceWrite,
        version: Option<&str>,
    ) -> Result<Outcome, WriteError> {
        let services = Api::<Service>::namespaced(self.client.clone(), &write.subject.key.namespace);
        let body = body::service_status(write, version, clock::wall());
        self.apply_status(&services, &write.subject.key, &body).await
    }

    async fn annotation(&self, subject: &Subject, pool: Option<&PoolName>) -> Result<Outcome, WriteError> {
        let services = Api::<Service>::namespaced(self.client.clone(), &subject.key.namespace);
        let patch = Patch::Merge(body::annotation(subject, pool));
        services.patch_status(&subject.key.name, &self.merging(), &patch).await.map_err(gone_if_replaced)?;
        Ok(Outcome::Written)
    }

    async fn status(&self, write: &StatusWrite) -> Result<Outcome, WriteError> {
        let Some(resource) = resource(write.subject.kind) else { return Ok(Outcome::Gone) };
        let namespace = &write.subject.key.namespace;
        let objects = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &resource);
        let patch = Patch::Merge(body::status(write, clock::wall()));
        let name = &write.subject.key.name;
        let stored = objects.patch_status(name, &self.merging(), &patch).await.map_err(gone_if_replaced)?;
        let pruned = !write.conditions.is_empty() && stored.data.pointer("/status/conditions").is_none();
        Ok(if pruned { Outcome::Pruned } else { Outcome::Written })
    }

    async fn l2status(&self, write: &L2StatusWrite) -> Result<Outcome, WriteError> {
        let objects = Api::<ServiceL2Status>::namespaced(self.client.clone(), &write.key.namespace);
        let body = body::l2status_object(write, self.owner.as_ref());
        objects.patch(&write.key.name, &self.applying(), &Patch::Apply(body)).await?;
        self.apply_status(&objects, &write.key, &body::l2status_status(write)).await
    }

    async fn delete_l2status(&self, key: &ObjectKey) -> Result<Outcome, WriteError> {
        let objects = Api::<ServiceL2Status>::namespaced(self.client.clone(), &key.namespace);
        objects.delete(&key.name, &DeleteParams::default()).await?;
        Ok(Outcome::Written)
    }

    async fn apply_status<K>(
        &self,
        objects: &Api<K>,
        key: &ObjectKey,
        body: &Value,
    ) -> Result<Outcome, WriteError>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        objects.patch_status(&key.name, &self.applying(), &Patch::Apply(body)).await?;
        Ok(Outcome::Written)
    }

    fn applying(&self) -> PatchParams {
        PatchParams::apply(self.manager).force()
    }

    fn merging(&self) -> PatchParams {
        PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() }
    }
}

/// A merge patch names the object by its uid and no version, so a conflict means that another object has its name.
fn gone_if_replaced(error: kube::Error) -> WriteError {
    let replaced = code(&error) == Some(CONFLICT);
    let error = WriteError::from(error);
    if replaced { WriteError { outcome: Outcome::Gone, ..error } } else { error }
}

fn resource(kind: Kind) -> Option<ApiResource> {
    match kind {
        Kind::Pool => Some(ApiResource::erase::<IPAddressPool>(&())),
        Kind::Advertisement => Some(ApiResource::erase::<L2Advertisement>(&())),
        Kind::Service | Kind::EndpointSlice | Kind::Node | Kind::Namespace | Kind::L2Status | Kind::Link => {
            None
        }
    }
}
