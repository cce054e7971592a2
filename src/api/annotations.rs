//! Annotations on Services, under both prefixes.
//!
//! When both prefixes are present the new one wins, even with an empty value.

use std::collections::BTreeMap;

/// The prefix in use.
pub const PREFIX: &str = "metallb.io/";
/// The prefix of old, still honoured.
pub const DEPRECATED_PREFIX: &str = "metallb.universe.tf/";

/// Key of the annotation that the controller writes: the pool an address came from.
pub const ALLOCATED_FROM_POOL: &str = "metallb.io/ip-allocated-from-pool";

/// Key of our own annotation: how many addresses of each of its families a Service asks for, 1 to 16.
pub const ADDRESSES_PER_FAMILY: &str = "patina.dev/addresses-per-family";

/// What a user may ask for on a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// Name of the pool to take the address from, or of two, one for each family.
    AddressPool,
    /// Exact addresses: one, or one of each family.
    LoadBalancerIps,
    /// Key of the Services that agree to share an address.
    AllowSharedIp,
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AddressPool, Self::LoadBalancerIps, Self::AllowSharedIp];

    /// The part of the key behind the prefix.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::AddressPool => "address-pool",
            Self::LoadBalancerIps => "loadBalancerIPs",
            Self::AllowSharedIp => "allow-shared-ip",
        }
    }

    /// The key under the prefix in use.
    pub fn key(self) -> String {
        format!("{PREFIX}{}", self.suffix())
    }

    /// The value in `annotations`, and under which prefix it was found.
    pub fn find(self, annotations: &BTreeMap<String, String>) -> Option<Found<'_>> {
        let value_under = |prefix: &str| annotations.get(&format!("{prefix}{}", self.suffix()));
        if let Some(value) = value_under(PREFIX) {
            return Some(Found { value, prefix: Prefix::Current });
        }
        value_under(DEPRECATED_PREFIX).map(|value| Found { value, prefix: Prefix::Deprecated })
    }
}

/// An annotation that is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its value, as written.
    pub value: &'a str,
    /// Where it stood.
    pub prefix: Prefix,
}

/// Which prefix an annotation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefix {
    /// `metallb.io/`.
    Current,
    /// `metallb.universe.tf/`, worth a notice.
    Deprecated,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_new_prefix_wins_even_when_its_value_is_empty() {
        let both =
            annotations(&[("metallb.io/address-pool", ""), ("metallb.universe.tf/address-pool", "gold")]);
        assert_eq!(Request::AddressPool.find(&both), Some(Found { value: "", prefix: Prefix::Current }));
    }

    #[test]
    fn the_old_prefix_alone_is_honoured_and_named() {
        let old = annotations(&[("metallb.universe.tf/loadBalancerIPs", "192.0.2.1")]);
        let found = Request::LoadBalancerIps.find(&old);
        assert_eq!(found, Some(Found { value: "192.0.2.1", prefix: Prefix::Deprecated }));
        assert_eq!(Request::AllowSharedIp.find(&old), None);
    }
}
