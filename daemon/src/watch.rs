//! The API server's objects as changes: one watch per kind, each object trimmed before it is kept or sent on.
//!
//! ```text
//!   list, then watch ──► Sieve: Init, objects, InitDone ──► Change::Reset
//!                               Apply, Delete           ──► Change::{Apply, Delete}
//!                               errors                  ──► WatchState, and a pause
//! ```
//!
//! A watch never ends: what was seen last stays in force while the API server is away. Objects of our own kinds are read
//! one by one, so that one that does not fit its type hides no other.

mod history;
mod read;
mod sieve;
mod snapshot;

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, Resource};
use patina::api::{ForeignRange, IPAddressPool, L2Advertisement, PoolState, ServiceL2Status};
use patina::world::{Change, Kind, Object};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::backoff::Backoff;
use crate::outlook::WatchState;
use history::{History, Place};
use sieve::Sieve;

pub use read::parse;
pub use sieve::state_of;
pub use snapshot::{NotListed, snapshot};

/// A watch ends after this many seconds and is opened again where it ended; so a connection that died in silence is
/// noticed within it.
const WATCH_SECONDS: u32 = 45;
/// Objects per page of a list.
const PAGE: u32 = 500;
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// A watch that failed and then says nothing for so long runs again: the longest pause and a whole attempt to connect are
/// shorter. A quiet kind has no other sign of it.
const CALM: Duration = Duration::from_secs(10);

/// What a watch says.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "an event lives only between a watch and the driver")]
pub enum Event {
    /// Objects have changed.
    Change(Change),
    /// How the watch of a kind is doing, whenever that may have changed.
    State(Kind, WatchState),
}

/// Watches of a process; dropping it ends them.
pub type Watches = JoinSet<()>;

/// Starts one watch per kind. Our own kinds are watched in `namespace` only.
///
/// `events` is the driver's queue; when it is full the watches wait, and the API server's own buffers fill.
pub fn start(client: &Client, namespace: &str, kinds: &[Kind], events: &mpsc::Sender<Event>) -> Watches {
    let mut watches = Watches::new();
    let history = History::default();
    for kind in kinds.iter().copied() {
        let events = events.clone();
        let place = Place::new(history.clone());
        let everywhere = client.clone();
        match kind {
            Kind::Service => {
                watches.spawn(watch(Api::<Service>::all(everywhere), kind, read::service, place, events));
            }
            Kind::EndpointSlice => {
                watches.spawn(watch(Api::<EndpointSlice>::all(everywhere), kind, read::slice, place, events));
            }
            Kind::Node => {
                watches.spawn(watch(Api::<Node>::all(everywhere), kind, read::node, place, events));
            }
            Kind::Namespace => {
                watches.spawn(watch(Api::<Namespace>::all(everywhere), kind, read::namespace, place, events));
            }
            Kind::Pool => {
                watches.spawn(watch(
                    own::<IPAddressPool>(client, namespace),
                    kind,
                    read::pool,
                    place,
                    events,
                ));
            }
            Kind::Advertisement => {
                let api = own::<L2Advertisement>(client, namespace);
                watches.spawn(watch(api, kind, read::advertisement, place, events));
            }
            Kind::L2Status => {
                watches.spawn(watch(
                    own::<ServiceL2Status>(client, namespace),
                    kind,
                    read::l2status,
                    place,
                    events,
                ));
            }
            Kind::PoolState => {
                let api = own::<PoolState>(client, namespace);
                watches.spawn(watch(api, kind, read::pool_state, place, events));
            }
            Kind::ForeignRange => {
                let api = own_everywhere::<ForeignRange>(client);
                watches.spawn(watch(api, kind, read::foreign_range, place, events));
            }
            Kind::ServiceCidr => {
                let api = Api::<ServiceCIDR>::all(everywhere);
                watches.spawn(watch(api, kind, read::service_cidr, place, events));
            }
            Kind::Link => {}
        }
    }
    watches
}

/// Our own kind `K` in `namespace`, each object to be read by itself.
pub fn own<K: Resource<DynamicType = ()>>(client: &Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &kube::api::ApiResource::erase::<K>(&()))
}

/// Our own kind `K`, which is in no namespace, each object to be read by itself.
fn own_everywhere<K: Resource<DynamicType = ()>>(client: &Client) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &kube::api::ApiResource::erase::<K>(&()))
}

/// What the API server says of all objects of `api`, without end. After errors it pauses, at last for `longest_pause`.
pub fn stream<K>(
    api: Api<K>,
    longest_pause: Duration,
) -> BoxStream<'static, watcher::Result<watcher::Event<K>>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    watched(api, watcher::Config::default().page_size(PAGE), longest_pause)
}

/// What the API server says of the one object of this name, likewise.
pub fn stream_of_one<K>(
    api: Api<K>,
    name: &str,
    longest_pause: Duration,
) -> BoxStream<'static, watcher::Result<watcher::Event<K>>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    watched(api, watcher::Config::default().fields(&format!("metadata.name={name}")), longest_pause)
}

fn watched<K>(
    api: Api<K>,
    config: watcher::Config,
    longest_pause: Duration,
) -> BoxStream<'static, watcher::Result<watcher::Event<K>>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    watcher(api, config.timeout(WATCH_SECONDS)).backoff(Backoff::up_to(longest_pause)).into_stream().boxed()
}

async fn watch<K>(
    api: Api<K>,
    kind: Kind,
    read: fn(K) -> Option<Object>,
    mut place: Place,
    events: mpsc::Sender<Event>,
) where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut objects = stream(api.clone(), LONGEST_PAUSE);
    let mut sieve = Sieve::new(kind, read);
    loop {
        let patience = if sieve.is_running() { Duration::MAX } else { CALM };
        let said = match tokio::time::timeout(patience, objects.try_next()).await {
            Ok(Ok(Some(event))) => {
                place.saw(&event);
                sieve.take(event)
            }
            Ok(Ok(None)) => return,
            Ok(Err(error)) => {
                place.doubt();
                sieve.fail(&error)
            }
            Err(_) => sieve.recover().into_iter().collect(),
        };
        for event in said {
            if events.send(event).await.is_err() {
                return;
            }
        }
        if place.turned_back(&api).await {
            tracing::warn!(
                ?kind,
                "the API server knows less than was seen already, as after a restore; listing again"
            );
            objects = stream(api.clone(), LONGEST_PAUSE);
        }
    }
}
