//! The API server is overloaded, broken or hangs up: it is asked little, in the order of age, and everything is done when it
//! is well.

use std::time::Duration;

use patina_tests::wait::eventually;
use patina_tests::way::{Passage, Way};
use tokio::time::Instant;

use crate::fixture::Cluster;

const BURST: usize = 150;
/// Requests under way at once when the server is well.
const AT_ONCE: usize = 16;
/// Requests under way at once after a silence.
const AFTER_SILENCE: usize = 2;

/// How many writes of addresses were asked for while the way was so, and for how long it was.
async fn under(passage: Passage, cluster: &Cluster, way: &Way) -> (usize, Duration) {
    way.set(passage);
    cluster.burst(BURST).await;
    let begun = Instant::now();
    let before = way.seen().len();
    let asked_again = |count: &usize| *count > before && begun.elapsed() > Duration::from_secs(3);
    let count = eventually("it is asked again", async || way.seen().len(), asked_again).await;
    (count, begun.elapsed())
}

async fn recovers(cluster: &Cluster, way: &Way) {
    let asked_in_vain = way.seen().len();
    way.set(Passage::Open);
    cluster.each_has_its_own().await;
    let order: Vec<_> = way.seen().split_off(asked_in_vain).into_iter().map(|seen| seen.service).collect();
    for (place, service) in order.iter().enumerate() {
        let older = order[place..].iter().filter(|later| *later < service).count();
        assert!(older <= AT_ONCE, "{service} came before {older} older ones: {order:?}");
    }
}

async fn start() -> (Cluster, Way, crate::fixture::Controller) {
    let cluster = Cluster::start().await;
    let way = Way::to(cluster.client.clone()).await;
    let controller = cluster.controller_by(&way, &[]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.service("at-first").await;
    cluster.settled("at-first").await;
    (cluster, way, controller)
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_left_alone_for_so_long() {
    let (cluster, way, _controller) = start().await;
    let (asked, took) = under(Passage::Refusing(429, Some(1)), &cluster, &way).await;
    let silences = usize::try_from(took.as_secs()).unwrap() + 1;
    assert!(asked <= AT_ONCE + silences * AFTER_SILENCE, "asked {asked} times in {took:?}");
    recovers(&cluster, &way).await;
}

#[tokio::test]
async fn a_server_that_is_broken_is_asked_less_and_less() {
    let (cluster, way, _controller) = start().await;
    let (asked, took) = under(Passage::Refusing(500, None), &cluster, &way).await;
    assert!(asked <= 4 * AT_ONCE, "asked {asked} times in {took:?}");
    recovers(&cluster, &way).await;
}

#[tokio::test]
async fn a_server_that_hangs_up_is_asked_less_and_less() {
    let (cluster, way, _controller) = start().await;
    let (asked, took) = under(Passage::HangingUp, &cluster, &way).await;
    assert!(asked <= 4 * AT_ONCE, "asked {asked} times in {took:?}");
    recovers(&cluster, &way).await;
}
