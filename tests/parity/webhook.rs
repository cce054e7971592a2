//! Rows 90 to 92: the validating webhook. Told on the lab's server, which asks webhooks as the real one does: a real one is as
//! a rule on another machine, or in another namespace, and does not reach this process. There the same rows are told by
//! `tests/realcluster`.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use hyper::Request;
use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt;
use patina::admission::rotation::SETTLED;
use patina::api::bgp::BFDProfile;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::case::parity_on_the_lab;
use crate::fixture::{Cluster, eventually, object};

/// Longest review, and a little more.
const TOO_LONG: usize = (4 << 20) + 1;

fn overlaps(outcome: &kube::Result<()>) -> bool {
    outcome.as_ref().is_err_and(|error| {
        let line = error.to_string();
        line.contains("ipaddresspoolvalidationwebhook.metallb.io")
            && line.contains("OverlapWith")
            && line.contains("gold")
    })
}

#[tokio::test]
async fn rows_90_43_enabled_what_is_wrong_between_objects_is_refused_and_addresses_are_given_out() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let controller = webhook.controller("enabled");
        webhook.answers().await;
        controller.is_ready(true).await;
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        let refused = cluster.try_pool("silver", json!({ "addresses": ["192.0.2.15-192.0.2.20"] })).await;
        assert!(overlaps(&refused), "{refused:?}");
        let refused = cluster
            .try_change_pool("gold", json!({ "serviceAllocation": { "namespaces": ["a", "a"] } }))
            .await;
        assert!(refused.is_err_and(|error| error.to_string().contains("spec.serviceAllocation.namespaces")));
        cluster.pool("silver", &["198.51.100.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        controller.shows(cluster, "patina_webhook_reviews_total{verdict=\"refused\"} 2", true).await;
    })
    .await;
}

#[tokio::test]
async fn row_90_disabled_is_the_default_and_conditions_tell_what_is_wrong() {
    parity_on_the_lab(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.pool_is("gold", "Accepted").await;
        cluster.pool("silver", &["192.0.2.15/32"]).await;
        cluster.pool_is("silver", "Invalid").await;
        controller.is_ready(true).await;
        let webhook = cluster.webhook().await;
        assert!(webhook.secret().await.is_none());
        assert!(webhook.authorities().await.is_empty());
        let refused = cluster.try_pool("bronze", json!({ "addresses": ["198.51.100.0/28"] })).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("failed calling webhook")));
    })
    .await;
}

#[tokio::test]
async fn row_90_onlywebhook_judges_and_does_nothing_else() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let controller = webhook.controller("onlywebhook");
        webhook.answers().await;
        controller.is_ready(true).await;
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        let refused = cluster.try_pool("silver", json!({ "addresses": ["192.0.2.0/24"] })).await;
        assert!(overlaps(&refused), "{refused:?}");
        assert!(cluster.own::<Lease>().get_opt("patina-controller").await.unwrap().is_none());
        controller.stop().await;
        let _leader = cluster.controller(&[]);
        webhook.set("failurePolicy", &json!("Ignore")).await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_90_a_profile_that_a_peer_names_is_not_deleted() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let _controller = webhook.controller("enabled");
        webhook.answers().await;
        let profiles = cluster.own::<BFDProfile>();
        for name in ["fast", "slow"] {
            let profile = object(json!({ "metadata": { "name": name }, "spec": {} }));
            profiles.create(&Default::default(), &profile).await.unwrap();
        }
        let peer =
            json!({ "myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1", "bfdProfile": "fast" });
        let peer = object(json!({ "metadata": { "name": "rack-1" }, "spec": peer }));
        cluster.own::<patina::api::bgp::BGPPeer>().create(&Default::default(), &peer).await.unwrap();
        let refused = profiles.delete("fast", &Default::default()).await.unwrap_err().to_string();
        assert!(refused.contains("ProfileInUse") && refused.contains("rack-1"), "{refused}");
        profiles.delete("slow", &Default::default()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn row_90_a_port_that_is_taken_stops_nothing_but_the_webhook() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, webhook.port)).unwrap();
        webhook.set("failurePolicy", &json!("Ignore")).await;
        webhook.set("timeoutSeconds", &json!(1)).await;
        let controller = webhook.controller("enabled");
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        controller.is_ready(false).await;
        drop(taken);
        controller.is_ready(true).await;
    })
    .await;
}

#[tokio::test]
async fn row_91_a_fresh_install_makes_its_certificate_and_names_its_authority() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let controller = webhook.controller("enabled");
        webhook.answers().await;
        let (secret, configuration) = (webhook.secret().await.unwrap(), webhook.configuration().await);
        let fields: Vec<_> = secret.data.as_ref().unwrap().keys().cloned().collect();
        assert_eq!(fields, ["ca.crt", "tls.crt", "tls.key"]);
        assert_eq!(webhook.authorities().await.len(), 1);
        controller.stop().await;
        let controller = webhook.controller("enabled");
        controller.is_ready(true).await;
        assert_eq!(webhook.secret().await.unwrap().resource_version(), secret.resource_version());
        assert_eq!(webhook.configuration().await.resource_version(), configuration.resource_version());
        webhook.set("clientConfig", &json!({ "caBundle": null })).await;
        webhook.has_authorities(1).await;
    })
    .await;
}

#[tokio::test]
async fn row_91_two_replicas_show_the_same_certificate() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (one, two) = (webhook.controller("enabled"), webhook.controller_on("enabled", other));
        one.is_ready(true).await;
        two.is_ready(true).await;
        assert_eq!(webhook.authorities().await.len(), 1);
        webhook.answers().await;
        webhook.set("clientConfig", &json!({ "service": { "port": other } })).await;
        one.stop().await;
        webhook.answers().await;
    })
    .await;
}

#[tokio::test]
async fn row_91_a_certificate_is_renewed_before_it_ends_and_no_review_goes_unanswered() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let old = ending(&format!("metallb-webhook-service.{}.svc", cluster.own));
        webhook.install(&old[0], &old[1], &old[2]).await;
        let _controller = webhook.controller("enabled");
        until_shown(&webhook.client(&old[0]).await, async || {}).await;
        let both = webhook.has_authorities(2).await;
        assert_eq!(both[1], old[0], "the new authority stands before the old one");
        webhook.answers().await;
        let judged = async || cluster.try_dry_pool("probe", &["203.0.113.0/28"]).await.unwrap();
        until_shown(&webhook.client(&both[0]).await, judged).await;
        judged().await;
        assert_eq!(webhook.authorities().await, both, "both are trusted for a day");
    })
    .await;
}

/// Waits until the webhook shows a certificate that this client takes; does something else between two looks.
async fn until_shown(client: &kube::Client, meanwhile: impl AsyncFn()) {
    let look = async || {
        meanwhile().await;
        client.request_text(Request::get("/").body(Vec::new()).unwrap()).await
    };
    let taken =
        |said: &kube::Result<String>| matches!(said, Err(kube::Error::Api(status)) if status.code == 404);
    let _ = eventually("the certificate is shown", look, taken).await;
}

/// Authority, certificate and key of a server whose certificate ends in some weeks.
fn ending(name: &str) -> [String; 3] {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let at = |age: Duration| rcgen::date_time_ymd(1970, 1, 1) + age;
    let (start, end) =
        (at(now - 10 * SETTLED - Duration::from_secs(86_400)), at(now + Duration::from_secs(30 * 86_400)));
    let keys = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let [mut authority, mut leaf] =
        [Vec::new(), vec![name.to_owned()]].map(|names| CertificateParams::new(names).unwrap());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for parameters in [&mut authority, &mut leaf] {
        (parameters.not_before, parameters.not_after) = (start, end);
    }
    let [signing, serving] = keys;
    let signed = authority.self_signed(&signing).unwrap().pem();
    let certificate = leaf.signed_by(&serving, &Issuer::new(authority, signing)).unwrap().pem();
    [signed, certificate, serving.serialize_pem()]
}

#[tokio::test]
async fn row_92_without_an_answer_fail_refuses_and_ignore_lets_pass() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let controller = webhook.controller("enabled");
        webhook.answers().await;
        controller.stop().await;
        let refused = cluster.try_pool("gold", json!({ "addresses": ["192.0.2.0/28"] })).await;
        let Err(kube::Error::Api(status)) = refused else { panic!("{refused:?}") };
        assert_eq!((status.code, status.reason.as_str()), (500, "InternalError"));
        let named = "failed calling webhook \"ipaddresspoolvalidationwebhook.metallb.io\"";
        assert!(status.message.contains(named), "{status:?}");
        webhook.set("failurePolicy", &json!("Ignore")).await;
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        webhook.set("failurePolicy", &json!("Fail")).await;
        let _controller = webhook.controller("enabled");
        webhook.answers().await;
        let refused = cluster.try_pool("silver", json!({ "addresses": ["192.0.2.0/24"] })).await;
        assert!(overlaps(&refused), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_review_is_answered_with_an_error_and_what_is_no_kind_of_ours_with_a_refusal() {
    parity_on_the_lab(async |cluster| {
        let webhook = cluster.webhook().await;
        let _controller = webhook.controller("enabled");
        webhook.answers().await;
        let client = webhook.client(&webhook.authorities().await.concat()).await;
        let path = "/validate-metallb-io-v1beta1-ipaddresspool";
        let post = async |path: &str, body: Vec<u8>| {
            let request = Request::post(path).header("Content-Type", "application/json").body(body).unwrap();
            match client.request_text(request).await {
                Ok(text) => (200, text),
                Err(kube::Error::Api(status)) => (status.code, status.message.clone()),
                Err(error) => panic!("{error}"),
            }
        };
        for (path, body, code) in [
            (path, b"{".to_vec(), 400),
            (path, b"\xff\xfe".to_vec(), 400),
            (path, review("admission.k8s.io/v1beta1", "IPAddressPool").into(), 400),
            (path, vec![b' '; TOO_LONG], 413),
            ("/validate-metallb-io-v1beta1-service", Vec::new(), 404),
        ] {
            let (found, told) = post(path, body).await;
            assert_eq!(found, code, "{told}");
        }
        let (code, told) = post(path, review("admission.k8s.io/v1", "Pod").into()).await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (code, &told["response"]["uid"], &told["response"]["allowed"]),
            (200, &json!("u"), &json!(false))
        );
    })
    .await;
}

#[tokio::test]
async fn a_pool_with_addresses_of_somebody_outside_the_cluster_passes_with_a_warning() {
    parity_on_the_lab(async |cluster| {
        let office = cluster.foreign_range("office", &["192.0.2.4/30"]).await;
        let webhook = cluster.webhook().await;
        let _controller = webhook.controller("enabled");
        webhook.answers().await;
        let client = webhook.client(&webhook.authorities().await.concat()).await;
        let gold = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
            "metadata": { "name": "gold", "namespace": cluster.own }, "spec": { "addresses": ["192.0.2.0/28"] },
        });
        let asked = review_of("admission.k8s.io/v1", "IPAddressPool", &gold);
        let request = Request::post("/validate-metallb-io-v1beta1-ipaddresspool");
        let request = request.header("Content-Type", "application/json").body(asked.into()).unwrap();
        let told: Value = serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap();
        assert_eq!(told["response"]["allowed"], true, "{told}");
        let warnings = told["response"]["warnings"].to_string();
        assert!(warnings.contains(&format!("ForeignRange {office}")), "{warnings}");
    })
    .await;
}

fn review(version: &str, kind: &str) -> String {
    review_of(version, kind, &json!({}))
}

fn review_of(version: &str, kind: &str, object: &Value) -> String {
    let kind = json!({ "group": "metallb.io", "version": "v1beta1", "kind": kind });
    let said = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let (name, namespace) = (said("name"), said("namespace"));
    let request = json!({
        "uid": "u", "operation": "CREATE", "kind": kind, "object": object, "name": name, "namespace": namespace,
    });
    json!({ "apiVersion": version, "kind": "AdmissionReview", "request": request }).to_string()
}

impl Cluster {
    /// A pool that is judged and not kept.
    pub(crate) async fn try_dry_pool(&self, name: &str, addresses: &[&str]) -> kube::Result<()> {
        let pool = object(json!({ "metadata": { "name": name }, "spec": { "addresses": addresses } }));
        let dry = kube::api::PostParams { dry_run: true, ..Default::default() };
        self.own::<patina::api::IPAddressPool>().create(&dry, &pool).await.map(drop)
    }

    /// Merges `spec` into that of a pool, if the server lets it.
    async fn try_change_pool(&self, name: &str, spec: Value) -> kube::Result<()> {
        let patch = kube::api::Patch::Merge(json!({ "spec": spec }));
        self.own::<patina::api::IPAddressPool>().patch(name, &Default::default(), &patch).await.map(drop)
    }
}
