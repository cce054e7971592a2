//! What is due on PoolStates: what was let go of outlives the process that saw it.
//!
//! Written is on a release and on nothing else: an entry that is over, or whose address is held again, stands there until the
//! next release.

use super::grounds::Grounds;
use super::{Effect, PoolStateWrite, Subject};
use crate::name::PoolName;
use crate::world::{Kind, Pool, PoolState, Released};

/// The write that is due for one pool. Where the kind is not known, nothing is.
pub(super) fn pool_state(grounds: Grounds<'_>, pool: &Pool) -> Option<Effect> {
    if !grounds.world.knows(&[Kind::PoolState]) {
        return None;
    }
    let identity = &pool.source.identity;
    let standing = grounds.world.pool_state(&identity.key);
    let name = PoolName::new(identity.key.name.clone());
    let released = || grounds.plan.ledger().released(&name);
    let is_news = |entry: &&Released| !grounds.world.pool_states().any(|state| says(state, entry));
    unsaid(standing, released()).any(|entry| is_news(&entry)).then(|| {
        Effect::PoolState(PoolStateWrite {
            pool: Subject::of(Kind::Pool, identity),
            version: standing.map(|state| state.identity.version.clone()),
            released: released().cloned().collect(),
        })
    })
}

/// Those that the PoolState of their own pool does not name; both are sorted.
fn unsaid<'a>(
    standing: Option<&'a PoolState>,
    released: impl Iterator<Item = &'a Released>,
) -> impl Iterator<Item = &'a Released> {
    let mut said = standing.map(|state| state.released.iter()).into_iter().flatten().peekable();
    released.filter(move |entry| {
        while said.next_if(|said| said < entry).is_some() {}
        said.peek() != Some(entry)
    })
}

fn says(state: &PoolState, entry: &Released) -> bool {
    state.released.binary_search(entry).is_ok()
}
