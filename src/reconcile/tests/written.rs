use super::room::{Room, notices};
use crate::alloc::tests::cluster::{excluding, node, pool, service, v6};
use crate::api::ConfigurationResult;
use crate::reconcile::{CrdFlavor, Effect, Reading};
use crate::world::{Kind, Object, PoolCounters};

fn counters(room: &Room) -> PoolCounters {
    room.world.pools().next().unwrap().counters.unwrap()
}

fn accepted(room: &Room) -> String {
    let condition = &room.world.pools().next().unwrap().conditions[0];
    format!("{} {}: {}", condition.status, condition.reason, condition.message)
}

#[test]
fn row_47_counters_follow_assignment_and_a_manual_edit_is_put_right() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/30", "2001:db8::/64"])]);
    room.apply(service("s", 1));
    room.apply(v6(service("t", 2)));
    room.settle();
    let expected = PoolCounters { assigned_v4: 1, assigned_v6: 1, available_v4: 3, available_v6: i64::MAX };
    assert_eq!(counters(&room), expected);
    let mut edited = room.world.pools().next().unwrap().clone();
    edited.counters = Some(PoolCounters::default());
    room.world.apply(Object::Pool(edited));
    room.settle();
    assert_eq!(counters(&room), expected);
    room.delete("s");
    room.settle();
    assert_eq!(counters(&room).available_v4, 4);
}

#[test]
fn what_a_pool_leaves_out_is_not_available_and_a_holder_of_it_is_assigned() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/29"])]);
    room.apply(service("s", 1));
    room.settle();
    room.cluster.pools(&[excluding("192.0.2.0/30", pool("a", &["192.0.2.0/29"]))]);
    room.read();
    room.apply(service("t", 2));
    room.settle();
    let counted = counters(&room);
    assert_eq!((counted.assigned_v4, counted.available_v4), (2, 3));
    let kept = room.condition("s", "Allocated");
    assert!(kept.starts_with("True Allocated: 192.0.2.0 from pool a; kept, although Excluded: "), "{kept}");
    assert_eq!(room.settle(), []);
}

#[test]
fn a_pool_that_holds_an_address_of_a_node_says_so() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/29"])]);
    room.cluster.nodes(&[node("n1", &["192.0.2.7"])]);
    room.read();
    let told = notices(&room.settle());
    assert!(
        told.iter().any(|notice| notice.contains("ConfigurationError NodeAddress: spec.addresses[0]: ")),
        "{told:?}"
    );
    let pools: Vec<_> = room.world.pools().flat_map(|pool| pool.conditions.iter()).collect();
    assert_eq!((pools.len(), pools[0].reason.as_ref()), (1, "Overlapped"));
    let reading = Reading::of(&room.problems);
    assert_eq!(reading.result, ConfigurationResult::Valid);
    assert!(reading.summary.contains("192.0.2.7/32 is in use by node n1"), "{}", reading.summary);
    assert_eq!(room.settle(), []);
}

#[test]
fn a_rejected_pool_has_no_address_available_whatever_it_said_before() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/30"])]);
    room.apply(service("s", 1));
    room.settle();
    room.cluster.pools(&[pool("a", &["192.0.2.0/30", "nonsense"])]);
    room.read();
    room.settle();
    assert_eq!(counters(&room), PoolCounters { assigned_v4: 1, ..PoolCounters::default() });
}

#[test]
fn our_own_write_of_a_status_is_no_change_of_what_the_operator_wants() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/30"])]);
    let mut written = room.world.pools().next().unwrap().clone();
    written.counters = Some(PoolCounters::default());
    written.source.identity.version = "2".into();
    let touched = room.world.apply(Object::Pool(written.clone()));
    assert!(!touched.config() && !touched.is_empty());
    written.source.auto_assign = false;
    assert!(room.world.apply(Object::Pool(written)).config());
}

#[test]
fn a_sound_pool_is_in_force() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/30"])]);
    assert_eq!(notices(&room.settle()), Vec::<String>::new());
    assert_eq!(accepted(&room), "True Accepted: in force");
}

#[test]
fn a_bad_pool_says_which_field_and_why_once() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/99"])]);
    let expected = "BadRange: spec.addresses[0]: the prefix length 99 is above 32 of IPv4; write it as 192.0.2.0/24 or as 192.0.2.1-192.0.2.9";
    assert_eq!(notices(&room.settle()), [format!("Warning ConfigurationError {expected}")]);
    assert_eq!(accepted(&room), format!("False Invalid: {expected}"));
    room.restart();
    room.read();
    assert_eq!(room.settle(), []);
}

#[test]
fn a_field_without_meaning_yet_is_told_and_the_pool_stays_in_force() {
    let mut source = pool("a", &["192.0.2.0/30"]);
    source.unsupported = vec!["spec.future".into()];
    let mut room = Room::with(&[source]);
    assert_eq!(notices(&room.settle()).len(), 1);
    assert!(accepted(&room).starts_with("True NotYetSupported: NotYetSupported: spec.future"));
}

#[test]
fn on_the_crds_of_metallb_only_counters_and_notices_are_written() {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/99"])]);
    room.crds = CrdFlavor::MetalLb;
    let effects = room.settle();
    let [Effect::Status(status), Effect::Notice(_)] = &effects[..] else { panic!("{effects:#?}") };
    assert_eq!((status.subject.kind, status.conditions.len()), (Kind::Pool, 0));
    assert_eq!(room.settle().len(), 1, "no condition remembers it: the executor does");
}
