//! What a benchmark has found.

use std::time::Duration;

use serde::Serialize;

/// Figures with what they mean, in the order in which they are to be read.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    rows: Vec<(String, String)>,
}

impl Report {
    pub(crate) fn say(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        self.rows.push((what.into(), figure.into()));
    }
}

/// Milliseconds, as precisely as they mean something.
pub(crate) fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1_000.0;
    if milliseconds < 100.0 { format!("{milliseconds:.2} ms") } else { format!("{milliseconds:.0} ms") }
}

/// Middle and 99th percentile of a list (nearest rank).
pub(crate) fn quantiles(mut times: Vec<Duration>) -> Option<(Duration, Duration)> {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some((at(50)?, at(99)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(quantiles(times), Some((Duration::from_millis(100), Duration::from_millis(198))));
        assert_eq!(quantiles(Vec::new()), None);
    }
}
