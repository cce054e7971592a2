//! How the decision on one Service came about: what was tried, pool by pool, and why it was not taken.
//!
//! Decides nothing: these are the words for what the planner writes down.
//!
//! ```text
//!   plan, watching one Service ──► keeps what it holds?  ──► requested addresses · pools in their order
//!                                        Step::Keep             Step::Request      Step::Search
//! ```

use super::{Addresses, Allocation, Demand, Families, KeptFor, PassedOver, Refusal};
use crate::name::PoolName;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It holds these addresses; may it keep them?
    Keep {
        /// What it holds.
        addresses: Addresses,
        /// With the pool that they are in now, or why not.
        kept: Result<Allocation, Refusal>,
    },
    /// It asks for these very addresses; may it have them?
    Request {
        /// What it asks for.
        addresses: Addresses,
        /// With the pool that they are in, or why not.
        found: Result<Allocation, Refusal>,
    },
    /// A pool that it may have addresses of was searched.
    Search {
        /// The pool.
        pool: PoolName,
        /// For which families.
        families: Families,
        /// What it would hold then, with what it holds already; or why the pool was passed over.
        found: Result<Allocation, PassedOver>,
    },
}

/// All that was tried for one Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What it asks for; `None`: that cannot be told, and nothing was tried.
    pub demand: Option<Demand>,
    /// What is kept for it, in the order in which that is looked at.
    pub kept: Vec<KeptFor>,
    /// What was tried, in that order.
    pub steps: Vec<Step>,
    /// Pools that nothing was tried with, by name.
    pub others: Vec<(PoolName, PassedOver)>,
}

/// What one search writes down.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    kept: Vec<Step>,
    searched: Vec<Step>,
}

impl Log {
    pub(super) fn note(&mut self, step: Step) {
        match step {
            Step::Keep { .. } => self.kept.push(step),
            Step::Request { .. } | Step::Search { .. } if self.searched.contains(&step) => {}
            Step::Request { .. } | Step::Search { .. } => self.searched.push(step),
        }
    }

    /// In the order in which they were taken.
    pub(super) fn steps(self) -> Vec<Step> {
        self.kept.into_iter().chain(self.searched).collect()
    }

    /// The Service is asked once more: what was tried in vain counts no longer.
    pub(super) fn search_again(&mut self) {
        if self.searched.iter().all(|step| step.found().is_none()) {
            self.searched.clear();
        }
    }
}

impl Trace {
    /// What the last step that found something found.
    pub fn found(&self) -> Option<&Allocation> {
        self.steps.iter().rev().find_map(Step::found)
    }
}

impl Step {
    /// The pools that it was about, or that were found.
    pub fn pools(&self) -> impl Iterator<Item = &PoolName> {
        let (searched, found) = match self {
            Self::Keep { .. } | Self::Request { .. } => (None, self.found()),
            Self::Search { pool, .. } => (Some(pool), None),
        };
        searched.into_iter().chain(found.into_iter().flat_map(|found| found.pools.names()))
    }

    /// What was found.
    pub fn found(&self) -> Option<&Allocation> {
        match self {
            Self::Keep { kept: found, .. } | Self::Request { found, .. } => found.as_ref().ok(),
            Self::Search { found, .. } => found.as_ref().ok(),
        }
    }
}
