//! Writes that a mirror does not show yet: without them one decision would be carried out twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// An object may be gone again before anybody saw it; nobody waits for it longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was written for each owner, by UID.
#[derive(Debug, Default)]
pub(super) struct Unseen(BTreeMap<String, Writes>);

#[derive(Debug)]
struct Writes {
    created: BTreeSet<String>,
    deleted: BTreeSet<String>,
    since: Instant,
}

impl Unseen {
    pub(super) fn created(&mut self, owner: &str, object: Option<String>, now: Instant) {
        self.of(owner, now).created.extend(object);
    }

    pub(super) fn deleted(&mut self, owner: &str, object: Option<String>, now: Instant) {
        self.of(owner, now).deleted.extend(object);
    }

    fn of(&mut self, owner: &str, now: Instant) -> &mut Writes {
        let writes = self.0.entry(owner.to_owned());
        writes.or_insert_with(|| Writes { created: BTreeSet::new(), deleted: BTreeSet::new(), since: now })
    }

    /// Whether the mirror shows everything written for `owner`: `there` says of a UID whether the object
    /// is in it, `alive` whether it is in it and not on its way out.
    pub(super) fn is_over(
        &mut self,
        owner: &str,
        there: impl Fn(&str) -> bool,
        alive: impl Fn(&str) -> bool,
        now: Instant,
    ) -> bool {
        let Some(writes) = self.0.get(owner) else { return true };
        let seen =
            writes.created.iter().all(|uid| there(uid)) && !writes.deleted.iter().any(|uid| alive(uid));
        let over = seen || now.duration_since(writes.since) > PATIENCE;
        if over {
            self.0.remove(owner);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_awaited_until_the_mirror_shows_it() {
        let start = crate::clock::now();
        let mut unseen = Unseen::default();
        assert!(unseen.is_over("o", |_| false, |_| false, start));
        unseen.created("o", Some("a".to_owned()), start);
        unseen.deleted("o", Some("b".to_owned()), start);
        assert!(!unseen.is_over("o", |_| false, |_| false, start));
        assert!(!unseen.is_over("o", |uid| uid == "a", |uid| uid == "b", start));
        assert!(unseen.is_over("o", |uid| uid == "a", |_| false, start));
        assert!(unseen.is_over("o", |_| false, |_| false, start));
    }

    #[test]
    fn nobody_waits_for_ever() {
        let start = crate::clock::now();
        let mut unseen = Unseen::default();
        unseen.created("o", Some("a".to_owned()), start);
        assert!(unseen.is_over("o", |_| false, |_| false, start + PATIENCE + Duration::from_millis(1)));
    }
}
