//! Effects into requests to the API server. Nothing is decided here, and nothing is tried twice: who decides sees the
//! outcome first.
//!
//! | effect | request |
//! | --- | --- |
//! | status of a Service | server-side apply with force on its `status`, over the version that was decided on |
//! | annotation of a Service | merge patch through its `status`, so that no right to the Service itself is needed |
//! | status of a pool or an advertisement | merge patch on its `status`: what MetalLB's schema lacks is pruned, where an apply would be refused |
//! | PoolState | create, or merge patch over the version that was decided on |
//! | ServiceL2Status of a node that is gone | delete |

mod body;

use k8s_openapi::api::core::v1::Service;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::Request;
use kube::{Api, Client, Resource};
use patina::alloc::Pools;
use patina::api::{CONTROLLER_FIELD_MANAGER, IPAddressPool, L2Advertisement, PoolState, ServiceL2Status};
use patina::name::ObjectKey;
use patina::reconcile::{Effect, PoolStateWrite, ServiceWrite, StatusWrite, Subject};
use patina::time::Instant;
use patina::world::Kind;
use patina_daemon::client::{asked_to_wait, code, describe};
use patina_daemon::clock;
use serde::de::IgnoredAny;
use serde_json::Value;
use thiserror::Error;

use crate::outbox::Outcome;

const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;
const TOO_MANY: u16 = 429;
const SERVERS_FAULT: u16 = 500;

/// How an effect ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It stands.
    Whole,
    /// The kind's schema has no place for conditions; everything else stands.
    WithoutConditions,
    /// The object is gone.
    Gone,
}

/// An effect that failed.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The API server refused, or did not answer.
    #[error("{}", describe(.0))]
    Refused(#[source] kube::Error),
    /// No answer in time; the effect may stand all the same, or stand later.
    #[error("no answer in time")]
    Late,
}

impl WriteError {
    /// What it says of the effect and of the server.
    pub(crate) fn outcome(&self) -> Outcome {
        let Self::Refused(error) = self else { return Outcome::Unwell { wait: None } };
        match code(error) {
            Some(CONFLICT) => Outcome::Outdated,
            Some(code) if code != TOO_MANY && code < SERVERS_FAULT => Outcome::Refused,
            Some(_) | None => Outcome::Unwell { wait: asked_to_wait(error) },
        }
    }
}

/// Carries effects out.
#[derive(Clone)]
pub(crate) struct Writer {
    client: Client,
}

impl Writer {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Carries out one effect. After `deadline` nothing is sent, and no answer is waited for: somebody else may decide by
    /// then.
    pub(crate) async fn carry_out(&self, effect: &Effect, deadline: Instant) -> Result<Written, WriteError> {
        if clock::now() >= deadline {
            return Err(WriteError::Late);
        }
        let request = async {
            match effect {
                Effect::ServiceStatus(write) => self.service_status(write).await,
                Effect::PoolAnnotation { subject, pools } => self.annotation(subject, pools.as_ref()).await,
                Effect::Status(write) => self.status(write).await,
                Effect::PoolState(write) => self.pool_state(write).await,
                Effect::DeleteL2Status(key) => self.delete_l2status(key).await,
                Effect::L2Status(_) | Effect::Notice(_) => Ok(Written::Whole),
            }
        };
        let answer = tokio::select! {
            answer = request => answer,
            () = clock::sleep_until(Some(deadline)) => return Err(WriteError::Late),
        };
        match answer {
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(Written::Gone),
            answer => answer.map_err(WriteError::Refused),
        }
    }

    async fn service_status(&self, write: &ServiceWrite) -> kube::Result<Written> {
        let key = &write.subject.key;
        let body = Patch::Apply(body::service_status(write, clock::wall()));
        let parameters = PatchParams::apply(CONTROLLER_FIELD_MANAGER).force();
        self.patch_service(key, &parameters, &body).await
    }

    async fn annotation(&self, subject: &Subject, pools: Option<&Pools>) -> kube::Result<Written> {
        let body = Patch::Merge(body::annotation(subject, pools));
        self.patch_service(&subject.key, &merging(), &body).await
    }

    async fn status(&self, write: &StatusWrite) -> kube::Result<Written> {
        let (key, Some(resource)) = (&write.subject.key, resource(write.subject.kind)) else {
            return Ok(Written::Gone);
        };
        let objects = Api::<DynamicObject>::namespaced_with(self.client.clone(), &key.namespace, &resource);
        let body = Patch::Merge(body::status(write, clock::wall()));
        let stored = objects.patch_status(&key.name, &merging(), &body).await?;
        let pruned = !write.conditions.is_empty() && stored.data.pointer("/status/conditions").is_none();
        Ok(if pruned { Written::WithoutConditions } else { Written::Whole })
    }

    async fn pool_state(&self, write: &PoolStateWrite) -> kube::Result<Written> {
        let states = Api::<PoolState>::namespaced(self.client.clone(), &write.pool.key.namespace);
        let state = body::pool_state(write);
        if write.version.is_some() {
            states.patch(&write.pool.key.name, &merging(), &Patch::Merge(state)).await?;
        } else {
            let field_manager = Some(CONTROLLER_FIELD_MANAGER.to_owned());
            states.create(&PostParams { field_manager, ..PostParams::default() }, &state).await?;
        }
        Ok(Written::Whole)
    }

    async fn delete_l2status(&self, key: &ObjectKey) -> kube::Result<Written> {
        let objects = Api::<ServiceL2Status>::namespaced(self.client.clone(), &key.namespace);
        objects.delete(&key.name, &DeleteParams::default()).await.map(|_| Written::Whole)
    }

    /// What the Service looks like now is not read from the answer: the watch tells.
    async fn patch_service(
        &self,
        key: &ObjectKey,
        parameters: &PatchParams,
        body: &Patch<Value>,
    ) -> kube::Result<Written> {
        let services = Request::new(Service::url_path(&(), Some(&key.namespace)));
        let request = services
            .patch_subresource("status", &key.name, parameters, body)
            .map_err(kube::Error::BuildRequest)?;
        self.client.request::<IgnoredAny>(request).await?;
        Ok(Written::Whole)
    }
}

fn merging() -> PatchParams {
    PatchParams { field_manager: Some(CONTROLLER_FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn resource(kind: Kind) -> Option<ApiResource> {
    match kind {
        Kind::Pool => Some(ApiResource::erase::<IPAddressPool>(&())),
        Kind::Advertisement => Some(ApiResource::erase::<L2Advertisement>(&())),
        Kind::Service
        | Kind::EndpointSlice
        | Kind::Node
        | Kind::Namespace
        | Kind::L2Status
        | Kind::PoolState
        | Kind::ForeignRange
        | Kind::ServiceCidr
        | Kind::Link => None,
    }
}
