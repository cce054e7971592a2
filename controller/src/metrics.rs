//! Metrics of the controller, under MetalLB's names where it has them.

mod overlaps;

use patina::addr::Family;
use patina::alloc::Plan;
use patina::config::{Config, Problem};
use patina::lending::{Ask, Call, CallError, Reply};
use patina_daemon::metrics::{ClientMetrics, PlainCounter};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family as Series;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use overlaps::Overlaps;

/// Label of a pool.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PoolLabel {
    pool: String,
}

/// Label of a cause.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Label of a call of an IPAM endpoint.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabel {
    endpoint: String,
    call: &'static str,
    outcome: &'static str,
}

type PoolGauge = Series<PoolLabel, Gauge>;

/// Capacity and use, for one choice of families.
#[derive(Clone, Debug, Default)]
struct Addresses {
    total: PoolGauge,
    in_use: PoolGauge,
}

/// All metrics of the process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pub(crate) client: ClientMetrics,
    /// Services that wait for an address.
    pending: Gauge,
    /// Addresses that were taken from Services.
    taken: Series<ReasonLabel, Counter>,
    ipam: Series<CallLabel, Counter>,
    overlaps: Overlaps,
    all: Addresses,
    v4: Addresses,
    v6: Addresses,
}

impl Metrics {
    /// Puts them into the one registry of the process.
    pub(crate) fn register(&self, registry: &mut Registry, notices_dropped: PlainCounter) {
        self.client.register(registry);
        for (infix, addresses) in [("", &self.all), ("ipv4_", &self.v4), ("ipv6_", &self.v6)] {
            addresses.register(registry, infix);
        }
        registry.register(
            "patina_services_pending",
            "Services without an address they ask for",
            self.pending.clone(),
        );
        self.overlaps.register(registry);
        registry.register(
            "patina_addresses_taken",
            "Times that a Service lost an address, by the reason",
            self.taken.clone(),
        );
        registry.register(
            "patina_ipam_calls",
            "Calls of IPAM endpoints that have ended, by how",
            self.ipam.clone(),
        );
        registry.register(
            "patina_notices_dropped_total",
            "Events that found their queue full",
            notices_dropped,
        );
    }

    /// What the operator wrote was read anew, with these problems.
    pub(crate) fn configured(&self, problems: &[Problem]) {
        self.client.config_loaded.set(1);
        self.client.config_stale.set(problems.iter().any(|p| p.kind.rejects()).into());
        self.overlaps.show(problems);
    }

    /// An address was taken from a Service, for this reason.
    pub(crate) fn address_taken(&self, reason: &'static str) {
        self.taken.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A call of an IPAM endpoint has ended.
    pub(crate) fn ipam_answered(&self, call: &Call, answer: &Result<Reply, CallError>) {
        let label = CallLabel {
            endpoint: call.endpoint.authority().to_owned(),
            call: match call.ask {
                Ask::List(_) => "list",
                Ask::Allocate(_) => "allocate",
                Ask::Release(..) => "release",
            },
            outcome: match answer {
                Ok(_) => "done",
                Err(CallError::Refused(_)) => "refused",
                Err(CallError::Failed(_)) => "failed",
                Err(CallError::Garbled(_)) => "garbled",
            },
        };
        self.ipam.get_or_create(&label).inc();
    }

    /// Shows what is in force. Series of pools that are gone go too.
    pub(crate) fn show(&self, config: &Config, plan: &Plan, waiting: usize) {
        self.pending.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        for addresses in [&self.all, &self.v4, &self.v6] {
            addresses.total.clear();
            addresses.in_use.clear();
        }
        for pool in config.pools() {
            let label = PoolLabel { pool: pool.name.as_str().to_owned() };
            let usage = plan.ledger().usage(&pool.name);
            let (v4, v6) = (pool.ranges.count(Family::V4), pool.ranges.count(Family::V6));
            self.v4.set(&label, v4, usage.v4);
            self.v6.set(&label, v6, usage.v6);
            self.all.set(&label, v4.saturating_add(v6), usage.v4 + usage.v6);
        }
    }
}

impl Addresses {
    fn register(&self, registry: &mut Registry, infix: &str) {
        let name = |what: &str| format!("metallb_allocator_{infix}addresses_{what}");
        registry.register(name("total"), "Addresses of the pool", self.total.clone());
        registry.register(name("in_use_total"), "Addresses of the pool in use", self.in_use.clone());
    }

    fn set(&self, label: &PoolLabel, total: u128, in_use: u64) {
        self.total.get_or_create(label).set(i64::try_from(total).unwrap_or(i64::MAX));
        self.in_use.get_or_create(label).set(i64::try_from(in_use).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn row_48_gauges_have_the_names_that_dashboards_know() {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry, PlainCounter::default());
        let label = PoolLabel { pool: "gold".to_owned() };
        metrics.v6.set(&label, u128::MAX, 1);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("metallb_allocator_ipv6_addresses_total{pool=\"gold\"} 9223372036854775807"),
            "{text}"
        );
        assert!(text.contains("metallb_allocator_ipv6_addresses_in_use_total{pool=\"gold\"} 1"), "{text}");
    }
}
