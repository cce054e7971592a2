//! The three passes: adopt, allocate, again.

use std::collections::VecDeque;
use std::slice;

use super::adopt::Kept;
use super::ledger::Holding;
use super::search::Search;
use super::trace::Log;
use super::{Addresses, Decision, Demand, Ledger, NotOurs, Plan, Policy, Refusal, Verdict};
use crate::config::Config;
use crate::name::ServiceKey;
use crate::time::WallTime;
use crate::world::{Service, World};

/// Decides on every Service. `last` is the plan before: the memory of what has been decided and not arrived yet.
///
/// *Guarantees*: planning again with the result as `last` changes no allocation; neither does planning without memory
/// once every status shows what was decided.
pub fn plan(world: &World, config: &Config, policy: &Policy, last: &Plan, now: WallTime) -> Plan {
    run(world, config, policy, last, None, now).plan
}

/// A plan, and what was tried for the one Service that somebody asks about.
pub(super) struct Planned<'a> {
    pub(super) plan: Plan,
    /// Its search; `None`: nothing had to be looked for.
    pub(super) watched: Option<Search<'a>>,
}

/// The three passes. What is tried for the `watched` Service is written down in its search.
pub(super) fn run<'a>(
    world: &'a World,
    config: &'a Config,
    policy: &Policy,
    last: &Plan,
    watched: Option<&ServiceKey>,
    now: WallTime,
) -> Planned<'a> {
    let mut by_age: Vec<&Service> = world.services().collect();
    by_age.sort_unstable_by(|a, b| a.identity.age().cmp(&b.identity.age()));
    let ledger = Ledger::begin(world, config, &last.ledger, now);
    let (echoes, leaving) = (last.echoes.clone(), last.leaving.clone());
    let mut plan = Plan { echoes, leaving, ledger, ..Plan::default() };
    plan.forget(|key| world.service(key).is_some());
    let mut seats = Vec::with_capacity(by_age.len());
    for service in by_age {
        match Seat::of(world, config, policy, last, service) {
            Ok(mut seat) => {
                seat.search.log = watched.filter(|key| *key == service.key()).map(|_| Log::default());
                seats.push(seat);
            }
            Err(verdict) => plan.close(service, last.decided(service), verdict),
        }
    }
    adopt(&mut seats, &mut plan.ledger);
    plan.ledger.let_go(config, &last.ledger);
    let watched = allocate(seats, policy, &mut plan);
    Planned { plan, watched }
}

/// A Service that takes part in the planning.
pub(super) struct Seat<'a> {
    pub(super) search: Search<'a>,
    /// What it may be said to hold, the best first.
    pub(super) candidates: Vec<Addresses>,
    /// It holds what it held, on the same terms: it comes before those that have changed.
    pub(super) unchanged: bool,
    /// What was decided last.
    before: Addresses,
    /// Why something was taken from it, as long as its status does not show that yet.
    unheard: Option<Refusal>,
    kept: Kept,
}

impl<'a> Seat<'a> {
    /// A seat, or the verdict on a Service that needs none; `None` in it: it does not concern us.
    pub(super) fn of(
        world: &'a World,
        config: &'a Config,
        policy: &Policy,
        last: &Plan,
        service: &'a Service,
    ) -> Result<Self, Option<Verdict>> {
        match NotOurs::of(service, &policy.class) {
            Some(NotOurs::OtherType) => return Err(Some(Verdict::Clear)),
            Some(NotOurs::OtherClass { .. }) => return Err(service.marked().then_some(Verdict::Clear)),
            None => {}
        }
        let demand = Demand::read(service).map_err(|refusal| Some(refused(service, refusal)))?;
        let candidates = last.candidates(service);
        let holding = last.ledger.holding(service.key()).filter(|h| h.uid == service.identity.uid);
        let unchanged =
            holding.is_some_and(|h| candidates == slice::from_ref(&h.addresses) && h.terms == demand.terms);
        let search = Search::new(world, config, service, demand);
        let (before, unheard) = (last.decided(service), last.unheard(service));
        Ok(Self { search, candidates, unchanged, before, unheard, kept: Kept::default() })
    }

    pub(super) fn holding(&self, decision: &Decision) -> Option<Holding> {
        let allocation = decision.allocation.clone()?;
        Some(Holding {
            uid: self.search.service.identity.uid.clone(),
            addresses: allocation.addresses,
            pools: allocation.pools,
            terms: self.search.demand.terms.clone(),
        })
    }
}

/// All that the status of a Service shows.
pub(super) fn shown(service: &Service) -> Addresses {
    service.ingress.iter().copied().collect()
}

/// The refusal of a Service that nothing can be looked for.
fn refused(service: &Service, refusal: Refusal) -> Verdict {
    let lost = (!service.ingress.is_empty()).then(|| refusal.clone());
    Verdict::Decided(Box::new(Decision { refusal: Some(refusal), lost, ..Decision::default() }))
}

/// First pass. Those that have not changed come first, so that of two that cannot share any longer the changed one goes;
/// then those that have held longest.
fn adopt(seats: &mut [Seat<'_>], ledger: &mut Ledger) {
    let mut by_right: Vec<&mut Seat<'_>> = seats.iter_mut().collect();
    by_right.sort_by_key(|seat| (!seat.unchanged, seat.search.service.holds_since()));
    for seat in by_right {
        seat.kept = seat.search.adopt(&seat.candidates, ledger);
        let kept = Decision { allocation: seat.kept.allocation.clone(), ..Decision::default() };
        if let Some(holding) = seat.holding(&kept) {
            ledger.hold(seat.search.key(), holding);
        }
    }
}

/// Second pass: the oldest Service first. Whoever frees an address by it is followed by those who wait, before anybody younger
/// is asked. The answer is the search that is watched.
fn allocate<'a>(seats: Vec<Seat<'a>>, policy: &Policy, plan: &mut Plan) -> Option<Search<'a>> {
    let (mut waiting, mut to_come, mut watched) = (Vec::new(), VecDeque::from(seats), None);
    while let Some(mut seat) = to_come.pop_front() {
        let decision = seat.search.settle(&seat.kept, policy.strictness, &mut plan.ledger);
        let freed = plan.decide(&seat, &decision);
        seat.kept =
            Kept { allocation: decision.allocation.clone(), lost: decision.lost.clone(), ..seat.kept };
        if decision.waits() {
            waiting.push(seat);
        } else if seat.search.log.is_some() {
            watched = Some(seat.search);
        }
        if freed {
            waiting.drain(..).rev().for_each(|seat| to_come.push_front(seat));
        }
    }
    watched.or_else(|| waiting.into_iter().map(|seat| seat.search).find(|search| search.log.is_some()))
}

impl Plan {
    /// Writes a decision down. The answer tells whether others may get more by it: an address is free now, or others who share
    /// it may be joined; or an endpoint has lent one that others may share.
    pub(super) fn decide(&mut self, seat: &Seat<'_>, decision: &Decision) -> bool {
        let key = seat.search.key();
        let joins =
            seat.search.may_be_joined() && self.ledger.holding(key) != seat.holding(decision).as_ref();
        let freed = match seat.holding(decision) {
            Some(holding) => self.ledger.hold(key, holding),
            None => self.strike(key),
        };
        self.note(seat.search.service, seat.before.clone(), decision.addresses());
        let unheard = seat.unheard.as_ref().filter(|_| decision.addresses() == seat.before);
        let decision = Decision { lost: decision.lost.as_ref().or(unheard).cloned(), ..decision.clone() };
        self.verdicts.insert(key.clone(), Verdict::Decided(Box::new(decision)));
        freed || joins
    }

    /// Writes down that a Service gets nothing.
    pub(super) fn close(&mut self, service: &Service, before: Addresses, verdict: Option<Verdict>) {
        self.note(service, before, Addresses::NONE);
        let key = service.key();
        match verdict {
            Some(verdict) => {
                self.verdicts.insert(key.clone(), verdict);
            }
            None => {
                self.verdicts.remove(key);
                self.leaving.note(key, Vec::new());
            }
        }
    }

    /// What stands in the status, after a decision.
    fn note(&mut self, service: &Service, before: Addresses, now: Addresses) {
        let leaving = service.ingress.iter().copied().filter(|address| !now.contains(*address)).collect();
        self.leaving.note(service.key(), leaving);
        self.echoes.note(service, shown(service), before, now);
    }

    /// Forgets what statuses of Services show that are gone.
    pub(super) fn forget(&mut self, known: impl Fn(&ServiceKey) -> bool) {
        self.echoes.retain(&known);
        self.leaving.retain(&known);
    }

    fn strike(&mut self, service: &ServiceKey) -> bool {
        !self.ledger.release(service).is_empty()
    }
}
