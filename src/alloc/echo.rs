//! Telling an echo of our own past from a new fact.
//!
//! A status shows what was written some time ago. Until the last decision has arrived, a status that shows an earlier
//! one is no news; one that shows something that was never decided is (somebody edited it, or another controller did).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Addresses;
use crate::name::ServiceKey;
use crate::world::Service;

/// Former contents that are remembered for one Service: more than can be on their way at once.
const DEPTH: usize = 8;

/// What the status of a Service may still show although it has been decided otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Echoes(BTreeMap<ServiceKey, Past>);

#[derive(Clone, Debug, PartialEq)]
struct Past {
    uid: Arc<str>,
    shown: Vec<Addresses>,
}

impl Echoes {
    /// Whether what the status of the Service shows is an echo.
    pub(super) fn explain(&self, service: &Service, seen: &Addresses) -> bool {
        self.past(service).is_some_and(|past| past.shown.contains(seen))
    }

    /// After a decision: `seen` stands in the status, `before` was decided last, `now` is decided.
    pub(super) fn note(&mut self, service: &Service, seen: Addresses, before: Addresses, now: Addresses) {
        if seen == now {
            self.0.remove(service.key());
            return;
        }
        let mut shown = self.past(service).map(|past| past.shown.clone()).unwrap_or_default();
        for past in [before, seen] {
            if past != now && !shown.contains(&past) {
                shown.push(past);
            }
        }
        shown.retain(|past| *past != now);
        shown.drain(..shown.len().saturating_sub(DEPTH));
        self.0.insert(service.key().clone(), Past { uid: service.identity.uid.clone(), shown });
    }

    /// Forgets Services that are gone.
    pub(super) fn retain(&mut self, known: impl Fn(&ServiceKey) -> bool) {
        self.0.retain(|key, _| known(key));
    }

    fn past(&self, service: &Service) -> Option<&Past> {
        self.0.get(service.key()).filter(|past| past.uid == service.identity.uid)
    }
}
