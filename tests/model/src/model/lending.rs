//! The shell around calls of IPAM endpoints, and the endpoints' side of them. Endpoints are not reached through the API server:
//! whoever is cut off from it may still ask.

use std::time::Duration;

use patina::lending::{Ask, CallError, Reply};
use patina::world::Service;
use patina_controller::machine::Role;

use super::Model;
use crate::endpoint::Endpoint;
use crate::laws::Violation;
use crate::node::{Asked, Running};
use crate::object;
use crate::plant::Fault;
use crate::reference::Book;
use crate::request::{Happening, Request, Sender, Signal};
use crate::step::Mood;

/// How long a controller waits for an answer, and for a list.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_FOR_A_LIST: Duration = Duration::from_secs(30);
/// How long calls and answers take of a sound endpoint, at most.
const FAST: Duration = Duration::from_millis(12);

impl Model<'_> {
    /// Hands out calls; none outlasts the term.
    pub(super) fn ask(&mut self, who: Sender) -> Result<(), Violation> {
        let now = self.now;
        loop {
            let id = self.calls;
            let Some(running) = self.running(who) else { return Ok(()) };
            let local = running.local(now);
            let Role::Leading { until, .. } = running.role else { return Ok(()) };
            let Some(call) = running.state.poll_call(local) else { return Ok(()) };
            let patience = if matches!(call.ask, Ask::List(_)) { PATIENCE_FOR_A_LIST } else { PATIENCE };
            let late = running.clock.global((local + patience).min(until));
            let asked = Asked { call, term: running.number, heard: running.heard_of_services() };
            running.asked.insert(id, asked.clone());
            self.calls += 1;
            self.say(|| format!("c{} asks ?{id} {}", who.node, told(&asked.call.ask)));
            self.laws.released(&asked, &self.server, now)?;
            self.agenda.enter(late.max(now), Happening::Reaches(who, Signal::Unanswered(id)));
            let at = now + self.way_to(&asked.call.endpoint.to_string());
            self.agenda.enter(at, Happening::Arrives(Request::Call(who, id, Box::new(asked))));
        }
    }

    /// A call arrives at its endpoint.
    pub(super) fn asked(&mut self, who: Sender, id: u64, asked: &Asked) {
        let name = asked.call.endpoint.to_string();
        let now = self.now;
        let stray = self.running(who).is_none_or(|running| !running.waits_for(id, now));
        let (truth, plant) = (&self.truth, self.plant);
        let Some(endpoint) = find(&mut self.endpoints, &name) else { return };
        let before = endpoint.lends.clone();
        let hidden = plant.is(Fault::LosesReleases) && matches!(asked.call.ask, Ask::Release(..));
        let answer = if hidden { Some(Ok(Reply::Released)) } else { endpoint.ask(&asked.call.ask, truth) };
        let changed = endpoint.lends != before;
        if stray && changed {
            endpoint.disturbed = now;
        }
        if !stray && matches!(asked.call.ask, Ask::List(_)) && matches!(answer, Some(Ok(_))) {
            endpoint.listed = now;
        }
        if changed {
            self.last_activity = now;
        }
        let Some(answer) = answer else { return };
        self.say(|| format!("?{id} ends: {answer:?}"));
        let pause = self.way_to(&name);
        self.after(pause, who, Signal::Answered(id, Box::new(answer)));
    }

    /// An answer has come, or is not waited for any longer.
    pub(super) fn answered(&mut self, who: Sender, id: u64, answer: Result<Reply, CallError>) {
        let now = self.now;
        let Some(running) = self.running(who) else { return };
        let Some(asked) = running.asked.remove(&id) else { return };
        let local = running.local(now);
        running.state.handle_answer(&asked.call, answer, local);
        self.turn_after_a_moment(who);
    }

    pub(super) fn change_mood(&mut self, number: u8, mood: Mood) {
        if let Some(endpoint) = self.endpoints.get_mut(usize::from(number)) {
            (endpoint.mood, endpoint.troubled) = (mood, true);
        }
    }

    pub(super) fn mislay(&mut self, number: u8, place: u8) {
        let now = self.now;
        let Some(endpoint) = self.endpoints.get_mut(usize::from(number)) else { return };
        let count = endpoint.lends.len().max(1);
        let Some(loan) = endpoint.lends.keys().nth(usize::from(place) % count).cloned() else { return };
        endpoint.lends.remove(&loan);
        endpoint.disturbed = now;
    }

    /// Whether any pool has an endpoint.
    pub(super) fn borrows(&self) -> bool {
        self.truth.pools.values().any(|offered| offered.wish.lender.is_some())
    }

    /// Whether an endpoint is still to be asked for what it has not lent, after a pause.
    pub(super) fn asks_again(&self) -> bool {
        let waits = |service: &Service| service.conditions.iter().any(|said| said.message.contains("Ipam"));
        self.endpoints.iter().any(|endpoint| endpoint.troubled)
            || self.borrows() && self.server.services().any(waits)
    }

    /// Whether the leader has heard what every endpoint lends that he can ask, since something was done there without him.
    pub(super) fn knows_what_is_lent(&self) -> bool {
        if !self.borrows() {
            return true;
        }
        let book = Book::read(&self.truth);
        let in_force = self.truth.pools.iter().filter(|(number, _)| book.sound(**number).is_some());
        let mut lenders = in_force.filter_map(|(_, offered)| offered.wish.lender);
        lenders.all(|lender| {
            let endpoint = self.endpoints.get(usize::from(lender));
            endpoint.is_none_or(|endpoint| endpoint.listed > endpoint.disturbed)
        })
    }

    fn way_to(&mut self, name: &str) -> Duration {
        let longest = match find(&mut self.endpoints, name).map(|endpoint| endpoint.mood) {
            Some(Mood::Slow(span)) => Duration::from_millis(span.into()),
            _ => FAST,
        };
        self.ways.span(Duration::from_millis(1), longest.max(FAST))
    }
}

impl Running {
    /// Whether it leads, and waits for the answer to a call of this term.
    fn waits_for(&self, id: u64, now: Duration) -> bool {
        let of_this_term = self.asked.get(&id).is_some_and(|asked| asked.term == self.number);
        of_this_term && self.term.is_some() && self.role.leads(self.local(now))
    }
}

fn find<'a>(endpoints: &'a mut [Endpoint], name: &str) -> Option<&'a mut Endpoint> {
    (0..).zip(endpoints).find(|(number, _)| object::endpoint_name(*number) == name).map(|(_, found)| found)
}

fn told(ask: &Ask) -> String {
    match ask {
        Ask::List(_) => "for a list".to_owned(),
        Ask::Allocate(claim) => format!("for {claim}"),
        Ask::Release(claim, address) => format!("to release {address:?} of {claim}"),
    }
}
