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
    let everywhere = || client.clone();
    let mut objects = needed("Services", list(Api::<Service>::all(everywhere()), read::service).await)?;
    objects.extend(needed("Namespaces", list(Api::<Namespace>::all(everywhere()), read::namespace).await)?);
    objects.extend(needed("Nodes", list(Api::<Node>::all(everywhere()), read::node).await)?);
    let pools = list(own::<IPAddressPool>(client, namespace), read::pool).await;
    objects.extend(needed("IPAddressPools", pools)?);
    let advertisements = list(own::<L2Advertisement>(client, namespace), read::advertisement).await;
    objects.extend(needed("L2Advertisements", advertisements)?);
    let states = list(own::<PoolState>(client, namespace), read::pool_state).await;
    objects.extend(if_there("PoolStates", states)?);
    let foreign = list(own_everywhere::<ForeignRange>(client), read::foreign_range).await;
    objects.extend(if_there("ForeignRanges", foreign)?);
    let cidrs = list(Api::<ServiceCIDR>::all(everywhere()), read::service_cidr).await;
    objects.extend(if_there("ServiceCIDRs", cidrs)?);
    Ok(objects)
}

/// What the API server gave of a kind.
type Listed = Result<Vec<Object>, kube::Error>;

fn needed(kind: &'static str, listed: Listed) -> Result<Vec<Object>, NotListed> {
    listed.map_err(|error| NotListed { kind, reason: describe(&error) })
}

/// Where the kind or the right to it is missing, that is nothing: the controller goes on without, too.
fn if_there(kind: &'static str, listed: Listed) -> Result<Vec<Object>, NotListed> {
    match listed {
        Err(error) if matches!(code(&error), Some(FORBIDDEN | NOT_FOUND)) => Ok(Vec::new()),
        listed => needed(kind, listed),
    }
}

async fn list<K>(api: Api<K>, read: fn(K) -> Option<Object>) -> Listed
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    let (mut objects, mut page) = (Vec::new(), ListParams::default().limit(PAGE));
    loop {
        let listed = api.list(&page).await?;
        objects.extend(listed.items.into_iter().filter_map(read));
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(objects),
        }
    }
}
