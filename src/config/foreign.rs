//! Addresses that the operator says somebody outside the cluster holds.
//!
//! Decides what is in force of a ForeignRange. One that is wrong is reported and keeps what it last said while it was right;
//! before that, its entries that can be understood count: giving out an address that another cluster has is worse than
//! leaving one free. What overlaps with pools is decided with everything else that is occupied.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::problem::Finding;
use super::{Config, Identity, Objects, Occupant, Occupied, Origin, Problem, addresses};
use crate::addr::AddressRange;
use crate::api::ForeignRange;

/// A ForeignRange as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForeignSource {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// `spec.addresses`: CIDRs and `first-last` ranges.
    pub addresses: Vec<String>,
    /// `spec.description`, on one line.
    pub description: String,
}

impl From<&ForeignRange> for ForeignSource {
    fn from(range: &ForeignRange) -> Self {
        Self {
            identity: Identity::from(&range.metadata),
            addresses: range.spec.addresses.clone(),
            description: range.spec.description.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// Who holds addresses outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignHolder {
    /// Name of the ForeignRange.
    pub range: Arc<str>,
    /// Its description; may be empty.
    pub description: Arc<str>,
}

impl fmt::Display for ForeignHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignRange {}", self.range)?;
        match &*self.description {
            "" => Ok(()),
            description => write!(f, " ({description})"),
        }
    }
}

/// What is in force of a ForeignRange.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Foreign {
    identity: Identity,
    holder: ForeignHolder,
    ranges: Vec<AddressRange>,
}

impl Foreign {
    fn read(source: &ForeignSource) -> (Self, Option<Finding>) {
        let (ranges, finding) = match addresses::read(&source.addresses) {
            Ok(ranges) => (ranges, None),
            Err(finding) => (addresses::understood(&source.addresses), Some(finding)),
        };
        let range = source.identity.key.name.clone();
        let holder = ForeignHolder { range, description: source.description.as_str().into() };
        (Self { identity: source.identity.clone(), holder, ranges }, finding)
    }

    fn occupied(&self) -> impl Iterator<Item = Occupied> {
        let by = || Occupant::Foreign(self.holder.clone());
        self.ranges.iter().map(move |range| Occupied { by: by(), range: *range })
    }
}

impl Config {
    /// Reads what others hold. The first thing that is wrong with an object is told.
    pub(super) fn read_foreign(&mut self, objects: &Objects<'_>, last: &Self, problems: &mut Vec<Problem>) {
        for source in &objects.foreign {
            let key = &source.identity.key;
            let (read, finding) = Foreign::read(source);
            let standing = || last.foreign.get(key).filter(|f| f.identity.same_object(&source.identity));
            let rejected = finding.is_some();
            problems.extend(finding.map(|finding| finding.of(Origin::ForeignRange, &source.identity)));
            let in_force = if rejected { standing().cloned().unwrap_or(read) } else { read };
            self.foreign.insert(key.clone(), in_force);
        }
    }

    /// Addresses that others hold.
    pub(super) fn held_by_others(&self) -> Vec<Occupied> {
        self.foreign.values().flat_map(Foreign::occupied).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PoolSource;
    use crate::config::tests::{identity, pool};

    fn foreign(name: &str, addresses: &[&str], description: &str) -> ForeignSource {
        let mut range = ForeignRange::new(name, Default::default());
        range.spec.addresses = addresses.iter().map(|text| (*text).to_owned()).collect();
        range.spec.description = description.to_owned();
        ForeignSource { identity: identity(name, 0), ..ForeignSource::from(&range) }
    }

    fn build(pool: &PoolSource, foreign: &[ForeignSource], last: &Config) -> (Config, Vec<String>) {
        let objects = Objects { pools: vec![pool], foreign: foreign.iter().collect(), ..Objects::default() };
        let (config, problems) = Config::build(&objects, last);
        let told = problems.iter().map(|p| format!("{} {}: {}", p.origin, p.kind, p.kind.sentence()));
        (config, told.collect())
    }

    fn gives(config: &Config, address: &str) -> bool {
        config.pool(&"lan".into()).unwrap().ranges.contains(address.parse().unwrap())
    }

    #[test]
    fn a_pool_gives_out_nothing_that_somebody_else_holds_and_says_who_it_is() {
        let lan = pool("lan", 0, &["192.0.2.0/24", "2001:db8::/64"]);
        let ranges = [
            foreign("b", &["192.0.2.64-192.0.2.95", "2001:db8::/120"], "the lab's\n cluster"),
            foreign("a", &["198.51.100.0/24"], ""),
        ];
        let (config, told) = build(&lan, &ranges, &Config::default());
        let expected = "IPAddressPool ForeignRange: 192.0.2.64/27 is in use by \
                        ForeignRange b (the lab's cluster), and 1 more like it";
        assert_eq!(told, [expected]);
        let given = ["192.0.2.63", "192.0.2.64", "192.0.2.95", "192.0.2.96", "2001:db8::ff", "2001:db8::100"];
        assert_eq!(given.map(|address| gives(&config, address)), [true, false, false, true, false, true]);
        let holder = config.pool(&"lan".into()).unwrap().foreign_at("192.0.2.70".parse().unwrap());
        assert_eq!(holder.unwrap().to_string(), "ForeignRange b (the lab's cluster)");
        assert_eq!(build(&lan, &ranges[1..], &config).1, Vec::<String>::new());
    }

    #[test]
    fn one_that_becomes_wrong_keeps_what_it_said_and_disturbs_no_other() {
        let lan = pool("lan", 0, &["192.0.2.0/24"]);
        let good = foreign("a", &["192.0.2.0/28", "192.0.2.32/28"], "");
        let (config, _) = build(&lan, &[good], &Config::default());
        let bad = [
            foreign("a", &["192.0.2.16/28", "192.0.2.9-192.0.2.1"], ""),
            foreign("b", &["192.0.2.64/28"], ""),
        ];
        let (config, told) = build(&lan, &bad, &config);
        let given =
            ["192.0.2.0", "192.0.2.16", "192.0.2.32", "192.0.2.64"].map(|address| gives(&config, address));
        assert_eq!(given, [false, true, false, false]);
        assert_eq!(told[1], "ForeignRange BadRange: the range is backwards: 192.0.2.9 is above 192.0.2.1");
        assert_eq!(told.len(), 2, "{told:?}");
    }

    #[test]
    fn of_one_that_was_never_right_counts_what_can_be_understood() {
        let lan = pool("lan", 0, &["192.0.2.0/24"]);
        let bad = foreign("a", &["nonsense", "192.0.2.0/28"], "");
        let (config, told) = build(&lan, &[bad], &Config::default());
        assert!(!gives(&config, "192.0.2.0") && gives(&config, "192.0.2.16"), "{told:?}");
        let (_, told) = build(&lan, &[foreign("a", &[], "")], &Config::default());
        assert_eq!(told, ["ForeignRange NoAddresses: at least one range is needed"]);
    }
}
