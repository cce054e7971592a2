//! The packet thread: one OS thread that runs [`patina::hot::Hot`] between the packet sockets and the clock.
//!
//! One turn: read every queued frame · take what the driver said · do what is due · send · report · wait. It never waits
//! for anybody but the kernel: a full queue of reports leaves them in the machine, a driver that is just writing is read
//! in the next turn.
//!
//! ```text
//!             ┌────────────────────────── turn ──────────────────────────┐
//!  sockets ──►│ frames ─► handle_frame ┐                                 │
//!  bell ─────►│ controls ► handle_control ┼─► handle_timeout ─► transmit ├──► sockets
//!  timer ────►│                        ┘                  └─► report     ├──► driver
//!             └──────────────────────────────────────────────────────────┘
//! ```

mod mailbox;
mod sockets;
mod waker;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use patina::hot::{Control, Hot, Report, Settings};
use patina::time::Instant;
use patina_daemon::clock;
use tokio::sync::mpsc;

pub use mailbox::{Controls, Look};

use super::Counters;
use super::privilege::{self, Extras};
use super::reading::Reading;
use mailbox::Mailbox;
use sockets::{Queue, Sockets};
use waker::Waker;

const NAME: &str = "packets";
/// How often the counters of each address are published; those of the machine are in every turn.
const TRAFFIC_INTERVAL: Duration = Duration::from_secs(1);

/// What [`start`] hands out.
pub(super) struct Parts {
    pub(super) controls: Controls,
    pub(super) extras: Extras,
    pub(super) thread: PacketThread,
}

/// The running thread. Dropping this ends it and waits for that; one turn at most.
#[derive(Debug)]
pub(super) struct PacketThread {
    mailbox: Arc<Mailbox>,
    handle: Option<thread::JoinHandle<()>>,
}

impl Drop for PacketThread {
    fn drop(&mut self) {
        self.mailbox.stop();
        if let Some(Err(panic)) = self.handle.take().map(thread::JoinHandle::join) {
            tracing::error!(?panic, "the packet thread has panicked");
        }
    }
}

/// Starts the thread in the network namespace of the caller.
pub(super) fn start(
    settings: Settings,
    reports: mpsc::Sender<Report>,
    counters: Arc<Counters>,
) -> io::Result<Parts> {
    let mailbox = Arc::new(Mailbox::new()?);
    let waker = Waker::new(&mailbox)?;
    let mut thread = Thread {
        machine: Hot::new(settings, clock::now()),
        sockets: Sockets::new(Arc::clone(&counters)),
        mailbox: Arc::clone(&mailbox),
        waker,
        reports,
        counters,
        traffic_due: Instant::ZERO,
    };
    let (tell, extras) = std::sync::mpsc::sync_channel(1);
    let body = move || {
        let _ = tell.send(privilege::take_extras());
        thread.run();
    };
    let handle = thread::Builder::new().name(NAME.into()).spawn(body)?;
    let extras = extras.recv().map_err(io::Error::other)?;
    let thread = PacketThread { mailbox: Arc::clone(&mailbox), handle: Some(handle) };
    Ok(Parts { controls: Controls::new(mailbox), extras, thread })
}

struct Thread {
    machine: Hot,
    sockets: Sockets,
    mailbox: Arc<Mailbox>,
    waker: Waker,
    reports: mpsc::Sender<Report>,
    counters: Arc<Counters>,
    traffic_due: Instant,
}

impl Thread {
    fn run(&mut self) {
        while !self.mailbox.is_stopped() {
            let queue = self.turn();
            self.wait(queue);
        }
    }

    fn turn(&mut self) -> Queue {
        self.counters.turns.add(1);
        let queue = self.read_frames();
        self.take_controls();
        self.machine.handle_timeout(clock::now());
        self.send_frames();
        self.hand_out_reports();
        self.publish_counters();
        queue
    }

    fn publish_counters(&mut self) {
        self.counters.machine.publish(self.machine.counters());
        let now = clock::now();
        if now >= self.traffic_due {
            self.traffic_due = now + TRAFFIC_INTERVAL;
            self.counters.traffic.publish(self.machine.traffic());
        }
    }

    /// Links first reach the sockets, so that the machine never speaks on a link that has none.
    fn take_controls(&mut self) {
        let waiting = self.mailbox.take();
        for control in waiting.controls {
            let now = clock::now();
            if let Control::Links(links) = &control {
                self.sockets.work_on(links.iter().map(|link| link.index), now, &self.waker);
            }
            self.machine.handle_control(control, now);
        }
        for look in waiting.looks {
            let snapshot = self.machine.snapshot(clock::now());
            let _ = look.send(Look { snapshot, counters: self.machine.counters().clone() });
        }
    }

    fn read_frames(&mut self) -> Queue {
        let (machine, reading) = (&mut self.machine, Reading::take());
        self.sockets.reopen_due(reading.now, &self.waker);
        self.sockets.receive(reading.now, |link, frame, stamp| {
            let received = stamp.map_or(reading.now, |stamp| reading.place(stamp));
            machine.handle_frame(link, frame, received, reading.now);
        })
    }

    fn send_frames(&mut self) {
        while let Some(transmit) = self.machine.poll_transmit() {
            self.sockets.send(transmit.link, transmit.frame);
        }
    }

    fn hand_out_reports(&mut self) {
        while let Ok(place) = self.reports.try_reserve() {
            let Some(report) = self.machine.poll_report() else { return };
            place.send(report);
        }
    }

    fn wait(&mut self, queue: Queue) {
        if queue == Queue::NotEmpty {
            self.counters.over_budget.add(1);
            return;
        }
        let due = [self.machine.poll_timeout(), self.sockets.next_reopening()];
        let late = self.waker.wait(due.into_iter().flatten().min());
        self.counters.latest.raise_to(late);
    }
}
