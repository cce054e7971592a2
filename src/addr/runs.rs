//! A set of addresses, kept as runs of neighbours: where the next one is that is not in it costs the same however long a
//! run is.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// First and last address of each run; between two of them at least one address is missing.
    runs: BTreeMap<IpAddr, IpAddr>,
}

impl Runs {
    /// The last address of the run that `address` is in; `None`: it is not in the set.
    pub fn last_from(&self, address: IpAddr) -> Option<IpAddr> {
        self.run_of(address).map(|(_, last)| last)
    }

    /// Puts an address in.
    pub fn insert(&mut self, address: IpAddr) {
        if self.last_from(address).is_some() {
            return;
        }
        let last = above(address).and_then(|next| self.runs.remove(&next)).unwrap_or(address);
        let first =
            below(address).and_then(|previous| self.run_of(previous)).map_or(address, |(first, _)| first);
        self.runs.insert(first, last);
    }

    /// Takes an address out.
    pub fn remove(&mut self, address: IpAddr) {
        let Some((first, last)) = self.run_of(address) else { return };
        self.runs.remove(&first);
        if let Some(previous) = below(address).filter(|_| first < address) {
            self.runs.insert(first, previous);
        }
        if let Some(next) = above(address).filter(|_| address < last) {
            self.runs.insert(next, last);
        }
    }

    fn run_of(&self, address: IpAddr) -> Option<(IpAddr, IpAddr)> {
        let (first, last) = self.runs.range(..=address).next_back()?;
        (address <= *last).then_some((*first, *last))
    }
}

fn above(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

fn below(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_sub(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_sub(1).map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_and_their_ends_do_not_touch() {
        let mut runs = Runs::default();
        for end in ["255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            runs.insert(ip(end));
        }
        assert_eq!(runs.last_from(ip("255.255.255.255")), Some(ip("255.255.255.255")));
        assert_eq!(runs.last_from(ip("::")), Some(ip("::")));
        runs.remove(ip("255.255.255.255"));
        assert_eq!(runs.last_from(ip("255.255.255.255")), None);
    }

    proptest! {
        #[test]
        fn a_run_ends_where_the_next_address_is_missing(
            steps in prop::collection::vec((any::<bool>(), 0u32..24), 0..80),
        ) {
            let address = |n: u32| IpAddr::from(Ipv4Addr::from_bits(0xc000_0200 + n));
            let (mut runs, mut naive) = (Runs::default(), BTreeSet::new());
            for (put, n) in steps {
                if put {
                    runs.insert(address(n));
                    naive.insert(n);
                } else {
                    runs.remove(address(n));
                    naive.remove(&n);
                }
            }
            for n in 0..24 {
                let last = (n..).find(|m| !naive.contains(m)).and_then(|end| end.checked_sub(1)).filter(|m| *m >= n);
                prop_assert_eq!(runs.last_from(address(n)), last.map(address));
            }
        }
    }
}
