//! What the driver says to the packet thread: whole sets, of each kind only the latest.

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use nix::sys::eventfd::{EfdFlags, EventFd};
use patina::hot::Control;

/// Where the driver leaves what it has to say. Never blocks on the packet thread.
#[derive(Clone, Debug)]
pub struct Controls(Arc<Mailbox>);

impl Controls {
    pub(super) const fn new(mailbox: Arc<Mailbox>) -> Self {
        Self(mailbox)
    }

    /// Says it: an earlier word of the same kind that was not yet taken is forgotten.
    pub fn send(&self, control: Control) {
        self.0.put(control);
    }
}

/// One place for each kind of [`Control`], in the order in which the kinds first came.
#[derive(Debug)]
pub(super) struct Mailbox {
    waiting: Mutex<Vec<Control>>,
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

    fn put(&self, control: Control) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = mem::discriminant(&control);
        match waiting.iter_mut().find(|earlier| mem::discriminant(*earlier) == kind) {
            Some(earlier) => *earlier = control,
            None => waiting.push(control),
        }
        drop(waiting);
        self.ring();
    }

    /// All that waits. While the driver is writing there is nothing; the bell goes on ringing.
    pub(super) fn take(&self) -> Vec<Control> {
        let mut waiting = match self.waiting.try_lock() {
            Ok(waiting) => waiting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Vec::new(),
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

    #[test]
    fn of_each_kind_only_the_latest_is_taken() {
        let mailbox = Arc::new(Mailbox::new().unwrap());
        let controls = Controls::new(Arc::clone(&mailbox));
        controls.send(Control::Links(Vec::new()));
        controls.send(Control::Nodes([("a".into(), patina::hot::NodeFacts { ready: true })].into()));
        controls.send(Control::Nodes(Default::default()));
        assert_eq!(mailbox.take(), [Control::Links(Vec::new()), Control::Nodes(Default::default())]);
        assert_eq!(mailbox.take(), []);
    }

    #[test]
    fn a_driver_that_is_writing_does_not_block_the_packet_thread() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.put(Control::Leave);
        let writing = mailbox.waiting.lock().unwrap();
        assert_eq!(mailbox.take(), []);
        drop(writing);
        assert_eq!(mailbox.take(), [Control::Leave]);
    }
}
