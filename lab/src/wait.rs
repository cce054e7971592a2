//! Waiting for a state, with a bound.

use std::time::Duration;

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
