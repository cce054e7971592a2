//! What a pool asks for beyond MetalLB's schema: its annotations under `patina.dev/`, read.
//!
//! A value that cannot be read rejects the pool, as a field of its spec does. A key that means nothing is told and changes
//! nothing, so that a misspelt one is noticed.

mod cool_down;
mod exclusions;
mod ipam;
mod reservations;

use std::collections::BTreeMap;

use super::ProblemKind;
use super::problem::Finding;
use crate::addr::{Gaps, RangeSet};
use crate::api::{OWN_PREFIX, PoolOption};

pub use cool_down::CoolDown;
pub use ipam::{IpamEndpoint, IpamEndpointError};
pub use reservations::{ReservationError, Reservations};

/// What a pool asks for beyond its spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How long an address that was let go of is kept for the Service that held it.
    pub cool_down: CoolDown,
    /// Which addresses are kept for which Services.
    pub reservations: Reservations,
    /// Which addresses are never given out.
    pub excluded: Gaps,
    /// Who lends its addresses; `None`: the allocator chooses among them itself.
    pub ipam: Option<IpamEndpoint>,
}

/// Annotations under `patina.dev/` as they are written, each by the part of its key behind the prefix.
pub(super) type Written = BTreeMap<String, String>;

impl Options {
    /// Reads what is written for a pool with these addresses.
    pub(super) fn read(written: &Written, ranges: &RangeSet) -> Result<Self, Finding> {
        let text = |option: PoolOption| written.get(option.suffix()).map(String::as_str);
        let mut options = Self::default();
        if let Some(text) = text(PoolOption::CoolDown) {
            let bad = || ProblemKind::BadCoolDown(text.to_owned());
            options.cool_down = CoolDown::read(text).ok_or_else(|| at(PoolOption::CoolDown, bad()))?;
        }
        if let Some(text) = text(PoolOption::Reserve) {
            let bad = |error| at(PoolOption::Reserve, ProblemKind::BadReservation(error));
            options.reservations = Reservations::read(text, ranges).map_err(bad)?;
        }
        if let Some(text) = text(PoolOption::Exclude) {
            let bad = |error| at(PoolOption::Exclude, ProblemKind::BadExclusion(error));
            options.excluded = exclusions::read(text).map_err(bad)?;
        }
        if let Some(text) = text(PoolOption::Ipam) {
            let bad = |error| at(PoolOption::Ipam, ProblemKind::BadIpamEndpoint(error));
            options.ipam = Some(IpamEndpoint::read(text).map_err(bad)?);
        }
        Ok(options)
    }
}

/// Keys under our prefix that mean nothing.
pub(super) fn unknown(written: &Written) -> impl Iterator<Item = Finding> {
    let known = |suffix: &str| PoolOption::ALL.iter().any(|option| option.suffix() == suffix);
    let unknown = written.keys().filter(move |suffix| !known(suffix));
    unknown.map(|suffix| {
        let key = format!("{OWN_PREFIX}{suffix}");
        Finding::at(place(&key), ProblemKind::UnknownOption(key))
    })
}

fn at(option: PoolOption, problem: ProblemKind) -> Finding {
    Finding::at(place(&option.key()), problem)
}

fn place(key: &str) -> String {
    format!("metadata.annotations[{key}]")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::tests::pool;
    use crate::config::{Config, Objects, Pool, PoolSource, PoolState};

    fn asking(options: &[(&str, &str)]) -> PoolSource {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        PoolSource { options, ..pool("a", 0, &["192.0.2.0/24"]) }
    }

    fn build(source: &PoolSource, last: &Config) -> (Config, Vec<String>) {
        let objects = Objects { pools: vec![source], ..Objects::default() };
        let (config, problems) = Config::build(&objects, last);
        (config, problems.iter().map(|p| format!("{} {}", p.kind, p.field)).collect())
    }

    fn pool_of(config: &Config) -> &Pool {
        config.pool(&"a".into()).unwrap()
    }

    #[test]
    fn a_pool_that_asks_for_nothing_keeps_addresses_for_ten_minutes() {
        let (config, problems) = build(&asking(&[]), &Config::default());
        assert!(problems.is_empty());
        assert_eq!(pool_of(&config).options.cool_down.0, Duration::from_secs(600));
    }

    #[test]
    fn a_bad_option_rejects_its_pool_and_what_it_last_said_stays() {
        let (before, _) = build(&asking(&[("cool-down", "1h")]), &Config::default());
        for (key, value, problem) in [
            ("cool-down", "soon", "BadCoolDown metadata.annotations[patina.dev/cool-down]"),
            ("exclude", "192.0.2", "BadExclusion metadata.annotations[patina.dev/exclude]"),
            ("reserve", "192.0.3.1=web/shop", "BadReservation metadata.annotations[patina.dev/reserve]"),
            ("ipam", "http://ipam:9000", "BadIpamEndpoint metadata.annotations[patina.dev/ipam]"),
        ] {
            let (after, problems) = build(&asking(&[(key, value)]), &before);
            assert_eq!(problems, [problem]);
            assert_eq!(pool_of(&after).state, PoolState::Invalid);
            assert_eq!(pool_of(&after).options, pool_of(&before).options);
        }
    }

    #[test]
    fn a_key_that_means_nothing_is_told_and_rejects_nothing() {
        let (config, problems) = build(&asking(&[("cooldown", "1h")]), &Config::default());
        assert_eq!(problems, ["UnknownOption metadata.annotations[patina.dev/cooldown]"]);
        assert_eq!(pool_of(&config).state, PoolState::Sound);
    }
}
