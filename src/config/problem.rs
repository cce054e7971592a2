//! What is wrong with an object: which one, where, why, and whether it still counts.

mod table;

use std::fmt;

use super::{Identity, IpamEndpointError, Occupant, ReservationError, SelectorError};
use crate::addr::{AddressRange, Overlap, RangeError};
use crate::name::PoolName;

/// A kind of object that the operator writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// IPAddressPool.
    Pool,
    /// L2Advertisement.
    Advertisement,
    /// ForeignRange.
    ForeignRange,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pool => "IPAddressPool",
            Self::Advertisement => "L2Advertisement",
            Self::ForeignRange => "ForeignRange",
        })
    }
}

/// Something the operator wrote and did not mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Kind of the object.
    pub origin: Origin,
    /// The object.
    pub object: Identity,
    /// Path of the field, as in `spec.addresses[2]`.
    pub field: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// A field and what is wrong with it, before it is known of which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    field: String,
    kind: Box<ProblemKind>,
}

impl Finding {
    pub(super) fn at(field: impl Into<String>, kind: ProblemKind) -> Self {
        Self { field: field.into(), kind: Box::new(kind) }
    }

    /// There are so many more of the kind.
    pub(super) fn and(mut self, more: usize) -> Self {
        if let ProblemKind::Occupied { others, .. } = &mut *self.kind {
            *others = more;
        }
        self
    }

    pub(super) fn of(self, origin: Origin, object: &Identity) -> Problem {
        Problem { origin, object: object.clone(), field: self.field, kind: *self.kind }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// No addresses at all.
    NoAddresses,
    /// Not a range of addresses.
    BadRange(RangeError),
    /// Two entries of the pool share addresses.
    OverlapInside(Overlap),
    /// It shares addresses with an older pool.
    OverlapWith {
        /// The older pool, which stays in force.
        pool: PoolName,
        /// What they share.
        overlap: Overlap,
    },
    /// A younger pool, which is rejected for it, shares addresses with it.
    OverlappedBy {
        /// The younger pool.
        pool: PoolName,
        /// What they share; the first is of this pool.
        overlap: Overlap,
    },
    /// It holds addresses that something else uses.
    Occupied {
        /// Who uses them.
        by: Occupant,
        /// The first of them.
        range: AddressRange,
        /// How many more of the kind use addresses of the pool.
        others: usize,
    },
    /// Not a list of addresses to leave out.
    BadExclusion(RangeError),
    /// Not a label selector.
    BadSelector(SelectorError),
    /// A preference outside 1 to 100.
    BadWeight(i32),
    /// Written twice.
    Duplicate(String),
    /// Not a duration.
    BadCoolDown(String),
    /// Not a list of reservations.
    BadReservation(ReservationError),
    /// Not an endpoint that can be called.
    BadIpamEndpoint(IpamEndpointError),
    /// An annotation under our prefix that means nothing.
    UnknownOption(String),
    /// A pool that does not exist (yet).
    UnknownPool(PoolName),
    /// The field is known and has no meaning yet.
    NotYetSupported,
}

impl ProblemKind {
    /// Whether the object is out of force because of it. What it last said while it was right stays.
    pub const fn rejects(&self) -> bool {
        match self {
            Self::NoAddresses
            | Self::BadRange(_)
            | Self::OverlapInside(_)
            | Self::OverlapWith { .. }
            | Self::BadSelector(_)
            | Self::BadWeight(_)
            | Self::Duplicate(_)
            | Self::BadCoolDown(_)
            | Self::BadReservation(_)
            | Self::BadExclusion(_)
            | Self::BadIpamEndpoint(_) => true,
            Self::OverlappedBy { .. }
            | Self::UnknownPool(_)
            | Self::Occupied { .. }
            | Self::UnknownOption(_)
            | Self::NotYetSupported => false,
        }
    }

    /// The one word for it in conditions, events, metrics and logs.
    pub const fn word(&self) -> &'static str {
        self.reason().word
    }

    /// What is the matter in this case.
    pub fn sentence(&self) -> String {
        match self {
            Self::NoAddresses => "at least one range is needed".to_owned(),
            Self::BadRange(error) => error.to_string(),
            Self::OverlapInside(overlap) => overlap.to_string(),
            Self::OverlapWith { pool, overlap } => {
                format!("{} lies in the older pool {pool} too ({})", overlap.second, overlap.first)
            }
            Self::OverlappedBy { pool, overlap } => {
                format!(
                    "{} lies in the younger pool {pool} too ({}), which is rejected",
                    overlap.first, overlap.second
                )
            }
            Self::BadSelector(error) => error.to_string(),
            Self::BadWeight(weight) => format!("{weight} is not between 1 and 100"),
            Self::Duplicate(entry) => format!("{entry} is written twice"),
            Self::BadCoolDown(text) => format!("{text:?} is no duration such as 10m, 1h30m or 0"),
            Self::Occupied { by, range, others: 0 } => format!("{range} is in use by {by}"),
            Self::Occupied { by, range, others } => {
                format!("{range} is in use by {by}, and {others} more like it")
            }
            Self::BadExclusion(error) => error.to_string(),
            Self::BadReservation(error) => error.to_string(),
            Self::BadIpamEndpoint(error) => error.to_string(),
            Self::UnknownOption(key) => format!("{key} means nothing"),
            Self::UnknownPool(pool) => format!("there is no pool {pool}"),
            Self::NotYetSupported => "this field is not yet supported and has no effect".to_owned(),
        }
    }
}

impl fmt::Display for ProblemKind {
    /// The word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Problem {
    /// The word, the field, what is the matter and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matter = format!("{}: {}", self.field, self.kind.sentence());
        f.write_str(&self.kind.reason().line(&matter))
    }
}
