//! Beyond MetalLB: an address comes back to who held it, and waits for whom it is reserved.

use kube::Api;
use patina::api::PoolState;

use crate::case::parity;
use crate::fixture::{Cluster, eventually, named_addresses};

impl Cluster {
    /// Waits until it is written down that so many addresses of the pool were let go of.
    async fn remembers(&self, pool: &str, count: usize) {
        let states: Api<PoolState> = self.own();
        let look = async || states.get_opt(pool).await.unwrap().map_or(0, |state| state.spec.released.len());
        eventually(&format!("{count} addresses of {pool} are remembered"), look, |found| *found == count)
            .await;
    }

    /// A pool of three addresses, of which `shop` has let go of the first.
    async fn shop_was_there(&self) {
        self.pool("gold", &["192.0.2.0-192.0.2.2"]).await;
        self.web.create("shop", []).await;
        self.web.gets("shop", "192.0.2.0").await;
        self.web.delete("shop").await;
        self.remembers("gold", 1).await;
    }
}

#[tokio::test]
async fn beyond_who_comes_back_gets_its_address_and_others_get_it_when_nothing_else_is_left() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.shop_was_there().await;
        cluster.web.create("second", []).await;
        cluster.web.gets("second", "192.0.2.1").await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.delete("shop").await;
        for (name, address) in [("third", "192.0.2.2"), ("fourth", "192.0.2.0")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
    })
    .await;
}

#[tokio::test]
async fn beyond_a_controller_that_dies_forgets_no_released_address() {
    parity(async |cluster| {
        let flags = ["--lease-seconds=3"];
        let first = cluster.controller(&flags);
        cluster.shop_was_there().await;
        drop(first);
        cluster.web.create("second", []).await;
        let next = cluster.controller(&flags);
        cluster.web.gets("second", "192.0.2.1").await;
        next.stop().await;
        cluster.web.create("shop", []).await;
        let _last = cluster.controller(&flags);
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_the_next_leader_knows_what_the_one_before_has_seen_let_go_of() {
    parity(async |cluster| {
        let flags = ["--lease-seconds=3"];
        let first = cluster.controller(&flags);
        cluster.shop_was_there().await;
        let _standby = cluster.controller(&flags);
        drop(first);
        cluster.web.create("second", []).await;
        cluster.web.gets("second", "192.0.2.1").await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_reserved_address_waits_for_a_service_that_does_not_exist_yet() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let reserve = format!("192.0.2.0={}/shop", cluster.web.namespace);
        cluster.pool_asking("gold", &["192.0.2.0-192.0.2.1"], ("reserve", &reserve)).await;
        cluster.web.create("other", []).await;
        cluster.web.gets("other", "192.0.2.1").await;
        cluster.web.create("third", []).await;
        cluster.web.is_refused("third", "AllocationFailed", "AllReserved").await;
        cluster.web.create("named", [named_addresses("192.0.2.0")]).await;
        cluster.web.is_refused("named", "AllocationFailed", "Reserved").await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}
