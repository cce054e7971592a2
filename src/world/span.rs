//! Cluster addresses of Services, as far as they are seen: the cluster may keep to itself which range they are of.

use std::net::IpAddr;

use crate::addr::{AddressRange, Family};
use crate::config::{ClusterRange, Occupant, Occupied};

/// The narrowest prefix of each family that all lie in: the range of the cluster is a prefix too, so it is not wider. It
/// grows once for each bit at most, however many are seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span([Option<AddressRange>; 2]);

impl Span {
    /// More are seen. Whether the span has grown by that.
    pub(super) fn widen(&mut self, seen: &[IpAddr]) -> bool {
        let before = self.clone();
        for address in seen {
            let one = AddressRange::single(*address);
            let span = &mut self.0[usize::from(Family::of(*address) == Family::V6)];
            *span = Some(span.map_or(one, |span| span.through(&one).enclosing_prefix()));
        }
        *self != before
    }

    pub(super) fn occupied(&self) -> impl Iterator<Item = Occupied> {
        let by = || Occupant::Services(ClusterRange::Seen);
        self.0.iter().flatten().map(move |range| Occupied { by: by(), range: *range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(span: &Span) -> Vec<String> {
        span.occupied().map(|part| part.range.to_string()).collect()
    }

    #[test]
    fn it_is_the_narrowest_prefix_of_what_was_seen() {
        let mut span = Span::default();
        assert!(span.widen(&["10.96.0.10".parse().unwrap(), "2001:db8::a".parse().unwrap()]));
        assert_eq!(told(&span), ["10.96.0.10/32", "2001:db8::a/128"]);
        assert!(span.widen(&["10.96.3.1".parse().unwrap()]));
        assert_eq!(told(&span), ["10.96.0.0/22", "2001:db8::a/128"]);
        assert!(!span.widen(&["10.96.2.9".parse().unwrap()]));
    }

    #[test]
    fn it_grows_once_for_each_bit() {
        let mut span = Span::default();
        let address = |n: u32| IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a60_0000 + n));
        let grown = (1..4096).filter(|n| span.widen(&[address(*n)])).count();
        assert!(grown <= 13, "{grown}");
        assert_eq!(told(&span), ["10.96.0.0/20"]);
    }
}
