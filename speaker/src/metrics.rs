//! Numbers of a speaker: MetalLB's names where it has them, the packet thread's own counters beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use patina::election::Eligibility;
use patina::hot::{Report, Traffic};
use patina::reconcile::{Held, Writer};
use patina_daemon::metrics::{ClientMetrics, PlainCounter};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::net::{Counters, MachineCounts};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct Announced {
    service: String,
    protocol: &'static str,
    node: String,
    ip: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    reason: String,
}

/// What is counted in the driver.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) client: ClientMetrics,
    node: String,
    announced: Family<Announced, Gauge>,
    shown: BTreeSet<Announced>,
    taken: Family<Because, Counter>,
    dropped: Family<Because, Counter>,
    conflicts: Counter,
    doubts: Counter,
}

/// The one registry of the process, and the way to its numbers.
pub(crate) fn register(writer: &Writer, counters: &Arc<Counters>) -> (Registry, Metrics) {
    let mut registry = Registry::default();
    let metrics = Metrics { node: writer.node.to_string(), ..Metrics::default() };
    metrics.client.register(&mut registry);
    registry.register(
        "metallb_speaker_announced",
        "Services being announced from this node",
        metrics.announced.clone(),
    );
    registry.register("patina_takeovers", "Addresses taken, by cause", metrics.taken.clone());
    registry.register("patina_withdrawals", "Addresses dropped, by cause", metrics.dropped.clone());
    registry.register(
        "patina_conflicts",
        "Times a station that is no speaker used an address",
        metrics.conflicts.clone(),
    );
    registry.register(
        "patina_doubts",
        "Times the packet thread stalled so long that it doubted what it held",
        metrics.doubts.clone(),
    );
    registry.register_collector(Box::new(Packets(Arc::clone(counters))));
    (registry, metrics)
}

impl Metrics {
    /// Counts a transition.
    pub(crate) fn count(&self, report: &Report) {
        let because = |cause: &dyn fmt::Debug| Because { reason: format!("{cause:?}") };
        match report {
            Report::Took { cause, .. } => {
                self.taken.get_or_create(&because(cause)).inc();
            }
            Report::Dropped { cause, .. } => {
                self.dropped.get_or_create(&because(cause)).inc();
            }
            Report::Conflict { .. } => {
                self.conflicts.inc();
            }
            Report::Doubt { doubting: true, .. } => {
                self.doubts.inc();
            }
            Report::Peer { .. }
            | Report::Twins { .. }
            | Report::Doubt { doubting: false, .. }
            | Report::Left => {}
        }
    }

    /// One series for each Service and address that this node answers for, and no other.
    pub(crate) fn announced(&mut self, eligible: &[Eligibility], held: &Held) {
        let held: BTreeSet<_> = held.iter().map(|(address, _)| *address).collect();
        let answered = eligible.iter().filter(|e| held.contains(&e.address));
        let now: BTreeSet<_> = answered
            .flat_map(|e| e.services.iter().filter(|(_, places)| places.is_ok()).map(|(s, _)| (s, e.address)))
            .map(|(service, address)| Announced {
                service: service.to_string(),
                protocol: "layer2",
                node: self.node.clone(),
                ip: address.to_string(),
            })
            .collect();
        for gone in &self.shown - &now {
            self.announced.remove(&gone);
        }
        for series in &now {
            self.announced.get_or_create(series).set(1);
        }
        self.shown = now;
    }
}

/// The packet thread's counters, read when somebody asks.
#[derive(Debug)]
struct Packets(Arc<Counters>);

impl Collector for Packets {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = &self.0;
        let machine = &counters.machine;
        let totals = [
            ("patina_frames_received", "Frames that passed the kernel's filter", counters.received.get()),
            ("patina_frames_overrun", "Frames that came faster than they were read", counters.overrun.get()),
            ("patina_frames_sent", "Frames sent", counters.sent.get()),
            ("patina_frames_not_sent", "Frames that the kernel did not take", counters.not_sent.sum()),
            (
                "patina_loop_budget_exhausted",
                "Turns that ended with frames waiting",
                counters.over_budget.get(),
            ),
            ("patina_loop_late", "Wake-ups a tenth of a beat late, or later", machine.late.get()),
            ("patina_beats_sent", "Datagrams sent to the other speakers", machine.beats.get()),
            ("patina_answers_sent", "Questions answered", machine.answers.get()),
            (
                "patina_defences_sent",
                "Answers to who asks whether an address is free",
                machine.defences.get(),
            ),
            ("patina_probes_sent", "Questions whether a stranger uses an address", machine.probes.get()),
        ];
        for (name, text, number) in totals {
            let counter = ConstCounter::new(number);
            counter.encode(encoder.encode_descriptor(name, text, None, MetricType::Counter)?)?;
        }
        encode_ignored(machine, &mut encoder)?;
        encode_traffic(&counters.traffic.by_address(), &mut encoder)?;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a delay fit well enough")]
        let latest = ConstGauge::new(counters.latest.get() as f64 / 1e9);
        let text = "Longest time by which the packet thread woke up late, in seconds";
        let name = "patina_loop_latest_seconds";
        latest.encode(encoder.encode_descriptor(name, text, None, MetricType::Gauge)?)
    }
}

fn encode_ignored(machine: &MachineCounts, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let text = "Frames ignored, by reason";
    let mut family = encoder.encode_descriptor("patina_frames_ignored", text, None, MetricType::Counter)?;
    for (reason, number) in machine.ignored() {
        ConstCounter::new(number).encode(family.encode_family(&[("reason", reason)])?)?;
    }
    Ok(())
}

/// MetalLB's three counters of each address, whose names do not end as those of counters do.
fn encode_traffic(traffic: &BTreeMap<IpAddr, Traffic>, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let counts = [
        ("requests_received", "Questions for an address that this node answers for"),
        ("responses_sent", "Answers sent"),
        ("gratuitous_sent", "Gratuitous frames sent"),
    ];
    for (index, (name, text)) in counts.into_iter().enumerate() {
        let name = format!("metallb_layer2_{name}");
        let mut family = encoder.encode_descriptor(&name, text, None, MetricType::Unknown)?;
        for (address, traffic) in traffic {
            let plain = PlainCounter::default();
            plain.set([traffic.requests, traffic.responses, traffic.gratuitous][index]);
            plain.encode(family.encode_family(&[("ip", address.to_string())])?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use patina::election::{Exclusion, Places};
    use patina::name::{LinkIndex, ObjectKey};
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn printed(registry: &Registry) -> String {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn row_82_the_series_stands_while_the_address_is_answered_for() {
        let writer = Writer { node: "node-a".into(), namespace: "metallb-system".into() };
        let (registry, mut metrics) = register(&writer, &Arc::default());
        let places = Places { links: [LinkIndex(2)].into(), named: [].into(), weight: 0 };
        let services = vec![
            (ObjectKey::new("web", "shop"), Ok(places)),
            (ObjectKey::new("web", "idle"), Err(Exclusion::NoServingEndpoint)),
        ];
        let address = "192.0.2.1".parse().unwrap();
        let eligible = [Eligibility { address, services, fresh: false }];
        metrics.announced(&eligible, &Held::from([(address, LinkIndex(2))]));
        let series = r#"metallb_speaker_announced{service="web/shop",protocol="layer2",node="node-a",ip="192.0.2.1"} 1"#;
        assert!(printed(&registry).contains(series), "{}", printed(&registry));
        assert!(!printed(&registry).contains("web/idle"));
        metrics.announced(&eligible, &Held::new());
        assert!(!printed(&registry).contains("web/shop"));
    }
    #[test]
    fn row_83_each_address_has_its_three_counters_and_each_reason_its_own() {
        let writer = Writer { node: "node-a".into(), namespace: "metallb-system".into() };
        let counters = Arc::<Counters>::default();
        let traffic = Traffic { requests: 7, responses: 6, gratuitous: 5 };
        counters.traffic.publish([("192.0.2.1".parse().unwrap(), traffic)].into_iter());
        let (registry, _) = register(&writer, &counters);
        let text = printed(&registry);
        for series in [
            r#"metallb_layer2_requests_received{ip="192.0.2.1"} 7"#,
            r#"metallb_layer2_responses_sent{ip="192.0.2.1"} 6"#,
            r#"metallb_layer2_gratuitous_sent{ip="192.0.2.1"} 5"#,
            r#"patina_frames_ignored_total{reason="seal"} 0"#,
            r#"patina_frames_ignored_total{reason="replayed"} 0"#,
            r#"patina_frames_ignored_total{reason="beatVersion"} 0"#,
            "patina_beats_sent_total 0",
        ] {
            assert!(text.lines().any(|line| line == series), "{series}\n{text}");
        }
    }
}
