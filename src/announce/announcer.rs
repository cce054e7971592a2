//! What is said unasked for the addresses that this node answers for on one link, and when.
//!
//! ```text
//!   start ─► 0 ─ 50 ms ─ 200 ms ─ 1.1 s ─ 3 s ─ 10 s ─► every 60–120 s, until stop
//!            └ each time: IPv4 the request form, then the reply form; IPv6 the unsolicited advertisement
//! ```
//!
//! The request form comes first, because a neighbour cache takes it even for an entry that is younger than its lock time;
//! one more than a second later serves those that take no form sooner. The refresh keeps switches from forgetting a port
//! that only receives (they do after 300 s). All frames of a link are paced, and when a thousand addresses start at once,
//! the most useful form goes out for all of them before the second form for any.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::IpAddr;
use std::time::Duration;

use crate::time::Instant;

/// When a burst repeats, counted from its start.
pub const BURST: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(1_100),
    Duration::from_secs(3),
    Duration::from_secs(10),
];
/// The refresh comes after this, and up to as much again.
pub const REFRESH: Duration = Duration::from_secs(60);
/// Between two frames of a link, on average: 10,000 a second.
pub const SPACING: Duration = Duration::from_micros(100);
/// Frames may be so far ahead of that, so that a loop that wakes each millisecond keeps the rate.
const LEAD: Duration = Duration::from_millis(1);

/// So much of what is void may stay in the queue, beside as much as is awaited.
const SLACK: usize = 64;

/// The form of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// The form that every cache takes: gratuitous ARP request, or unsolicited neighbour advertisement.
    First,
    /// IPv4 only: gratuitous ARP reply with its own target hardware address (RFC 5944 §4.6).
    Reply,
}

/// The machine. See the module's documentation.
#[derive(Debug)]
pub struct Announcer {
    bursts: BTreeMap<IpAddr, Burst>,
    /// What is due when, the soonest first. What no burst waits for any more is left in until it comes up, so that a
    /// refresh neither allocates nor frees.
    queue: BinaryHeap<Reverse<Due>>,
    steps: u64,
    paid_until: Instant,
    jitter: u64,
}

/// When, which form, for which address, and in which step of any burst.
type Due = (Instant, Form, IpAddr, u64);

#[derive(Clone, Copy, Debug)]
struct Burst {
    started: Instant,
    step: usize,
    /// Counts the steps of all bursts: what the queue holds of others is void.
    number: u64,
}

impl Burst {
    /// When it may start again: one whose first round is still to come has not started yet.
    fn again(&self) -> Instant {
        if self.step == 0 { self.started } else { self.started + BURST[1] }
    }
}

impl Announcer {
    /// Says nothing yet. `seed` spreads the refresh.
    pub fn new(seed: u64) -> Self {
        let (bursts, queue) = (BTreeMap::new(), BinaryHeap::new());
        Self { bursts, queue, steps: 0, paid_until: Instant::ZERO, jitter: seed }
    }

    /// Starts the burst for the address, or starts it again: no sooner than its second round would come, so that many
    /// reasons at once are one burst more.
    pub fn start(&mut self, address: IpAddr, now: Instant) {
        let started = self.bursts.get(&address).map_or(now, |burst| burst.again().max(now));
        self.bursts.insert(address, Burst { started, step: 0, number: 0 });
        self.enqueue(address, started);
        self.tidy();
    }

    /// Nothing more is said for the address.
    pub fn stop(&mut self, address: IpAddr) {
        self.bursts.remove(&address);
        self.tidy();
    }

    /// What is due before `until` is said then; what starts from now on is not held.
    pub fn hold(&mut self, until: Instant) {
        while let Some(mut first) = self.queue.peek_mut().filter(|first| first.0.0 < until) {
            first.0.0 = until;
        }
        self.skip_void();
    }

    /// The next frame that is due, if the pace allows one.
    pub fn poll_emission(&mut self, now: Instant) -> Option<(IpAddr, Form)> {
        let Reverse((due, form, address, _)) = *self.queue.peek()?;
        if due > now || self.paid_until > now + LEAD {
            return None;
        }
        self.queue.pop();
        self.paid_until = self.paid_until.max(now) + SPACING;
        if last_form(address) == form {
            self.next_step(address, now);
        }
        self.skip_void();
        Some((address, form))
    }

    /// When the next frame is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, ..))| (*due).max(self.paid_until - LEAD))
    }

    fn next_step(&mut self, address: IpAddr, now: Instant) {
        let refresh = REFRESH + self.spread();
        let Some(burst) = self.bursts.get_mut(&address) else { return };
        burst.step += 1;
        let due = BURST.get(burst.step).map_or(now + refresh, |offset| (burst.started + *offset).max(now));
        self.enqueue(address, due);
    }

    fn enqueue(&mut self, address: IpAddr, due: Instant) {
        let Some(burst) = self.bursts.get_mut(&address) else { return };
        self.steps += 1;
        burst.number = self.steps;
        self.queue.push(Reverse((due, Form::First, address, self.steps)));
        if last_form(address) != Form::First {
            self.queue.push(Reverse((due, last_form(address), address, self.steps)));
        }
    }

    fn is_awaited(&self, (_, _, address, number): &Due) -> bool {
        self.bursts.get(address).is_some_and(|burst| burst.number == *number)
    }

    /// What comes next is awaited.
    fn skip_void(&mut self) {
        while self.queue.peek().is_some_and(|Reverse(due)| !self.is_awaited(due)) {
            self.queue.pop();
        }
    }

    /// Bursts that are started over and over leave not much more behind than what is awaited.
    fn tidy(&mut self) {
        self.skip_void();
        if self.queue.len() > 4 * self.bursts.len() + SLACK {
            let bursts = &self.bursts;
            self.queue.retain(|Reverse((_, _, address, number))| {
                bursts.get(address).is_some_and(|burst| burst.number == *number)
            });
        }
    }

    /// Up to one more refresh span, from a sequence that the seed determines (splitmix64).
    fn spread(&mut self) -> Duration {
        self.jitter = self.jitter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.jitter ^ (self.jitter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let micros = REFRESH.as_micros().try_into().unwrap_or(u64::MAX);
        Duration::from_micros((mixed ^ (mixed >> 31)) % micros)
    }
}

fn last_form(address: IpAddr) -> Form {
    if address.is_ipv4() { Form::Reply } else { Form::First }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// All that is said until `end`, with the milliseconds it was said at.
    fn said(announcer: &mut Announcer, from: Instant, end: Instant) -> Vec<(u128, IpAddr, Form)> {
        let mut said = Vec::new();
        let mut now = from;
        while now <= end {
            while let Some((address, form)) = announcer.poll_emission(now) {
                said.push((now.since(Instant::ZERO).as_millis(), address, form));
            }
            let Some(next) = announcer.poll_timeout() else { break };
            now = next.max(now + Duration::from_micros(1));
        }
        said
    }

    fn address(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        Ipv4Addr::new(10, 0, high, low).into()
    }

    #[test]
    fn a_burst_says_both_forms_six_times_and_then_refreshes_slowly() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        let said = said(&mut announcer, Instant::ZERO, Instant::ZERO + Duration::from_secs(300));
        let times: Vec<u128> = said.iter().filter(|s| s.2 == Form::First).map(|s| s.0).collect();
        assert_eq!(times[..6], [0, 50, 200, 1_100, 3_000, 10_000]);
        for pair in times[5..].windows(2) {
            assert!((60_000..=120_000).contains(&(pair[1] - pair[0])), "{times:?}");
        }
        assert!(said.chunks(2).all(|pair| pair[0].2 == Form::First && pair[1].2 == Form::Reply));
    }

    #[test]
    fn an_ipv6_address_has_one_form() {
        let mut announcer = Announcer::new(1);
        announcer.start("2001:db8::1".parse().unwrap(), Instant::ZERO);
        assert_eq!(said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 20).len(), 1);
    }

    #[test]
    fn nothing_is_said_for_an_address_that_was_given_up() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 60);
        announcer.stop(address(1));
        assert_eq!(announcer.poll_timeout(), None);
    }

    #[test]
    fn a_thousand_addresses_all_get_the_first_form_before_any_gets_the_second() {
        let mut announcer = Announcer::new(1);
        (0..1000).for_each(|n| announcer.start(address(n), Instant::ZERO));
        let said = said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 250);
        assert!(said[..1000].iter().all(|s| s.2 == Form::First));
        assert!(said[1000..2000].iter().all(|s| s.2 == Form::Reply));
        assert!(said[999].0 <= 100, "the last first form after {} ms", said[999].0);
        for window in said.windows(110) {
            assert!(window[109].0 - window[0].0 >= 9, "more than 110 frames within 9 ms");
        }
    }

    #[test]
    fn a_burst_that_starts_again_begins_with_its_first_step() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 210);
        announcer.start(address(1), Instant::ZERO + MILLI * 300);
        let again = said(&mut announcer, Instant::ZERO + MILLI * 300, Instant::ZERO + MILLI * 360);
        assert_eq!(again.iter().map(|s| s.0).collect::<Vec<_>>(), [300, 300, 350, 350]);
    }

    #[test]
    fn a_burst_that_is_started_again_and_again_at_once_is_one_burst_more() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        let mut times = said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 10);
        (11..15).for_each(|at| announcer.start(address(1), Instant::ZERO + MILLI * at));
        times.extend(said(&mut announcer, Instant::ZERO + MILLI * 15, Instant::ZERO + MILLI * 260));
        assert_eq!(times.iter().map(|s| s.0).collect::<Vec<_>>(), [0, 0, 50, 50, 100, 100, 250, 250]);
    }

    #[test]
    fn what_is_held_is_said_afterwards() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        announcer.hold(Instant::ZERO + MILLI * 30);
        let said = said(&mut announcer, Instant::ZERO, Instant::ZERO + MILLI * 40);
        assert_eq!(said.iter().map(|s| s.0).collect::<Vec<_>>(), [30, 30]);
    }

    #[test]
    fn what_was_held_is_not_said_after_it_was_given_up() {
        let mut announcer = Announcer::new(1);
        announcer.start(address(1), Instant::ZERO);
        announcer.poll_emission(Instant::ZERO);
        announcer.hold(Instant::ZERO + MILLI * 30);
        announcer.stop(address(1));
        assert_eq!(announcer.poll_timeout(), None);
    }

    #[test]
    fn the_same_seed_spreads_the_same_way() {
        let times = |seed| {
            let mut announcer = Announcer::new(seed);
            announcer.start(address(1), Instant::ZERO);
            said(&mut announcer, Instant::ZERO, Instant::ZERO + Duration::from_secs(600))
        };
        assert_eq!(times(7), times(7));
        assert_ne!(times(7), times(8));
    }
}
