//! Endpoints of a front, taken in turn.

use std::net::SocketAddr;
use std::sync::Arc;

/// Endpoints of a front, in force now.
pub(crate) type Backends = Arc<[SocketAddr]>;

/// The next endpoint, if there is any.
pub(super) fn in_turn(backends: &[SocketAddr], turn: &mut usize) -> Option<SocketAddr> {
    let chosen = backends.get(*turn % backends.len().max(1)).copied();
    *turn = turn.wrapping_add(1);
    chosen
}
