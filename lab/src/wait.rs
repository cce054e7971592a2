//! Waiting for a state, with a bound.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Looks until there is something to see.
///
/// # Errors
/// `what` did not come within `bound`; says what was seen last, if looking itself failed.
pub async fn wait_for<T>(
    what: &str,
    bound: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let until = deadline(bound);
    loop {
        let seen = look().await;
        let late = deadline(Duration::ZERO) >= until;
        match seen {
            Ok(Some(found)) => return Ok(found),
            Ok(None) if late => anyhow::bail!("{what}: not within {} s", bound.as_secs()),
            Err(error) if late => {
                return Err(error.context(format!("{what}: not within {} s", bound.as_secs())));
            }
            Ok(None) | Err(_) => sleep(LOOK_AGAIN).await,
        }
    }
}

fn deadline(after: Duration) -> Instant {
    Instant::from_std(crate::clock::now()) + after
}

/// Waits until somebody wants the program to end, and says by which signal.
///
/// # Errors
/// Signals cannot be caught.
pub async fn for_signal() -> io::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        _ = hang_up.recv() => "SIGHUP",
    })
}
