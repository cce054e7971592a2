//! What the story found out, as one JSON document.

use serde::Serialize;
use serde_json::{Map, Value};

/// The facts of a whole story.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Why the story ended early; none if every step held.
    pub broken: Option<String>,
    /// Nodes of the cluster.
    pub nodes: u8,
    /// The longest time for which the machine itself stood still while something was measured.
    pub machine_stall_ms: f64,
    /// Seconds from the first step to the last.
    pub seconds: f64,
    /// Facts about IPv4, with the quickstart's files.
    pub v4: Facts,
    /// Facts about IPv6, with the dual-stack variant.
    pub v6: Facts,
}

/// The facts about one family.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// `namespace/name` of the Service.
    pub service: Option<String>,
    /// The external address it got.
    pub address: Option<String>,
    /// From the Service's creation until the address stood in its status.
    pub allocated_after_ms: Option<f64>,
    /// The node that answers for the address.
    pub announced_by: Option<String>,
    /// On which link.
    pub link: Option<String>,
    /// With which hardware address, as the client sees it.
    pub hardware: Option<String>,
    /// Status of the first HTTP request through the external address.
    pub http_status: Option<u16>,
    /// Status of the first HTTP request through the NodePort.
    pub node_port_status: Option<u16>,
    /// Longest time without any answer when the announcing node died.
    pub crash_gap_ms: Option<f64>,
    /// Requests sent around the crash.
    pub crash_sent: Option<usize>,
    /// Those that failed for any reason.
    pub crash_failed: Option<usize>,
    /// Those that failed while nobody answered at all.
    pub crash_failed_in_gap: Option<usize>,
    /// Those that failed while others were answered: their Pod was on the dead node.
    pub crash_failed_at_pods: Option<usize>,
    /// Who answered after the crash.
    pub taken_over_by: Option<String>,
    /// Requests sent around the gentle stop.
    pub handover_sent: Option<usize>,
    /// Those that failed.
    pub handover_lost: Option<usize>,
    /// Longest time without any answer around the gentle stop.
    pub handover_gap_ms: Option<f64>,
    /// Who answered after the gentle stop.
    pub handed_over_to: Option<String>,
}

impl Report {
    /// One flat document: IPv6 facts have the prefix `v6_`.
    pub fn to_json(&self) -> Value {
        let mut all = Map::new();
        all.insert("held".into(), self.broken.is_none().into());
        all.insert("broken".into(), self.broken.clone().into());
        all.insert("nodes".into(), self.nodes.into());
        all.insert("machine_stall_ms".into(), self.machine_stall_ms.into());
        all.insert("seconds".into(), self.seconds.into());
        for (prefix, facts) in [("", &self.v4), ("v6_", &self.v6)] {
            if let Ok(Value::Object(facts)) = serde_json::to_value(facts) {
                all.extend(facts.into_iter().map(|(fact, value)| (format!("{prefix}{fact}"), value)));
            }
        }
        Value::Object(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_both_families_stand_in_one_flat_document() {
        let mut report = Report { nodes: 3, ..Report::default() };
        report.v4.address = Some("192.168.50.240".into());
        report.v6.handover_lost = Some(0);
        let json = report.to_json();
        assert_eq!(json["address"], "192.168.50.240");
        assert_eq!(json["v6_handover_lost"], 0);
        assert_eq!(json["held"], true);
        assert!(json["v6_address"].is_null());
    }
}
