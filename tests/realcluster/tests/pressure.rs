//! The API server refuses by its priority and fairness (Kubernetes, "API Priority and Fairness"): it is asked little while it
//! does, and everything is done when it no longer does. A level without seats still lets one request run at a time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use k8s_openapi::api::core::v1::{Namespace, Service};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use libtest_mimic::Trial;
use patina_lab::clock;
use patina_lab::cluster::addresses;
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;
use serde_json::{Value, from_value, json};

use crate::echo::WITHIN;
use crate::shared;
use crate::stage::Stage;

const BURST: usize = 80;
/// Requests under way at once when the server is well.
const AT_ONCE: usize = 16;
/// Requests under way at once after each second of silence that the server asks for.
const AFTER_SILENCE: usize = 2;
const NAMESPACE: &str = "pressed";
const ROOM: &str = "
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: pressed, namespace: metallb-system}
spec: {addresses: [203.0.113.0/24]}
---
apiVersion: v1
kind: Namespace
metadata: {name: pressed}
";
const NO_SEATS: &str = "
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: no-seats}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: no-addresses}
spec:
  priorityLevelConfiguration: {name: no-seats}
  matchingPrecedence: 2
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {name: controller, namespace: metallb-system}}]
    resourceRules: [{verbs: [patch, update], apiGroups: [''], resources: [services/status], namespaces: ['*']}]
";

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![stage.on(
        shared(),
        "pressure::a_server_that_rejects_for_want_of_seats_is_asked_little_and_then_all_are_served",
        rejected,
    )]
}

async fn rejected(cluster: &mut Cluster) -> anyhow::Result<()> {
    let kube = cluster.kube();
    let (room, no_seats) = (manifest::parse("room", ROOM)?, manifest::parse("no-seats", NO_SEATS)?);
    manifest::apply(kube, &room).await?;
    manifest::apply(kube, &no_seats).await?;
    let services = Api::<Service>::namespaced(kube.clone(), NAMESPACE);
    until_rejecting(cluster, &services).await?;
    let (before, begun) = (rejections(cluster)?, clock::now());
    create(&services, "of-the-burst").await?;
    let asked = wait_for("the server was asked in vain for a while", WITHIN, async || {
        let asked = rejections(cluster)? - before;
        Ok((asked > 0 && begun.elapsed() > Duration::from_secs(5)).then_some(asked))
    })
    .await?;
    let silences = usize::try_from(begun.elapsed().as_secs())? + 1;
    ensure!(asked <= AT_ONCE + silences * AFTER_SILENCE, "asked {asked} times in {:?}", begun.elapsed());
    manifest::delete(kube, &no_seats).await?;
    wait_for("an address for every Service", WITHIN, async || {
        let waiting = waiting(&services).await?;
        ensure!(waiting == 0, "{waiting} have none");
        Ok(Some(()))
    })
    .await?;
    Api::<Namespace>::all(kube.clone()).delete(NAMESPACE, &DeleteParams::background()).await?;
    manifest::delete(kube, &room[..1]).await
}

/// A new level of priority takes effect when the server has read it: until then Services still get their addresses.
async fn until_rejecting(cluster: &Cluster, services: &Api<Service>) -> anyhow::Result<()> {
    wait_for("the server rejects", WITHIN, async || {
        create(services, "before").await?;
        let rejecting = wait_for("addresses or a rejection", WITHIN, async || {
            if rejections(cluster)? > 0 {
                return Ok(Some(true));
            }
            Ok(waiting(services).await?.eq(&0).then_some(false))
        });
        let rejecting = rejecting.await?;
        services.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
        Ok(rejecting.then_some(()))
    })
    .await
}

async fn waiting(services: &Api<Service>) -> anyhow::Result<usize> {
    let services = services.list(&ListParams::default()).await?.items;
    Ok(services.iter().filter(|service| addresses(service).is_empty()).count())
}

/// As many as a burst has, all at the same time.
async fn create(services: &Api<Service>, name: &str) -> anyhow::Result<()> {
    let one = async |number| {
        let service = from_value(json!({
            "metadata": {"name": format!("{name}-{number}")},
            "spec": {
                "type": "LoadBalancer", "ports": [{"port": 80}], "allocateLoadBalancerNodePorts": false,
                "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"],
            },
        }))?;
        anyhow::Ok(services.create(&PostParams::default(), &service).await?)
    };
    futures::future::try_join_all((0..BURST).map(one)).await.map(drop)
}

/// Answers 429 to the controller's writes of addresses, over the whole run of the server.
fn rejections(cluster: &Cluster) -> anyhow::Result<usize> {
    let is = |event: &Value, at: &str, value: &Value| event.pointer(at) == Some(value);
    let rejected = |event: &&Value| {
        is(event, "/responseStatus/code", &json!(429))
            && is(event, "/objectRef/resource", &json!("services"))
            && is(event, "/user/username", &json!("system:serviceaccount:metallb-system:controller"))
    };
    Ok(cluster.audit().events()?.iter().filter(rejected).count())
}
