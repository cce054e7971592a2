//! Planted faults: what is wrong around the controllers, to prove that a law would see it.
//!
//! The controllers themselves are never changed. A plant sits in the API server, in the watches or in the shell around a
//! machine, as a broken one would.

/// A fault that is there the whole time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The API server takes a write whatever version it was decided on.
    IgnoresConflicts,
    /// An empty list of addresses clears nothing.
    KeepsWhatIsCleared,
    /// The list of Services at the beginning of a term leaves one out.
    ForgetsAHolder,
    /// Watches do not tell of deletions.
    HidesDeletions,
    /// Watches of Services leave out every fifth change.
    LosesChanges,
    /// Watches do not tell of changed pools.
    HidesPools,
    /// A controller whose term has ended forgets nothing of what it decided.
    KeepsItsOutbox,
    /// A controller that once led goes on as if it did.
    LeadsForEver,
    /// The shell loses the end of every fifth write.
    LosesEnds,
    /// Of two who claim the Lease at once both are told that it is theirs.
    ServesALeaseTwice,
    /// The list of PoolStates at the beginning of a term is empty.
    ForgetsReleased,
    /// It is told with dates of an hour before.
    AgesReleased,
    /// IPAM endpoints say that they have released what they go on lending.
    LosesReleases,
    /// Watches tell of every third change of a Service as if it were gone.
    InventsDeletions,
    /// Watches tell of pools without what they keep for Services.
    HidesReservations,
}

/// What surrounds the controllers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plant(Option<Fault>);

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::IgnoresConflicts,
        Self::KeepsWhatIsCleared,
        Self::ForgetsAHolder,
        Self::HidesDeletions,
        Self::LosesChanges,
        Self::HidesPools,
        Self::KeepsItsOutbox,
        Self::LeadsForEver,
        Self::LosesEnds,
        Self::ServesALeaseTwice,
        Self::ForgetsReleased,
        Self::AgesReleased,
        Self::LosesReleases,
        Self::InventsDeletions,
        Self::HidesReservations,
    ];
}

impl Plant {
    /// Nothing is wrong.
    pub const SOUND: Self = Self(None);

    /// This fault is there.
    pub const fn with(fault: Fault) -> Self {
        Self(Some(fault))
    }

    /// Whether this fault is there.
    pub fn is(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}
