//! What was let go of comes back to who held it, once that is written down: whoever leads.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use patina::time::WallTime;
use patina::world::Released;

use super::{Law, Laws, Phase, Violation, hold};
use crate::object;
use crate::reference::{Book, Holdings};
use crate::server::Server;
use crate::step::{Families, Step, Type, Wish};
use crate::truth::Truth;

/// What was let go of longer ago is promised to nobody: half the cool-down, since clocks differ and controllers come late.
const FRESH: Duration = Duration::from_secs(300);

/// An address that a Service has to get.
#[derive(Debug)]
pub(super) struct Promise {
    address: IpAddr,
    uid: Arc<str>,
    /// The number of the term in which it was made.
    term: u32,
}

impl Phase {
    /// A step is about to be made: what it could upset is promised no longer.
    pub(super) fn withdraw(&mut self, step: &Step, truth: &Truth) {
        let exists = |number: &u8| truth.services.contains_key(number);
        self.newcomer = None;
        match step {
            Step::Service(number, _) if !exists(number) => {
                self.newcomer = Some(*number).filter(|number| !self.services.contains(number));
            }
            Step::Service(..) | Step::Delete(_) | Step::Show(..) | Step::Mark(..) => self.promises.clear(),
            Step::Pool(..) | Step::NoPool(_) | Step::Label(..) | Step::Foreign(_) => self.promises.clear(),
            _ => {}
        }
    }

    fn is_undisturbed(&self) -> bool {
        self.pools.is_empty() && !self.labels && self.shown.is_empty() && self.addresses.is_empty()
    }
}

impl Laws {
    /// A Service was created while somebody leads who has read everything that is written down.
    pub fn promise(&mut self, number: u8, (truth, server): (&Truth, &Server), term: u32, now: WallTime) {
        if self.phase.newcomer != Some(number) || !self.phase.is_undisturbed() {
            return;
        }
        let asked = &truth.services[&number];
        let v6 = wanted(&asked.wish);
        let reserved = v6.and_then(|v6| reserved(truth, number, v6));
        let address = match reserved {
            Some(_) => reserved.filter(|address| is_alone(truth, *address)),
            None => v6.and_then(|v6| last_released(server, number, v6, now)),
        };
        let free = |address: &IpAddr| server.services().all(|service| !service.ingress.contains(address));
        if let Some(address) = address.filter(|address| free(address) && is_open(truth, number, *address)) {
            let uid = asked.uid.clone();
            self.phase.promises.insert(number, Promise { address, uid, term });
        }
    }

    /// Who was promised an address has it, unless it was given to somebody else for lack of others.
    pub(super) fn returns(
        &self,
        truth: &Truth,
        now: &Holdings,
        term: u32,
        at: Duration,
    ) -> Result<(), Violation> {
        for (number, promise) in self.phase.promises.iter().filter(|(_, promise)| promise.term == term) {
            let same = truth.services.get(number).is_some_and(|asked| asked.uid == promise.uid);
            let holds = |has: &crate::reference::Has| has.addresses.contains(&promise.address);
            let held = now.values().any(holds);
            hold(!same || held, Law::Returns, at, || {
                format!("s{number} was to get {} back and has {:?}", promise.address, now.get(number))
            })?;
        }
        Ok(())
    }
}

/// Whether an IPv6 address is wanted by a Service that asks for one address, whichever.
fn wanted(wish: &Wish) -> Option<bool> {
    let any =
        wish.kind == Type::Balancer && wish.addresses.is_empty() && wish.pool.is_none() && wish.several < 2;
    match wish.families {
        Families::V4 if any => Some(false),
        Families::V6 if any => Some(true),
        _ => None,
    }
}

/// What the Service of this number let go of last; `None` also where two come into question.
fn last_released(server: &Server, number: u8, v6: bool, now: WallTime) -> Option<IpAddr> {
    let key = object::service_key(number);
    let its = |entry: &&Released| {
        entry.service == key && entry.address.is_ipv6() == v6 && now.distance(entry.since) < FRESH
    };
    let its: Vec<_> = server.released().filter(its).collect();
    let last = its.iter().map(|entry| entry.since).max()?;
    let mut last = its.iter().filter(|entry| entry.since == last);
    let first = last.next()?;
    last.next().is_none().then_some(first.address)
}

/// The first address of this family that some pool in force keeps for the Service.
fn reserved(truth: &Truth, number: u8, v6: bool) -> Option<IpAddr> {
    let book = Book::read(truth);
    let in_force = truth.pools.iter().filter(|(pool, _)| book.sound(**pool).is_some());
    let kept = in_force.flat_map(|(_, offered)| offered.wish.reserved_for(number));
    kept.into_iter().find(|address| address.is_ipv6() == v6)
}

/// Whether nothing else is kept for anybody: then he gets this and nothing else.
fn is_alone(truth: &Truth, address: IpAddr) -> bool {
    truth.pools.values().flat_map(|offered| &offered.wish.reserved).all(|(kept, _)| *kept == address)
}

/// Whether its pool gives the address to this Service unasked, or because it is kept for it.
fn is_open(truth: &Truth, number: u8, address: IpAddr) -> bool {
    let book = Book::read(truth);
    let Some(pool) = book.sound_home(address) else { return false };
    let given = book.sound(pool).is_some_and(|sound| sound.usable.contains(&address));
    let wish = &truth.pools[&pool].wish;
    let kept = wish.reserved_for(number).any(|kept| kept == address);
    let cools = !wish.on_request && wish.cool_down != Some(0) && !wish.bars(address, number);
    given && book.admits(truth, pool, number) && wish.lender.is_none() && (kept || cools)
}
