//! When the webhook's certificate is made anew, when it is shown, and when what came before is forgotten.
//!
//! A certificate and the authority that signed it are made together and live together. Whoever checks a certificate trusts the
//! authorities of the Secret, which the webhook copies into `caBundle`; while one certificate takes over from another,
//! both authorities stand there:
//!
//! ```text
//!   Secret:   ca1, leaf1 │ ca2+ca1, leaf2                          │ ca2, leaf2
//!   caBundle: ca1        │   ca2+ca1                               │   ca2
//!   shown:    leaf1      │             leaf2, once that is settled │
//!                        └ Renew                                   └ Forget
//! ```
//!
//! Nothing here reads a certificate: what one is worth is asked of whoever can check it, at the dates that matter. So no date
//! has to be kept beside it, and one that another program has made is as good as our own.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long a certificate is good for.
pub const LIFETIME: Duration = DAY.saturating_mul(365);
/// A certificate that ends so soon is made anew.
pub const AHEAD: Duration = DAY.saturating_mul(90);
/// An authority is trusted so long after another one has taken its place: by then every process shows the new certificate, or
/// has been out of reach for a day.
pub const OVERLAP: Duration = DAY;
/// A new certificate is shown when its authority has been in `caBundle` for so long: by then every API server has seen it.
pub const SETTLED: Duration = Duration::from_secs(10);
/// By how much the clock of an API server may lag: a certificate is good from so long before it was made.
pub const SKEW: Duration = Duration::from_secs(3_600);

/// A date: seconds since 1970, as certificates count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u64);

impl Date {
    /// This much later.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// This much earlier; 1970 at the earliest.
    #[must_use]
    pub const fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }
}

/// Who tells what a certificate is worth.
pub trait Certificate {
    /// Whether an API server that trusts the authorities of the Secret would take it at this date.
    fn is_good_at(&self, date: Date) -> bool;

    /// How many authorities the Secret has.
    fn authorities(&self) -> usize;
}

/// What becomes of the Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new authority and a certificate that it signed; the authorities that stand stay beside it.
    Renew,
    /// Only the authority of the certificate stays.
    Forget,
    /// It is as it should be.
    Rest,
}

/// What becomes of the Secret that holds `kept`; `None`: it holds nothing that could be shown.
pub fn step(kept: Option<&impl Certificate>, now: Date) -> Step {
    let Some(kept) = kept else { return Step::Renew };
    if !kept.is_good_at(now) || !kept.is_good_at(now.after(AHEAD)) {
        return Step::Renew;
    }
    if kept.authorities() > 1 && is_older_than(kept, OVERLAP, now) {
        return Step::Forget;
    }
    Step::Rest
}

/// Whether the Secret's certificate takes the place of another one that is shown: when `caBundle` names its authority, and
/// API servers have had the time to see that.
pub fn takes_over(kept: &impl Certificate, trusted: bool, now: Date) -> bool {
    trusted && is_older_than(kept, SETTLED, now)
}

/// Whether it was made that long ago.
fn is_older_than(kept: &impl Certificate, age: Duration, now: Date) -> bool {
    kept.is_good_at(now.before(SKEW + age))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Good from its first to its last date.
    struct Made {
        first: Date,
        last: Date,
        authorities: usize,
    }

    impl Made {
        fn at(now: Date, authorities: usize) -> Self {
            Self { first: now.before(SKEW), last: now.after(LIFETIME), authorities }
        }
    }

    impl Certificate for Made {
        fn is_good_at(&self, date: Date) -> bool {
            (self.first..=self.last).contains(&date)
        }

        fn authorities(&self) -> usize {
            self.authorities
        }
    }

    const START: Date = Date(1_800_000_000);

    #[test]
    fn a_secret_that_holds_nothing_of_use_is_filled() {
        assert_eq!(step(None::<&Made>, START), Step::Renew);
        let ended = Made { first: Date(0), last: START.before(DAY), authorities: 1 };
        assert_eq!(step(Some(&ended), START), Step::Renew);
        let not_yet = Made { first: START.after(DAY), last: START.after(LIFETIME), authorities: 1 };
        assert_eq!(step(Some(&not_yet), START), Step::Renew);
    }

    #[test]
    fn a_certificate_is_made_anew_ninety_days_before_its_end() {
        let made = Made::at(START, 1);
        let due = START.after(LIFETIME - AHEAD);
        assert_eq!(step(Some(&made), due), Step::Rest);
        assert_eq!(step(Some(&made), due.after(Duration::from_secs(1))), Step::Renew);
    }

    #[test]
    fn the_old_authority_is_forgotten_a_day_after_the_new_one_came() {
        let made = Made::at(START, 2);
        assert_eq!(step(Some(&made), START.after(OVERLAP).before(Duration::from_secs(1))), Step::Rest);
        assert_eq!(step(Some(&made), START.after(OVERLAP)), Step::Forget);
    }

    #[test]
    fn a_new_certificate_is_shown_when_it_is_trusted_and_that_has_settled() {
        let made = Made::at(START, 2);
        assert!(!takes_over(&made, false, START.after(DAY)));
        assert!(!takes_over(&made, true, START));
        assert!(takes_over(&made, true, START.after(SETTLED)));
    }

    proptest! {
        /// Whatever was shown stays good until long after its successor has taken over.
        #[test]
        fn what_is_shown_is_always_good_and_always_trusted(looks in proptest::collection::vec(1_u64..20 * 86_400, 1..200)) {
            let mut now = START;
            let (mut kept, mut shown) = (Made::at(now, 1), START);
            for pause in looks {
                now = now.after(Duration::from_secs(pause));
                match step(Some(&kept), now) {
                    Step::Renew => kept = Made::at(now, kept.authorities + 1),
                    Step::Forget => kept.authorities = 1,
                    Step::Rest => {}
                }
                let made = kept.first.after(SKEW);
                prop_assert!(kept.authorities > 1 || shown == made || takes_over(&kept, true, now));
                if takes_over(&kept, true, now) {
                    shown = made;
                }
                prop_assert!(now < shown.after(LIFETIME));
                prop_assert!(kept.authorities <= 2);
            }
        }
    }
}
