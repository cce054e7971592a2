//! Whether the size of a pool, or the number of its ranges, matters to who gets an address from it: the shapes take turns.

use patina::alloc::Plan;

use super::{Cluster, times};
use crate::report::{Report, milliseconds, quantiles};

/// As many as a /24 has room for.
const SERVICES: usize = 250;
const RANGES: usize = 10_000;
/// Plans of one shape before the next has its turn.
const TURN: usize = 5;

/// The time for so many first addresses, from pools of each shape, and as a part of that from a /24.
pub(super) fn measure(runs: usize, report: &mut Report) {
    let shapes = [
        ("a /24", vec!["192.0.2.0/24".to_owned()]),
        ("a /8", vec!["10.0.0.0/8".to_owned()]),
        ("2^64 IPv6 addresses", vec!["2001:db8::/64".to_owned()]),
        ("10,000 ranges, the last 250 of the family asked for", ranges()),
    ];
    let mut subjects = shapes.map(|(name, ranges)| (name, Cluster::new(SERVICES, &ranges), Vec::new()));
    for _ in 0..runs {
        for (_, cluster, taken) in &mut subjects {
            taken.extend(times(TURN, || cluster.plan(&Plan::default())));
        }
    }
    let middles = subjects.map(|(name, _, taken)| (name, quantiles(taken).unwrap_or_default().0));
    let (_, first) = middles[0];
    for (name, middle) in middles {
        let ratio = middle.as_secs_f64() / first.as_secs_f64();
        report.say(
            format!("{SERVICES} Services, none has an address; the pool is {name}"),
            format!("p50 {}, {ratio:.2} × a /24", milliseconds(middle)),
        );
    }
}

/// Ranges of one address each. Whoever walked them would walk the longest way.
fn ranges() -> Vec<String> {
    let v6 = (SERVICES..RANGES).map(|i| format!("2001:db8::{:x}/128", 2 * i));
    let v4 = (0..SERVICES).map(|i| format!("192.0.{}.{}/32", i / 100, 2 * (i % 100)));
    v6.chain(v4).collect()
}
