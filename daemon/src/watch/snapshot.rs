//! What stands now, read once: for commands, which watch nothing.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::{Namespace, Node, Service};
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use patina::api::{ForeignRange, IPAddressPool, L2Advertisement, PoolState};
use patina::world::Object;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{PAGE, own, own_everywhere, read};
use crate::client::{code, describe};

const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

/// A list that the API server did not give. Nothing was changed.
#[derive(Debug, Error)]
#[error("cannot list {kind}: {reason}")]
pub struct NotListed {
    kind: &'static str,
    reason: String,
}

/// Everything that decisions on addresses rest on, as the controller reads it; our own kinds in `namespace` only.
///
/// # Errors
/// The first list that fails: the API server does not answer, forbids it, or does not know the kind.
pub async fn snapshot(client: &Client, namespace: &str) -> Result<Vec<Object>, NotListed> {
    let mut objects = list("Services", Api::<Service>::all(client.clone()), read::service).await?;
    objects.extend(list("Namespaces", Api::<Namespace>::all(client.clone()), read::namespace).await?);
    objects.extend(list("Nodes", Api::<Node>::all(client.clone()), read::node).await?);
    objects.extend(list("IPAddressPools", own::<IPAddressPool>(client, namespace), read::pool).await?);
    let advertisements = own::<L2Advertisement>(client, namespace);
    objects.extend(list("L2Advertisements", advertisements, read::advertisement).await?);
    // What is remembered of addresses, and what others hold: the controller goes on without them, too.
    objects.extend(list_if_there("PoolStates", own::<PoolState>(client, namespace), read::pool_state).await?);
    let foreign = own_everywhere::<ForeignRange>(client);
    objects.extend(list_if_there("ForeignRanges", foreign, read::foreign_range).await?);
    let cidrs = Api::<ServiceCIDR>::all(client.clone());
    objects.extend(list_if_there("ServiceCIDRs", cidrs, read::service_cidr).await?);
    Ok(objects)
}

/// Where the kind or the right to it is missing, that is nothing.
async fn list_if_there<K>(
    kind: &'static str,
    api: Api<K>,
    read: fn(K) -> Option<Object>,
) -> Result<Vec<Object>, NotListed>
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    match api.list_metadata(&ListParams::default().limit(1)).await {
        Err(error) if matches!(code(&error), Some(FORBIDDEN | NOT_FOUND)) => Ok(Vec::new()),
        _ => list(kind, api, read).await,
    }
}

async fn list<K>(
    kind: &'static str,
    api: Api<K>,
    read: fn(K) -> Option<Object>,
) -> Result<Vec<Object>, NotListed>
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    let (mut objects, mut page) = (Vec::new(), ListParams::default().limit(PAGE));
    loop {
        let listed = api.list(&page).await.map_err(|error| NotListed { kind, reason: describe(&error) })?;
        objects.extend(listed.items.into_iter().filter_map(read));
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(objects),
        }
    }
}
