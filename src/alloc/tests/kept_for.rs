use super::cluster::{Cluster, asking, pool, requesting, service, v6};
use crate::alloc::{KeptFor, explain};
use crate::config::PoolSource;
use crate::name::ObjectKey;
use crate::time::WallTime;

/// What is said of addresses that are kept for the Service, one line each.
fn told(cluster: &Cluster, name: &str) -> Vec<String> {
    let key = ObjectKey::new("web", name);
    let (_, trace) =
        explain(&cluster.world, &cluster.config, &cluster.policy, &cluster.plan, &key, cluster.now);
    trace.kept.iter().map(KeptFor::to_string).collect()
}

fn reserving() -> PoolSource {
    asking(
        "lan",
        &["192.0.2.0/28", "2001:db8::/124"],
        &[("reserve", "192.0.2.7=web/shop,2001:db8::7=web/shop")],
    )
}

#[test]
fn who_has_what_is_reserved_for_it_is_told_so() {
    let mut cluster = Cluster::with(&[reserving()]);
    assert_eq!(cluster.answer_to(service("shop", 1)), "192.0.2.7");
    let both = [
        "192.0.2.7 of pool lan is reserved for it, and it holds it",
        "2001:db8::7 of pool lan is reserved for it; it cannot have it: WrongFamily: the addresses are not of the families \
         of the Service's cluster addresses, one of each; request one address for each family of spec.clusterIPs",
    ];
    assert_eq!(told(&cluster, "shop"), both);
    cluster.foreign(&[("lab", "192.0.2.7/32")]);
    cluster.delete("shop");
    cluster.turn();
    assert_eq!(cluster.answer_to(service("shop", 1)), "192.0.2.0");
    assert!(
        told(&cluster, "shop")[0].contains("; it cannot have it: ForeignRange: "),
        "{:?}",
        told(&cluster, "shop")
    );
    assert_eq!(cluster.answer_to(v6(service("cafe", 2))), "2001:db8::");
    assert_eq!(told(&cluster, "cafe"), Vec::<String>::new());
}

#[test]
fn who_comes_back_is_told_until_when_its_address_is_kept() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.0/28"])]);
    cluster.now = WallTime(1_700_000_000);
    cluster.answer_to(service("shop", 1));
    cluster.delete("shop");
    cluster.turn();
    cluster.now = WallTime(1_700_000_300);
    let kept = "192.0.2.0 of pool lan, which it let go of, is kept for it until 2023-11-14T22:23:20Z";
    assert_eq!(cluster.answer_to(service("shop", 2)), "192.0.2.0");
    assert_eq!(told(&cluster, "shop"), [format!("{kept}, and it holds it")]);
    cluster.apply(requesting(service("shop", 2), "192.0.2.9"));
    cluster.turn();
    let later = kept.replace("22:23:20", "22:28:20");
    assert_eq!(told(&cluster, "shop"), [format!("{later}, and it holds or asks for something else")]);
    cluster.now = WallTime(1_700_001_000);
    cluster.turn();
    assert_eq!(told(&cluster, "shop"), Vec::<String>::new());
}

#[test]
fn who_cannot_have_what_is_kept_for_it_is_told_why() {
    let manual = || PoolSource { auto_assign: false, ..pool("lan", &["192.0.2.0/28"]) };
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.0/28"])]);
    cluster.answer_to(service("shop", 1));
    cluster.delete("shop");
    cluster.turn();
    cluster.answer_to(requesting(service("thief", 2), "192.0.2.0"));
    cluster.answer_to(service("shop", 3));
    let because =
        |cluster: &Cluster| told(cluster, "shop")[0].split("it cannot have it: ").nth(1).map(str::to_owned);
    assert!(
        because(&cluster).unwrap().starts_with("InUse: 192.0.2.0 is held by web/thief"),
        "{:?}",
        because(&cluster)
    );
    cluster.pools(&[manual()]);
    cluster.delete("thief");
    cluster.turn();
    assert!(because(&cluster).unwrap().starts_with("NotAutoAssignable: "), "{:?}", because(&cluster));
}
