//! Whether a process could read what the operator wrote, in the words of its ConfigurationState.

use std::fmt::Write;

use crate::api::ConfigurationResult;
use crate::config::{Problem, ProblemKind};

/// What one process says of its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// In one word.
    pub result: ConfigurationResult,
    /// What is refused, and what is occupied by others, one object a line; empty when nothing is.
    pub summary: String,
}

impl Reading {
    /// What these problems amount to. One that leaves its object in force makes nothing invalid.
    pub fn of(problems: &[Problem]) -> Self {
        let occupied = |p: &Problem| matches!(p.kind, ProblemKind::Occupied { .. });
        let told: Vec<_> = problems.iter().filter(|p| p.kind.rejects() || occupied(p)).collect();
        let mut summary = String::new();
        for (place, problem) in told.iter().enumerate() {
            let line_break = if place == 0 { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = write!(summary, "{line_break}{} {}: {problem}", problem.origin, problem.object);
        }
        let rejects = problems.iter().any(|p| p.kind.rejects());
        let result = if rejects { ConfigurationResult::Invalid } else { ConfigurationResult::Valid };
        Self { result, summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::tests::cluster::{identity, pool};
    use crate::config::{Config, Objects, Origin, ProblemKind};
    use crate::name::PoolName;

    #[test]
    fn row_46_each_refused_object_has_its_line_and_what_is_in_force_has_none() {
        let (good, bad, worse) = (pool("good", &["192.0.2.0/28"]), pool("bad", &["x"]), pool("worse", &[]));
        let objects = Objects { pools: vec![&good, &bad, &worse], ..Objects::default() };
        let (_, problems) = Config::build(&objects, &Config::default());
        let reading = Reading::of(&problems);
        assert_eq!(reading.result, ConfigurationResult::Invalid);
        let lines: Vec<_> = reading.summary.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("IPAddressPool metallb-system/bad: BadRange: spec.addresses[0]: "));
        assert!(lines[1].starts_with("IPAddressPool metallb-system/worse: NoAddresses: spec.addresses: "));
    }

    #[test]
    fn a_pool_that_is_not_there_yet_makes_nothing_invalid() {
        let unknown = Problem {
            origin: Origin::Advertisement,
            object: identity("metallb-system", "all", 0),
            field: "spec.ipAddressPools[0]".into(),
            kind: ProblemKind::UnknownPool(PoolName::from("gold")),
        };
        let reading = Reading::of(&[unknown]);
        assert_eq!((reading.result, reading.summary.as_str()), (ConfigurationResult::Valid, ""));
    }
}
