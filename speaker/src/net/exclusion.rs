//! Links that are never worked on, by name: the file that MetalLB's speaker reads, read once at start.
//!
//! Patterns are those of Go: `\d` and its kind mean ASCII. Classes of Unicode letters (`\pL`) are refused: their tables
//! would be a tenth of the program, and the kernel's names of links hardly ever need them.

use std::io;
use std::path::Path;

use regex_lite::Regex;
use serde::Deserialize;
use thiserror::Error;

/// Where the file is mounted.
pub const EXCLUSION_FILE: &str = "/etc/metallb/excludel2.yaml";

/// MetalLB's own list: links of container networks, and loopback.
const DEFAULT: [&str; 14] = [
    "^docker.*",
    "^cbr.*",
    "^dummy.*",
    "^virbr.*",
    "^lxcbr.*",
    "^veth.*",
    "^lo$",
    "^cali.*",
    "^tunl.*",
    "^flannel.*",
    "^kube-ipvs.*",
    "^cni.*",
    "^nodelocaldns.*",
    "^lxc.*",
];

/// Patterns for names of links; each may match anywhere in the name.
#[derive(Clone, Debug)]
pub struct Exclusion(Vec<Regex>);

/// The file cannot be used. Nothing is excluded on its word, so the speaker must not start.
#[derive(Debug, Error)]
pub enum ExclusionError {
    /// It exists and cannot be read.
    #[error("cannot read the list of excluded interfaces")]
    Read(#[source] io::Error),
    /// Not YAML, or without a list `announcedInterfacesToExclude`.
    #[error("the list of excluded interfaces is malformed")]
    Format(#[source] serde_yaml::Error),
    /// A pattern that means nothing.
    #[error("a pattern of excluded interfaces is malformed")]
    Pattern(#[source] regex_lite::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    announced_interfaces_to_exclude: Vec<String>,
}

impl Exclusion {
    /// Reads a file of MetalLB's format; without the file, MetalLB's own list holds.
    ///
    /// # Errors
    /// See [`ExclusionError`].
    pub fn read(path: &Path) -> Result<Self, ExclusionError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new(DEFAULT),
            Err(error) => Err(ExclusionError::Read(error)),
        }
    }

    /// Whether a link of this name is never worked on.
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(name))
    }

    fn parse(text: &str) -> Result<Self, ExclusionError> {
        let file: File = serde_yaml::from_str(text).map_err(ExclusionError::Format)?;
        Self::new(file.announced_interfaces_to_exclude)
    }

    fn new(patterns: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, ExclusionError> {
        let patterns = patterns.into_iter().map(|pattern| Regex::new(pattern.as_ref()));
        patterns.collect::<Result<_, _>>().map(Self).map_err(ExclusionError::Pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_list_is_metallbs() {
        let exclusion = Exclusion::read(Path::new("/nowhere/excludel2.yaml")).unwrap();
        for name in ["lo", "docker0", "veth12ab", "cali0123", "kube-ipvs0", "flannel.1"] {
            assert!(exclusion.matches(name), "{name}");
        }
        for name in ["eth0", "bond0", "lo0", "br0", "ens18"] {
            assert!(!exclusion.matches(name), "{name}");
        }
    }

    #[test]
    fn the_file_replaces_the_list_and_its_patterns_are_not_anchored() {
        let exclusion =
            Exclusion::parse("announcedInterfacesToExclude: [\"th[12]$\", \"^wlan\\\\d+\"]").unwrap();
        assert!(exclusion.matches("eth1") && exclusion.matches("wlan0"));
        assert!(!exclusion.matches("eth0") && !exclusion.matches("docker0"));
    }

    #[test]
    fn an_empty_list_excludes_nothing() {
        assert!(!Exclusion::parse("announcedInterfacesToExclude: []").unwrap().matches("lo"));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_refused() {
        assert!(matches!(
            Exclusion::parse("announcedInterfacesToExclude: 3"),
            Err(ExclusionError::Format(_))
        ));
        assert!(matches!(
            Exclusion::parse("announcedInterfacesToExclude: [\"(\"]"),
            Err(ExclusionError::Pattern(_))
        ));
    }
}
