//! Annotations on IPAddressPools under our own prefix: what MetalLB's schema has no field for.

use std::collections::BTreeMap;

/// The prefix of everything that is ours alone.
pub const OWN_PREFIX: &str = "patina.dev/";

/// What an operator may ask of a pool beyond its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PoolOption {
    /// How long an address that was let go of is kept for the Service that held it.
    CoolDown,
    /// Which addresses are kept for which Services.
    Reserve,
    /// Which addresses are never given out.
    Exclude,
    /// The endpoint that lends its addresses.
    Ipam,
}

impl PoolOption {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CoolDown, Self::Reserve, Self::Exclude, Self::Ipam];

    /// The part of the key behind the prefix.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::CoolDown => "cool-down",
            Self::Reserve => "reserve",
            Self::Exclude => "exclude",
            Self::Ipam => "ipam",
        }
    }

    /// The key.
    pub fn key(self) -> String {
        format!("{OWN_PREFIX}{}", self.suffix())
    }
}

/// Annotations under our own prefix, each by the part of its key behind it.
pub(crate) fn own(annotations: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let own = |(key, value): (&String, &String)| {
        key.strip_prefix(OWN_PREFIX).map(|suffix| (suffix.to_owned(), value.clone()))
    };
    annotations.into_iter().flatten().filter_map(own).collect()
}
