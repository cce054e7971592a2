//! What became of the requests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No answer in time.
    Silence,
    /// A host answered that nobody listens there.
    Refused,
    /// The client's own kernel knew no way.
    Unreachable,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => "no answer in time",
            Self::Refused => "refused",
            Self::Unreachable => "no way there",
        })
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came.
    Answered {
        /// When.
        at: Instant,
        /// From a Pod on this node.
        node: String,
    },
    /// None came.
    Failed(Failure),
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it was sent.
    pub sent: Instant,
    /// How it ended.
    pub outcome: Outcome,
}

/// Requests, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All requests.
    pub sent: usize,
    /// Requests without an answer, whatever the reason.
    pub failed: usize,
    /// Those of them that were sent while nobody answered at all: the address was silent.
    pub failed_in_gap: usize,
    /// Failures by reason.
    pub reasons: BTreeMap<Failure, usize>,
    /// Answers by node of the Pod.
    pub answered_by: BTreeMap<String, usize>,
    /// The longest time without any answer.
    pub gap: Duration,
    /// The longest time for which the machine itself stood still meanwhile.
    pub stall: Duration,
}

impl Tally {
    /// Counts `requests`, which are in the order in which they were sent.
    pub(super) fn of(requests: Vec<Request>, stall: Duration) -> Self {
        let (from, until) = longest_silence(&requests);
        let mut tally = Self {
            sent: requests.len(),
            gap: from.zip(until).map(|(from, until)| until - from).unwrap_or_default(),
            stall,
            ..Self::default()
        };
        for request in requests {
            let silent = from.is_some_and(|from| request.sent >= from)
                && until.is_some_and(|until| request.sent <= until);
            tally.count(request, silent);
        }
        tally
    }

    /// Requests that failed although the address answered others: their Pod was dead.
    pub fn failed_at_pods(&self) -> usize {
        self.failed - self.failed_in_gap
    }

    /// The failures by reason, and what else a person needs to judge them, in one line.
    pub fn losses(&self) -> String {
        let reasons = self.reasons.iter().map(|(reason, count)| format!("{count} × {reason}"));
        format!(
            "{} of {} requests were lost ({}); longest time without any answer {} ms; the machine itself stood still for \
             up to {} ms",
            self.failed,
            self.sent,
            reasons.collect::<Vec<_>>().join(", "),
            self.gap.as_millis(),
            self.stall.as_millis()
        )
    }

    fn count(&mut self, request: Request, silent: bool) {
        match request.outcome {
            Outcome::Answered { node, .. } => *self.answered_by.entry(node).or_default() += 1,
            Outcome::Failed(reason) => {
                self.failed += 1;
                self.failed_in_gap += usize::from(silent);
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }
}

/// Between two answers, or before the first, or after the last.
fn longest_silence(requests: &[Request]) -> (Option<Instant>, Option<Instant>) {
    let mut moments: Vec<Instant> = requests
        .iter()
        .filter_map(|request| match request.outcome {
            Outcome::Answered { at, .. } => Some(at),
            Outcome::Failed(_) => None,
        })
        .collect();
    moments.extend(requests.first().map(|request| request.sent));
    // An answered last request ends the silence with its answer, not with its question.
    let unanswered = |request: &&Request| matches!(request.outcome, Outcome::Failed(_));
    moments.extend(requests.last().filter(unanswered).map(|request| request.sent));
    moments.sort_unstable();
    let longest = moments.windows(2).max_by_key(|pair| pair[1] - pair[0]);
    (longest.map(|pair| pair[0]), longest.map(|pair| pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn requests(outcomes: &[bool]) -> (Vec<Request>, Instant) {
        let start = clock::now();
        let at = |ms: usize| start + Duration::from_millis(ms as u64);
        let one = |(number, answered): (usize, &bool)| Request {
            sent: at(number * 10),
            outcome: match answered {
                true => Outcome::Answered { at: at(number * 10 + 1), node: "node-1".into() },
                false => Outcome::Failed(Failure::Silence),
            },
        };
        (outcomes.iter().enumerate().map(one).collect(), start)
    }

    #[test]
    fn the_gap_lies_between_two_answers() {
        let (requests, _) = requests(&[true, true, false, false, false, true, false, true]);
        let tally = Tally::of(requests, Duration::ZERO);
        assert_eq!(tally.gap, Duration::from_millis(40));
        assert_eq!((tally.sent, tally.failed), (8, 4));
        assert_eq!((tally.failed_in_gap, tally.failed_at_pods()), (3, 1));
    }

    #[test]
    fn silence_until_the_end_is_a_gap() {
        let (requests, _) = requests(&[true, false, false, false]);
        assert_eq!(Tally::of(requests, Duration::ZERO).gap, Duration::from_millis(29));
    }

    #[test]
    fn losses_are_told_with_their_reasons() {
        let (requests, _) = requests(&[true, false, false, true]);
        assert_eq!(
            Tally::of(requests, Duration::from_millis(7)).losses(),
            "2 of 4 requests were lost (2 × no answer in time); longest time without any answer 30 ms; \
             the machine itself stood still for up to 7 ms"
        );
    }

    #[test]
    fn no_requests_have_no_gap() {
        assert_eq!(Tally::of(Vec::new(), Duration::ZERO), Tally::default());
    }
}
