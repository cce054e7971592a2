//! The laws: what must hold, whatever happens.
//!
//! | law | when | what |
//! | --- | --- | --- |
//! | `OneLeads` | always | no term begins while another controller believes that it leads |
//! | `Knowing` | at each write | nobody gives an address that he has seen at another Service which cannot share it, but for what a hand wrote there |
//! | `LastWord` | at each write | a write of an earlier term changes nothing that a later one has written |
//! | `Converges` | after the last operation | all is settled within a bound |
//! | `Apart` | at quiet points | no address at two Services that cannot share it |
//! | `Settled` | at quiet points | the reference allocator would change nothing: addresses in their pools, nobody waits for what is free, wishes served |
//! | `Told` | at quiet points | annotation, condition and counters say what is |
//! | `Cleared` | at quiet points | what is not ours carries no marks of ours |
//! | `Keeps` | from one quiet point to the next | whose pool and wish have not changed holds what it held |
//! | `OldestFirst` | from one quiet point to the next | nobody got what an older one waited for |
//! | `Returns` | from one quiet point to the next | whoever comes back gets what he let go of, once that is written down, unless it was given to another; whoever comes gets what is kept for him |
//! | `Lent` | at quiet points | IPAM endpoints lend what Services hold or ask for and no more; what is held of a pool with one is lent there |
//! | `InUse` | at each call | nobody releases an address that he has seen at the Service it is lent to, but for what a hand wrote there |
//! | `Calm` | after quiet points | planning again, with memory or after a change of leader, writes nothing |

mod between;
mod lent;
mod quiet;
mod returns;
mod said;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use patina::reconcile::Effect;

use crate::endpoint::Endpoint;
use crate::reference::{Holdings, understood};
use crate::server::Server;
use crate::step::Step;
use crate::truth::Truth;
use returns::Promise;

/// A law. See the module's table.
#[expect(missing_docs, reason = "the table says it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    OneLeads,
    Knowing,
    LastWord,
    Converges,
    Apart,
    Settled,
    Told,
    Cleared,
    Keeps,
    OldestFirst,
    Returns,
    Lent,
    InUse,
    Calm,
}

/// A law that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub law: Law,
    /// When.
    pub at: Duration,
    /// How.
    pub how: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken at {:.3} s: {}", self.law, self.at.as_secs_f64(), self.how)
    }
}

/// What stands when all is settled.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// What everybody asks for.
    pub truth: &'a Truth,
    /// What is stored.
    pub server: &'a Server,
    /// What is lent.
    pub endpoints: &'a [Endpoint],
}

/// What the laws remember.
#[derive(Debug, Default)]
pub struct Laws {
    phase: Phase,
    /// What stood at the last quiet point.
    last: Option<Last>,
    /// What somebody wrote into a status by hand and nobody has written over.
    by_hand: BTreeMap<u8, Vec<IpAddr>>,
    /// The last term in which the status of an object was written, by its uid.
    writers: BTreeMap<Arc<str>, u32>,
}

/// What has happened since the last quiet point.
#[derive(Debug, Default)]
struct Phase {
    /// Services that were written, deleted or marked.
    services: BTreeSet<u8>,
    /// Services whose status was edited by hand.
    shown: BTreeSet<u8>,
    /// Addresses that were written into a status by hand.
    addresses: BTreeSet<IpAddr>,
    /// Pools that were written or deleted.
    pools: BTreeSet<u8>,
    /// Addresses that some version of them has held.
    pooled: BTreeSet<IpAddr>,
    /// A namespace has got another label.
    labels: bool,
    /// Other addresses are somebody else's.
    foreign: bool,
    /// The Service that is created by the step that runs, if nothing has happened to it before.
    newcomer: Option<u8>,
    promises: BTreeMap<u8, Promise>,
}

impl Phase {
    /// A pool is about to be written or deleted.
    fn pool(&mut self, number: u8, truth: &Truth) {
        self.pools.insert(number);
        self.pooled.extend(truth.pools.get(&number).iter().flat_map(|offered| &offered.ever));
    }
}

#[derive(Debug)]
struct Last {
    truth: Truth,
    holdings: Holdings,
    terms: u32,
}

impl Laws {
    /// A step is about to be made.
    pub fn note(&mut self, step: &Step, truth: &Truth) {
        self.phase.withdraw(step, truth);
        match step {
            Step::Service(number, _) | Step::Delete(number) | Step::Mark(number, _) => {
                self.phase.services.insert(*number);
            }
            Step::Show(number, addresses) if truth.services.contains_key(number) => {
                self.phase.shown.insert(*number);
                self.phase.addresses.extend(addresses);
                self.by_hand.insert(*number, addresses.clone());
            }
            Step::Pool(number, wish) => {
                self.phase.pool(*number, truth);
                self.phase.pooled.extend(understood(wish));
            }
            Step::NoPool(number) => self.phase.pool(*number, truth),
            Step::Label(..) => self.phase.labels = true,
            Step::Foreign(_) => self.phase.foreign = true,
            _ => {}
        }
    }

    /// A term begins, and so many others believe that they lead.
    ///
    /// # Errors
    /// [`Law::OneLeads`].
    pub fn one_leads(&self, others: usize, at: Duration) -> Result<(), Violation> {
        hold(others == 0, Law::OneLeads, at, || format!("{others} others lead"))
    }

    /// # Errors
    /// [`Law::Converges`].
    pub fn converges(&self, in_time: bool, at: Duration) -> Result<(), Violation> {
        hold(in_time, Law::Converges, at, || "still not settled".to_owned())
    }

    /// A write has arrived.
    ///
    /// # Errors
    /// [`Law::Calm`].
    pub fn nobody_writes(&self, effect: &Effect, calm: bool, at: Duration) -> Result<(), Violation> {
        hold(!calm, Law::Calm, at, || format!("{effect:?}"))
    }
}

fn hold(holds: bool, law: Law, at: Duration, how: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { law, at, how: how() }) }
}
