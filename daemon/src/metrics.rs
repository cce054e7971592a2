//! Metrics that both daemons have, and the one registry of a process.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// A counter that is printed under exactly its name. The format's own counters get `_total` appended, and some of
/// MetalLB's names end otherwise.
#[derive(Clone, Debug, Default)]
pub struct PlainCounter(Arc<AtomicU64>);

impl PlainCounter {
    /// Counts `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes over a number that is counted elsewhere.
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl EncodeMetric for PlainCounter {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_gauge(&i64::try_from(self.get()).unwrap_or(i64::MAX))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Unknown
    }
}

impl TypedMetric for PlainCounter {
    const TYPE: MetricType = MetricType::Unknown;
}

/// What both daemons tell of their work with the API server.
#[derive(Clone, Debug, Default)]
pub struct ClientMetrics {
    /// Changes that were taken from watches.
    pub updates: PlainCounter,
    /// Effects that failed.
    pub update_errors: PlainCounter,
    /// 1 once a configuration was read.
    pub config_loaded: Gauge,
    /// 1 while some object is refused and its last good state is in force.
    pub config_stale: Gauge,
}

impl ClientMetrics {
    /// Registers them under MetalLB's names.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter = |name: &str, help: &str, metric: &PlainCounter| {
            registry.register(format!("metallb_k8s_client_{name}"), help, metric.clone());
        };
        counter("updates_total", "Changes taken from the API server", &self.updates);
        counter("update_errors_total", "Writes to the API server that failed", &self.update_errors);
        let mut gauge = |name: &str, help: &str, metric: &Gauge| {
            registry.register(format!("metallb_k8s_client_{name}"), help, metric.clone());
        };
        gauge("config_loaded_bool", "1 once a configuration was read", &self.config_loaded);
        gauge("config_stale_bool", "1 while the last good configuration is in force", &self.config_stale);
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn names_are_printed_as_they_are() {
        let mut registry = Registry::default();
        let metrics = ClientMetrics::default();
        metrics.register(&mut registry);
        metrics.updates.add(3);
        metrics.config_loaded.set(1);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("\nmetallb_k8s_client_updates_total 3\n"), "{text}");
        assert!(text.contains("\nmetallb_k8s_client_config_loaded_bool 1\n"), "{text}");
    }
}
