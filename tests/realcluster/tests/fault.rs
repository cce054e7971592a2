//! The node that announces goes away, in each way a node can.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use libtest_mimic::Trial;
use patina_lab::fault::{Fault, Order};
use patina_lab::load::Load;
use patina_lab::wait::wait_for;
use patina_realcluster::{Agent, Cluster};

use crate::echo::{By, Echo, Plan, UDP, WITHIN, ask, frames_go_to, until_endpoints, until_proxied};
use crate::stage::Stage;
use crate::{NODES, shared};

/// Longer than kube-controller-manager believes in a silent node, on a slow machine.
const NOT_READY_WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "fault::nothing_is_lost_when_a_speaker_is_stopped_gently", gentle_stop),
        stage.on(shared(), "fault::an_address_leaves_a_node_that_loses_its_carrier", async |cluster| {
            follows(cluster, Fault::Carrier).await
        }),
        stage.on(shared(), "fault::an_address_leaves_a_node_that_is_frozen", async |cluster| {
            follows(cluster, Fault::Freeze).await
        }),
        stage.on(shared(), "fault::an_address_leaves_a_dead_node_and_later_traffic_leaves_its_pods", dies),
    ]
}

async fn gentle_stop(cluster: &mut Cluster) -> anyhow::Result<()> {
    let echo = Plan::new("gentle", &NODES).serve(cluster).await?;
    let [address, ..] = echo.addresses[..] else { anyhow::bail!("no address") };
    until_proxied(cluster, &echo).await?;
    let giver = announcer(cluster, &echo).await?;
    let load = Load { rate: 200, ..Load::of((address, UDP).into()) }.start(cluster.client())?;
    cluster.stop_agent(&giver, Agent::Speaker).await?;
    elsewhere(cluster, address, &giver).await?;
    let tally = load.stop().await?;
    ensure!(tally.failed == 0, "{tally:?}");
    echo.announcers(cluster).await?;
    cluster.start_agent(&giver, Agent::Speaker)?;
    echo.gone(cluster).await
}

async fn follows(cluster: &mut Cluster, fault: Fault) -> anyhow::Result<()> {
    let echo = Plan::new(&fault.to_string(), &NODES).serve(cluster).await?;
    moves_and_comes_to_rest(cluster, &echo, fault, async |_, _| Ok(())).await?;
    echo.gone(cluster).await
}

/// A dead node's Pods stay endpoints until its Node is NotReady: what goes there until then is lost.
async fn dies(cluster: &mut Cluster) -> anyhow::Result<()> {
    let echo = Plan::new("crash", &NODES).serve(cluster).await?;
    moves_and_comes_to_rest(cluster, &echo, Fault::Crash, async |cluster: &mut Cluster, victim: &str| {
        until_not_ready(cluster, victim).await?;
        let others: Vec<String> =
            NODES.iter().filter(|node| **node != victim).map(|node| (*node).to_owned()).collect();
        until_endpoints(cluster.kube(), &echo.namespace, &others).await?;
        for address in &echo.addresses {
            all_answered(cluster, *address, victim).await?;
        }
        Ok(())
    })
    .await?;
    echo.gone(cluster).await
}

/// The fault comes, addresses move, objects follow, `meanwhile` holds; the node heals and everything agrees again.
async fn moves_and_comes_to_rest(
    cluster: &mut Cluster,
    echo: &Echo,
    fault: Fault,
    meanwhile: impl AsyncFnOnce(&mut Cluster, &str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let victim = announcer(cluster, echo).await?;
    cluster.order(&victim, Order::Inflict(fault)).await?;
    for address in &echo.addresses {
        elsewhere(cluster, *address, &victim).await?;
        ask(cluster.client(), By::Udp, (*address, UDP).into()).await?;
    }
    meanwhile(cluster, &victim).await?;
    cluster.order(&victim, Order::Heal).await?;
    cluster.until_ready().await?;
    until_endpoints(cluster.kube(), &echo.namespace, &NODES.map(str::to_owned)).await?;
    echo.announcers(cluster).await?;
    for address in &echo.addresses {
        ask(cluster.client(), By::Udp, (*address, UDP).into()).await?;
    }
    ensure!(echo.status(cluster).await? == echo.addresses, "an address has changed");
    Ok(())
}

async fn announcer(cluster: &Cluster, echo: &Echo) -> anyhow::Result<String> {
    let mut announcers = echo.announcers(cluster).await?;
    Ok(announcers.swap_remove(0))
}

/// Waits until the client's cache, which nobody asks to learn, points to another node.
pub(crate) async fn elsewhere(cluster: &Cluster, address: IpAddr, old: &str) -> anyhow::Result<String> {
    let look = async || Ok(Some(frames_go_to(cluster, address).await?).filter(|node| node != old));
    wait_for(&format!("{address} leaves {old} in the client's cache"), WITHIN, look).await
}

async fn until_not_ready(cluster: &Cluster, node: &str) -> anyhow::Result<()> {
    let nodes = Api::<Node>::all(cluster.kube().clone());
    let look = async || {
        let conditions =
            nodes.get(node).await?.status.and_then(|status| status.conditions).unwrap_or_default();
        Ok(conditions.iter().any(|c| c.type_ == "Ready" && c.status == "Unknown").then_some(()))
    };
    wait_for(&format!("{node} is no longer Ready"), NOT_READY_WITHIN, look).await
}

/// kube-proxy follows the endpoints in its own time; from then on not one request may be lost.
async fn all_answered(cluster: &Cluster, address: IpAddr, dead: &str) -> anyhow::Result<()> {
    let look = async || {
        let tally = Load::of((address, UDP).into()).ask_times(40, cluster.client()).await?;
        ensure!(!tally.answered_by.contains_key(dead), "{dead} answered: {tally:?}");
        Ok((tally.failed == 0).then_some(()))
    };
    wait_for(&format!("every request to {address} is answered"), WITHIN, look).await
}
