//! Objects that make no sense, put to the API server of a cluster that serves: refused, or accepted and told so by the
//! controller, in words that name what is wrong. What is served stays served, as it was.

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Api;
use kube::api::ListParams;
use patina::addr::HardwareAddr;
use patina::api::IPAddressPool;
use patina_lab::cluster::NAMESPACE;
use patina_lab::manifest;
use patina_lab::wait::wait_for;

use crate::boxed::boxed;
use crate::served::{Served, WITHIN, served};

/// Applies a manifest as a person with kubectl does.
async fn apply(served: &Served, text: &str) -> anyhow::Result<()> {
    let objects = manifest::parse("bad.yaml", text)?;
    manifest::apply(served.cluster.kube(), &objects).await.map(drop)
}

fn pool(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\n\
         metadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec: {spec}\n"
    )
}

fn service(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: dual-stack}}\n\
         spec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{name: http, port: 80, protocol: TCP}}]{spec}}}\n"
    )
}

fn pools(served: &Served) -> Api<IPAddressPool> {
    Api::namespaced(served.cluster.kube().clone(), NAMESPACE)
}

fn services(served: &Served) -> Api<Service> {
    Api::namespaced(served.cluster.kube().clone(), "dual-stack")
}

/// Where the client's caches point to. Both addresses answer, and the speakers tell the same.
async fn state(served: &Served) -> anyhow::Result<Vec<HardwareAddr>> {
    let mut caches = Vec::new();
    for address in served.addresses {
        caches.push(served.cached(address).await?);
        served.answers(address).await?;
    }
    served.told_rightly().await?;
    Ok(caches)
}

#[test]
fn what_no_schema_allows_is_refused_by_name_and_leaves_nothing_behind() {
    boxed(|| async {
        let served = served().await?;
        let before = state(&served).await?;
        for (text, words) in [
            ("spec: [unclosed".to_owned(), "bad.yaml"),
            (pool("bad", "{addresses: 5}"), "spec.addresses"),
            (pool("bad", "{addresses: [192.168.50.1/32], autoAssign: maybe}"), "spec.autoAssign"),
            (pool("bad", "{addresses: [192.168.50.1/32], adresses: []}"), "adresses"),
            (pool("bad", "{}"), "spec.addresses"),
            (pool("bad", "{addresses: [192.168.50.250-192.168.50.240]}"), "must not run backwards"),
            (pool("bad", "{addresses: ['192.168.50.250-fd00:50::1']}"), "two addresses of one family"),
            (pool("bad", "{addresses: [a sheep]}"), "must be a prefix such as"),
            (service("bad", ", prots: []"), "prots"),
        ] {
            let refused = apply(&served, &text).await.err().with_context(|| format!("accepted: {text}"))?;
            ensure!(format!("{refused:#}").contains(words), "wanted {words}: {refused:#}");
        }
        ensure!(pools(&served).get_opt("bad").await?.is_none());
        ensure!(services(&served).get_opt("bad").await?.is_none());
        ensure!(state(&served).await? == before);
        Ok(())
    });
}

#[test]
fn pools_that_make_no_sense_are_told_so_and_the_others_go_on() {
    boxed(|| async {
        let served = served().await?;
        let before = state(&served).await?;
        for (name, range, words) in [
            // The schema cannot compare IPv6 addresses, and knows of one pool at a time.
            ("backwards", "fd00:50::9-fd00:50::1", "the range is backwards"),
            ("overlapping", "192.168.50.232/31", "192.168.50.232/31"),
        ] {
            apply(&served, &pool(name, &format!("{{addresses: ['{range}']}}"))).await?;
            let told = async || {
                let status = pools(&served).get(name).await?.status.context("no status")?;
                let condition = of_type(&status.conditions, "patina.dev/Accepted").context("not told")?;
                ensure!(condition.status == "False" && condition.message.contains(words), "{condition:?}");
                Ok(Some(()))
            };
            wait_for(&format!("pool {name} is told what is wrong"), WITHIN, told).await?;
            until_event(&served, NAMESPACE, name, words).await?;
        }
        ensure!(state(&served).await? == before);
        Ok(())
    });
}

#[test]
fn a_request_for_an_address_of_no_pool_is_told_so_and_gets_none() {
    boxed(|| async {
        let served = served().await?;
        let before = state(&served).await?;
        for (name, address) in [("outside", "203.0.113.9"), ("nonsense", "10.0.0.300")] {
            apply(&served, &service(name, &format!(", loadBalancerIP: '{address}'"))).await?;
            let told = async || {
                let status = services(&served).get(name).await?.status.context("no status")?;
                let conditions = status.conditions.unwrap_or_default();
                let condition = of_type(&conditions, "patina.dev/Allocated").context("not told")?;
                ensure!(condition.status == "False" && condition.message.contains(address), "{condition:?}");
                let ingress = status.load_balancer.and_then(|status| status.ingress).unwrap_or_default();
                ensure!(ingress.is_empty(), "{ingress:?}");
                Ok(Some(()))
            };
            wait_for(&format!("Service {name} is told why it has no address"), WITHIN, told).await?;
            until_event(&served, "dual-stack", name, address).await?;
        }
        ensure!(state(&served).await? == before);
        Ok(())
    });
}

fn of_type<'a>(conditions: &'a [Condition], name: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == name)
}

/// Waits for an event beside the object that has these words.
async fn until_event(served: &Served, namespace: &str, name: &str, words: &str) -> anyhow::Result<()> {
    let events = Api::<Event>::namespaced(served.cluster.kube().clone(), namespace);
    let look = async || {
        let all = events.list(&ListParams::default()).await?;
        let about =
            |event: &Event| event.regarding.as_ref().is_some_and(|it| it.name.as_deref() == Some(name));
        let says = |event: &Event| event.note.as_ref().is_some_and(|note| note.contains(words));
        Ok(all.items.iter().any(|event| about(event) && says(event)).then_some(()))
    };
    wait_for(&format!("an event about {name} that says {words}"), WITHIN, look).await
}
