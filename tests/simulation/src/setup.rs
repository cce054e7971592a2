//! How the cluster of a history is made, as a value and as a line of words.
//!
//! What differs from the usual is named; a line may leave out everything but what it cares for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use patina::hot::FailBack;
use patina::membership::timing::Profile;

use crate::fault::TextError;

/// Which profile the nodes use (protocol.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profiles {
    /// All of them the fast one.
    Fast,
    /// All of them the default.
    Default,
    /// All of them the calm one.
    Calm,
    /// The even nodes the default, the odd ones the calm one.
    Mixed,
}

impl Profiles {
    const WORDS: [(Self, &'static str); 4] =
        [(Self::Fast, "fast"), (Self::Default, "default"), (Self::Calm, "calm"), (Self::Mixed, "mixed")];

    /// The profile of a node.
    pub fn of(self, node: u16) -> Profile {
        match self {
            Self::Fast => Profile::Fast,
            Self::Calm => Profile::Calm,
            Self::Mixed if node % 2 == 1 => Profile::Calm,
            Self::Default | Self::Mixed => Profile::Default,
        }
    }
}

/// How the cluster is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Of all luck.
    pub seed: u64,
    /// Nodes 0 to this.
    pub nodes: u16,
    /// Addresses that exist from the start, offered by all nodes: even ones IPv4, odd ones IPv6.
    pub addresses: u16,
    /// Links of each node.
    pub links: u8,
    /// Whether all links are on one segment; otherwise each is on its own.
    pub joined: bool,
    /// Whether no client asks unless its cache makes it.
    pub quiet: bool,
    /// When addresses go back to their first choice.
    pub fail_back: FailBack,
    /// Which rates the nodes beat at.
    pub profiles: Profiles,
    /// Whether clocks run up to 10 % fast or slow.
    pub drifting: bool,
    /// Whether the last node has the name of the first.
    pub twins: bool,
    /// When the history ends.
    pub end: Duration,
}

impl Setup {
    /// So many nodes, one link each, one IPv4 and one IPv6 address, everything else as by default.
    pub fn of(nodes: u16) -> Self {
        Self {
            seed: 1,
            nodes,
            addresses: 2,
            links: 1,
            joined: false,
            quiet: false,
            fail_back: FailBack::default(),
            profiles: Profiles::Default,
            drifting: false,
            twins: false,
            end: Duration::from_secs(20),
        }
    }

    /// How many segments there are.
    pub fn segments(&self) -> u8 {
        if self.joined { 1 } else { self.links }
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(profiles, _)| profiles == self);
        f.write_str(word.map_or("default", |(_, word)| word))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, nodes, addresses, links, profiles, end, .. } = self;
        write!(f, "seed={seed} nodes={nodes} addresses={addresses} links={links} profile={profiles} ")?;
        let flags =
            [("drift", self.drifting), ("twins", self.twins), ("joined", self.joined), ("quiet", self.quiet)];
        for (name, _) in flags.iter().filter(|(_, set)| *set) {
            write!(f, "{name}=1 ")?;
        }
        match self.fail_back {
            FailBack::Balance => {}
            FailBack::After(wait) => write!(f, "fail-back={} ", wait.as_secs())?,
            FailBack::Never => write!(f, "fail-back=never ")?,
        }
        write!(f, "end={}", end.as_secs())
    }
}

impl FromStr for Setup {
    type Err = TextError;

    fn from_str(line: &str) -> Result<Self, TextError> {
        read_setup(line).ok_or_else(|| TextError(line.to_owned()))
    }
}

fn read_setup(line: &str) -> Option<Setup> {
    let mut setup = Setup::of(0);
    for word in line.split_whitespace() {
        let (name, value) = word.split_once('=')?;
        match name {
            "seed" => setup.seed = value.parse().ok()?,
            "nodes" => setup.nodes = value.parse().ok()?,
            "addresses" => setup.addresses = value.parse().ok()?,
            "links" => setup.links = value.parse().ok()?,
            "profile" => setup.profiles = Profiles::WORDS.iter().find(|(_, word)| *word == value)?.0,
            "drift" => setup.drifting = value != "0",
            "twins" => setup.twins = value != "0",
            "joined" => setup.joined = value != "0",
            "quiet" => setup.quiet = value != "0",
            "fail-back" if value == "never" => setup.fail_back = FailBack::Never,
            "fail-back" => setup.fail_back = FailBack::After(Duration::from_secs(value.parse().ok()?)),
            "end" => setup.end = Duration::from_secs(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(setup)
}
