//! What the packet thread and its neighbours count. One writer for each number; anybody may read at any time.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use patina::hot::{Ignored, Traffic};

/// Numbers since start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames that passed the kernel's filter and were read.
    pub received: Count,
    /// Frames that the kernel dropped because they were not read in time.
    pub overrun: Count,
    /// Frames sent.
    pub sent: Count,
    /// Frames that could not be sent.
    pub not_sent: Troubles,
    /// Reads that failed.
    pub not_received: Troubles,
    /// Packet sockets that could not be opened; tried again with growing pauses.
    pub not_opened: Troubles,
    /// Solicited-node groups that could not be joined; tried again.
    pub not_joined: Troubles,
    /// Turns of the packet thread.
    pub turns: Count,
    /// Turns that ended with frames still waiting.
    pub over_budget: Count,
    /// Longest time by which the packet thread woke up late, in nanoseconds.
    pub latest: Count,
    /// What the machine has counted, as of its last turn.
    pub machine: MachineCounts,
    /// Frames for each address that is answered for, as of a second ago at most.
    pub traffic: TrafficCounts,
}

/// Numbers of [`patina::hot::Counters`].
#[derive(Debug, Default)]
pub struct MachineCounts {
    /// Questions answered.
    pub answers: Count,
    /// Answers to stations that asked whether an address is free.
    pub defences: Count,
    /// Gratuitous frames sent.
    pub gratuitous: Count,
    /// Probes sent.
    pub probes: Count,
    /// Datagrams sent to the other speakers.
    pub beats: Count,
    /// Late wake-ups.
    pub late: Count,
    ignored: [Count; Ignored::COUNT],
}

impl MachineCounts {
    /// Frames ignored, by reason; the words are a closed list.
    pub fn ignored(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Ignored::all().zip(&self.ignored).map(|(ignored, count)| (ignored.word(), count.get()))
    }

    /// Takes over what the machine has counted.
    pub(super) fn publish(&self, counters: &patina::hot::Counters) {
        let ignored = self.ignored.iter().zip(counters.frames_ignored().map(|(_, count)| count));
        let totals = [
            (&self.answers, counters.answers),
            (&self.defences, counters.defences),
            (&self.gratuitous, counters.gratuitous),
            (&self.probes, counters.probes),
            (&self.beats, counters.beats),
            (&self.late, counters.late),
        ];
        ignored.chain(totals).for_each(|(count, number)| count.0.store(number, Ordering::Relaxed));
    }
}

/// Frames by address. The packet thread never waits for a reader: it leaves the numbers for another time.
#[derive(Debug, Default)]
pub struct TrafficCounts(Mutex<Vec<(IpAddr, Traffic)>>);

impl TrafficCounts {
    /// Each address once, in order; one that is answered for on two links has the sum of both.
    pub fn by_address(&self) -> BTreeMap<IpAddr, Traffic> {
        let mut sums = BTreeMap::<IpAddr, Traffic>::new();
        for (address, traffic) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let sum = sums.entry(*address).or_default();
            sum.requests += traffic.requests;
            sum.responses += traffic.responses;
            sum.gratuitous += traffic.gratuitous;
        }
        sums
    }

    pub(crate) fn publish(&self, traffic: impl Iterator<Item = (IpAddr, Traffic)>) {
        let Ok(mut numbers) = self.0.try_lock() else { return };
        numbers.clear();
        numbers.extend(traffic);
    }
}

/// One number.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// The number at this moment.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn raise_to(&self, span: Duration) {
        self.0.fetch_max(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Why the kernel refused. The word is the label of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The link is down.
    LinkDown,
    /// The link is gone.
    LinkGone,
    /// A queue is full.
    QueueFull,
    /// The frame is longer than the link carries.
    TooLong,
    /// Not permitted.
    NotPermitted,
    /// Anything else.
    Other,
}

impl Trouble {
    /// Every trouble, in order of declaration.
    pub const ALL: [Self; 6] =
        [Self::LinkDown, Self::LinkGone, Self::QueueFull, Self::TooLong, Self::NotPermitted, Self::Other];

    /// The one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LinkDown => "linkDown",
            Self::LinkGone => "linkGone",
            Self::QueueFull => "queueFull",
            Self::TooLong => "tooLong",
            Self::NotPermitted => "notPermitted",
            Self::Other => "other",
        }
    }

    pub(super) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ENETDOWN) => Self::LinkDown,
            Some(libc::ENODEV | libc::ENXIO) => Self::LinkGone,
            Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => Self::QueueFull,
            Some(libc::EMSGSIZE) => Self::TooLong,
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted,
            _ => Self::Other,
        }
    }
}

/// One number for each [`Trouble`].
#[derive(Debug, Default)]
pub struct Troubles([Count; Trouble::ALL.len()]);

impl Troubles {
    /// The number at this moment.
    pub fn get(&self, trouble: Trouble) -> u64 {
        self.0[trouble as usize].get()
    }

    /// All troubles together.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(Count::get).sum()
    }

    pub(super) fn add(&self, trouble: Trouble) {
        self.0[trouble as usize].add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_troubles_follows_the_declaration() {
        for (index, trouble) in Trouble::ALL.into_iter().enumerate() {
            assert_eq!(trouble as usize, index, "{}", trouble.word());
        }
    }

    #[test]
    fn an_address_on_two_links_is_counted_once() {
        let (counts, address) = (TrafficCounts::default(), IpAddr::from([192, 0, 2, 1]));
        let on_one = Traffic { requests: 2, responses: 1, gratuitous: 3 };
        counts.publish([(address, on_one), (address, on_one)].into_iter());
        let sum = Traffic { requests: 4, responses: 2, gratuitous: 6 };
        assert_eq!(counts.by_address(), BTreeMap::from([(address, sum)]));
    }

    #[test]
    fn the_packet_thread_does_not_wait_for_a_reader() {
        let counts = TrafficCounts::default();
        let reading = counts.0.lock().unwrap();
        counts.publish([(IpAddr::from([192, 0, 2, 1]), Traffic::default())].into_iter());
        drop(reading);
        assert!(counts.by_address().is_empty());
    }

    #[test]
    fn an_error_is_counted_under_its_own_name() {
        let troubles = Troubles::default();
        troubles.add(Trouble::of(&io::Error::from_raw_os_error(libc::ENETDOWN)));
        assert_eq!(troubles.get(Trouble::LinkDown), 1);
        assert_eq!(troubles.sum(), 1);
    }
}
