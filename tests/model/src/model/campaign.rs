//! The shell around the product's campaign: read the Lease, claim it, say what came of it.

use std::time::Duration;

use patina_controller::machine::{Record, Step};

use super::Model;
use crate::node::{Running, times};
use crate::request::{Attempt, Happening, Request, Sender, Signal};

impl Model<'_> {
    /// An attempt begins.
    pub(super) fn campaign(&mut self, who: Sender) {
        let now = self.now;
        let Some(running) = self.running(who) else { return };
        running.attempt += 1;
        let attempt = Attempt { number: running.attempt, begun: running.local(now) };
        let late = running.clock.global(attempt.begun + times().renew);
        self.agenda.enter(late, Happening::Reaches(who, Signal::LeaseLate(attempt)));
        self.send(who, Request::ReadLease(who, attempt));
    }

    pub(super) fn lease_read(&mut self, who: Sender, attempt: Attempt, record: Option<Record>) {
        let now = self.now;
        let found = record.as_ref().map(|record| record.version.clone());
        let Some(running) = self.running(who).filter(|running| running.attempt == attempt.number) else {
            return;
        };
        let local = running.local(now);
        running.campaign.observe(record, local);
        match running.campaign.step(local) {
            Step::Wait => {
                running.role = running.campaign.role();
                self.end_attempt(who);
            }
            Step::Claim(claim) => self.send(who, Request::WriteLease(who, attempt, found, claim)),
        }
    }

    pub(super) fn lease_written(&mut self, who: Sender, attempt: Attempt, won: bool) {
        let Some(running) = self.running(who).filter(|running| running.attempt == attempt.number) else {
            return;
        };
        if won {
            running.campaign.won(attempt.begun);
            running.role = running.campaign.role();
        }
        self.end_attempt(who);
    }

    pub(super) fn lease_late(&mut self, who: Sender, attempt: Attempt) {
        if self.running(who).is_some_and(|running| running.attempt == attempt.number) {
            self.end_attempt(who);
        }
    }

    /// The attempt is over; what still comes in from it is not listened to.
    fn end_attempt(&mut self, who: Sender) {
        let Some(running) = self.running(who) else { return };
        running.attempt += 1;
        self.after(times().retry, who, Signal::Campaign);
        self.turn_soon(who, Duration::ZERO);
    }

    pub(super) fn running(&mut self, who: Sender) -> Option<&mut Running> {
        self.node(who.node).filter(|node| node.life == who.life)?.running.as_mut()
    }
}
