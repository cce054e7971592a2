//! From a client to a Pod: ARP or NDP, node, kube-proxy.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::ensure;
use libtest_mimic::Trial;
use patina_realcluster::Cluster;
use serde_json::json;

use crate::echo::{By, HTTP, Plan, UDP, ask, ask_all};
use crate::stage::Stage;
use crate::{NODES, shared};

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "path::external_ips_node_ports_and_cluster_ips_reach_every_pod", all_doors),
        stage.on(shared(), "path::a_service_of_one_family_has_one_address_of_it", one_family),
        stage.on(shared(), "path::under_local_pods_see_the_client_and_only_their_nodes_announce", local),
        stage.on(shared(), "path::session_affinity_keeps_a_client_at_one_pod", affinity),
        stage.on(shared(), "path::a_node_whose_kube_proxy_programs_iptables_serves_too", iptables),
    ]
}

async fn all_doors(cluster: &mut Cluster) -> anyhow::Result<()> {
    let echo = Plan::new("doors", &NODES).serve(cluster).await?;
    let client = cluster.client();
    for address in &echo.addresses {
        ask_all(client, By::Tcp, (*address, HTTP).into(), &NODES).await?;
        ask_all(client, By::Udp, (*address, UDP).into(), &NODES).await?;
    }
    for node in cluster.nodes() {
        for net in node.host().addresses() {
            ask_all(client, By::Tcp, (net.addr(), echo.http_node_port).into(), &NODES).await?;
            ask_all(client, By::Udp, (net.addr(), echo.udp_node_port).into(), &NODES).await?;
        }
        for address in &echo.cluster_ips {
            ask_all(node.host(), By::Tcp, (*address, HTTP).into(), &NODES).await?;
            ask_all(node.host(), By::Udp, (*address, UDP).into(), &NODES).await?;
        }
    }
    echo.announcers(cluster).await?;
    ensure!(echo.status(cluster).await? == echo.addresses, "an address has changed");
    echo.gone(cluster).await
}

async fn one_family(cluster: &mut Cluster) -> anyhow::Result<()> {
    for (namespace, family) in [("only-v4", "IPv4"), ("only-v6", "IPv6")] {
        let plan = Plan::new(namespace, &NODES[..1]).with("ipFamilyPolicy", json!("SingleStack"));
        let echo = plan.with("ipFamilies", json!([family])).serve(cluster).await?;
        let [address] = echo.addresses[..] else { anyhow::bail!("one address, not {:?}", echo.addresses) };
        ensure!(address.is_ipv4() == (family == "IPv4"), "{address} is not of {family}");
        ask(cluster.client(), By::Udp, (address, UDP).into()).await?;
        echo.announcers(cluster).await?;
        echo.gone(cluster).await?;
    }
    Ok(())
}

async fn local(cluster: &mut Cluster) -> anyhow::Result<()> {
    let clients: BTreeSet<IpAddr> = cluster.client().addresses().iter().map(ipnet::IpNet::addr).collect();
    for node in NODES {
        let plan = Plan::new(&format!("local-{node}"), &[node]);
        let echo = plan.with("externalTrafficPolicy", json!("Local")).serve(cluster).await?;
        for address in &echo.addresses {
            for (by, port) in [(By::Tcp, HTTP), (By::Udp, UDP)] {
                let reply = ask(cluster.client(), by, (*address, port).into()).await?;
                ensure!(clients.contains(&reply.client), "{address} by {by:?}: {reply:?}");
            }
        }
        ensure!(echo.announcers(cluster).await? == [node; 2], "another node than the Pod's announces");
        echo.gone(cluster).await?;
    }
    Ok(())
}

async fn affinity(cluster: &mut Cluster) -> anyhow::Result<()> {
    const TIMES: usize = 12;
    let echo =
        Plan::new("affinity", &NODES).with("sessionAffinity", json!("ClientIP")).serve(cluster).await?;
    for address in &echo.addresses {
        let mut nodes = BTreeSet::new();
        for _ in 0..TIMES {
            nodes.insert(ask(cluster.client(), By::Tcp, (*address, HTTP).into()).await?.node);
        }
        ensure!(nodes.len() == 1, "{address} was answered on {nodes:?}");
    }
    echo.gone(cluster).await
}

async fn iptables(cluster: &mut Cluster) -> anyhow::Result<()> {
    let [.., node] = NODES;
    let plan = Plan::new("iptables", &[node]);
    let echo = plan.with("externalTrafficPolicy", json!("Local")).serve(cluster).await?;
    ensure!(echo.announcers(cluster).await? == [node; 2], "another node announces");
    let told = std::fs::read_to_string(cluster.folder().join(format!("{node}-kube-proxy.log")))?;
    ensure!(told.contains("Using iptables Proxier"), "{node} does not program iptables");
    echo.gone(cluster).await
}
