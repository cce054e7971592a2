//! What turns of the packet thread's machine cost, in processor time of one thread.
//!
//! No wire and no kernel: the machine alone, fed as the packet thread feeds it.

mod answers;
mod crowd;
mod machine;

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::report::Report;

/// Runs the benchmark.
pub(crate) fn run() -> Report {
    let mut report = Report::default();
    answers::measure(&mut report);
    crowd::measure(&mut report);
    report
}

/// Processor time of this thread so far: what else runs on the machine does not count.
fn processor() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// How much of it `act` takes.
fn spent(act: impl FnOnce()) -> Duration {
    let before = processor();
    act();
    processor().saturating_sub(before)
}
