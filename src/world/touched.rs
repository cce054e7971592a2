//! What a change may have an influence on.

use std::collections::BTreeSet;

use super::Kind;
use crate::name::ServiceKey;

/// What has changed since somebody last decided. Changes add up with [`Touched::merge`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Kinds of which at least one object has changed in a part that is kept.
    pub kinds: BTreeSet<Kind>,
    /// Kinds of which an object has changed only in the status that we write ourselves.
    pub statuses: BTreeSet<Kind>,
    /// Addresses have changed that something else than a pool uses.
    pub occupied: bool,
    /// Services that have changed, and Services whose [`super::L2Status`] has.
    pub services: BTreeSet<ServiceKey>,
}

impl Touched {
    /// Whether nothing has changed, so that there is nothing to decide.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.statuses.is_empty() && !self.occupied
    }

    /// Whether what the operator wants has changed, so that the [`crate::config::Config`] is to be built again.
    pub fn config(&self) -> bool {
        self.occupied || self.kinds.contains(&Kind::Pool) || self.kinds.contains(&Kind::Advertisement)
    }

    /// Adds what another change has touched.
    pub fn merge(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        self.statuses.extend(other.statuses);
        self.occupied |= other.occupied;
        self.services.extend(other.services);
    }

    pub(super) fn kind(kind: Kind) -> Self {
        Self { kinds: [kind].into(), ..Self::default() }
    }

    pub(super) fn status(kind: Kind) -> Self {
        Self { statuses: [kind].into(), ..Self::default() }
    }

    pub(super) fn service(kind: Kind, service: ServiceKey) -> Self {
        Self { kinds: [kind].into(), services: [service].into(), ..Self::default() }
    }
}
