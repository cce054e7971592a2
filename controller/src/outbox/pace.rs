//! How many requests may be under way, and when none may begin. What the server can take is found out, never assumed: there
//! is no rate of our own below what it gives.
//!
//! ```text
//!            answered: one more at a time, up to MOST
//!   Open(limit) ◄───────────────────────────────────┐
//!      │ failed: half as many at a time             │
//!      ▼ as many in a row as are allowed, or told to wait
//!   Silent: a growing pause, then whoever waits longest tries first
//! ```
//!
//! What was sent before a silence began has been judged by it already: a burst that fails together is one failure.

use std::time::Duration;

use patina::time::Instant;

use super::entry::Outcome;
use super::pause::pause;

/// Requests under way at once, when the server is well: more would only queue up there.
pub(super) const MOST: u32 = 16;
/// Requests that try at once, after a silence, whether the server is well.
const AFTER_SILENCE: u32 = 2;
/// No wait that a server asks for is heeded longer: whether it is well again must be found out some day.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Pace {
    under_way: u32,
    limit: u32,
    /// Failures since the last answer.
    in_a_row: u32,
    /// Silences since the last answer.
    silences: u32,
    /// When the last silence began.
    silent_since: Instant,
    silent_until: Instant,
}

/// What an answer says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It answers again: what paused because it was unwell may be tried now.
    Well,
    Nothing,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            under_way: 0,
            limit: MOST,
            in_a_row: 0,
            silences: 0,
            silent_since: Instant::ZERO,
            silent_until: Instant::ZERO,
        }
    }
}

impl Pace {
    /// Whether one more request may begin.
    pub(super) fn admits(&self, now: Instant) -> bool {
        self.under_way < self.limit && now >= self.silent_until
    }

    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    /// A request that began at `sent` has ended.
    pub(super) fn end(&mut self, outcome: Outcome, sent: Instant, now: Instant) -> News {
        self.under_way = self.under_way.saturating_sub(1);
        match outcome {
            Outcome::Done | Outcome::Gone | Outcome::Outdated | Outcome::Refused => self.answered(),
            Outcome::Unwell { wait } => {
                self.failed(wait, sent, now);
                News::Nothing
            }
        }
    }

    /// When a silence ends.
    pub(super) fn silence(&self, now: Instant) -> Option<Instant> {
        (now < self.silent_until).then_some(self.silent_until)
    }

    fn answered(&mut self) -> News {
        self.limit = (self.limit + 1).min(MOST);
        self.in_a_row = 0;
        if std::mem::take(&mut self.silences) > 0 { News::Well } else { News::Nothing }
    }

    fn failed(&mut self, wait: Option<Duration>, sent: Instant, now: Instant) {
        if sent < self.silent_since {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.in_a_row += 1;
        if self.in_a_row >= self.limit || wait.is_some() {
            let own = pause(self.silences, now.as_nanos());
            self.limit = self.limit.min(AFTER_SILENCE);
            self.silent_since = now;
            self.silent_until = now + own.max(wait.unwrap_or_default().min(LONGEST_WAIT));
            self.silences += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_nanos(1_000_000_000);
    const FAILED: Outcome = Outcome::Unwell { wait: None };

    fn send_all(pace: &mut Pace, now: Instant) -> u32 {
        let before = pace.under_way;
        while pace.admits(now) {
            pace.begin();
        }
        pace.under_way - before
    }

    fn fail_all(pace: &mut Pace, sent: Instant, now: Instant) {
        (0..pace.under_way).for_each(|_| assert_eq!(pace.end(FAILED, sent, now), News::Nothing));
    }

    #[test]
    fn a_server_that_answers_gets_as_much_as_is_allowed() {
        let mut pace = Pace::default();
        assert_eq!(send_all(&mut pace, START), MOST);
        pace.end(Outcome::Done, START, START);
        assert_eq!(send_all(&mut pace, START), 1);
    }

    #[test]
    fn a_burst_that_fails_together_is_one_failure_and_silences_grow() {
        let (mut pace, mut now) = (Pace::default(), START);
        let mut longest = Duration::ZERO;
        for attempt in 0..10 {
            let sent = send_all(&mut pace, now);
            assert!(attempt == 0 || sent <= AFTER_SILENCE, "a server that is unwell is asked by few: {sent}");
            fail_all(&mut pace, now, now);
            let until = pace.silence(now).unwrap();
            longest = longest.max(until.since(now));
            now = until;
        }
        assert!(longest >= Duration::from_secs(7), "{longest:?}");
    }

    #[test]
    fn a_server_that_is_well_again_is_said_to_be_so_once_and_gets_more_step_by_step() {
        let mut pace = Pace::default();
        send_all(&mut pace, START);
        fail_all(&mut pace, START, START);
        let later = pace.silence(START).unwrap();
        let first = send_all(&mut pace, later);
        assert_eq!(pace.end(Outcome::Done, later, later), News::Well);
        assert_eq!(pace.end(Outcome::Done, later, later), News::Nothing);
        assert_eq!(send_all(&mut pace, later), first + 2);
    }

    #[test]
    fn a_server_that_asks_to_wait_is_not_asked_before() {
        let mut pace = Pace::default();
        pace.begin();
        pace.end(Outcome::Unwell { wait: Some(Duration::from_secs(4)) }, START, START);
        assert_eq!(pace.silence(START), Some(START + Duration::from_secs(4)));
        assert!(!pace.admits(START + Duration::from_millis(3_999)));
        assert!(pace.admits(START + Duration::from_secs(4)));
    }

    #[test]
    fn a_server_that_asked_to_wait_is_asked_by_few_at_first() {
        let mut pace = Pace::default();
        send_all(&mut pace, START);
        let wait = Outcome::Unwell { wait: Some(Duration::from_secs(1)) };
        let answered = START + Duration::from_millis(1);
        (0..MOST).for_each(|_| assert_eq!(pace.end(wait, START, answered), News::Nothing));
        let later = pace.silence(answered).unwrap();
        assert_eq!(send_all(&mut pace, later), AFTER_SILENCE);
    }

    #[test]
    fn one_write_that_always_fails_stops_nobody_else() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            send_all(&mut pace, START);
            pace.end(FAILED, START, START);
            (0..4).for_each(|_| assert_eq!(pace.end(Outcome::Done, START, START), News::Nothing));
            assert!(pace.admits(START));
        }
    }
}
