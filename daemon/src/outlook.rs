//! How the watches are doing, in as few lines as possible: one when the API server goes, one when it is back, one that names
//! all kinds that are not installed.

use std::collections::{BTreeMap, BTreeSet};

use patina::world::Kind;

/// How one watch is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchState {
    /// Changes arrive.
    Running,
    /// The API server does not know the kind: its definition is missing.
    NotInstalled,
    /// The API server refuses: a right is missing.
    Forbidden(String),
    /// The API server does not answer, or breaks off.
    Interrupted(String),
}

/// A line that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The API server went away.
    Lost(String),
    /// All watches run again.
    Back,
    /// These kinds are not installed. An empty list: all of them are by now.
    NotInstalled(Vec<&'static str>),
    /// A right is missing.
    Forbidden(String),
}

/// What is known of all watches of a process.
#[derive(Clone, Debug)]
pub struct Outlook {
    awaited: BTreeSet<Kind>,
    states: BTreeMap<Kind, WatchState>,
    lost: bool,
    missing: BTreeSet<Kind>,
}

impl Outlook {
    /// Nothing is known yet of these watches.
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let awaited = kinds.into_iter().collect();
        Self { awaited, states: BTreeMap::new(), lost: false, missing: BTreeSet::new() }
    }

    /// Takes what a watch says of itself; returns the lines that are due.
    pub fn note(&mut self, kind: Kind, state: WatchState) -> Vec<Line> {
        let before = self.states.insert(kind, state.clone());
        self.awaited.remove(&kind);
        let mut lines = Vec::new();
        if let WatchState::Forbidden(reason) = &state
            && before.as_ref() != Some(&state)
        {
            lines.push(Line::Forbidden(reason.clone()));
        }
        lines.extend(self.reachability(&state));
        lines.extend(self.installation());
        lines
    }

    /// Nobody watches this kind any more.
    pub fn forget(&mut self, kind: Kind) {
        self.states.remove(&kind);
        self.awaited.remove(&kind);
    }

    /// Whether the kind cannot be read: its definition or the right to it is missing.
    pub fn is_closed(&self, kind: Kind) -> bool {
        let state = self.states.get(&kind);
        matches!(state, Some(WatchState::NotInstalled | WatchState::Forbidden(_)))
    }

    fn reachability(&mut self, state: &WatchState) -> Option<Line> {
        let interrupted = |s: &WatchState| matches!(s, WatchState::Interrupted(_));
        if let WatchState::Interrupted(reason) = state
            && !self.lost
        {
            self.lost = true;
            return Some(Line::Lost(reason.clone()));
        }
        if self.lost && !self.states.values().any(interrupted) {
            self.lost = false;
            return Some(Line::Back);
        }
        None
    }

    /// Waits for every watch to have said something, so that one line can name all kinds.
    fn installation(&mut self) -> Option<Line> {
        let missing: BTreeSet<Kind> = self
            .states
            .iter()
            .filter(|(kind, state)| **state == WatchState::NotInstalled && is_ours_to_install(**kind))
            .map(|(kind, _)| *kind)
            .collect();
        if !self.awaited.is_empty() || missing == self.missing {
            return None;
        }
        self.missing.clone_from(&missing);
        Some(Line::NotInstalled(missing.into_iter().map(resource).collect()))
    }
}

impl Line {
    /// Writes the line to the log.
    pub fn log(&self) {
        match self {
            Self::Lost(reason) => {
                tracing::warn!(reason, "API server is away; the last known state stays in force")
            }
            Self::Back => tracing::info!("API server is back"),
            Self::NotInstalled(kinds) if kinds.is_empty() => tracing::info!("all definitions are installed"),
            Self::NotInstalled(kinds) => tracing::warn!(
                missing = kinds.join(", "),
                "definitions are not installed; apply charts/patina/crds, looking again until then"
            ),
            // `rights` says it, with verb and resource.
            Self::Forbidden(reason) => tracing::debug!(reason, "a watch waits for a right"),
        }
    }
}

/// An API server has ServiceCIDRs or does not: nobody can install them.
const fn is_ours_to_install(kind: Kind) -> bool {
    !matches!(kind, Kind::ServiceCidr)
}

/// What `kubectl get` calls a kind.
pub const fn resource(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "services",
        Kind::EndpointSlice => "endpointslices.discovery.k8s.io",
        Kind::Node => "nodes",
        Kind::Namespace => "namespaces",
        Kind::Pool => "ipaddresspools.metallb.io",
        Kind::Advertisement => "l2advertisements.metallb.io",
        Kind::L2Status => "servicel2statuses.metallb.io",
        Kind::PoolState => "poolstates.patina.dev",
        Kind::ForeignRange => "foreignranges.patina.dev",
        Kind::ServiceCidr => "servicecidrs.networking.k8s.io",
        Kind::Link => "links",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 3] = [Kind::Service, Kind::Pool, Kind::Advertisement];

    fn away() -> WatchState {
        WatchState::Interrupted("connection refused".to_owned())
    }

    #[test]
    fn one_line_says_that_the_server_went_and_one_that_it_is_back() {
        let mut outlook = Outlook::new(KINDS);
        let lines: Vec<_> = KINDS.into_iter().flat_map(|kind| outlook.note(kind, away())).collect();
        assert_eq!(lines, [Line::Lost("connection refused".to_owned())]);
        let lines: Vec<_> = KINDS.into_iter().flat_map(|k| outlook.note(k, WatchState::Running)).collect();
        assert_eq!(lines, [Line::Back]);
    }

    #[test]
    fn kinds_that_are_not_installed_are_named_together() {
        let mut outlook = Outlook::new(KINDS);
        assert_eq!(outlook.note(Kind::Pool, WatchState::NotInstalled), []);
        assert_eq!(outlook.note(Kind::Advertisement, WatchState::NotInstalled), []);
        let lines = outlook.note(Kind::Service, WatchState::Running);
        let both = vec!["ipaddresspools.metallb.io", "l2advertisements.metallb.io"];
        assert_eq!(lines, [Line::NotInstalled(both)]);
        assert_eq!(outlook.note(Kind::Pool, WatchState::NotInstalled), []);
    }

    #[test]
    fn an_api_server_without_service_cidrs_lacks_nothing() {
        let mut outlook = Outlook::new([Kind::Pool, Kind::ServiceCidr]);
        assert_eq!(outlook.note(Kind::Pool, WatchState::Running), []);
        assert_eq!(outlook.note(Kind::ServiceCidr, WatchState::NotInstalled), []);
        assert!(outlook.is_closed(Kind::ServiceCidr));
    }

    #[test]
    fn a_refusal_is_told_once() {
        let mut outlook = Outlook::new([Kind::Node]);
        let refused = || WatchState::Forbidden("nodes is forbidden".to_owned());
        assert_eq!(outlook.note(Kind::Node, refused()).len(), 1);
        assert_eq!(outlook.note(Kind::Node, refused()), []);
    }
}
