use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::*;
use crate::name::{ObjectKey, PoolName};

pub(super) fn identity(name: &str, created: i64) -> Identity {
    Identity {
        key: ObjectKey::new("metallb-system", name),
        uid: format!("uid-{name}").into(),
        version: "1".into(),
        generation: 1,
        created: Timestamp(created),
    }
}

pub(super) fn pool(name: &str, created: i64, addresses: &[&str]) -> PoolSource {
    PoolSource {
        identity: identity(name, created),
        labels: Labels::default(),
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        auto_assign: true,
        avoid_buggy: false,
        allocation: None,
        options: Default::default(),
        unsupported: Vec::new(),
    }
}

fn pinned(name: &str, address: &str, priority: i64) -> PoolSource {
    let allocation = AllocationSource { priority, ..AllocationSource::default() };
    PoolSource { allocation: Some(allocation), ..pool(name, 0, &[address]) }
}

fn advertisement(name: &str) -> AdvertisementSource {
    AdvertisementSource {
        identity: identity(name, 0),
        pools: Vec::new(),
        pool_selectors: Vec::new(),
        node_selectors: Vec::new(),
        interfaces: Vec::new(),
        service_selectors: Vec::new(),
        preferences: Vec::new(),
        unsupported: Vec::new(),
    }
}

fn selector(key: &str, value: &str) -> LabelSelector {
    LabelSelector { match_labels: Some([(key.to_owned(), value.to_owned())].into()), match_expressions: None }
}

fn build(pools: &[PoolSource], last: &Config) -> (Config, Vec<String>) {
    let objects = Objects { pools: pools.iter().collect(), ..Objects::default() };
    let (config, problems) = Config::build(&objects, last);
    (config, problems.iter().map(|p| format!("{} {}", p.object, matter(p))).collect())
}

fn build_advertisements(sources: &[AdvertisementSource], last: &Config) -> (Config, Vec<String>) {
    let objects = Objects { advertisements: sources.iter().collect(), ..Objects::default() };
    let (config, problems) = Config::build(&objects, last);
    (config, problems.iter().map(matter).collect())
}

/// The problem without what to do about it.
fn matter(problem: &Problem) -> String {
    format!("{}: {}: {}", problem.kind, problem.field, problem.kind.sentence())
}

fn pool_of<'a>(config: &'a Config, address: &str) -> Option<&'a str> {
    config.pool_of(address.parse().unwrap(), None).map(|p| p.name.as_str())
}

fn tiers(config: &Config) -> [Vec<&str>; 2] {
    config.tiers().map(|tier| tier.map(|p| p.name.as_str()).collect())
}

#[test]
fn row_44_a_bad_address_rejects_its_pool_and_names_the_field() {
    for (text, reason) in [
        ("192.0.2.0/33", "the prefix length 33 is above 32 of IPv4"),
        ("1.2.3.10-1.2.3.1", "the range is backwards: 1.2.3.10 is above 1.2.3.1"),
        (
            "garbage",
            "\"garbage\" is neither a CIDR such as 192.0.2.0/24 nor a range such as 192.0.2.1-192.0.2.9",
        ),
    ] {
        let (config, problems) = build(&[pool("a", 0, &["10.0.0.0/24", text])], &Config::default());
        assert_eq!(problems, [format!("metallb-system/a BadRange: spec.addresses[1]: {reason}")]);
        assert_eq!(tiers(&config), [Vec::<&str>::new(), Vec::new()]);
    }
    let (_, problems) = build(&[pool("a", 0, &[])], &Config::default());
    assert_eq!(problems, ["metallb-system/a NoAddresses: spec.addresses: at least one range is needed"]);
}

#[test]
fn a_bad_pool_does_not_disable_another() {
    let (config, problems) =
        build(&[pool("a", 0, &["nonsense"]), pool("b", 0, &["10.0.0.0/24"])], &Config::default());
    assert_eq!(problems.len(), 1);
    assert_eq!(pool_of(&config, "10.0.0.7"), Some("b"));
}

#[test]
fn row_43_of_two_pools_that_overlap_the_older_stays_in_force() {
    let old = pool("z-old", 1, &["10.0.0.0/24"]);
    let new = pool("a-new", 2, &["10.0.1.0/24", "10.0.0.200-10.0.0.201"]);
    let (config, problems) = build(&[new.clone(), old.clone()], &Config::default());
    let expected = "metallb-system/a-new OverlapWith: spec.addresses[1]: 10.0.0.200/31 lies in the older pool z-old too (10.0.0.0/24)";
    let counterpart = "metallb-system/z-old OverlappedBy: spec.addresses[0]: 10.0.0.0/24 lies in the younger pool a-new too (10.0.0.200/31), which is rejected";
    assert_eq!(problems, [expected, counterpart]);
    assert_eq!(tiers(&config)[1], ["z-old"]);
    assert_eq!(build(&[old, new], &Config::default()), (config, problems));
}

#[test]
fn pools_of_one_age_are_told_apart_by_name() {
    let (config, _) =
        build(&[pool("b", 1, &["10.0.0.0/24"]), pool("a", 1, &["10.0.0.0/24"])], &Config::default());
    assert_eq!(tiers(&config)[1], ["a"]);
}

#[test]
fn entries_of_one_pool_that_overlap_are_named() {
    let (_, problems) = build(&[pool("a", 0, &["10.0.0.0/24", "10.0.0.8-10.0.0.9"])], &Config::default());
    let expected = "metallb-system/a OverlapInside: spec.addresses: 10.0.0.0/24 and 10.0.0.8/31 overlap";
    assert_eq!(problems, [expected]);
}

#[test]
fn row_46_a_pool_that_becomes_invalid_still_covers_what_it_covered_and_gives_out_nothing() {
    let (before, _) = build(&[pool("a", 0, &["10.0.0.0/24"])], &Config::default());
    let (after, problems) = build(&[pool("a", 0, &["10.0.0.0/99"])], &before);
    assert_eq!(problems.len(), 1);
    assert_eq!(pool_of(&after, "10.0.0.7"), Some("a"));
    assert_eq!(after.pool(&"a".into()).unwrap().state, PoolState::Invalid);
    assert_eq!(tiers(&after)[1], Vec::<&str>::new());
    let (mended, problems) = build(&[pool("a", 0, &["10.0.0.0/24"])], &after);
    assert!(problems.is_empty());
    assert_eq!(mended, before);
}

#[test]
fn after_a_restart_an_invalid_pool_covers_what_can_be_understood_and_what_names_it() {
    let (config, _) = build(&[pool("a", 0, &["10.0.0.0/24", "nonsense"])], &Config::default());
    assert_eq!(pool_of(&config, "10.0.0.7"), Some("a"));
    let named = config.pool_of("10.9.9.9".parse().unwrap(), Some("a")).map(|p| &p.name);
    assert_eq!(named, Some(&PoolName::from("a")));
    assert_eq!(config.pool_of("10.9.9.9".parse().unwrap(), Some("b")), None);
}

#[test]
fn a_sound_pool_is_not_named_into_holding_what_it_does_not() {
    let (config, _) = build(&[pool("a", 0, &["10.0.0.0/24"])], &Config::default());
    assert_eq!(config.pool_of("10.9.9.9".parse().unwrap(), Some("a")), None);
}

#[test]
fn another_object_of_the_same_name_inherits_nothing() {
    let (before, _) = build(&[pool("a", 0, &["10.0.0.0/24"])], &Config::default());
    let mut other = pool("a", 5, &["nonsense"]);
    other.identity.uid = "another".into();
    assert_eq!(pool_of(&build(&[other], &before).0, "10.0.0.7"), None);
}

#[test]
fn row_22_pools_are_tried_by_priority_then_by_name_and_those_without_come_last() {
    let pools = [
        pinned("b-none", "10.0.1.0/24", 0),
        pinned("a-20", "10.0.2.0/24", 20),
        pinned("z-10", "10.0.3.0/24", 10),
        pinned("a-none", "10.0.4.0/24", -3),
        pool("a-open", 0, &["10.0.5.0/24"]),
    ];
    let (config, _) = build(&pools, &Config::default());
    assert_eq!(tiers(&config), [vec!["z-10", "a-20", "a-none", "b-none"], vec!["a-open"]]);
}

#[test]
fn rows_24_to_27_a_pool_admits_by_namespace_and_by_service() {
    let allocation = AllocationSource {
        priority: 0,
        namespaces: vec!["web".into()],
        namespace_selectors: vec![selector("team", "a")],
        service_selectors: vec![selector("tier", "front")],
    };
    let source = PoolSource { allocation: Some(allocation), ..pool("a", 0, &["10.0.0.0/24"]) };
    let (config, _) = build(&[source], &Config::default());
    let pool = config.pool(&"a".into()).unwrap();
    let labels = |key: &str, value: &str| Labels::from_iter([(key.to_owned(), value.to_owned())]);
    let front = labels("tier", "front");
    assert!(pool.admits("web", &Labels::default(), &front));
    assert!(pool.admits("other", &labels("team", "a"), &front));
    assert!(!pool.admits("other", &Labels::default(), &front));
    assert!(!pool.admits("web", &Labels::default(), &Labels::default()));
}

#[test]
fn a_namespace_selector_that_matches_nobody_closes_the_pool() {
    let allocation = AllocationSource {
        namespace_selectors: vec![selector("team", "nobody")],
        ..AllocationSource::default()
    };
    let source = PoolSource { allocation: Some(allocation), ..pool("a", 0, &["10.0.0.0/24"]) };
    let (config, _) = build(&[source], &Config::default());
    assert!(!config.pool(&"a".into()).unwrap().admits("web", &Labels::default(), &Labels::default()));
}

#[test]
fn what_is_written_twice_is_rejected() {
    let twice = AllocationSource { namespaces: vec!["a".into(), "a".into()], ..AllocationSource::default() };
    let source = PoolSource { allocation: Some(twice), ..pool("a", 0, &["10.0.0.0/24"]) };
    let (_, problems) = build(&[source], &Config::default());
    assert_eq!(
        problems,
        ["metallb-system/a Duplicate: spec.serviceAllocation.namespaces: a is written twice"]
    );
    let mut source = advertisement("l2");
    source.node_selectors = vec![selector("a", "b"), selector("a", "b")];
    let (config, problems) = build_advertisements(&[source], &Config::default());
    assert_eq!(problems, ["Duplicate: spec.nodeSelectors: selector 1 is written twice"]);
    assert_eq!(config.advertisements().count(), 0);
}

#[test]
fn a_field_without_meaning_yet_is_reported_and_changes_nothing_else() {
    let mut source = pool("a", 0, &["10.0.0.0/24"]);
    source.unsupported = vec!["spec.future".to_owned()];
    let (config, problems) = build(&[source], &Config::default());
    assert_eq!(
        problems,
        ["metallb-system/a NotYetSupported: spec.future: this field is not yet supported and has no effect"]
    );
    assert_eq!(tiers(&config)[1], ["a"]);
}

#[test]
fn a_bad_advertisement_keeps_its_last_good_version() {
    let good = AdvertisementSource { interfaces: vec!["eth1".into()], ..advertisement("l2") };
    let (before, _) = build_advertisements(&[good], &Config::default());
    let mut bad = AdvertisementSource { interfaces: vec!["eth2".into()], ..advertisement("l2") };
    bad.preferences = vec![PreferenceSource { weight: 101, selector: LabelSelector::default() }];
    let (after, problems) = build_advertisements(&[bad, advertisement("other")], &before);
    assert_eq!(problems, ["BadWeight: spec.preferredNodeSelectors[0].weight: 101 is not between 1 and 100"]);
    let links: Vec<_> =
        after.advertisements().map(|a| a.links.iter().map(|l| l.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(links, [vec!["eth1"], vec![]]);
}

#[test]
fn row_53_pools_are_selected_by_name_or_by_label() {
    let mut labelled = pool("b", 0, &["10.0.1.0/24"]);
    labelled.labels = Labels::from_iter([("zone".to_owned(), "east".to_owned())]);
    let pools = [pool("a", 0, &["10.0.0.0/24"]), labelled, pool("c", 0, &["10.0.2.0/24"])];
    let mut both = advertisement("l2");
    both.pools = vec!["a".into(), "nope".into()];
    both.pool_selectors = vec![selector("zone", "east")];
    let objects =
        Objects { pools: pools.iter().collect(), advertisements: vec![&both], ..Objects::default() };
    let (config, problems) = Config::build(&objects, &Config::default());
    let selected = |name: &str| {
        let pool = config.pool(&name.into()).unwrap();
        config.advertisements().any(|a| a.selects_pool(pool))
    };
    assert_eq!(["a", "b", "c"].map(selected), [true, true, false]);
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["UnknownPool: spec.ipAddressPools[1]: there is no pool nope; create the pool, or correct the name"]
    );
}
