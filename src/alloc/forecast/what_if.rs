//! What would stand if the operator applied and deleted objects.

use crate::config::{Identity, Timestamp};
use crate::name::ObjectKey;
use crate::world::{Kind, Object, World};

/// What would stand. An object that stands already stays the same object and says something else; one that does not is
/// younger than all others.
pub fn what_if(standing: &World, applied: Vec<Object>, deleted: &[(Kind, ObjectKey)]) -> World {
    let mut world = standing.clone();
    for (kind, key) in deleted {
        world.delete(*kind, key);
    }
    for object in applied {
        world.apply(settled(object, standing));
    }
    world
}

/// The object with the identity that it would have.
fn settled(mut object: Object, standing: &World) -> Object {
    match &mut object {
        Object::Pool(pool) => {
            let sources = standing.pools().map(|pool| &pool.source.identity);
            identify(&mut pool.source.identity, sources);
        }
        Object::Advertisement(advertisement) => {
            let sources = standing.advertisements().map(|a| &a.source.identity);
            identify(&mut advertisement.source.identity, sources);
        }
        Object::ForeignRange(range) => {
            identify(&mut range.identity, standing.foreign_ranges().map(|range| &range.identity));
        }
        Object::Service(_)
        | Object::EndpointSlice(_)
        | Object::Node(_)
        | Object::Namespace(_)
        | Object::L2Status(_)
        | Object::PoolState(_)
        | Object::ServiceCidr(_) => {}
    }
    object
}

fn identify<'a>(identity: &mut Identity, mut standing: impl Iterator<Item = &'a Identity>) {
    match standing.find(|standing| standing.key == identity.key) {
        Some(same) => *identity = same.clone(),
        None => identity.created = Timestamp(i64::MAX),
    }
}
