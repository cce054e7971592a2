//! Beyond MetalLB: pools whose addresses an IPAM endpoint lends, told with the example's server in good and bad moods.

mod endpoint;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::case::parity;
use crate::fixture::{Cluster, addresses, both_families, eventually, family, named_pool};
use endpoint::{Endpoint, Mood};

/// Leadership changes fast here.
const FLAGS: &[&str] = &["--lease-seconds=3"];
const NETWORKS: &[&str] = &["192.0.2.64/28", "2001:db8::/64"];
const BOUNDS: &[&str] = &["192.0.2.0/24", "2001:db8::/64"];

impl Cluster {
    /// A pool that an endpoint lends, and one that nobody does.
    async fn lent_and_own(&self, endpoint: SocketAddr) {
        self.pool_asking("lent", BOUNDS, ("ipam", &format!("grpc://{endpoint}"))).await;
        self.pool("own", &["198.51.100.0/24"]).await;
    }

    /// A Service that asks for an IPv4 address of the pool, also on a server that has both families.
    async fn asks(&self, name: &str, pool: &str) {
        self.web.create(name, [family("IPv4"), named_pool(pool)]).await;
    }

    async fn is_served(&self, name: &str) -> String {
        let served = self.web.until(name, "is served", |service| !addresses(service).is_empty()).await;
        addresses(&served).join(",")
    }
}

impl Endpoint {
    /// Waits until an address was lent.
    async fn has_lent(&self, address: &str) {
        let lent = |lent: &Vec<String>| lent.iter().any(|one| one == address);
        eventually(&format!("{address} is lent"), async || self.seen().lent, lent).await;
    }

    async fn has_released(&self, address: &str) {
        let released = |released: &Vec<String>| released.iter().any(|one| one == address);
        eventually(&format!("{address} is released"), async || self.seen().released, released).await;
    }

    /// Waits until it was asked more often than that.
    async fn is_asked_after(&self, calls: usize) {
        eventually("a call of the endpoint", async || self.seen().calls, |now| *now > calls).await;
    }
}

#[tokio::test]
async fn beyond_an_endpoint_lends_addresses_of_both_families() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
        cluster.lent_and_own(endpoint.address()).await;
        let _controller = cluster.controller(FLAGS);
        cluster.web.create("both", [both_families("RequireDualStack", "IPv4"), named_pool("lent")]).await;
        cluster.web.gets("both", "192.0.2.65,2001:db8::").await;
        assert_eq!(endpoint.seen().lent.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn beyond_a_silent_endpoint_holds_up_its_own_services_only() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Silent).await;
        cluster.lent_and_own(endpoint.address()).await;
        let _controller = cluster.controller(FLAGS);
        cluster.asks("waits", "lent").await;
        cluster.web.is_without("waits", "IpamPending").await;
        endpoint.is_asked_after(0).await;
        cluster.asks("served", "own").await;
        cluster.web.gets("served", "198.51.100.0").await;
        assert_eq!(addresses(&cluster.web.api().get("waits").await.unwrap()), Vec::<String>::new());
        endpoint.change(Mood::Sound);
        cluster.web.gets("waits", "192.0.2.65").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_dead_endpoint_takes_nothing_away_and_serves_when_it_is_back() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
        let address = endpoint.address();
        cluster.lent_and_own(address).await;
        let controller = cluster.controller(FLAGS);
        cluster.asks("holds", "lent").await;
        cluster.web.gets("holds", "192.0.2.65").await;
        drop(endpoint);
        controller.stop().await;
        let _controller = cluster.controller(FLAGS);
        cluster.asks("waits", "lent").await;
        cluster.web.is_without("waits", "IpamFailed").await;
        cluster.web.gets("holds", "192.0.2.65").await;

        // It has forgotten everything: what is held is asked for by name before anything else is lent.
        let endpoint = Endpoint::at(address, NETWORKS, Mood::Sound).await;
        assert_ne!(cluster.is_served("waits").await, "192.0.2.65");
        endpoint.has_lent("192.0.2.65").await;
        cluster.web.gets("holds", "192.0.2.65").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_each_lie_of_an_endpoint_is_told_and_costs_nobody_else() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
        cluster.lent_and_own(endpoint.address()).await;
        let _controller = cluster.controller(FLAGS);
        cluster.asks("holds", "lent").await;
        cluster.web.gets("holds", "192.0.2.65").await;
        let lies = [
            ("outside", "203.0.113.1", "IpamOutside"),
            ("family", "2001:db8::1", "IpamWrongFamily"),
            ("taken", "192.0.2.65", "IpamTaken"),
            ("garbled", "an address", "IpamFailed"),
        ];
        for (name, lie, word) in lies {
            endpoint.change(Mood::Lying(lie.to_owned()));
            cluster.asks(name, "lent").await;
            cluster.web.is_without(name, word).await;
        }
        cluster.asks("served", "own").await;
        cluster.web.gets("served", "198.51.100.0").await;
        cluster.web.gets("holds", "192.0.2.65").await;
        endpoint.change(Mood::Sound);
        let mut held = BTreeSet::from(["192.0.2.65".to_owned()]);
        for (name, ..) in lies {
            assert!(held.insert(cluster.is_served(name).await), "{name} is alone");
        }
    })
    .await;
}

#[tokio::test]
async fn beyond_a_controller_that_dies_before_it_wrote_the_address_down_loses_none() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Mute).await;
        cluster.lent_and_own(endpoint.address()).await;
        let controller = cluster.controller(FLAGS);
        cluster.asks("shop", "lent").await;
        endpoint.has_lent("192.0.2.65").await;
        drop(controller);
        endpoint.change(Mood::Sound);
        let _controller = cluster.controller(FLAGS);
        cluster.web.gets("shop", "192.0.2.65").await;
        cluster.asks("next", "lent").await;
        cluster.web.gets("next", "192.0.2.66").await;
        assert!(endpoint.seen().released.is_empty());
    })
    .await;
}

#[tokio::test]
async fn beyond_a_service_that_is_deleted_while_it_is_asked_for_leaves_nothing_behind() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Mute).await;
        cluster.lent_and_own(endpoint.address()).await;
        let _controller = cluster.controller(FLAGS);
        cluster.asks("short", "lent").await;
        endpoint.has_lent("192.0.2.65").await;
        cluster.web.delete("short").await;
        endpoint.change(Mood::Sound);
        endpoint.has_released("192.0.2.65").await;
        cluster.asks("next", "lent").await;
        cluster.web.gets("next", "192.0.2.65").await;
        assert_eq!(endpoint.seen().released, ["192.0.2.65"]);
    })
    .await;
}

#[tokio::test]
async fn beyond_what_a_service_leaves_is_released_once_also_by_the_next_leader() {
    parity(async |cluster| {
        let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
        cluster.lent_and_own(endpoint.address()).await;
        let controller = cluster.controller(FLAGS);
        for (name, address) in [("goes", "192.0.2.65"), ("stays", "192.0.2.66")] {
            cluster.asks(name, "lent").await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.delete("goes").await;
        endpoint.has_released("192.0.2.65").await;
        controller.stop().await;
        let calls = endpoint.seen().calls;
        let _controller = cluster.controller(FLAGS);
        endpoint.is_asked_after(calls).await;
        cluster.asks("next", "lent").await;
        cluster.web.gets("next", "192.0.2.65").await;
        assert_eq!(endpoint.seen().released, ["192.0.2.65"]);
        cluster.web.gets("stays", "192.0.2.66").await;
    })
    .await;
}
