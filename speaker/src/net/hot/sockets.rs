//! The packet sockets of all links that are worked on, opened, read and closed.
//!
//! A socket that fails is closed and opened again after a pause, which doubles while it keeps failing, so that an error
//! never becomes a loop.
//! A link that is down is no failure: its socket says so once and works again when the link does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use patina::name::LinkIndex;
use patina::time::Instant;

use super::super::Counters;
use super::super::counters::Trouble;
use super::super::packet::{PacketSocket, ReceiveBuffer, Stamped};
use super::waker::Waker;

/// Frames read from one link in one turn: more than the kernel keeps for a socket by default, so that after a stall the
/// whole queue is read before anybody is called dead, and still only a few milliseconds of work under a flood.
const BUDGET: usize = 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the kernel is asked how many frames it had to drop.
const OVERRUN_INTERVAL: Duration = Duration::from_secs(1);

/// Whether frames still wait after the budget was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Empty,
    NotEmpty,
}

/// One place for each link.
#[derive(Debug)]
pub(super) struct Sockets {
    links: BTreeMap<LinkIndex, Place>,
    buffer: ReceiveBuffer,
    counters: Arc<Counters>,
    overruns_due: Instant,
}

#[derive(Debug)]
enum Place {
    Open { socket: PacketSocket, since: Instant, pause: Duration },
    Closed { until: Instant, pause: Duration },
}

impl Sockets {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        let buffer = ReceiveBuffer::new();
        Self { links: BTreeMap::new(), buffer, counters, overruns_due: Instant::ZERO }
    }

    /// Closes the sockets of other links and opens those that are missing.
    pub(super) fn work_on(&mut self, links: impl Iterator<Item = LinkIndex>, now: Instant, waker: &Waker) {
        let wanted: BTreeSet<_> = links.collect();
        self.links.retain(|link, _| wanted.contains(link));
        for link in wanted {
            self.links.entry(link).or_insert(Place::Closed { until: now, pause: FIRST_PAUSE });
        }
        self.reopen_due(now, waker);
    }

    /// Opens what is due.
    pub(super) fn reopen_due(&mut self, now: Instant, waker: &Waker) {
        for (link, place) in &mut self.links {
            let Place::Closed { until, pause } = *place else { continue };
            if until > now {
                continue;
            }
            *place = match open(*link, waker) {
                Ok(socket) => Place::Open { socket, since: now, pause },
                Err(error) => {
                    self.counters.not_opened.add(Trouble::of(&error));
                    Place::closed(now, pause)
                }
            };
        }
    }

    /// When the next socket is due to be opened again.
    pub(super) fn next_reopening(&self) -> Option<Instant> {
        let closed = self.links.values().filter_map(|place| match place {
            Place::Closed { until, .. } => Some(*until),
            Place::Open { .. } => None,
        });
        closed.min()
    }

    /// Hands every queued frame to `take`, up to the budget of each link.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        mut take: impl FnMut(LinkIndex, &[u8], Option<Duration>),
    ) -> Queue {
        let mut queue = Queue::Empty;
        for (link, place) in &mut self.links {
            let Place::Open { socket, since, pause } = place else { continue };
            match drain(socket, &mut self.buffer, &self.counters, |stamped| {
                take(*link, stamped.frame, stamped.at)
            }) {
                Ok(Queue::Empty) => {}
                Ok(Queue::NotEmpty) => queue = Queue::NotEmpty,
                Err(error) => {
                    self.counters.not_received.add(Trouble::of(&error));
                    let pause = if now.since(*since) > LONGEST_PAUSE { FIRST_PAUSE } else { *pause };
                    *place = Place::closed(now, pause);
                }
            }
        }
        self.count_overruns(now);
        queue
    }

    /// Sends a frame, or counts why not.
    pub(super) fn send(&self, link: LinkIndex, frame: &[u8]) {
        let Some(Place::Open { socket, .. }) = self.links.get(&link) else {
            self.counters.not_sent.add(Trouble::LinkGone);
            return;
        };
        match socket.send(frame) {
            Ok(()) => self.counters.sent.add(1),
            Err(error) => self.counters.not_sent.add(Trouble::of(&error)),
        }
    }

    fn count_overruns(&mut self, now: Instant) {
        if now < self.overruns_due {
            return;
        }
        self.overruns_due = now + OVERRUN_INTERVAL;
        for place in self.links.values() {
            if let Place::Open { socket, .. } = place {
                self.counters.overrun.add(socket.take_overruns().unwrap_or_default());
            }
        }
    }
}

impl Place {
    fn closed(now: Instant, pause: Duration) -> Self {
        Self::Closed { until: now + pause, pause: (pause * 2).min(LONGEST_PAUSE) }
    }
}

fn open(link: LinkIndex, waker: &Waker) -> io::Result<PacketSocket> {
    let socket = PacketSocket::open(link)?;
    waker.listen(&socket)?;
    Ok(socket)
}

fn drain(
    socket: &PacketSocket,
    buffer: &mut ReceiveBuffer,
    counters: &Counters,
    mut take: impl FnMut(Stamped<'_>),
) -> io::Result<Queue> {
    for _ in 0..BUDGET {
        match socket.receive(buffer) {
            Ok(Some(stamped)) => {
                counters.received.add(1);
                take(stamped);
            }
            Ok(None) => return Ok(Queue::Empty),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if Trouble::of(&error) == Trouble::LinkDown => {
                counters.not_received.add(Trouble::LinkDown)
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Queue::NotEmpty)
}
