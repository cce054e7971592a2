//! What a Service asks for, after reading its class, families and annotations.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::wish::{self, MOST_PER_FAMILY};
use super::{Addresses, PoolWish, Refusal, Terms};
use crate::addr::Family;
use crate::world::{FamilyPolicy, Service};

/// Which Services are ours: those that name this class, or without a class those that name none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancerClass(pub Option<Arc<str>>);

impl LoadBalancerClass {
    /// Whether the Service is ours.
    pub fn claims(&self, service: &Service) -> bool {
        self.0 == service.class
    }
}

/// Which families a Service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// This family alone.
    Only(Family),
    /// Both, or nothing.
    Both,
    /// Both if a pool has both, otherwise `primary`, otherwise the other family.
    PreferBoth {
        /// The first of `spec.ipFamilies`.
        primary: Family,
    },
}

/// What one Service wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Which families.
    pub families: Families,
    /// The addresses that the user named, or why they cannot be read.
    pub requested: Result<Option<Addresses>, Refusal>,
    /// The pools that the user named, or why that cannot be read.
    pub pool: Result<Option<PoolWish>, Refusal>,
    /// How many addresses of each family are to be found where the user named none, or why that cannot be read.
    pub per_family: Result<u8, Refusal>,
    /// On which terms it would share.
    pub terms: Arc<Terms>,
}

impl fmt::Display for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(family) => family.fmt(f),
            Self::Both => f.write_str("IPv4 and IPv6"),
            Self::PreferBoth { primary } => write!(f, "IPv4 and IPv6, or else one, {primary} first"),
        }
    }
}

impl Families {
    /// Of two cluster addresses it is the policy that decides; of one, that one does.
    fn read(service: &Service) -> Result<Self, Refusal> {
        let cluster = service.cluster_families.iter().copied().collect::<Option<Vec<_>>>();
        let cluster = cluster.filter(|c| !c.is_empty()).ok_or(Refusal::NoClusterAddress)?;
        let dual = cluster.contains(&Family::V4) && cluster.contains(&Family::V6);
        let primary = service.primary_family.unwrap_or(Family::V4);
        match (dual, service.family_policy) {
            (false, FamilyPolicy::Require) => Err(Refusal::NotDualStack),
            (false, FamilyPolicy::Single | FamilyPolicy::Prefer) => Ok(Self::Only(cluster[0])),
            (true, FamilyPolicy::Prefer) => Ok(Self::PreferBoth { primary }),
            (true, FamilyPolicy::Single | FamilyPolicy::Require) => Ok(Self::Both),
        }
    }

    /// What would do, the best first.
    pub(super) fn choices(self) -> [Option<Self>; 3] {
        match self {
            Self::Only(_) | Self::Both => [Some(self), None, None],
            Self::PreferBoth { primary } => {
                [Some(Self::Both), Some(Self::Only(primary)), Some(Self::Only(primary.other()))]
            }
        }
    }

    /// Those that have a place, IPv4 first.
    pub(super) fn each(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |family| self.wants(*family))
    }

    /// Whether one of them less would not do.
    pub(super) const fn are_required(self) -> bool {
        match self {
            Self::Only(_) | Self::Both => true,
            Self::PreferBoth { .. } => false,
        }
    }

    /// Whether an address of `family` has a place.
    pub fn wants(self, family: Family) -> bool {
        match self {
            Self::Only(only) => only == family,
            Self::Both | Self::PreferBoth { .. } => true,
        }
    }

    /// Whether these addresses are of exactly those families that a request must name.
    fn are_those_of(self, requested: &Addresses) -> bool {
        match self {
            Self::Only(family) => requested.first(family).is_some() && !requested.is_dual(),
            Self::Both | Self::PreferBoth { .. } => requested.is_dual(),
        }
    }
}

impl Demand {
    /// Reads what the Service asks for.
    ///
    /// # Errors
    /// The refusal that stands whatever pools there are.
    pub fn read(service: &Service) -> Result<Self, Refusal> {
        let families = Families::read(service)?;
        let per_family = wish::per_family(service);
        Ok(Self {
            families,
            requested: read_request(service, families, per_family.clone().unwrap_or(1)),
            pool: PoolWish::read(service.annotations.address_pool.as_ref()),
            per_family,
            terms: Arc::new(Terms::of(service)),
        })
    }

    /// The families that the Service wants, IPv4 first.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Family> + use<> {
        self.families.each()
    }

    /// The pools that it names, if that can be read.
    pub(super) fn named_pools(&self) -> Option<&PoolWish> {
        self.pool.as_ref().ok()?.as_ref()
    }

    /// How many addresses of a family it is to have. Of a request each address counts, so nothing is added to it.
    pub(super) fn least(&self) -> usize {
        let asked = if self.requested == Ok(None) { self.per_family.clone() } else { Ok(1) };
        asked.unwrap_or(1).into()
    }

    /// How many addresses of a family it may keep: who writes what cannot be read loses nothing by it.
    pub(super) fn most(&self) -> usize {
        self.per_family.clone().unwrap_or(MOST_PER_FAMILY).into()
    }
}

/// How many addresses of a family a status may show.
pub(crate) fn most_per_family(service: &Service) -> usize {
    wish::per_family(service).unwrap_or(MOST_PER_FAMILY).into()
}

fn read_request(service: &Service, families: Families, most: u8) -> Result<Option<Addresses>, Refusal> {
    let annotated =
        service.annotations.load_balancer_ips.as_ref().map(|a| &a.value).filter(|v| !v.is_empty());
    let text = match (annotated, &service.load_balancer_ip) {
        (Some(_), Some(_)) => return Err(Refusal::RequestedTwice),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => return Ok(None),
    };
    let requested = read_addresses(text, most).ok_or_else(|| Refusal::BadRequest(text.clone()))?;
    if families.are_those_of(&requested) { Ok(Some(requested)) } else { Err(Refusal::WrongFamily) }
}

/// Addresses, `most` of each family, separated by commas; blanks around them are tolerated.
fn read_addresses(text: &str, most: u8) -> Option<Addresses> {
    let list = text.split(',').map(|part| part.trim().parse::<IpAddr>().ok()).collect::<Option<Vec<_>>>()?;
    let addresses = list.iter().copied().collect::<Addresses>();
    let few = Family::ALL.into_iter().all(|family| addresses.count(family) <= most.into());
    (few && addresses.iter().count() == list.len()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_12_a_request_is_one_address_or_one_of_each_family() {
        let read = |text| read_addresses(text, 1).map(|a| a.to_string());
        assert_eq!(read("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(read(" 2001:db8::1 , 192.0.2.1 ").as_deref(), Some("192.0.2.1 and 2001:db8::1"));
        for bad in ["", "192.0.2.1,", "192.0.2.1,192.0.2.2", "a", "192.0.2.1,2001:db8::1,2001:db8::2"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_names_as_many_of_a_family_as_are_asked_for() {
        let read = |text| read_addresses(text, 2).map(|a| a.to_string());
        assert_eq!(read("192.0.2.2,192.0.2.1").as_deref(), Some("192.0.2.1 and 192.0.2.2"));
        for bad in ["192.0.2.1,192.0.2.1", "192.0.2.1,192.0.2.2,192.0.2.3"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
