//! Watches: a list, then changes in order, each a little late; a connection that breaks goes on where it was, or lists
//! again if that is forgotten.

use std::time::Duration;

use patina::world::{Change, Kind, Object};
use patina_daemon::watch::Event;

use super::Model;
use crate::plant::Fault;
use crate::request::{Sender, Signal};

/// The pause before a connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest pause before a watch that broke goes on.
const PAUSE: Duration = Duration::from_secs(3);
/// In thousand: how often a change is told twice after a pause.
const TWICE: u16 = 300;
/// How many seconds too old a date is, where that is planted.
const AGE: i64 = 3600;
/// Every so many changes one gets lost, where that is planted.
const LOST: u64 = 5;
/// Which changes are told as deletions.
const INVENTED: u64 = 3;

/// What comes of trying to connect.
enum Connection {
    /// Nobody means this connection any more.
    Forgotten,
    /// The API server cannot be reached.
    Refused,
    /// Changes can be told.
    Made,
}

impl Model<'_> {
    /// Opens a watch anew, with a list.
    pub(super) fn open(&mut self, who: Sender, kind: Kind) {
        let Some(epoch) = self.close(who, kind) else { return };
        if let Some(watch) = self.running(who).and_then(|running| running.watches.get_mut(&kind)) {
            watch.heard = 0;
        }
        self.after(Duration::from_millis(1), who, Signal::List(kind, epoch));
    }

    /// Closes a watch: nothing that is on its way arrives any more.
    pub(super) fn close(&mut self, who: Sender, kind: Kind) -> Option<u32> {
        let running = self.running(who)?;
        running.connections += 1;
        let watch = running.watches.entry(kind).or_default();
        (watch.epoch, watch.open) = (running.connections, false);
        Some(watch.epoch)
    }

    /// Ends a watch.
    pub(super) fn end_watch(&mut self, who: Sender, kind: Kind) {
        if let Some(running) = self.running(who) {
            running.watches.remove(&kind);
        }
    }

    /// Breaks all watches of a controller; each goes on after a pause of its own.
    pub(super) fn break_watches(&mut self, number: u8) {
        let Some(node) = self.node(number) else { return };
        let who = Sender { node: number, life: node.life };
        let Some(running) = &node.running else { return };
        for kind in running.watches.keys().copied().collect::<Vec<_>>() {
            let (Some(epoch), Some(node)) = (self.close(who, kind), self.node(number)) else { return };
            let pause = node.luck.span(Duration::from_millis(100), PAUSE);
            self.after(pause, who, Signal::Resume(kind, epoch));
        }
    }

    pub(super) fn list(&mut self, who: Sender, kind: Kind, epoch: u32) {
        match self.connection(who, kind, epoch) {
            Connection::Forgotten => return,
            Connection::Refused => return self.after(AGAIN, who, Signal::List(kind, epoch)),
            Connection::Made => {}
        }
        let mut objects = self.server.list(kind);
        if kind == Kind::Service && self.plant.is(Fault::ForgetsAHolder) {
            objects.truncate(objects.len().saturating_sub(1));
        }
        objects.retain_mut(|object| self.misremembers(object));
        let version = self.server.version();
        self.tell(who, (kind, epoch, version), Change::Reset(kind, objects));
        self.mark_open(who, kind, version);
    }

    /// What is planted about PoolStates; whether the object is listed at all.
    fn misremembers(&self, object: &mut Object) -> bool {
        let Object::PoolState(state) = object else { return true };
        if self.plant.is(Fault::AgesReleased) {
            state.released.iter_mut().for_each(|entry| entry.since.0 -= AGE);
        }
        !self.plant.is(Fault::ForgetsReleased)
    }

    pub(super) fn resume(&mut self, who: Sender, kind: Kind, epoch: u32) {
        match self.connection(who, kind, epoch) {
            Connection::Forgotten => return,
            Connection::Refused => return self.after(AGAIN, who, Signal::Resume(kind, epoch)),
            Connection::Made => {}
        }
        let heard =
            self.running(who).and_then(|running| running.watches.get(&kind)).map_or(0, |watch| watch.heard);
        let Some(changes) = self.server.since(heard, kind).filter(|_| heard > 0) else {
            return self.list(who, kind, epoch);
        };
        let twice = self.node(who.node).is_some_and(|node| node.luck.chance(TWICE));
        let again = changes.last().filter(|_| twice).cloned();
        for (version, change) in changes.into_iter().chain(again) {
            self.tell(who, (kind, epoch, version), change);
        }
        let version = self.server.version();
        self.mark_open(who, kind, version);
    }

    fn connection(&mut self, who: Sender, kind: Kind, epoch: u32) -> Connection {
        let meant = self.running(who).and_then(|r| r.watches.get(&kind)).is_some_and(|w| w.epoch == epoch);
        match self.node(who.node).filter(|_| meant) {
            None => Connection::Forgotten,
            Some(node) if node.way.cut => Connection::Refused,
            Some(_) => Connection::Made,
        }
    }

    fn mark_open(&mut self, who: Sender, kind: Kind, version: u64) {
        if let Some(watch) = self.running(who).and_then(|running| running.watches.get_mut(&kind)) {
            (watch.open, watch.sent) = (true, version);
        }
    }

    /// Tells everybody who watches what has changed.
    pub(super) fn broadcast(&mut self) {
        let version = self.server.version();
        for number in 0..self.history.controllers {
            let Some(node) = self.node(number).filter(|node| !node.way.cut) else { continue };
            let who = Sender { node: number, life: node.life };
            let Some(running) = &mut node.running else { continue };
            let mut due = Vec::new();
            for (kind, watch) in running.watches.iter_mut().filter(|(_, watch)| watch.open) {
                due.push((*kind, watch.epoch, watch.sent));
                watch.sent = version;
            }
            for (kind, epoch, sent) in due {
                for (version, change) in self.server.since(sent, kind).unwrap_or_default() {
                    self.tell(who, (kind, epoch, version), change);
                }
            }
        }
    }

    fn tell(&mut self, who: Sender, (kind, epoch, version): (Kind, u32, u64), change: Change) {
        if self.hides(&change, version) {
            return;
        }
        let change = self.distorted(change, version);
        let now = self.now;
        let Some(node) = self.node(who.node) else { return };
        let lag = node.lag();
        let Some(watch) = node.running.as_mut().and_then(|running| running.watches.get_mut(&kind)) else {
            return;
        };
        watch.busy_until = watch.busy_until.max(now + lag);
        let pause = watch.busy_until - now;
        self.after(pause, who, Signal::Told(kind, epoch, version, Box::new(change)));
    }

    fn hides(&self, change: &Change, version: u64) -> bool {
        match change {
            Change::Delete(..) => self.plant.is(Fault::HidesDeletions),
            Change::Apply(Object::Pool(pool)) => {
                self.plant.is(Fault::HidesPools) && pool.source.identity.generation > 1
            }
            Change::Apply(Object::Service(_)) => {
                self.plant.is(Fault::LosesChanges) && version.is_multiple_of(LOST)
            }
            Change::Apply(_) | Change::Reset(..) => false,
        }
    }

    /// What is planted about single changes.
    fn distorted(&self, change: Change, version: u64) -> Change {
        match change {
            Change::Apply(Object::Service(service))
                if self.plant.is(Fault::InventsDeletions) && version.is_multiple_of(INVENTED) =>
            {
                Change::Delete(Kind::Service, service.identity.key.clone())
            }
            Change::Apply(Object::Pool(mut pool)) if self.plant.is(Fault::HidesReservations) => {
                pool.source.options.remove("reserve");
                Change::Apply(Object::Pool(pool))
            }
            sound => sound,
        }
    }

    pub(super) fn told(&mut self, who: Sender, (kind, epoch, version): (Kind, u32, u64), change: Change) {
        let Some(running) = self.running(who) else { return };
        let Some(watch) = running.watches.get_mut(&kind).filter(|watch| watch.epoch == epoch) else { return };
        watch.heard = version;
        running.state.handle_event(Event::Change(change));
        self.turn_after_a_moment(who);
    }
}
