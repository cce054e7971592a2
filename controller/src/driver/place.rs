//! How soon each effect is to be sent: what others use of a pool is said before its addresses are given out, and addresses are
//! given out before all else.

use patina::api::conditions::AcceptedReason;
use patina::reconcile::{Effect, ServiceWrite, StatusWrite};
use patina::world::{Condition, Kind, World};

use crate::outbox::{Lane, Place};

/// Where an effect stands in the line.
pub(super) fn place(world: &World, effect: &Effect) -> Place {
    let lane = match effect {
        Effect::PoolState(_) => Lane::Address,
        Effect::ServiceStatus(write) if moves(world, write) => Lane::Address,
        Effect::Status(write) if warns(world, write) => Lane::Address,
        Effect::ServiceStatus(_) | Effect::Status(_) | Effect::L2Status(_) | Effect::DeleteL2Status(_) => {
            Lane::Status
        }
        Effect::PoolAnnotation { .. } | Effect::Notice(_) => Lane::Annotation,
    };
    let key = effect.key();
    let service = world.service(&key.object).filter(|_| key.kind == Kind::Service);
    Place { lane, created: service.map(|service| service.identity.created).unwrap_or_default() }
}

/// Whether a pool says for the first time that others use its addresses: that goes before the addresses themselves.
fn warns(world: &World, write: &StatusWrite) -> bool {
    let overlaps = AcceptedReason::Overlapped.to_string();
    let overlapped = |conditions: &[Condition]| conditions.iter().any(|c| *c.reason == *overlaps);
    let mut pools = world.pools().filter(|pool| pool.source.identity.key == write.subject.key);
    write.subject.kind == Kind::Pool
        && overlapped(&write.conditions)
        && pools.any(|pool| !overlapped(&pool.conditions))
}

/// Whether the write changes the addresses, and not only what is said about them.
fn moves(world: &World, write: &ServiceWrite) -> bool {
    world.service(&write.subject.key).is_some_and(|service| *service.ingress != *write.ingress)
}

#[cfg(test)]
mod tests {
    use patina::api::IPAddressPool;
    use patina::reconcile::Subject;
    use patina::world::{Change, Object, Pool};
    use serde_json::json;

    use super::*;

    fn pool(reason: &str) -> Pool {
        let condition = json!({
            "type": "patina.dev/Accepted", "status": "True", "reason": reason, "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = json!({
            "assignedIPv4": 0, "assignedIPv6": 0, "availableIPv4": 0, "availableIPv6": 0, "conditions": [condition],
        });
        let object = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": { "name": "lan" },
            "spec": { "addresses": ["192.0.2.0/24"] }, "status": status,
        });
        Pool::from(&serde_json::from_value::<IPAddressPool>(object).unwrap())
    }

    fn lane(stands: &str, is_written: &str) -> Lane {
        let mut world = World::default();
        world.change(Change::Apply(Object::Pool(pool(stands))));
        let subject = Subject::of(Kind::Pool, &pool(stands).source.identity);
        let conditions = pool(is_written).conditions.into();
        place(&world, &Effect::Status(StatusWrite { subject, counters: None, conditions })).lane
    }

    #[test]
    fn only_the_first_word_of_an_overlap_goes_before_the_addresses() {
        assert_eq!(lane("Accepted", "Overlapped"), Lane::Address);
        assert_eq!(lane("Overlapped", "Overlapped"), Lane::Status);
        assert_eq!(lane("Overlapped", "Accepted"), Lane::Status);
    }
}
