//! Histories: a cluster, and what happens to it, as values and as text.
//!
//! ```text
//!   seed 7
//!   controllers 3
//!   strict
//!   +0.250 {"Pool":[0,{"ranges":["192.0.2.1-192.0.2.3"]}]}
//!   +1.500 "Quiet"
//! ```
//!
//! The number before a step is the pause before it in seconds. Lines that begin with `#` are for people.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::step::Step;

/// A cluster and what happens to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What delays, losses and clocks are drawn from.
    pub seed: u64,
    /// How many controllers there are.
    pub controllers: u8,
    /// A bad request costs what is held, as in MetalLB.
    pub strict: bool,
    /// The schemas have no place for conditions of pools and advertisements.
    pub metallb_schemas: bool,
    /// Each step with the pause before it.
    pub steps: Vec<(Duration, Step)>,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}\ncontrollers {}", self.seed, self.controllers)?;
        for (said, word) in [(self.strict, "strict"), (self.metallb_schemas, "metallb-schemas")] {
            if said {
                writeln!(f, "{word}")?;
            }
        }
        for (pause, step) in &self.steps {
            let step = serde_json::to_string(step).map_err(|_| fmt::Error)?;
            writeln!(f, "+{:.3} {step}", pause.as_secs_f64())?;
        }
        Ok(())
    }
}

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut history = Self::default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            history.read(line).ok_or_else(|| format!("not a line of a history: {line}"))?;
        }
        Ok(history)
    }
}

impl History {
    fn read(&mut self, line: &str) -> Option<()> {
        match line.split_once(' ') {
            None if line == "strict" => self.strict = true,
            None if line == "metallb-schemas" => self.metallb_schemas = true,
            Some(("seed", seed)) => self.seed = seed.parse().ok()?,
            Some(("controllers", count)) => self.controllers = count.parse().ok()?,
            Some((pause, step)) => {
                let pause: f64 = pause.strip_prefix('+')?.parse().ok()?;
                self.steps.push((Duration::try_from_secs_f64(pause).ok()?, serde_json::from_str(step).ok()?));
            }
            None => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn a_history_is_read_as_it_was_written() {
        for seed in 0..50 {
            let history = generate::history(seed);
            assert_eq!(history.to_string().parse(), Ok(history));
        }
    }

    #[test]
    fn a_line_that_says_nothing_is_refused() {
        for line in ["seed", "seed x", "+1 \"Rest\"", "1 \"Quiet\"", "loud"] {
            assert!(line.parse::<History>().is_err(), "{line}");
        }
    }
}
