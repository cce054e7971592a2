//! Objects as the operator writes them.

use std::collections::BTreeSet;

use patina::addr::AddressRange;
use patina::config::{AdvertisementSource, Config, ForeignSource, Objects, PoolSource};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    pools: Vec<PoolSource>,
    #[serde(default)]
    advertisements: Vec<AdvertisementSource>,
    #[serde(default)]
    foreign: Vec<ForeignSource>,
}

/// Reads ranges out of any text, and a configuration out of any objects.
pub fn objects(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(range) = text.parse::<AddressRange>() {
        assert_eq!(range.to_string().parse(), Ok(range), "a range that was read is written as itself");
    }
    if let Ok(input) = serde_json::from_str::<Input>(text) {
        build(&input);
    }
}

fn build(input: &Input) {
    let mut objects = Objects {
        pools: input.pools.iter().collect(),
        advertisements: input.advertisements.iter().collect(),
        foreign: input.foreign.iter().collect(),
        ..Objects::default()
    };
    let first = Config::build(&objects, &Config::default());
    objects.pools.reverse();
    objects.advertisements.reverse();
    objects.foreign.reverse();
    if names_are_unique(input) {
        let second = Config::build(&objects, &Config::default());
        assert!(first == second, "the order of the objects makes no difference");
    }
    Config::build(&objects, &first.0);
}

/// The API server never holds two objects of one name.
fn names_are_unique(input: &Input) -> bool {
    let pools = input.pools.iter().map(|pool| (0, &pool.identity.key));
    let rules = input.advertisements.iter().map(|rule| (1, &rule.identity.key));
    let foreign = input.foreign.iter().map(|range| (2, &range.identity.key));
    let mut names = BTreeSet::new();
    pools.chain(rules).chain(foreign).all(|name| names.insert(name))
}
