//! Through an ingress controller: client, external IP, Traefik, Service by host and by path, Pod.

mod browser;
mod example;
mod untouched;

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;

use crate::echo::WITHIN;
use crate::stage::Stage;
use crate::{NODES, shared};
use browser::{Page, Scheme};
use example::{APPLICATIONS, Example, Policy, SHOP, TRAEFIK};

/// Where each page of the example leads.
const ROUTES: [(&str, &str, &str); 5] = [
    ("www.example.com", "/", "website"),
    ("www.example.com", "/about/us", "website"),
    ("www.example.com", "/shop", "shop"),
    ("www.example.com", "/shop/cart?item=1", "shop"),
    ("shop.example.com", "/", "shop"),
];
/// No Ingress and no certificate has this name.
const UNKNOWN: &str = "other.example.com";

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "ingress::hosts_and_paths_lead_to_their_application_over_http_and_https", routes),
        stage.on(shared(), "ingress::the_flow_goes_on_when_the_announcing_node_dies", announcer_dies),
        stage.on(
            shared(),
            "ingress::under_local_the_other_node_with_traefik_takes_over",
            local_announcer_dies,
        ),
        stage.on(shared(), "ingress::services_of_other_types_stay_as_they_are", untouched::stay),
    ]
}

async fn routes(cluster: &mut Cluster) -> anyhow::Result<()> {
    let example = Example::apply(cluster, Policy::Local).await?;
    for (name, path, application) in ROUTES {
        for scheme in [Scheme::Http, Scheme::Https] {
            let answer = example.until_answered_by(application, cluster, Page { scheme, name, path }).await?;
            ensure!(answer.word("forwarded")? == client(cluster)?, "{name}{path}: {}", answer.body);
        }
    }
    let unknown = Page { name: UNKNOWN, ..SHOP };
    ensure!(example.get(cluster, unknown).await.is_err(), "a certificate for another name was accepted");
    let unknown = Page { scheme: Scheme::Http, ..unknown };
    ensure!(example.get(cluster, unknown).await?.status == 404, "a name without an Ingress leads somewhere");
    published(&example).await?;
    let denied = cluster.audit().denied(&format!("system:serviceaccount:{TRAEFIK}:"))?;
    ensure!(denied.is_empty(), "the example's ClusterRole lacks {denied:?}");
    example.gone().await
}

/// The external IP stands in the status of the Ingress.
async fn published(example: &Example) -> anyhow::Result<()> {
    let wanted = [example.address.to_string()];
    let look = async || Ok((example.published().await? == wanted).then_some(()));
    wait_for(&format!("the Ingress has {wanted:?} in its status"), WITHIN, look).await
}

async fn announcer_dies(cluster: &mut Cluster) -> anyhow::Result<()> {
    let example = Example::apply(cluster, Policy::Cluster).await?;
    let old = example.announcer(cluster).await?;
    // Nothing but the announcement is on the node that dies.
    let refuge = NODES.into_iter().find(|node| **node != old).context("another node")?;
    for namespace in [TRAEFIK, APPLICATIONS] {
        example.move_to(refuge, namespace).await?;
    }
    example.until_steady(cluster).await?;
    ensure!(example.announcer(cluster).await? == old, "the address moved though its node lives");
    cluster.order(&old, "crash".parse()?).await?;
    example.until_steady(cluster).await?;
    ensure!(example.announcer(cluster).await? != old, "frames still go to {old}");
    restore(cluster, &old).await?;
    example.gone().await
}

async fn local_announcer_dies(cluster: &mut Cluster) -> anyhow::Result<()> {
    let example = Example::apply(cluster, Policy::Local).await?;
    let fronts = example.front_nodes().await?;
    ensure!(fronts.len() == 2, "Traefik runs on {fronts:?}");
    // The applications outlive each of these nodes.
    let third = NODES.into_iter().find(|node| !fronts.contains(*node)).context("a third node")?;
    example.move_to(third, APPLICATIONS).await?;
    example.until_steady(cluster).await?;
    let old = example.announcer(cluster).await?;
    ensure!(fronts.contains(&old), "{old} announces without a Traefik Pod");
    cluster.order(&old, "crash".parse()?).await?;
    example.until_steady(cluster).await?;
    let new = example.announcer(cluster).await?;
    ensure!(new != old && fronts.contains(&new), "{new} announces after {old}, and Traefik is on {fronts:?}");
    let answer = example.get(cluster, SHOP).await?;
    ensure!(answer.word("forwarded")? == client(cluster)?, "behind {new}: {}", answer.body);
    restore(cluster, &old).await?;
    example.gone().await
}

async fn restore(cluster: &mut Cluster, node: &str) -> anyhow::Result<()> {
    cluster.order(node, "heal".parse()?).await?;
    cluster.until_ready().await
}

/// The client's IPv4 address.
fn client(cluster: &Cluster) -> anyhow::Result<String> {
    let mut own = cluster.client().addresses().iter().map(ipnet::IpNet::addr);
    Ok(own.find(std::net::IpAddr::is_ipv4).context("no IPv4 address")?.to_string())
}
