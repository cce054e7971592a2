//! The agenda that drives a history: what happens when, to whom.

mod campaign;
mod cluster;
mod lending;
mod quiet;
mod shell;
mod steps;
mod watch;

use std::time::Duration;

use patina::lending::CallError;
use patina::world::Object;
use patina_simulation::clock::Agenda;
use patina_simulation::random::{Purpose, Stream};
use patina_simulation::trace::{Keep, Trace};

use crate::endpoint::{ENDPOINTS, Endpoint};
use crate::history::History;
use crate::laws::{Laws, Violation};
use crate::node::Node;
use crate::object;
use crate::plant::Plant;
use crate::request::{Happening, Request, Sender, Signal};
use crate::server::Server;
use crate::truth::Truth;
use quiet::Quiet;

/// How long controllers have to start before the first step.
const PRELUDE: Duration = Duration::from_millis(500);

/// A history being told.
pub struct Model<'a> {
    history: &'a History,
    plant: Plant,
    agenda: Agenda<Happening>,
    now: Duration,
    server: Server,
    truth: Truth,
    endpoints: Vec<Endpoint>,
    nodes: Vec<Node>,
    laws: Laws,
    trace: Trace,
    /// The next step.
    next: usize,
    quiet: Option<Quiet>,
    unwell_until: Duration,
    /// How the API server fails.
    moods: Stream,
    /// How long calls of endpoints take.
    ways: Stream,
    /// Terms that have begun.
    terms: u32,
    /// Writes that were sent.
    writes: u64,
    /// Calls of endpoints that were sent.
    calls: u64,
    /// Writes that have not arrived, those that are held back aside.
    flying: usize,
    /// When the last write arrived, or a quiet point found one under way, or nobody who decides.
    last_activity: Duration,
}

impl<'a> Model<'a> {
    /// A history with nothing wrong around the controllers.
    pub fn of(history: &'a History) -> Self {
        Self::planted(history, Plant::SOUND, Keep::Digest)
    }

    /// A history with a planted fault.
    pub fn planted(history: &'a History, plant: Plant, keep: Keep) -> Self {
        let mut model = Self {
            history,
            plant,
            agenda: Agenda::default(),
            now: Duration::ZERO,
            server: Server::new(plant, history.metallb_schemas),
            truth: Truth { strict: history.strict, ..Truth::default() },
            endpoints: (0..ENDPOINTS).map(|_| Endpoint::default()).collect(),
            nodes: (0..history.controllers).map(|number| Node::new(history, number)).collect(),
            laws: Laws::default(),
            trace: Trace::new(keep),
            next: 0,
            quiet: None,
            unwell_until: Duration::ZERO,
            moods: Stream::new(history.seed, Purpose::Host, 0, 0),
            ways: Stream::new(history.seed, Purpose::Driver, 0, 0),
            terms: 0,
            writes: 0,
            calls: 0,
            flying: 0,
            last_activity: Duration::ZERO,
        };
        model.server.put(Object::Namespace(object::namespace_of_the_cluster()));
        (0..object::NAMESPACES).for_each(|number| model.put_namespace(number, 0));
        (0..history.controllers).for_each(|number| model.start(number));
        model.agenda.enter(PRELUDE, Happening::Step);
        model
    }

    /// Tells the history to its end.
    ///
    /// # Errors
    /// The first law that is broken.
    pub fn run(&mut self) -> Result<(), Violation> {
        while let Some((at, happening)) = self.agenda.take() {
            self.now = at;
            match happening {
                Happening::Step if self.next == self.history.steps.len() => return Ok(()),
                Happening::Step => self.step()?,
                Happening::Look => self.look()?,
                Happening::Arrives(request) => self.arrive(request)?,
                Happening::Reaches(who, signal) => self.reach(who, signal)?,
                Happening::GoesOn(who) => self.go_on(who)?,
            }
        }
        Ok(())
    }

    /// What has happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// How many writes were sent, and how many terms have begun.
    pub fn figures(&self) -> (u64, u32) {
        (self.writes, self.terms)
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        let line = line();
        self.trace.say(self.now, &line);
    }

    fn node(&mut self, number: u8) -> Option<&mut Node> {
        self.nodes.get_mut(usize::from(number))
    }

    /// What reaches a process that stands still is heard when it goes on, in the order in which it came; what reaches
    /// one that has died, never.
    fn reach(&mut self, who: Sender, signal: Signal) -> Result<(), Violation> {
        let now = self.now;
        let Some(running) = self.running(who) else { return Ok(()) };
        let first = running.unheard.is_empty();
        let until = self.node(who.node).map_or(now, |node| node.stalled_until);
        if first && now >= until {
            return self.hear(who, signal);
        }
        if let Some(running) = self.running(who) {
            running.unheard.push_back(signal);
        }
        if first {
            self.agenda.enter(until, Happening::GoesOn(who));
        }
        Ok(())
    }

    /// A process that stood still goes on, unless it was stopped again meanwhile.
    fn go_on(&mut self, who: Sender) -> Result<(), Violation> {
        let now = self.now;
        let until = self.node(who.node).map_or(now, |node| node.stalled_until);
        if now < until {
            self.agenda.enter(until, Happening::GoesOn(who));
            return Ok(());
        }
        let Some(running) = self.running(who) else { return Ok(()) };
        let unheard = std::mem::take(&mut running.unheard);
        unheard.into_iter().try_for_each(|signal| self.hear(who, signal))
    }

    fn hear(&mut self, who: Sender, signal: Signal) -> Result<(), Violation> {
        match signal {
            Signal::Turn => return self.turn(who),
            Signal::Campaign => self.campaign(who),
            Signal::LeaseRead(attempt, record) => self.lease_read(who, attempt, record),
            Signal::LeaseWritten(attempt, won) => self.lease_written(who, attempt, won),
            Signal::LeaseLate(attempt) => self.lease_late(who, attempt),
            Signal::List(kind, epoch) => self.list(who, kind, epoch),
            Signal::Resume(kind, epoch) => self.resume(who, kind, epoch),
            Signal::Told(kind, epoch, version, change) => self.told(who, (kind, epoch, version), *change),
            Signal::Ended(id, result) => self.ended(who, id, Some(result)),
            Signal::GivenUp(id) => self.ended(who, id, None),
            Signal::Answered(id, answer) => self.answered(who, id, *answer),
            Signal::Unanswered(id) => {
                self.answered(who, id, Err(CallError::Failed("no answer in time".into())));
            }
        }
        Ok(())
    }

    /// Sends a request on its way. Into a way that is cut every other one is lost; the rest arrives when it is healed.
    fn send(&mut self, who: Sender, request: Request) {
        let now = self.now;
        let Some(node) = self.node(who.node) else { return };
        if node.way.cut {
            if node.luck.chance(500) {
                node.way.held.push(request);
            }
            return;
        }
        let at = now + node.delay();
        self.fly(at, request);
    }

    /// A request is on its way, and will arrive at `at`.
    fn fly(&mut self, at: Duration, request: Request) {
        self.flying += usize::from(matches!(request, Request::Write(..)));
        self.agenda.enter(at, Happening::Arrives(request));
    }

    /// Sends an answer on its way back.
    fn answer(&mut self, who: Sender, signal: Signal) {
        let now = self.now;
        let Some(node) = self.node(who.node).filter(|node| !node.way.cut && !node.way.deaf) else { return };
        let at = now + node.delay();
        self.agenda.enter(at, Happening::Reaches(who, signal));
    }

    fn after(&mut self, pause: Duration, who: Sender, signal: Signal) {
        self.agenda.enter(self.now + pause, Happening::Reaches(who, signal));
    }
}
