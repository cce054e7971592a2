//! A cluster, an endpoint in words, and what goes between them.

mod endpoint;
mod faults;
mod law;
mod loans;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use endpoint::Endpoint;

use super::{Ask, Call, CallError, Lending, Reply};
use crate::alloc::tests::cluster::{Cluster, pool};
use crate::config::PoolSource;
use crate::name::ServiceKey;
use crate::time::Instant;

/// A pool whose addresses an endpoint lends.
fn lent(name: &str, addresses: &[&str]) -> PoolSource {
    lent_by("grpc://ipam:9000", name, addresses)
}

fn lent_by(endpoint: &str, name: &str, addresses: &[&str]) -> PoolSource {
    let options = [("ipam".to_owned(), endpoint.to_owned())].into();
    PoolSource { options, ..pool(name, addresses) }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A controller before a cluster and an endpoint.
struct Lab {
    cluster: Cluster,
    lending: Lending,
    endpoint: Endpoint,
    now: Instant,
    known: BTreeSet<ServiceKey>,
}

impl Lab {
    fn with(pools: &[PoolSource], lends: &[&str]) -> Self {
        let mut cluster = Cluster::with(pools);
        cluster.namespace("kube-system", &[]);
        let endpoint = Endpoint::lending(lends);
        let known = BTreeSet::new();
        Self { cluster, lending: Lending::default(), endpoint, now: Instant::ZERO, known }
    }

    /// One decision, and what it makes of the loans.
    fn decide(&mut self) {
        self.cluster.decide();
        self.known.extend(self.cluster.world.services().map(|service| service.key().clone()));
        let Cluster { world, config, plan, .. } = &self.cluster;
        for fact in self.lending.review(world, config, plan, &self.known) {
            self.cluster.world.learn(fact);
        }
    }

    /// Every call that may go out now.
    fn calls(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.lending.poll_call(self.now)).collect()
    }

    /// The endpoint answers, and that is taken note of.
    fn answer(&mut self, call: &Call) {
        let answer = self.endpoint.answer(&call.ask);
        self.take(call, answer);
    }

    fn take(&mut self, call: &Call, answer: Result<Reply, CallError>) {
        for fact in self.lending.handle_reply(call, answer, self.now) {
            self.cluster.world.learn(fact);
        }
    }

    /// Decides, writes, asks and answers until nothing is to be done.
    fn settle(&mut self) {
        for _ in 0..50 {
            self.decide();
            self.cluster.arrive();
            self.decide();
            let calls = self.calls();
            if calls.is_empty() {
                return;
            }
            calls.iter().for_each(|call| self.answer(call));
        }
        panic!("it does not settle");
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Another controller begins, with what stands in the statuses.
    fn restart(&mut self) {
        self.cluster.restart();
        self.cluster.world.forget_loans();
        self.lending.follow();
        self.known.clear();
    }

    fn served<const N: usize>(&mut self, names: [&str; N]) -> [String; N] {
        self.settle();
        self.cluster.answers(names)
    }
}

/// The one call of this kind.
fn only(calls: &[Call], kind: impl Fn(&Ask) -> bool) -> Call {
    let mut found = calls.iter().filter(|call| kind(&call.ask));
    let call = found.next().unwrap_or_else(|| panic!("{calls:?}")).clone();
    assert_eq!(found.next(), None);
    call
}
