//! The lab's stand-ins for kubelet and kube-proxy: from an address to a Pod, without a speaker's help.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use patina_lab::cluster::Cluster;
use patina_lab::http::{self, Url};
use patina_lab::load::Load;
use patina_lab::wait::wait_for;
use serde_json::{Value, from_value, json};

use crate::boxed::boxed;
use crate::lab::cluster;

const WITHIN: Duration = Duration::from_secs(20);
const EXTERNAL: [&str; 2] = ["192.168.50.245", "fd00:50::245"];

/// A Pod on each node.
async fn pods(cluster: &Cluster) -> anyhow::Result<Vec<(String, Vec<IpAddr>)>> {
    let api = Api::<Pod>::namespaced(cluster.kube().clone(), "default");
    let mut found = Vec::new();
    for node in cluster.nodes() {
        let name = format!("echo-{}", node.name());
        let ports = json!([{"containerPort": 8080}, {"containerPort": 8081, "protocol": "UDP"}]);
        let pod = json!({
            "metadata": {"name": name},
            "spec": {"nodeName": node.name(), "containers": [{"name": "echo", "image": "echo", "ports": ports}]},
        });
        api.create(&PostParams::default(), &from_value(pod)?).await?;
        let look = async || {
            let status = api.get(&name).await?.status.unwrap_or_default();
            let addresses = status.pod_ips.unwrap_or_default();
            Ok((addresses.len() == 2).then_some(addresses))
        };
        let addresses = wait_for(&format!("{name} has addresses"), WITHIN, look)
            .await?
            .into_iter()
            .map(|address| address.ip.parse());
        found.push((node.name().to_owned(), addresses.collect::<Result<_, _>>()?));
    }
    Ok(found)
}

/// A Service with external addresses that leads to these Pods.
async fn service(cluster: &Cluster, extra: &[(&str, Value)]) -> anyhow::Result<Service> {
    let pods = pods(cluster).await?;
    let ports = json!([
        {"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080},
        {"name": "echo", "port": 8081, "protocol": "UDP", "nodePort": 30081},
    ]);
    let mut object = json!({
        "metadata": {"name": "echo"},
        // Of a class that is not the controller's, which would take away addresses that no pool has.
        "spec": {
            "type": "LoadBalancer", "loadBalancerClass": "example.com/by-hand",
            "ipFamilyPolicy": "RequireDualStack", "ports": ports,
        },
    });
    for (field, value) in extra {
        object["spec"][field] = value.clone();
    }
    let api = Api::<Service>::namespaced(cluster.kube().clone(), "default");
    let service = api.create(&PostParams::default(), &from_value(object)?).await?;
    for (number, family) in ["IPv4", "IPv6"].into_iter().enumerate() {
        let endpoints: Vec<Value> = pods
            .iter()
            .map(|(node, ips)| json!({"addresses": [ips[number]], "nodeName": node, "conditions": {"ready": true}}))
            .collect();
        let slice = json!({
            "metadata": {
                "name": format!("echo-{}", family.to_lowercase()), "labels": {"kubernetes.io/service-name": "echo"},
            },
            "addressType": family,
            "ports": [
                {"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "echo", "port": 8081, "protocol": "UDP"},
            ],
            "endpoints": endpoints,
        });
        let slices = Api::<EndpointSlice>::namespaced(cluster.kube().clone(), "default");
        slices.create(&PostParams::default(), &from_value(slice)?).await?;
    }
    let ingress: Vec<Value> = EXTERNAL.iter().map(|ip| json!({"ip": ip, "ipMode": "VIP"})).collect();
    let status = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": ingress}}}));
    Ok(api.patch_status("echo", &PatchParams::default(), &status).await.map(|_| service)?)
}

/// The client sends frames for the external addresses to this node, as if it had announced them.
async fn send_to(cluster: &Cluster, node: &str) -> anyhow::Result<()> {
    let (client, hardware) = (cluster.client(), cluster.node(node)?.host().hardware());
    for address in EXTERNAL {
        client.netlink().remember(client.link(), address.parse()?, hardware).await?;
    }
    Ok(())
}

async fn http_from(cluster: &Cluster, at: SocketAddr) -> anyhow::Result<String> {
    let url = Url::root(at);
    let look = async || Ok(Some(http::get(cluster.client(), &url).await?));
    let answer = wait_for(&format!("an answer from {url}"), WITHIN, look).await?;
    assert_eq!(answer.status, 200);
    Ok(answer.body)
}

#[test]
fn external_ip_node_port_and_both_families_reach_pods_on_all_nodes() {
    boxed(|| async {
        let cluster = cluster(2).await?;
        service(&cluster, &[]).await?;
        send_to(&cluster, "node-2").await?;
        for address in EXTERNAL {
            let external: IpAddr = address.parse()?;
            assert!(http_from(&cluster, (external, 80).into()).await?.starts_with("pod=echo-node-"));
            let tally = Load::of((external, 8081).into()).ask_times(40, cluster.client()).await?;
            assert_eq!((tally.sent, tally.failed), (40, 0), "{tally:?}");
            assert_eq!(tally.answered_by.keys().collect::<Vec<_>>(), ["node-1", "node-2"], "{tally:?}");
        }
        for net in cluster.node("node-1")?.host().addresses() {
            assert!(http_from(&cluster, (net.addr(), 30080).into()).await?.starts_with("pod=echo-node-"));
        }
        Ok(())
    });
}

#[test]
fn traffic_policy_local_stays_on_the_node() {
    boxed(|| async {
        let cluster = cluster(2).await?;
        service(&cluster, &[("externalTrafficPolicy", json!("Local"))]).await?;
        for node in ["node-2", "node-1"] {
            send_to(&cluster, node).await?;
            for address in EXTERNAL {
                let at = SocketAddr::new(address.parse()?, 80);
                let body = http_from(&cluster, at).await?;
                assert!(body.contains(&format!("node={node} ")), "{body}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_dead_nodes_pods_stay_endpoints_as_with_the_real_proxy() {
    boxed(|| async {
        let mut cluster = cluster(2).await?;
        service(&cluster, &[]).await?;
        send_to(&cluster, "node-1").await?;
        let at = SocketAddr::new(EXTERNAL[0].parse()?, 8081);
        http_from(&cluster, SocketAddr::new(at.ip(), 80)).await?;
        cluster.order("node-2", "crash".parse()?).await?;
        let tally = Load::of(at).ask_times(40, cluster.client()).await?;
        assert_eq!((tally.sent, tally.failed), (40, 20), "{tally:?}");
        Ok(())
    });
}
