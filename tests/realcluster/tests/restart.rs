//! Everything that is not a node's kernel is restarted, in every order, and clients and objects see the same as before.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use patina_realcluster::{Agent, Cluster, Part, settings};

use crate::echo::{By, Plan, UDP, ask, until_proxied};
use crate::stage::Stage;
use crate::{NODES, shared};

/// What can be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Controller,
    Speakers,
    ApiServer,
    Etcd,
}

use Piece::{ApiServer, Controller, Etcd, Speakers};

/// Any three pieces stand in each of their six orders somewhere in these.
const ORDERS: [[Piece; 4]; 6] = [
    [Controller, Speakers, ApiServer, Etcd],
    [Controller, Etcd, ApiServer, Speakers],
    [Speakers, Etcd, Controller, ApiServer],
    [ApiServer, Speakers, Controller, Etcd],
    [ApiServer, Etcd, Controller, Speakers],
    [Etcd, Speakers, ApiServer, Controller],
];

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "restart::no_order_of_restarts_moves_an_address_or_silences_it", every_order),
        stage.on(
            shared(),
            "restart::speakers_that_start_without_an_api_server_announce_what_they_knew",
            from_memory,
        ),
    ]
}

async fn every_order(cluster: &mut Cluster) -> anyhow::Result<()> {
    let echo = Plan::new("restarts", &NODES).serve(cluster).await?;
    for order in orders() {
        let named = || format!("restarted {}", order.map(|piece| piece.to_string()).join(", "));
        for piece in order {
            kill(cluster, piece).await?;
        }
        for piece in order {
            start(cluster, piece)?;
        }
        cluster.until_answering().await?;
        cluster.until_ready().await?;
        for address in &echo.addresses {
            ask(cluster.client(), By::Udp, (*address, UDP).into()).await.with_context(named)?;
        }
        echo.announcers(cluster).await.with_context(named)?;
        ensure!(echo.status(cluster).await? == echo.addresses, "an address has changed: {}", named());
    }
    restart_kubernetes(cluster).await?;
    cluster.until_ready().await?;
    echo.gone(cluster).await
}

/// Nobody tells them what to announce: they have written it down.
async fn from_memory(cluster: &mut Cluster) -> anyhow::Result<()> {
    let echo = Plan::new("memory", &NODES).serve(cluster).await?;
    until_proxied(cluster, &echo).await?;
    cluster.kill_part(Part::ApiServer).await?;
    kill(cluster, Speakers).await?;
    start(cluster, Speakers)?;
    for address in &echo.addresses {
        cluster.client().forget(*address).await?;
        ask(cluster.client(), By::Udp, (*address, UDP).into()).await?;
    }
    cluster.start_part(Part::ApiServer)?;
    cluster.until_answering().await?;
    echo.announcers(cluster).await?;
    ensure!(echo.status(cluster).await? == echo.addresses, "an address has changed");
    restart_kubernetes(cluster).await?;
    cluster.until_ready().await?;
    echo.gone(cluster).await
}

/// kube-controller-manager, and kubelet and kube-proxy of each living node. In a cluster the first ends by itself when it cannot
/// renew its Lease; all of them ask an API server that was away for long again only after up to a minute.
pub(crate) async fn restart_kubernetes(cluster: &mut Cluster) -> anyhow::Result<()> {
    cluster.kill_part(Part::ControllerManager).await?;
    cluster.start_part(Part::ControllerManager)?;
    let alive = cluster.nodes().filter(|node| node.fault().is_none());
    let alive: Vec<String> = alive.map(|node| node.name().to_owned()).collect();
    for node in alive {
        for agent in [Agent::Kubelet, Agent::Proxy] {
            cluster.kill_agent(&node, agent).await?;
            cluster.start_agent(&node, agent)?;
        }
    }
    Ok(())
}

/// All 24 by night.
fn orders() -> Vec<[Piece; 4]> {
    if !settings::nightly() {
        return ORDERS.to_vec();
    }
    let all = [Controller, Speakers, ApiServer, Etcd];
    let mut orders = Vec::new();
    for first in all {
        for second in all.into_iter().filter(|piece| *piece != first) {
            let mut rest = all.into_iter().filter(|piece| *piece != first && *piece != second);
            let (Some(third), Some(fourth)) = (rest.next(), rest.next()) else { continue };
            orders.extend([[first, second, third, fourth], [first, second, fourth, third]]);
        }
    }
    orders
}

async fn kill(cluster: &mut Cluster, piece: Piece) -> anyhow::Result<()> {
    match piece {
        Controller => cluster.kill_part(Part::Controller).await,
        ApiServer => cluster.kill_part(Part::ApiServer).await,
        Etcd => cluster.kill_part(Part::Etcd).await,
        Speakers => {
            for node in NODES {
                cluster.kill_agent(node, Agent::Speaker).await?;
            }
            Ok(())
        }
    }
}

fn start(cluster: &mut Cluster, piece: Piece) -> anyhow::Result<()> {
    match piece {
        Controller => cluster.start_part(Part::Controller),
        ApiServer => cluster.start_part(Part::ApiServer),
        Etcd => cluster.start_part(Part::Etcd),
        Speakers => NODES.iter().try_for_each(|node| cluster.start_agent(node, Agent::Speaker)),
    }
}
