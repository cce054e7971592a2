//! Times of bare patches and of bursts, by turns: an API server collects its garbage when it likes.

use std::time::Duration;

use crate::report::{Report, milliseconds, quantiles};

/// A line for each kind of time, a column for each round.
#[derive(Default)]
pub(super) struct Rounds {
    bare: Vec<Duration>,
    first: Vec<Duration>,
    last: Vec<Duration>,
}

impl Rounds {
    pub(super) fn add(&mut self, bare: Duration, first: Duration, last: Duration) {
        self.bare.push(bare);
        self.first.push(first);
        self.last.push(last);
    }

    pub(super) fn report(&self, count: usize, report: &mut Report) {
        report.say(format!("{count} bare status patches"), times(&self.bare));
        report.say(
            format!("{count} Services, from the start of the controller to the last address"),
            times(&self.last),
        );
        report.say("… of it until the first address", times(&self.first));
        let without_start = |((bare, first), last): ((&Duration, &Duration), &Duration)| {
            ratio(last.saturating_sub(*first), *bare)
        };
        let whole = self.bare.iter().zip(&self.last).map(|(bare, last)| ratio(*last, *bare)).collect();
        let burst = self.bare.iter().zip(&self.first).zip(&self.last).map(without_start).collect();
        report.say("ratio to the bare patches", ratios(whole));
        report.say("ratio without the start (first to last address)", ratios(burst));
    }
}

fn times(all: &[Duration]) -> String {
    let each = all.iter().map(|time| milliseconds(*time)).collect::<Vec<_>>().join(", ");
    let Some((median, _)) = quantiles(all.to_vec()).filter(|_| all.len() > 1) else { return each };
    format!("median {} ({each})", milliseconds(median))
}

fn ratio(time: Duration, bare: Duration) -> f64 {
    time.as_secs_f64() / bare.as_secs_f64()
}

fn ratios(mut all: Vec<f64>) -> String {
    let each = all.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(", ");
    if all.len() == 1 {
        return each;
    }
    all.sort_by(f64::total_cmp);
    format!("median {:.2} ({each})", all[(all.len() - 1) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_told_one_by_one_with_their_median() {
        assert_eq!(ratios(vec![1.3, 0.9, 1.1]), "median 1.10 (1.30, 0.90, 1.10)");
        assert_eq!(ratios(vec![1.3]), "1.30");
        let seconds = [3, 1, 2].map(Duration::from_secs);
        assert_eq!(times(&seconds), "median 2000 ms (3000 ms, 1000 ms, 2000 ms)");
    }
}
