//! What is known of one loan, and what is due on it.

use std::net::IpAddr;

use crate::time::Instant;
use crate::world::Lie;

/// One loan.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) standing: Standing,
    /// Some Service asks for it.
    pub(super) wanted: bool,
    /// What is lent and cannot be used, and why not.
    lie: Option<(IpAddr, Lie)>,
    /// What was lent cannot be used, for this reason: it is released before it is asked for again.
    pub(super) back: Option<Lie>,
    pub(super) pace: Pace,
    /// Answers that were of no use, one after another.
    pub(super) failures: u32,
    /// It stands in line.
    pub(super) queued: bool,
    /// Somebody uses the address, it turns out, that is to go back.
    withheld: bool,
}

/// What the endpoint holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    #[default]
    Free,
    /// Perhaps something: a call has not ended, or ended without an answer, or what is lent is to go.
    Unsure(Option<IpAddr>),
    /// This address, for us.
    Lent(IpAddr),
}

/// Whether it can be asked for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pace {
    #[default]
    Ready,
    UnderWay,
    Pausing(Instant),
}

/// What is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Allocate,
    Release(Option<IpAddr>),
}

impl Entry {
    /// What is due, once it is ready.
    pub(super) fn due(&self) -> Option<Due> {
        match (self.standing, self.wanted) {
            (Standing::Unsure(address), wanted) if self.back.is_some() || !wanted => {
                (!self.withheld).then_some(Due::Release(address))
            }
            (Standing::Unsure(_) | Standing::Free, true) => Some(Due::Allocate),
            (Standing::Free, false) | (Standing::Unsure(_) | Standing::Lent(_), _) => None,
        }
    }

    /// Nobody will ever ask for it again.
    pub(super) fn is_over(&self) -> bool {
        self.standing == Standing::Free && !self.wanted && self.pace != Pace::UnderWay
    }

    /// A call goes out: until it has ended well nobody knows what it has done.
    pub(super) const fn begin(&mut self) {
        self.pace = Pace::UnderWay;
        if matches!(self.standing, Standing::Free) {
            self.standing = Standing::Unsure(None);
        }
    }

    /// Takes the wish of a Service; `lie`: what is wrong with the address that is lent.
    pub(super) const fn want(&mut self, lie: Option<(IpAddr, Lie)>) {
        (self.wanted, self.lie) = (true, lie);
    }

    /// Takes that nobody asks for it.
    pub(super) const fn unwant(&mut self) {
        (self.wanted, self.lie) = (false, None);
    }

    /// What is lent and cannot be used is to go, unless some status `shows` it still. The answer is what goes back, and why.
    pub(super) fn spurn(&mut self, shows: impl Fn(IpAddr, Lie) -> bool) -> Option<(IpAddr, Lie)> {
        let lent = |(address, _): &(IpAddr, Lie)| self.standing == Standing::Lent(*address);
        let (address, lie) = self.lie.filter(lent).filter(|(address, lie)| !shows(*address, *lie))?;
        (self.standing, self.back, self.withheld) = (Standing::Unsure(Some(address)), Some(lie), false);
        Some((address, lie))
    }

    /// Takes that nobody asks for it, and nobody `uses` its address: it is to go. Whether that is news.
    pub(super) fn let_go(&mut self, uses: impl Fn(IpAddr) -> bool) -> bool {
        let Standing::Lent(address) = self.standing else { return false };
        if uses(address) {
            self.failures = 0;
            return false;
        }
        if self.wanted {
            return false;
        }
        (self.standing, self.withheld) = (Standing::Unsure(Some(address)), false);
        true
    }

    /// What is to go back stays as long as it turns out to be in use: it `uses` the address, whatever is wrong with it. Whether
    /// it may go now, and might not before.
    pub(super) fn withhold(&mut self, uses: impl Fn(IpAddr, Option<Lie>) -> bool) -> bool {
        let Standing::Unsure(Some(address)) = self.standing else { return false };
        let before = std::mem::replace(&mut self.withheld, uses(address, self.back));
        before && !self.withheld
    }
}
