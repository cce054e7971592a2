//! A thread that does nothing but notice when the machine itself stands still.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock;

const NAP: Duration = Duration::from_millis(2);

/// Measures how late its naps end.
#[derive(Debug)]
pub(super) struct Watchman {
    stop: Arc<AtomicBool>,
    watch: JoinHandle<Duration>,
}

impl Watchman {
    pub(super) fn start() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let watch = thread::Builder::new().name("watchman".to_owned()).spawn(move || latest(&told))?;
        Ok(Self { stop, watch })
    }

    /// The longest time for which the machine did not run a thread that was due.
    pub(super) fn stop(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.watch.join().unwrap_or_default()
    }
}

#[expect(clippy::disallowed_methods, reason = "how late a nap ends is what is measured")]
fn latest(stop: &AtomicBool) -> Duration {
    let mut worst = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let before = clock::now();
        thread::sleep(NAP);
        worst = worst.max(before.elapsed().saturating_sub(NAP));
    }
    worst
}
