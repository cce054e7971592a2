//! The API server is away for long, or comes back with an older memory.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use patina_lab::load::Load;
use patina_lab::netlink::NeighbourState;
use patina_lab::wait::wait_for;
use patina_realcluster::{Cluster, Part, settings};
use tokio::time::sleep;

use crate::echo::{By, HTTP, Plan, UDP, WITHIN, ask, once, until_endpoints, until_proxied};
use crate::fault::elsewhere;
use crate::restart::restart_kubernetes;
use crate::stage::Stage;
use crate::{NODES, shared};

/// How long the API server is away: longer than any watch, Lease or timeout of the project's daemons.
const AWAY: Duration = Duration::from_secs(90);
const AWAY_BY_NIGHT: Duration = Duration::from_secs(300);

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "outage::a_node_dies_while_the_api_server_is_away", without_server),
        stage.on(shared(), "outage::an_older_snapshot_of_etcd_is_followed", older_snapshot),
    ]
}

async fn without_server(cluster: &mut Cluster) -> anyhow::Result<()> {
    let half = if settings::nightly() { AWAY_BY_NIGHT } else { AWAY } / 2;
    let echo = Plan::new("outage", &NODES).serve(cluster).await?;
    let [address, ..] = echo.addresses[..] else { anyhow::bail!("no address") };
    until_proxied(cluster, &echo).await?;
    let victim = echo.announcers(cluster).await?.swap_remove(0);
    cluster.kill_part(Part::ApiServer).await?;
    let load = Load { rate: 50, ..Load::of((address, UDP).into()) }.start(cluster.client())?;
    sleep(half).await;
    let tally = load.stop().await?;
    ensure!(tally.failed == 0, "nothing but the API server was away: {tally:?}");
    cluster.order(&victim, "crash".parse()?).await?;
    for address in &echo.addresses {
        elsewhere(cluster, *address, &victim).await?;
        ask(cluster.client(), By::Udp, (*address, UDP).into()).await?;
    }
    let load = Load { rate: 50, ..Load::of((address, UDP).into()) }.start(cluster.client())?;
    sleep(half).await;
    let tally = load.stop().await?;
    let heard: BTreeSet<&str> = tally.answered_by.keys().map(String::as_str).collect();
    let alive: BTreeSet<&str> = NODES.into_iter().filter(|node| *node != victim).collect();
    ensure!(heard == alive, "Pods of the living nodes answer: {tally:?}");
    cluster.start_part(Part::ApiServer)?;
    cluster.until_answering().await?;
    restart_kubernetes(cluster).await?;
    cluster.order(&victim, "heal".parse()?).await?;
    cluster.until_ready().await?;
    until_endpoints(cluster.kube(), &echo.namespace, &NODES.map(str::to_owned)).await?;
    echo.announcers(cluster).await?;
    ensure!(echo.status(cluster).await? == echo.addresses, "an address has changed");
    echo.gone(cluster).await
}

/// What was made after the snapshot has never been; what was made before goes on, and new Services are served.
///
/// Kubernetes asks that its own parts be restarted after a restore: their watches wait for versions that are yet to come.
/// The project's daemons are not restarted.
async fn older_snapshot(cluster: &mut Cluster) -> anyhow::Result<()> {
    let before = Plan::new("before", &NODES).serve(cluster).await?;
    let snapshot = cluster.snapshot("older").await?;
    let after = Plan::new("after", &NODES).serve(cluster).await?;
    cluster.restore(&snapshot).await?;
    restart_kubernetes(cluster).await?;
    cluster.until_ready().await?;
    for address in &after.addresses {
        until_silent(cluster, *address).await?;
    }
    for address in &before.addresses {
        ask(cluster.client(), By::Udp, (*address, UDP).into()).await?;
    }
    before.announcers(cluster).await?;
    ensure!(before.status(cluster).await? == before.addresses, "an address has changed");
    let again = Plan::new("again", &NODES).serve(cluster).await?;
    for address in &again.addresses {
        ask(cluster.client(), By::Tcp, (*address, HTTP).into()).await?;
    }
    again.gone(cluster).await?;
    before.gone(cluster).await
}

/// Waits until the client, which has forgotten the address, asks for it in vain.
async fn until_silent(cluster: &Cluster, address: IpAddr) -> anyhow::Result<()> {
    let client = cluster.client();
    let in_vain = async || {
        client.forget(address).await?;
        // Whether a Pod answers is not the question: the datagram makes the kernel ask who has the address.
        let _ = once(client, By::Udp, (address, UDP).into()).await;
        let verdict = async || {
            let entry = client.neighbour(address).await?.context("no entry")?;
            let answered = entry.hardware.is_some();
            Ok((answered || entry.state == NeighbourState::Failed).then_some(answered))
        };
        let answered = wait_for(&format!("a verdict on {address}"), WITHIN, verdict).await?;
        Ok((!answered).then_some(()))
    };
    wait_for(&format!("nobody answers for {address}"), 2 * WITHIN, in_vain).await
}
