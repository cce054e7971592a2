//! Rows 43 to 46 and 50: what the operator wrote and did not mean.

use patina::api::{ConfigurationResult, ConfigurationState, ConfigurationStateStatus};
use serde_json::json;

use crate::case::parity;
use crate::fixture::{Cluster, eventually, next_second};

/// A pool that every schema allows, and that means nothing: an IPv6 range that runs backwards.
const BACKWARDS: &str = "2001:db8::f-2001:db8::1";

#[tokio::test]
async fn row_43_of_two_pools_that_overlap_the_older_stays_in_force_and_both_say_so() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("z-older", &["192.0.2.0/28"]).await;
        cluster.pool_is("z-older", "Accepted").await;
        next_second().await;
        cluster.pool("a-younger", &["192.0.2.15-192.0.2.20"]).await;
        cluster.pool_is("a-younger", "Invalid").await;
        cluster.pool_is("z-older", "Overlapped").await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.pool("other", &["198.51.100.0/28"]).await;
        cluster.pool_is("other", "Accepted").await;
        cluster.delete_pool("z-older").await;
        cluster.pool_is("a-younger", "Accepted").await;
    })
    .await;
}

#[tokio::test]
async fn row_44_what_is_no_range_of_addresses_is_refused_by_the_server() {
    parity(async |cluster| {
        let bad = [
            json!(["192.0.2.0/33"]),
            json!(["192.0.2.10-192.0.2.1"]),
            json!(["garbage"]),
            json!([""]),
            json!(["192.0.2.1-2001:db8::1"]),
            json!([]),
        ];
        for addresses in bad {
            let refused = cluster.try_pool("bad", json!({ "addresses": addresses })).await;
            let Err(kube::Error::Api(status)) = refused else { panic!("{addresses}: {refused:?}") };
            assert_eq!(status.code, 422, "{addresses}: {status:?}");
            assert!(status.message.contains("spec.addresses"), "{addresses}: {status:?}");
        }
        let missing = cluster.try_pool("bad", json!({})).await;
        assert!(matches!(missing, Err(kube::Error::Api(status)) if status.code == 422));
    })
    .await;
}

#[tokio::test]
async fn row_46_a_pool_that_becomes_bad_keeps_its_holders_gives_nothing_and_disables_nobody() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.change_pool("gold", json!({ "addresses": [BACKWARDS] })).await;
        cluster.pool_is("gold", "Invalid").await;
        controller.shows(cluster, "metallb_k8s_client_config_stale_bool 1", true).await;
        let state = cluster.state("controller", ConfigurationResult::Invalid).await;
        let summary = state.error_summary.unwrap_or_default();
        assert!(summary.contains("/gold: BadRange: spec.addresses[0]: "), "{summary}");
        cluster.web.create("late", []).await;
        cluster.web.is_refused("late", "AllocationFailed", "NotAutoAssignable").await;
        cluster.pool("silver", &["198.51.100.0/28"]).await;
        cluster.web.gets("late", "198.51.100.0").await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.0/28"] })).await;
        cluster.pool_is("gold", "Accepted").await;
        controller.shows(cluster, "metallb_k8s_client_config_stale_bool 0", true).await;
        cluster.state("controller", ConfigurationResult::Valid).await;
    })
    .await;
}

#[tokio::test]
async fn row_46_the_holders_of_a_bad_pool_keep_their_addresses_over_a_restart() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.change_pool("gold", json!({ "addresses": [BACKWARDS] })).await;
        cluster.pool_is("gold", "Invalid").await;
        controller.stop().await;
        let _controller = cluster.controller(&[]);
        cluster.web.create("late", []).await;
        cluster.web.is_refused("late", "AllocationFailed", "NotAutoAssignable").await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_50_the_controller_says_that_its_configuration_is_valid_and_is_not_silenced() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        let state = cluster.state("controller", ConfigurationResult::Valid).await;
        let [condition] = state.conditions.as_slice() else { panic!("{state:?}") };
        let said = (condition.type_.as_str(), condition.status.as_str(), condition.reason.as_str());
        assert_eq!(said, ("poolReconcilerValid", "True", "Reconciled"));
        assert_eq!(state.error_summary.unwrap_or_default(), "");
        let states = cluster.own::<ConfigurationState>();
        let object = states.get("controller").await.unwrap();
        assert_eq!(object.metadata.labels.unwrap()["metallb.io/component-type"], "controller");
        states.delete("controller", &Default::default()).await.unwrap();
        cluster.state("controller", ConfigurationResult::Valid).await;
        cluster.edit_state("controller", json!({ "result": "Unknown", "errorSummary": "who knows" })).await;
        let state = cluster.state("controller", ConfigurationResult::Valid).await;
        assert_eq!(state.error_summary.unwrap_or_default(), "");
    })
    .await;
}

impl Cluster {
    /// Waits until a ConfigurationState says this.
    pub(crate) async fn state(&self, name: &str, result: ConfigurationResult) -> ConfigurationStateStatus {
        let states = self.own::<ConfigurationState>();
        let look = async || states.get_opt(name).await.unwrap().and_then(|state| state.status);
        let says = |status: &Option<ConfigurationStateStatus>| {
            status.as_ref().is_some_and(|status| status.result == Some(result))
        };
        eventually(&format!("{name} is {result:?}"), look, says).await.unwrap()
    }
}
