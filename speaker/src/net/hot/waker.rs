//! What the packet thread waits for: frames, the driver's bell, and a moment.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use patina::time::Instant;
use patina_daemon::clock;

/// Longest wait, in milliseconds, in the case, never seen, that the kernel refuses to set the timer: no moment is missed by much.
const WITHOUT_TIMER: u16 = 10;

/// One wait on many descriptors, with the resolution of nanoseconds.
#[derive(Debug)]
pub(super) struct Waker {
    epoll: Epoll,
    timer: TimerFd,
    armed: Option<Instant>,
}

impl Waker {
    /// A waker that already listens to `bell`.
    pub(super) fn new(bell: &impl AsFd) -> io::Result<Self> {
        let timer =
            TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let waker = Self { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, timer, armed: None };
        waker.listen(bell)?;
        waker.listen(&waker.timer)?;
        Ok(waker)
    }

    /// Wakes up, too, when `descriptor` is readable; until it is closed.
    pub(super) fn listen(&self, descriptor: &impl AsFd) -> io::Result<()> {
        self.epoll.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, 0)).map_err(io::Error::from)
    }

    /// Waits until something is readable or `due` has come, and gives how late that was.
    pub(super) fn wait(&mut self, due: Option<Instant>) -> Duration {
        let limit = self.arm(due).map_or_else(|_| WITHOUT_TIMER.into(), |()| EpollTimeout::NONE);
        let _ = self.epoll.wait(&mut [EpollEvent::empty()], limit);
        due.map_or(Duration::ZERO, |due| clock::now().since(due))
    }

    /// Sets the timer, if it is not set to that moment. A set timer that has gone off stays readable until it is set anew.
    fn arm(&mut self, due: Option<Instant>) -> nix::Result<()> {
        if due == self.armed {
            return Ok(());
        }
        match due {
            Some(due) => {
                self.timer.set(Expiration::OneShot(absolute(due)), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?
            }
            None => self.timer.unset()?,
        }
        self.armed = due;
        Ok(())
    }
}

/// A time of zero would disarm the timer; the first nanosecond after boot is past as well.
fn absolute(due: Instant) -> TimeSpec {
    TimeSpec::from(Duration::from_nanos(due.as_nanos().max(1)))
}

#[cfg(test)]
mod tests {
    use nix::sys::eventfd::EventFd;

    use super::*;

    #[test]
    fn a_moment_that_has_passed_is_not_waited_for_and_its_lateness_is_told() {
        let mut waker = Waker::new(&EventFd::new().unwrap()).unwrap();
        let past = clock::now() - Duration::from_secs(1);
        assert!(waker.wait(Some(past)) >= Duration::from_secs(1));
        assert!(waker.wait(Some(past)) >= Duration::from_secs(1), "as long as it is due");
    }

    #[test]
    fn nothing_is_due_before_its_moment() {
        let mut waker = Waker::new(&EventFd::new().unwrap()).unwrap();
        let due = clock::now() + Duration::from_millis(5);
        waker.wait(Some(due));
        assert!(clock::now() >= due);
    }

    #[test]
    fn the_bell_ends_a_wait_without_end() {
        let bell = EventFd::new().unwrap();
        let mut waker = Waker::new(&bell).unwrap();
        bell.write(1).unwrap();
        assert_eq!(waker.wait(None), Duration::ZERO);
    }
}
