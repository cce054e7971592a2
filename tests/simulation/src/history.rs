//! A history: how the cluster is made, and what happens to it when.
//!
//! As text, one line for the making and one for each step:
//!
//! ```text
//! seed=7 nodes=3 addresses=2 links=1 profile=default end=20
//! 0 start 0
//! 12.5 freeze 2 402ms
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use patina::hot::FailBack;

use crate::fault::{Step, TextError};
pub use crate::setup::{Profiles, Setup};

/// A history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How the cluster is made.
    pub setup: Setup,
    /// What happens, in order of time.
    pub steps: Vec<(Duration, Step)>,
}

impl History {
    /// A cluster of `nodes`, all started within the first millisecond, with one IPv4 and one IPv6 address.
    pub fn of(nodes: u16) -> Self {
        let setup = Setup::of(nodes);
        let spread = |node: u16| Duration::from_micros(u64::from(node) * 1000 / u64::from(nodes));
        let steps = (0..nodes).map(|node| (spread(node), Step::Start(node))).collect();
        Self { setup, steps }
    }

    /// The same with another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// The same with this many addresses from the start.
    pub fn addresses(mut self, addresses: u16) -> Self {
        self.setup.addresses = addresses;
        self
    }

    /// The same with this many links and segments.
    pub fn links(mut self, links: u8) -> Self {
        self.setup.links = links;
        self
    }

    /// The same with these profiles.
    pub fn profiles(mut self, profiles: Profiles) -> Self {
        self.setup.profiles = profiles;
        self
    }

    /// The same with clocks that run fast and slow.
    pub fn drifting(mut self) -> Self {
        self.setup.drifting = true;
        self
    }

    /// The same with a last node that has the name of the first.
    pub fn twins(mut self) -> Self {
        self.setup.twins = true;
        self
    }

    /// The same with the links of each node on one segment.
    pub fn joined(mut self) -> Self {
        self.setup.joined = true;
        self
    }

    /// The same with clients that ask only when their caches make them.
    pub fn quiet(mut self) -> Self {
        self.setup.quiet = true;
        self
    }

    /// The same with this policy of failing back.
    pub fn fail_back(mut self, policy: FailBack) -> Self {
        self.setup.fail_back = policy;
        self
    }

    /// The same without the start of a node.
    pub fn without(mut self, node: u16) -> Self {
        self.steps.retain(|(_, step)| *step != Step::Start(node));
        self
    }

    /// The same with a step at `seconds`.
    pub fn at(mut self, seconds: f64, step: Step) -> Self {
        self.steps.push((Duration::from_micros((seconds * 1e6) as u64), step));
        self.steps.sort_by_key(|(at, _)| *at);
        self
    }

    /// The same, ending at `seconds`.
    pub fn until(mut self, seconds: u64) -> Self {
        self.setup.end = Duration::from_secs(seconds);
        self
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.setup)?;
        for (at, step) in &self.steps {
            writeln!(f, "{} {step}", at.as_secs_f64())?;
        }
        Ok(())
    }
}

impl FromStr for History {
    type Err = TextError;

    /// Reads a history; empty lines and lines that begin with `#` are left out.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let setup = lines.next().ok_or_else(|| TextError(String::new()))?.parse()?;
        let steps = lines.map(read_step).collect::<Result<_, _>>()?;
        Ok(Self { setup, steps })
    }
}

fn read_step(line: &str) -> Result<(Duration, Step), TextError> {
    let refuse = || TextError(line.to_owned());
    let (seconds, step) = line.trim().split_once(' ').ok_or_else(refuse)?;
    let seconds: f64 = seconds.parse().map_err(|_| refuse())?;
    let at = Duration::try_from_secs_f64(seconds).map_err(|_| refuse())?;
    Ok((at, step.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_back_from_its_text() {
        let history = History::of(3)
            .seed(99)
            .profiles(Profiles::Mixed)
            .drifting()
            .joined()
            .quiet()
            .fail_back(FailBack::After(Duration::from_secs(30)))
            .at(12.5, Step::Heal)
            .at(3.000125, Step::Loss(100));
        let text = format!("# found by a random history\n\n{history}");
        assert_eq!(text.parse(), Ok(history));
    }
}
