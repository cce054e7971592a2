//! What this node offers, out of where it may answer for each address.

use std::net::IpAddr;

use crate::election::Eligibility;
use crate::name::LinkIndex;

/// This node may answer for an address on a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer {
    /// The external address.
    pub address: IpAddr,
    /// Where.
    pub link: LinkIndex,
    /// Sum of the preferences that match this node (0 without preferences).
    pub weight: u32,
    /// In no Service's status when first seen: to be probed before its first use (RFC 5227, RFC 4862).
    pub fresh: bool,
}

/// All offers of a node, by address and link. An address of which no Service may be answered for here is in none.
pub fn desired(eligible: &[Eligibility]) -> Vec<Offer> {
    eligible.iter().flat_map(offers).collect()
}

fn offers(eligibility: &Eligibility) -> Vec<Offer> {
    let Some(places) = eligibility.places() else { return Vec::new() };
    let offer =
        |link| Offer { address: eligibility.address, link, weight: places.weight, fresh: eligibility.fresh };
    places.links.into_iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::election::{Exclusion, Places};
    use crate::name::ObjectKey;

    fn eligible(places: Result<Places, Exclusion>) -> Eligibility {
        let services = vec![(ObjectKey::new("web", "shop"), places)];
        Eligibility { address: "192.0.2.1".parse().unwrap(), services, fresh: true }
    }

    #[test]
    fn an_address_is_offered_on_each_of_its_links() {
        let places = Places { links: [LinkIndex(2), LinkIndex(3)].into(), named: [].into(), weight: 3 };
        let offers = desired(&[eligible(Ok(places))]);
        let links: Vec<_> = offers.iter().map(|o| (o.link.0, o.weight, o.fresh)).collect();
        assert_eq!(links, [(2, 3, true), (3, 3, true)]);
    }

    #[test]
    fn an_excluded_address_is_not_offered() {
        assert_eq!(desired(&[eligible(Err(Exclusion::NoServingEndpoint))]), []);
    }
}
