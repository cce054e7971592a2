//! What to ask of the IPAM endpoints of pools: allocate, release, list.
//!
//! Decides which call goes out when, from what the plan wishes and uses and from what endpoints have answered; an answer
//! becomes a fact of the World, by which the next plan is made. Leaves the carrying out, deadlines and connections to the
//! controller, and the judgement of what is lent to `alloc`.
//!
//! ```text
//!   plan: wishes, uses ──► review ──► lines, one for each endpoint ──► poll_call ──► Call
//!   World ◄── LoanFact ◄─────────────────── handle_reply ◄──────────────────────── Reply
//! ```
//!
//! *Guarantees*: nothing is released that a Service holds or that a status shows; what was released is released once; a
//! loan whose Service has gone while it was asked for is released when the answer has come; an endpoint that does not answer
//! holds up nobody but those who wait for it. Who holds an address keeps it whatever an endpoint says.
//!
//! *Assumptions*: only the leader asks; all Services are known.

mod call;
mod claim;
mod entry;
mod line;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use call::{Ask, Call, CallError, Reply, read_address, read_list, words};
pub use claim::{Claim, Mark};

use entry::Due;
use line::{Line, Question};

use crate::alloc::{Plan, Verdict, Wish};
use crate::config::{Config, IpamEndpoint};
use crate::name::{PoolName, ServiceKey};
use crate::time::Instant;
use crate::world::{LoanFact, World};

/// The namespace by whose uid clusters are told apart; every cluster has it.
const CLUSTER: &str = "kube-system";

/// The machine. See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Lending {
    lines: BTreeMap<IpamEndpoint, Line>,
    routes: BTreeMap<PoolName, IpamEndpoint>,
    wishes: BTreeMap<ServiceKey, Vec<Wish>>,
    mark: Option<Mark>,
    term: u64,
}

impl Lending {
    /// Takes what is decided: these Services have `changed` since the last time. The answer is what is known from now on.
    pub fn review(
        &mut self,
        world: &World,
        config: &Config,
        plan: &Plan,
        changed: &BTreeSet<ServiceKey>,
    ) -> Vec<LoanFact> {
        let mut facts = self.route(world, config);
        if self.lines.is_empty() {
            return facts;
        }
        changed.iter().for_each(|service| self.take_wishes(plan, service));
        facts.extend(self.lines.values_mut().flat_map(|line| line.sweep(plan)));
        self.lines.retain(|_, line| !line.is_over());
        facts
    }

    /// Somebody else leads: nothing is wished, and answers to what was asked count no more.
    pub fn follow(&mut self) {
        *self = Self { term: self.term + 1, ..Self::default() };
    }

    /// The next call to carry out.
    pub fn poll_call(&mut self, now: Instant) -> Option<Call> {
        let mark = self.mark.as_ref()?;
        let question =
            |(endpoint, line): (&IpamEndpoint, &mut Line)| Some((endpoint.clone(), line.poll(now)?));
        let (endpoint, question) = self.lines.iter_mut().find_map(question)?;
        let claim = |loan| Claim { mark: mark.clone(), loan };
        let ask = match question {
            Question::List => Ask::List(mark.clone()),
            Question::Loan(loan, Due::Allocate) => Ask::Allocate(claim(loan)),
            Question::Loan(loan, Due::Release(address)) => Ask::Release(claim(loan), address),
        };
        Some(Call { endpoint, ask, term: self.term })
    }

    /// When [`Self::poll_call`] is to be called although nothing has happened.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.mark.as_ref()?;
        self.lines.values().filter_map(Line::poll_timeout).min()
    }

    /// Takes the end of a call that [`Self::poll_call`] gave. The answer is what is known from now on.
    pub fn handle_reply(
        &mut self,
        call: &Call,
        answer: Result<Reply, CallError>,
        now: Instant,
    ) -> Vec<LoanFact> {
        let Some(line) = self.lines.get_mut(&call.endpoint).filter(|_| call.term == self.term) else {
            return Vec::new();
        };
        match &call.ask {
            Ask::List(_) => line.handle_list(answer, now),
            Ask::Allocate(claim) => line.handle_allocate(&claim.loan, answer, now),
            Ask::Release(claim, _) => {
                line.handle_release(&claim.loan, answer, now);
                Vec::new()
            }
        }
    }

    /// Follows which pool names which endpoint. What an endpoint lends for a pool that names another one now is given back once
    /// nobody uses it.
    fn route(&mut self, world: &World, config: &Config) -> Vec<LoanFact> {
        self.mark = mark(world, config).or(self.mark.take());
        let with_endpoint = config.pools().filter_map(|pool| Some((pool, pool.options.ipam.as_ref()?)));
        let routes = with_endpoint.map(|(pool, endpoint)| (pool.name.clone(), endpoint.clone())).collect();
        if routes == self.routes {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.routes, routes);
        let mut facts = Vec::new();
        for (pool, endpoint) in
            before.iter().filter(|(pool, endpoint)| self.routes.get(*pool) != Some(endpoint))
        {
            let Some(line) = self.lines.get_mut(endpoint) else { continue };
            facts.push(line.forget(pool));
        }
        self.serve();
        let wishes: Vec<Wish> = self.wishes.values().flatten().cloned().collect();
        wishes.iter().for_each(|wish| self.want(wish));
        facts
    }

    fn serve(&mut self) {
        for endpoint in self.routes.values() {
            self.lines.entry(endpoint.clone()).or_insert_with(|| Line::to(endpoint.clone()));
        }
        for (endpoint, line) in &mut self.lines {
            let named = self.routes.iter().filter(|(_, named)| *named == endpoint);
            line.serve(named.map(|(pool, _)| pool.clone()).collect());
        }
    }

    fn take_wishes(&mut self, plan: &Plan, service: &ServiceKey) {
        let wishes = match plan.verdict(service) {
            Some(Verdict::Decided(decision)) => decision.wishes.clone(),
            Some(Verdict::Clear) | None => Vec::new(),
        };
        let before = self.wishes.remove(service).unwrap_or_default();
        for wish in before.iter().filter(|old| wishes.iter().all(|new| new.loan != old.loan)) {
            let line = self.routes.get(&wish.loan.pool).and_then(|endpoint| self.lines.get_mut(endpoint));
            line.into_iter().for_each(|line| line.unwant(&wish.loan));
        }
        wishes.iter().for_each(|wish| self.want(wish));
        if !wishes.is_empty() {
            self.wishes.insert(service.clone(), wishes);
        }
    }

    fn want(&mut self, wish: &Wish) {
        let line = self.routes.get(&wish.loan.pool).and_then(|endpoint| self.lines.get_mut(endpoint));
        line.into_iter().for_each(|line| line.want(wish));
    }
}

/// Which installation this is; `None` as long as the cluster's own uid is not known.
fn mark(world: &World, config: &Config) -> Option<Mark> {
    let cluster = world.namespace(CLUSTER)?.uid.clone();
    let namespace = config.pools().next()?.identity.key.namespace.clone();
    Some(Mark { cluster, namespace })
}
