//! Objects as the operator writes them.

use patina::addr::AddressRange;
use patina::config::{AdvertisementSource, Config, Objects, PoolSource};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    pools: Vec<PoolSource>,
    #[serde(default)]
    advertisements: Vec<AdvertisementSource>,
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
        ..Objects::default()
    };
    let first = Config::build(&objects, &Config::default());
    objects.pools.reverse();
    objects.advertisements.reverse();
    if names_are_unique(input) {
        let second = Config::build(&objects, &Config::default());
        assert!(first == second, "the order of the objects makes no difference");
    }
    Config::build(&objects, &first.0);
}

/// The API server never holds two objects of one name.
fn names_are_unique(input: &Input) -> bool {
    let mut pools: Vec<_> = input.pools.iter().map(|pool| &pool.identity.key).collect();
    let mut rules: Vec<_> = input.advertisements.iter().map(|rule| &rule.identity.key).collect();
    let (all_pools, all_rules) = (pools.len(), rules.len());
    pools.sort();
    pools.dedup();
    rules.sort();
    rules.dedup();
    (pools.len(), rules.len()) == (all_pools, all_rules)
}
