//! What stands in for kube-proxy on a lab node: external IP, NodePort and ClusterIP lead to a Pod.
//!
//! In user space: a virtual address becomes local by a route (it is put on no link, and `arp_ignore=1` keeps
//! the kernel from answering for it), a socket is bound to it, and bytes are carried to an endpoint.
//!
//! ```text
//!   client ──► 192.168.50.240:80 ──► front ──► endpoint 10.244.2.3:8080 (any node)
//! ```
//!
//! Like kube-proxy it believes the EndpointSlices: Pods of a dead node stay endpoints until Kubernetes says
//! otherwise, and with the API server away the last known state stays in force.
//!
//! Otherwise than kube-proxy: TCP ends at the node and starts anew, so the Pod sees the node's address, also
//! with externalTrafficPolicy Local; NodePorts refuse (instead of drop) under Local without an endpoint;
//! sessionAffinity, loadBalancerSourceRanges, health check ports and terminating endpoints are not imitated.

mod backends;
mod front;
mod plan;
mod udp;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client};

use crate::netlink::{Netlink, NetlinkError, Reception};
use front::Open;
pub(crate) use plan::Place;
use plan::{Front, Plan, plan};

/// So many changes are followed in one go, if they are there already.
const BATCH: usize = 1024;

/// Runs the proxy of one node, in the namespace of the calling process, for ever.
pub(crate) async fn run(client: Client, netlink: &Netlink, place: Place) -> anyhow::Result<()> {
    let (services, service_writer) = reflector::store::<Service>();
    let (slices, slice_writer) = reflector::store::<EndpointSlice>();
    let watch_services = watcher(Api::<Service>::all(client.clone()), watcher::Config::default());
    let watch_slices = watcher(Api::<EndpointSlice>::all(client), watcher::Config::default());
    let batches = futures::stream::select(
        watch_services.default_backoff().reflect(service_writer).map(drop),
        watch_slices.default_backoff().reflect(slice_writer).map(drop),
    )
    .ready_chunks(BATCH);
    let mut batches = std::pin::pin!(batches);
    let mut proxy = Proxy { netlink, addresses: BTreeMap::new(), fronts: BTreeMap::new() };
    while batches.next().await.is_some() {
        let (services, slices) = (services.state(), slices.state());
        let slices: Vec<&EndpointSlice> = slices.iter().map(AsRef::as_ref).collect();
        proxy.follow(&plan(services.iter().map(AsRef::as_ref), &slices, &place)).await;
    }
    anyhow::bail!("the watches of the proxy ended")
}

/// What the proxy does now.
struct Proxy<'a> {
    netlink: &'a Netlink,
    addresses: BTreeMap<IpAddr, Reception>,
    fronts: BTreeMap<Front, Open>,
}

impl Proxy<'_> {
    /// Closes the difference to `plan`. What fails is told and tried again at the next change.
    async fn follow(&mut self, plan: &Plan) {
        self.fronts.retain(|front, _| plan.fronts.contains_key(front));
        self.receive(&plan.addresses).await;
        for (front, backends) in &plan.fronts {
            if let Err(error) = self.point(*front, backends) {
                tracing::warn!(at = %front.at, %error, "cannot open front");
            }
        }
    }

    fn point(&mut self, front: Front, backends: &[SocketAddr]) -> std::io::Result<()> {
        if let Some(open) = self.fronts.get(&front) {
            open.point_at(backends);
            return Ok(());
        }
        let open = Open::new(front, backends.to_vec())?;
        self.fronts.insert(front, open);
        Ok(())
    }

    async fn receive(&mut self, wanted: &BTreeMap<IpAddr, Reception>) {
        let gone: Vec<(IpAddr, Reception)> = self
            .addresses
            .iter()
            .filter(|(address, reception)| wanted.get(address) != Some(reception))
            .map(|(address, reception)| (*address, *reception))
            .collect();
        for (address, reception) in gone {
            self.addresses.remove(&address);
            told(address, self.netlink.remove_virtual(address, reception).await);
        }
        for (address, reception) in wanted {
            if self.addresses.contains_key(address) {
                continue;
            }
            if told(*address, self.netlink.add_virtual(*address, *reception).await) {
                self.addresses.insert(*address, *reception);
            }
        }
    }
}

fn told(address: IpAddr, done: Result<(), NetlinkError>) -> bool {
    if let Err(error) = &done {
        tracing::warn!(%address, %error, "cannot change the route of a virtual address");
    }
    done.is_ok()
}
