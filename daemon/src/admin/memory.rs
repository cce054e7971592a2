//! What was said of tokens a short while ago, so that a scrape every few seconds is not a review every few seconds. No waiting
//! and no clock in here.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::time::Instant;

/// How long a scraper that may read the metrics goes on without being reviewed again.
pub(super) const GRANTED: Duration = Duration::from_secs(60);
/// How long a refusal counts; short, because whoever sees one corrects the right and tries again.
pub(super) const REFUSED: Duration = Duration::from_secs(10);
/// Tokens that are remembered. When more come, the one that expires first goes.
const TOKENS: usize = 256;

/// What the API server says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its user may read the metrics.
    Granted,
    /// Its user may not.
    Refused {
        /// Name of the user.
        user: String,
    },
    /// It is nobody's.
    Unknown,
}

/// SHA-256 of a token: the token itself is not kept.
pub(super) type Digest = [u8; 32];

/// Verdicts by token.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<Digest, (Verdict, Instant)>);

impl Memory {
    /// What was said of the token, if that still counts.
    pub(super) fn recall(&self, token: &Digest, now: Instant) -> Option<&Verdict> {
        let (verdict, until) = self.0.get(token)?;
        (now < *until).then_some(verdict)
    }

    /// Keeps what was said about a request that began at `asked`.
    pub(super) fn remember(&mut self, token: Digest, verdict: Verdict, asked: Instant, now: Instant) {
        let lifetime = match verdict {
            Verdict::Granted => GRANTED,
            Verdict::Refused { .. } | Verdict::Unknown => REFUSED,
        };
        self.0.retain(|_, (_, until)| now < *until);
        if self.0.len() >= TOKENS
            && let Some(first) = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(token, _)| *token)
        {
            self.0.remove(&first);
        }
        self.0.insert(token, (verdict, asked + lifetime));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_nanos(0);

    fn token(number: usize) -> Digest {
        let mut digest = Digest::default();
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn a_grant_ends_a_minute_after_the_question_and_a_refusal_sooner() {
        let mut memory = Memory::default();
        memory.remember(token(1), Verdict::Granted, START, START + Duration::from_secs(3));
        memory.remember(token(2), Verdict::Unknown, START, START);
        let short_of = |lifetime: Duration| START + lifetime - Duration::from_nanos(1);
        assert_eq!(memory.recall(&token(1), short_of(GRANTED)), Some(&Verdict::Granted));
        assert_eq!(memory.recall(&token(1), START + GRANTED), None);
        assert_eq!(memory.recall(&token(2), short_of(REFUSED)), Some(&Verdict::Unknown));
        assert_eq!(memory.recall(&token(2), START + REFUSED), None);
    }

    #[test]
    fn a_flood_of_tokens_does_not_push_a_scraper_out() {
        let mut memory = Memory::default();
        memory.remember(token(0), Verdict::Granted, START, START);
        for stranger in 1..=2 * TOKENS {
            memory.remember(token(stranger), Verdict::Unknown, START, START);
        }
        assert_eq!(memory.recall(&token(0), START), Some(&Verdict::Granted));
        assert_eq!(memory.0.len(), TOKENS);
    }
}
