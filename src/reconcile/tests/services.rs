use super::room::{Room, notices};
use crate::alloc::tests::cluster::{dual, holding, in_pool, pool, requesting, service};
use crate::config::{AdvertisementSource, Timestamp};
use crate::name::ObjectKey;
use crate::reconcile::Effect;
use crate::world::{Advertisement, Annotated, FamilyPolicy, Kind, Service};

fn advertisement() -> Advertisement {
    let source = AdvertisementSource {
        identity: crate::alloc::tests::cluster::identity("metallb-system", "l2", 0),
        pools: Vec::new(),
        pool_selectors: Vec::new(),
        node_selectors: Vec::new(),
        interfaces: Vec::new(),
        service_selectors: Vec::new(),
        preferences: Vec::new(),
        unsupported: Vec::new(),
    };
    Advertisement { source, conditions: Box::default() }
}

fn room() -> Room {
    Room::with(&[pool("a", &["192.0.2.0/24"])])
}

fn on_service(effects: &[Effect]) -> Vec<&Effect> {
    effects.iter().filter(|e| e.key().kind == Kind::Service).collect()
}

#[test]
fn a_new_service_gets_status_annotation_and_one_notice_and_then_nothing() {
    let mut room = room();
    room.apply(service("s", 1));
    let effects = room.settle();
    let [Effect::ServiceStatus(status), Effect::PoolAnnotation { pools, .. }, Effect::Notice(_)] =
        on_service(&effects)[..]
    else {
        panic!("{effects:#?}")
    };
    assert_eq!(status.ingress, ["192.0.2.0".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(pools.as_ref().unwrap().annotation(), "a");
    assert_eq!(notices(&effects), ["Normal IPAllocated Allocated: 192.0.2.0 from pool a"]);
    assert_eq!(room.condition("s", "Allocated"), "True Allocated: 192.0.2.0 from pool a");
    assert_eq!(room.settle(), []);
}

#[test]
fn a_steady_state_needs_no_write_also_after_a_restart() {
    let mut room = room();
    room.advertise(advertisement());
    for (name, created) in [("s", 1), ("t", 2)] {
        room.apply(service(name, created));
    }
    room.apply(in_pool(service("u", 3), "nowhere"));
    room.settle();
    room.announce("node-a", "s", 9);
    room.settle();
    room.restart();
    room.read();
    assert_eq!(room.settle(), []);
}

#[test]
fn a_refusal_is_told_once_in_condition_and_notice_with_one_word() {
    let mut room = room();
    room.apply(in_pool(service("s", 1), "b"));
    let effects = room.settle();
    let expected = "PoolUnknown: there is no IPAddressPool b; create the IPAddressPool, or correct metallb.io/address-pool";
    assert_eq!(notices(&effects), [format!("Warning AllocationFailed {expected}")]);
    assert_eq!(room.condition("s", "Allocated"), format!("False PoolUnknown: {expected}"));
    let Some(Effect::Notice(notice)) = effects.iter().find(|e| matches!(e, Effect::Notice(_))) else {
        panic!()
    };
    assert_eq!(notice.action, "PoolUnknown");
    assert_eq!(room.settle(), []);
}

#[test]
fn row_49_each_reason_of_metallb_has_its_case() {
    let told = |service: Service| {
        let mut room = room();
        room.apply(service);
        notices(&room.settle()).iter().map(|n| n.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let require = Service { family_policy: FamilyPolicy::Require, ..service("s", 1) };
    assert_eq!(told(require), ["Warning not enough clusterips NotDualStack"]);
    assert_eq!(told(requesting(service("s", 1), "nonsense")), ["Warning LoadBalancerFailed BadRequest"]);
    assert_eq!(
        told(dual(service("s", 1), FamilyPolicy::Prefer)),
        ["Normal IPAllocated Allocated", "Normal AdditionalAssignFailed NoSuchFamily"]
    );
    let mut old = in_pool(service("s", 1), "a");
    old.annotations.address_pool = Some(Annotated { value: "a".into(), deprecated: true });
    assert_eq!(
        told(old),
        ["Normal IPAllocated Allocated", "Warning deprecatedAnnotation DeprecatedAnnotation"]
    );
}

#[test]
fn an_address_that_is_taken_away_is_told_with_the_reason() {
    let mut room = room();
    room.apply(service("s", 1));
    room.settle();
    room.pools(&[pool("b", &["198.51.100.0/24"])]);
    let effects = room.settle();
    assert_eq!(
        notices(&effects)[..2],
        [
            "Normal ClearAssignment OutsidePools: 192.0.2.0 is in no IPAddressPool; 192.0.2.0 cannot be kept",
            "Normal IPAllocated Allocated: 198.51.100.0 from pool b",
        ]
    );
}

#[test]
fn a_request_that_cannot_be_met_is_told_and_the_address_stays() {
    let mut room = room();
    room.apply(service("s", 1));
    room.settle();
    room.apply(requesting(service("s", 1), "203.0.113.1"));
    let effects = room.settle();
    let expected = "OutsidePools: 203.0.113.1 is in no IPAddressPool; add the address to an IPAddressPool, or ask for another one";
    assert_eq!(notices(&effects), [format!("Warning AllocationFailed {expected}")]);
    assert_eq!(room.world.services().next().unwrap().ingress.len(), 1);
    assert_eq!(
        room.condition("s", "Allocated"),
        format!("False OutsidePools: {expected}; keeps 192.0.2.0 from pool a")
    );
}

#[test]
fn row_37_a_service_that_is_ours_no_longer_loses_every_mark() {
    let mut room = room();
    room.apply(service("s", 1));
    room.settle();
    room.apply(Service { load_balancer: false, ..service("s", 1) });
    let mut marked = room.world.service(&ObjectKey::new("web", "s")).cloned().unwrap();
    marked.conditions = Box::new([crate::reconcile::grounds::condition(
        crate::api::conditions::ConditionType::Allocated,
        true,
        "Allocated",
        "",
        &[],
        0,
    )]);
    room.put(marked);
    room.settle();
    assert_eq!(room.world.services().count(), 0, "nothing of ours is left to be kept");
    assert_eq!(room.settle(), []);
}

#[test]
fn taking_over_from_another_load_balancer_tells_of_no_new_address() {
    let mut room = room();
    room.put(holding(service("s", 1), &["192.0.2.9"]));
    assert_eq!(notices(&room.settle()), Vec::<String>::new());
    assert_eq!(room.condition("s", "Allocated"), "True Allocated: 192.0.2.9 from pool a");
}

#[test]
fn an_ingress_entry_without_address_is_replaced() {
    let mut room = room();
    room.apply(Service { foreign_ingress: true, ..service("s", 1) });
    room.settle();
    assert_eq!(room.settle(), []);
    let standing = room.world.services().next().unwrap().clone();
    room.put(Service { foreign_ingress: true, ..standing });
    assert_eq!(room.settle().len(), 1);
}

#[test]
fn the_order_of_addresses_is_put_right() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    room.put(holding(dual(service("s", 1), FamilyPolicy::Require), &["2001:db8::9", "192.0.2.9"]));
    room.settle();
    let text: Vec<_> =
        room.world.services().next().unwrap().ingress.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["192.0.2.9", "2001:db8::9"]);
}

#[test]
fn who_announces_is_told_and_why_nobody_does() {
    let mut room = room();
    room.apply(in_pool(service("waiting", 2), "nowhere"));
    room.apply(service("s", 1));
    room.settle();
    assert!(room.condition("waiting", "Announced").starts_with("False NoAddress"));
    assert!(room.condition("s", "Announced").starts_with("False NoAdvertisement"));
    room.advertise(advertisement());
    room.settle();
    assert!(room.condition("s", "Announced").starts_with("False NoAnnouncer"));
    room.announce("node-a", "s", 5);
    room.settle();
    assert_eq!(room.condition("s", "Announced"), "True Announced: by node-a on eth0");
}

#[test]
fn after_a_crash_the_new_announcer_is_told_and_not_the_dead_one() {
    let mut room = room();
    room.nodes(&[("node-a", true), ("node-b", true)]);
    room.apply(service("s", 1));
    room.announce("node-a", "s", 5);
    room.settle();
    room.announce("node-b", "s", 6);
    room.settle();
    assert_eq!(room.condition("s", "Announced"), "True Announced: by node-b on eth0");
    room.nodes(&[("node-b", true)]);
    let effects = room.settle();
    let gone = ObjectKey::new("metallb-system", "l2-node-a-s");
    assert_eq!(effects, [Effect::DeleteL2Status(gone)]);
}

#[test]
fn a_condition_keeps_the_time_of_its_last_transition() {
    let mut room = room();
    room.apply(service("s", 1));
    room.settle();
    let mut stamped = room.world.services().next().unwrap().clone();
    for condition in &mut stamped.conditions {
        condition.since = Some(Timestamp(77));
    }
    room.put(stamped);
    room.announce("node-a", "s", 5);
    room.settle();
    let since = |kind: &str| room.world.services().next().unwrap().condition(kind).unwrap().since;
    assert_eq!(since("patina.dev/Allocated"), Some(Timestamp(77)));
    assert_eq!(since("patina.dev/Announced"), None, "to be stamped when it is written");
}
