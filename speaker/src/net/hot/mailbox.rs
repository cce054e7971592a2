//! What the driver says to the packet thread: whole sets, of each kind only the latest. And what it asks: a look.

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use nix::sys::eventfd::{EfdFlags, EventFd};
use patina::hot::{self, Control, Snapshot};
use tokio::sync::oneshot;

/// What the machine knows and has counted, at one moment.
#[derive(Clone, Debug)]
pub struct Look {
    /// What it knows.
    pub snapshot: Snapshot,
    /// What it has counted, ignored frames by reason among it.
    pub counters: hot::Counters,
}

/// Where the driver leaves what it has to say. Never blocks on the packet thread.
#[derive(Clone, Debug)]
pub struct Controls(Arc<Mailbox>);

impl Controls {
    pub(super) const fn new(mailbox: Arc<Mailbox>) -> Self {
        Self(mailbox)
    }

    /// Says it: an earlier word that it makes void, and that was not yet taken, is forgotten.
    pub fn send(&self, control: Control) {
        self.0.change(|waiting| waiting.put(control));
    }

    /// Asks for a look at the machine. It costs the packet thread some allocations: not for every beat of a heart.
    /// Nothing comes when the packet thread has ended.
    pub async fn look(&self) -> Option<Look> {
        let (answer, look) = oneshot::channel();
        self.0.change(|waiting| waiting.looks.push(answer));
        look.await.ok()
    }
}

/// What has not been taken yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// In the order in which they came; as many as there are kinds of [`Control`], and addresses to be moved.
    pub(super) controls: Vec<Control>,
    /// One for each task that waits for a look.
    pub(super) looks: Vec<oneshot::Sender<Look>>,
}

impl Waiting {
    fn put(&mut self, control: Control) {
        match self.controls.iter_mut().find(|earlier| makes_void(&control, earlier)) {
            Some(earlier) => *earlier = control,
            None => self.controls.push(control),
        }
    }
}

/// Whether nothing is lost when `earlier` is never heard.
fn makes_void(control: &Control, earlier: &Control) -> bool {
    match (control, earlier) {
        (Control::Move { address: later, .. }, Control::Move { address, .. }) => later == address,
        _ => mem::discriminant(control) == mem::discriminant(earlier),
    }
}

/// Between the driver and the packet thread.
#[derive(Debug)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    stopped: AtomicBool,
    bell: EventFd,
}

impl Mailbox {
    pub(super) fn new() -> io::Result<Self> {
        let bell = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Self { waiting: Mutex::default(), stopped: AtomicBool::new(false), bell })
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.ring();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.ring();
    }

    /// All that waits. While the driver is writing there is nothing; the bell goes on ringing.
    pub(super) fn take(&self) -> Waiting {
        let mut waiting = match self.waiting.try_lock() {
            Ok(waiting) => waiting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Waiting::default(),
        };
        let _ = self.bell.read();
        mem::take(&mut *waiting)
    }

    /// The counter cannot overflow in practice, and a bell that already rings need not ring again.
    fn ring(&self) {
        let _ = self.bell.write(1);
    }
}

impl AsFd for Mailbox {
    /// Readable while something waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(mailbox: &Mailbox) -> Vec<Control> {
        mailbox.take().controls
    }

    #[test]
    fn of_each_kind_only_the_latest_is_taken() {
        let mailbox = Arc::new(Mailbox::new().unwrap());
        let controls = Controls::new(Arc::clone(&mailbox));
        controls.send(Control::Links(Vec::new()));
        controls.send(Control::Nodes([("a".into(), hot::NodeFacts { ready: true })].into()));
        controls.send(Control::Nodes(Default::default()));
        assert_eq!(taken(&mailbox), [Control::Links(Vec::new()), Control::Nodes(Default::default())]);
        assert_eq!(taken(&mailbox), []);
    }

    #[test]
    fn moves_of_two_addresses_are_two_words() {
        let mailbox = Arc::new(Mailbox::new().unwrap());
        let controls = Controls::new(Arc::clone(&mailbox));
        let give = |last: u8, to: Option<&str>| Control::Move {
            address: [192, 0, 2, last].into(),
            to: to.map(Into::into),
        };
        for control in [give(1, None), give(2, None), give(1, Some("b"))] {
            controls.send(control);
        }
        assert_eq!(taken(&mailbox), [give(1, Some("b")), give(2, None)]);
    }

    #[test]
    fn a_driver_that_is_writing_does_not_block_the_packet_thread() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.change(|waiting| waiting.put(Control::Leave));
        let writing = mailbox.waiting.lock().unwrap();
        assert_eq!(taken(&mailbox), []);
        drop(writing);
        assert_eq!(taken(&mailbox), [Control::Leave]);
    }
}
