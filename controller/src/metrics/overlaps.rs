//! How many addresses and ranges of others overlap a pool, by who uses them.

use patina::config::{Problem, ProblemKind};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family as Series;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Label of a pool, and of who uses addresses of it: the word that its condition has for them.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OverlapLabel {
    pool: String,
    reason: &'static str,
}

/// One series for each pool and kind; none where nothing overlaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlaps(Series<OverlapLabel, Gauge>);

impl Overlaps {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "patina_pool_overlaps",
            "Addresses and ranges of others that overlap the pool, by who uses them",
            self.0.clone(),
        );
    }

    /// Shows these and no others.
    pub(super) fn show(&self, problems: &[Problem]) {
        self.0.clear();
        for problem in problems {
            let ProblemKind::Occupied { others, .. } = problem.kind else { continue };
            let pool = problem.object.key.name.to_string();
            let label = OverlapLabel { pool, reason: problem.kind.word() };
            self.0.get_or_create(&label).set(i64::try_from(others).unwrap_or(i64::MAX).saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use patina::config::{Config, ForeignSource, Objects, PoolSource};
    use prometheus_client::encoding::text::encode;
    use serde_json::{Value, json};

    use super::*;

    fn source<K: serde::de::DeserializeOwned>(name: &str, kind: &str, addresses: Value) -> K {
        let object = json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name }, "spec": { "addresses": addresses } });
        serde_json::from_value(object).unwrap()
    }

    fn text(overlaps: &Overlaps) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        overlaps.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_kind_that_overlaps_a_pool_has_its_series_as_long_as_it_does() {
        let pool: patina::api::IPAddressPool = source("lan", "IPAddressPool", json!(["192.0.2.0/24"]));
        let range: patina::api::ForeignRange =
            source("lab", "ForeignRange", json!(["192.0.2.0/28", "192.0.2.64/28"]));
        let (pool, range) = (PoolSource::from(&pool), ForeignSource::from(&range));
        let objects = Objects { pools: vec![&pool], foreign: vec![&range], ..Objects::default() };
        let overlaps = Overlaps::default();
        overlaps.show(&Config::build(&objects, &Config::default()).1);
        let series = "patina_pool_overlaps{pool=\"lan\",reason=\"ForeignRange\"} 2\n";
        assert!(text(&overlaps).contains(series), "{}", text(&overlaps));
        overlaps.show(&[]);
        assert!(!text(&overlaps).contains("pool=\"lan\""), "{}", text(&overlaps));
    }
}
