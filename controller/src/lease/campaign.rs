//! The machine behind leadership, after client-go's rules: a holder is alive as long as its record keeps changing, by our
//! own clock.
//!
//! ```text
//!            nobody holds it, or the holder's record has stood still for its duration
//!   Following ─────────────────────────────────────────────────────────────────────────► Leading
//!       ▲                                                                                  │
//!       └────────────── not renewed for the renewal time, or somebody else holds it ◄──────┘
//! ```

use std::time::Duration;

use patina::time::Instant;

/// The times of leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a silent holder is waited for.
    pub duration: Duration,
    /// How long a leader relies on its last renewal. Shorter than `duration`: it stops before anybody else begins.
    pub renew: Duration,
    /// Pause between attempts.
    pub retry: Duration,
}

impl Times {
    /// Times in the proportion that Kubernetes' own components have: 15, 10 and 2 seconds.
    pub fn of(duration: Duration) -> Self {
        Self { duration, renew: duration * 2 / 3, retry: duration * 2 / 15 }
    }

    /// How long the answer to a write is waited for. A write that begins at the last moment of a term is given up before
    /// anybody else may begin.
    pub fn patience(self) -> Duration {
        (self.duration - self.renew) * 4 / 5
    }
}

/// Whether this process may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It may not.
    Following,
    /// It may, until then.
    Leading { term: Term, until: Instant },
}

/// Counts the terms of this process. Between two of them somebody else may have led.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Term(u32);

impl Role {
    /// Whether it may write at `now`.
    pub fn leads(self, now: Instant) -> bool {
        self.term(now).is_some()
    }

    /// The term that runs at `now`, if this process leads.
    pub fn term(self, now: Instant) -> Option<Term> {
        match self {
            Self::Leading { term, until } if now < until => Some(term),
            Self::Leading { .. } | Self::Following => None,
        }
    }
}

/// A Lease as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `None`: it was given back.
    pub holder: Option<String>,
    /// `leaseDurationSeconds`.
    pub duration: Duration,
    /// `metadata.resourceVersion`: changes with each renewal.
    pub version: String,
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// `holderIdentity`; empty gives the Lease back.
    pub holder: String,
    /// `leaseDurationSeconds`.
    pub duration: Duration,
    /// Somebody else held it before, or nobody.
    pub takes_over: bool,
}

/// What to do after an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody else leads.
    Wait,
    /// Write this.
    Claim(Claim),
}

/// The machine.
#[derive(Debug)]
pub struct Campaign {
    identity: String,
    times: Times,
    /// The Lease, and since when it looks like this.
    seen: Option<(Record, Instant)>,
    role: Role,
    terms: u32,
}

impl Campaign {
    /// Follows, under the name `identity`.
    pub fn new(identity: String, times: Times) -> Self {
        Self { identity, times, seen: None, role: Role::Following, terms: 0 }
    }

    /// Takes the Lease as it was read; `None`: there is none.
    pub fn observe(&mut self, record: Option<Record>, now: Instant) {
        let since = match (&self.seen, &record) {
            (Some((before, since)), Some(record)) if before == record => *since,
            _ => now,
        };
        self.seen = record.map(|record| (record, since));
        if self.holder().is_some_and(|holder| holder != self.identity) {
            self.role = Role::Following;
        }
    }

    /// What to do about what was observed last.
    pub fn step(&self, now: Instant) -> Step {
        let mine = self.holder() == Some(self.identity.as_str());
        if mine || self.is_free(now) { Step::Claim(self.claim(!mine)) } else { Step::Wait }
    }

    /// The claim stands; the request for it began at `begun`.
    pub fn won(&mut self, begun: Instant) {
        let term = self.role.term(begun).unwrap_or_else(|| {
            self.terms = self.terms.wrapping_add(1);
            Term(self.terms)
        });
        self.role = Role::Leading { term, until: begun + self.times.renew };
    }

    /// What this process may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What gives the Lease back, if it is ours.
    pub fn resignation(&mut self) -> Option<Claim> {
        self.role = Role::Following;
        let mine = self.holder() == Some(self.identity.as_str());
        mine.then(|| Claim { holder: String::new(), duration: Duration::from_secs(1), takes_over: false })
    }

    fn claim(&self, takes_over: bool) -> Claim {
        Claim { holder: self.identity.clone(), duration: self.times.duration, takes_over }
    }

    fn holder(&self) -> Option<&str> {
        self.seen.as_ref()?.0.holder.as_deref()
    }

    fn is_free(&self, now: Instant) -> bool {
        let Some((record, since)) = &self.seen else { return true };
        record.holder.is_none() || now >= *since + record.duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_nanos(0);
    const SECOND: Duration = Duration::from_secs(1);

    fn campaign() -> Campaign {
        Campaign::new("us".to_owned(), Times::of(15 * SECOND))
    }

    fn held_by(holder: &str, version: &str) -> Option<Record> {
        let holder = Some(holder.to_owned()).filter(|h| !h.is_empty());
        Some(Record { holder, duration: 15 * SECOND, version: version.to_owned() })
    }

    #[test]
    fn a_holder_that_renews_is_never_succeeded() {
        let mut us = campaign();
        for i in 0..20 {
            let now = START + i * 10 * SECOND;
            us.observe(held_by("other", &i.to_string()), now);
            assert_eq!(us.step(now), Step::Wait);
        }
    }

    #[test]
    fn a_silent_holder_is_succeeded_after_its_duration_by_our_own_clock() {
        let mut us = campaign();
        us.observe(held_by("other", "1"), START);
        let later = START + 15 * SECOND;
        us.observe(held_by("other", "1"), later);
        assert_eq!(us.step(later - SECOND), Step::Wait);
        assert!(matches!(us.step(later), Step::Claim(Claim { takes_over: true, .. })));
    }

    #[test]
    fn a_lease_that_is_missing_or_given_back_is_taken_at_once() {
        let mut us = campaign();
        for record in [None, held_by("", "1")] {
            us.observe(record, START);
            assert!(matches!(us.step(START), Step::Claim(_)));
        }
    }

    #[test]
    fn a_leader_stops_before_anybody_else_may_begin() {
        let mut us = campaign();
        us.observe(None, START);
        us.won(START);
        assert!(us.role().leads(START + 9 * SECOND));
        assert!(!us.role().leads(START + 10 * SECOND));
    }

    #[test]
    fn a_write_is_given_up_before_anybody_else_may_begin() {
        for seconds in [3, 15, 600] {
            let times = Times::of(seconds * SECOND);
            let last_moment = times.renew + times.patience();
            assert!(last_moment < times.duration, "{times:?}");
        }
    }

    #[test]
    fn a_term_goes_on_with_each_renewal_and_another_begins_after_it_has_run_out() {
        let mut us = campaign();
        let mut term_at = |now| {
            us.won(now);
            us.role().term(now)
        };
        let first = term_at(START);
        assert!(first.is_some());
        assert_eq!(term_at(START + 9 * SECOND), first);
        assert_ne!(term_at(START + 19 * SECOND), first, "it had run out, and somebody else may have led");
    }

    #[test]
    fn a_leader_that_sees_another_holder_follows_at_once() {
        let mut us = campaign();
        us.won(START);
        us.observe(held_by("other", "2"), START + SECOND);
        assert_eq!(us.role(), Role::Following);
    }

    #[test]
    fn only_what_is_ours_is_given_back() {
        let mut us = campaign();
        us.observe(held_by("us", "1"), START);
        assert_eq!(us.resignation().map(|claim| claim.holder), Some(String::new()));
        us.observe(held_by("other", "2"), START);
        assert_eq!(us.resignation(), None);
    }
}
