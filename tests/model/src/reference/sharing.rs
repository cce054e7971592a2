//! Who may share an address.

use crate::step::Wish;

/// Whether both may hold one address: the same key, different ports, and the same Pods where the node matters.
pub fn compatible(one: &Wish, other: &Wish) -> bool {
    let backend = |wish: &Wish| wish.local.then_some(wish.app);
    one.key.is_some() && one.key == other.key && one.port != other.port && backend(one) == backend(other)
}
