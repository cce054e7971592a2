//! Which Service gets which address.
//!
//! Decides from the World, the Config and the last ledger alone: who keeps what it holds, who gets what is free, and
//! why somebody gets nothing. Leaves the writing to `reconcile` and the announcing to `election`.
//!
//! ```text
//!   1  adopt      every Service that holds addresses keeps them if they are still right for it;
//!                 of two that cannot share, the one that has not changed, then the one that has held longer
//!   2  allocate   who holds nothing, or wishes for something else: oldest first,
//!                 requested addresses · requested pool · pools for somebody, by priority · open pools, by name
//!                 within a pool: ranges as listed, lowest address first
//!   3  again      whoever frees an address by its wish is followed by those who wait, before anybody younger
//! ```
//!
//! *Guarantees*: no address is held by two Services that cannot share it; a Service that holds a right address keeps it;
//! planning twice changes nothing; the result does not depend on the order in which objects arrived.
//!
//! *Assumptions*: the World is complete (see [`crate::world::World::knows`]): a Service whose pool is not known yet would lose its
//! address.

mod addresses;
mod adopt;
mod allocation;
mod apart;
mod complete;
mod cooling;
mod demand;
mod echo;
mod explain;
mod forecast;
mod homes;
mod keeping;
mod kept_for;
mod leaving;
mod ledger;
mod lent;
mod look;
mod memory;
mod not_ours;
mod own;
mod passed;
mod plan;
mod planner;
mod refusal;
mod replan;
mod search;
mod settle;
mod sharing;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
mod verdicts;
mod wish;

pub use addresses::Addresses;
pub use allocation::{Allocation, Pools};
pub(crate) use demand::most_per_family;
pub use demand::{Demand, Families, LoadBalancerClass};
pub use explain::explain;
pub use forecast::{Announcing, Fate, Forecast, Prospect, forecast, what_if};
pub use kept_for::{Keeping, KeptEnd, KeptFor};
pub use ledger::{Holding, Ledger, Usage};
pub use lent::{Unlent, Wish};
pub use not_ours::NotOurs;
pub use passed::PassedOver;
pub use plan::{Decision, Plan, Policy, Strictness, Verdict};
pub use planner::plan;
pub use refusal::Refusal;
pub use replan::replan;
pub use sharing::{Clash, SharingKey, Terms};
pub use trace::{Step, Trace};
pub use wish::{MOST_PER_FAMILY, PoolWish};
