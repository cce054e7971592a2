//! How long each node has been silent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

/// `--node-monitor-grace-period`: silence of a node that has spoken before.
const GRACE: Duration = Duration::from_secs(50);

/// `--node-startup-grace-period`: silence of a node that has never posted a status.
const STARTUP_GRACE: Duration = Duration::from_secs(60);

/// What a node last said. Any difference is a sign of life.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sign {
    /// `renewTime` of its Lease.
    pub(super) renewed: Option<MicroTime>,
    /// `lastHeartbeatTime` of its Ready condition.
    pub(super) posted: Option<Time>,
    /// Whether it has a Ready condition at all.
    pub(super) began: bool,
}

#[derive(Debug)]
struct Seen {
    sign: Sign,
    at: Instant,
}

/// The last sign of every node, and when it was seen.
#[derive(Debug, Default)]
pub(super) struct Health(BTreeMap<String, Seen>);

impl Health {
    /// Forgets every node that is not among these.
    pub(super) fn keep(&mut self, nodes: BTreeSet<String>) {
        self.0.retain(|name, _| nodes.contains(name));
    }

    /// Notes what a node says now.
    pub(super) fn observe(&mut self, node: &str, sign: Sign, now: Instant) {
        match self.0.get_mut(node) {
            Some(seen) if seen.sign == sign => {}
            Some(seen) => *seen = Seen { sign, at: now },
            None => drop(self.0.insert(node.to_owned(), Seen { sign, at: now })),
        }
    }

    /// Whether a node has been silent for too long.
    pub(super) fn is_silent(&self, node: &str, now: Instant) -> bool {
        let Some(seen) = self.0.get(node) else { return false };
        let grace = if seen.sign.began { GRACE } else { STARTUP_GRACE };
        now.duration_since(seen.at) > grace
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn sign(renewed: i64) -> Sign {
        let renewed = Timestamp::from_second(renewed).expect("a time");
        Sign { renewed: Some(MicroTime(renewed)), posted: None, began: true }
    }

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn a_node_that_renews_is_never_silent() {
        let start = crate::clock::now();
        let mut health = Health::default();
        for renewal in 0..20 {
            let now = start + seconds(10 * renewal);
            health.observe("a", sign(i64::try_from(renewal).expect("small")), now);
            assert!(!health.is_silent("a", now + seconds(10)));
        }
    }

    #[test]
    fn silence_counts_from_the_last_change_seen() {
        let start = crate::clock::now();
        let mut health = Health::default();
        health.observe("a", sign(1), start);
        health.observe("a", sign(1), start + seconds(40));
        assert!(!health.is_silent("a", start + seconds(50)));
        assert!(health.is_silent("a", start + seconds(51)));
        health.observe("a", sign(2), start + seconds(60));
        assert!(!health.is_silent("a", start + seconds(60)));
    }

    #[test]
    fn a_node_that_never_spoke_has_a_little_longer() {
        let start = crate::clock::now();
        let mut health = Health::default();
        health.observe("a", Sign::default(), start);
        assert!(!health.is_silent("a", start + seconds(60)));
        assert!(health.is_silent("a", start + seconds(61)));
    }

    #[test]
    fn a_node_that_is_gone_is_forgotten() {
        let start = crate::clock::now();
        let mut health = Health::default();
        health.observe("a", sign(1), start);
        health.keep(BTreeSet::new());
        assert!(!health.is_silent("a", start + seconds(999)));
    }
}
