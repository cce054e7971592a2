//! One step of a history.

use std::time::Duration;

use super::Model;
use super::quiet::Quiet;
use crate::laws::Violation;
use crate::request::Happening;
use crate::step::Step;

/// The longest time after which what was held back by a cut arrives.
const LATE: Duration = Duration::from_secs(3);

impl Model<'_> {
    pub(super) fn step(&mut self) -> Result<(), Violation> {
        let (_, step) = &self.history.steps[self.next];
        self.next += 1;
        self.say(|| format!("── {step:?}"));
        self.laws.note(step, &self.truth);
        match step {
            Step::Quiet => self.quieten(Quiet::begin(self.now, false)),
            Step::Succeed => self.quieten(Quiet::begin(self.now, true)),
            Step::Service(number, wish) => self.put_service(*number, wish),
            Step::Delete(number) => self.delete_service(*number),
            Step::Show(number, addresses) => self.show(*number, addresses),
            Step::Mark(number, pool) => self.mark(*number, *pool),
            Step::Pool(number, wish) => self.put_pool(*number, wish),
            Step::NoPool(number) => self.delete_pool(*number),
            Step::Foreign(ranges) => self.put_foreign(ranges),
            Step::Label(namespace, label) => self.put_namespace(*namespace, *label),
            Step::Advertise(wanted) => self.advertise(*wanted),
            Step::Forget => self.forget(),
            Step::Unwell(span) => self.unwell_until = self.now + milliseconds(*span),
            Step::Mood(number, mood) => self.change_mood(*number, *mood),
            Step::Mislay(number, place) => self.mislay(*number, *place),
            weather => self.weather(weather),
        }
        if self.quiet.is_none() {
            self.enter_next();
        }
        Ok(())
    }

    /// What happens to one controller and its way.
    fn weather(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Cut(number) => self.way(*number, |way| way.cut = true),
            Step::Deafen(number) => self.way(*number, |way| way.deaf = true),
            Step::Slow(number, span) => self.way(*number, |way| way.slow = milliseconds(*span)),
            Step::Stale(number, span) => self.way(*number, |way| way.stale = milliseconds(*span)),
            Step::Heal(number) => self.heal(*number),
            Step::Break(number) => self.break_watches(*number),
            Step::Crash(number) => self.crash(*number),
            Step::Start(number) if self.node(*number).is_some_and(|node| node.running.is_none()) => {
                self.start(*number);
            }
            Step::Stall(number, span) => {
                if let Some(node) = self.node(*number) {
                    node.stalled_until = node.stalled_until.max(now + milliseconds(*span));
                }
            }
            _ => {}
        }
    }

    /// The next step after its pause.
    pub(super) fn enter_next(&mut self) {
        let pause = self.history.steps.get(self.next).map_or(Duration::ZERO, |(pause, _)| *pause);
        self.agenda.enter(self.now + pause, Happening::Step);
    }

    pub(super) fn crash(&mut self, number: u8) {
        if let Some(node) = self.node(number) {
            (node.running, node.stalled_until) = (None, Duration::ZERO);
        }
    }

    /// What was held back arrives late; watches that could not be heard begin again.
    pub(super) fn heal(&mut self, number: u8) {
        let now = self.now;
        let Some(node) = self.node(number) else { return };
        let way = std::mem::take(&mut node.way);
        let late: Vec<_> =
            way.held.into_iter().map(|held| (now + node.luck.span(Duration::ZERO, LATE), held)).collect();
        for (at, request) in late {
            self.fly(at, request);
        }
        if way.cut {
            self.break_watches(number);
        }
    }

    fn forget(&mut self) {
        self.server.forget();
        (0..self.history.controllers).for_each(|number| self.break_watches(number));
    }

    fn way(&mut self, number: u8, change: impl FnOnce(&mut crate::node::Way)) {
        if let Some(node) = self.node(number) {
            change(&mut node.way);
        }
    }
}

fn milliseconds(span: u16) -> Duration {
    Duration::from_millis(span.into())
}
