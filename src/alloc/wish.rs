//! What the annotations of a Service say beyond MetalLB: one pool for each family, several addresses of a family.

use std::fmt;
use std::sync::Arc;

use super::Refusal;
use crate::addr::Family;
use crate::name::PoolName;
use crate::world::{Annotated, Service};

/// The most addresses of one family that a Service may ask for: beyond that, Services are the better tool.
pub const MOST_PER_FAMILY: u8 = 16;

/// The pools that a user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolWish {
    /// One for all addresses.
    One(PoolName),
    /// Two, each for the family that it has; where both have both, the first is for IPv4.
    Apart(PoolName, PoolName),
}

impl PoolWish {
    /// Reads `metallb.io/address-pool`: a name, or two with a comma between them. An empty text names none.
    pub(super) fn read(annotated: Option<&Annotated>) -> Result<Option<Self>, Refusal> {
        let Some(text) = annotated.map(|a| &a.value).filter(|text| !text.is_empty()) else { return Ok(None) };
        let names: Vec<_> = text.split(',').map(str::trim).collect();
        match names.as_slice() {
            [_] => Ok(Some(Self::One(PoolName::new(text.clone())))),
            [one, other] if one != other && !one.is_empty() && !other.is_empty() => {
                Ok(Some(Self::Apart(PoolName::from(*one), PoolName::from(*other))))
            }
            _ => Err(Refusal::BadPools(text.clone())),
        }
    }

    /// As it is written in `metallb.io/address-pool`.
    pub fn annotation(&self) -> String {
        match self {
            Self::One(pool) => pool.to_string(),
            Self::Apart(one, other) => format!("{one},{other}"),
        }
    }

    /// The pool of this family in the order in which they are written.
    pub(super) const fn written_for(&self, family: Family) -> &PoolName {
        match (self, family) {
            (Self::One(one), _) | (Self::Apart(one, _), Family::V4) => one,
            (Self::Apart(_, other), Family::V6) => other,
        }
    }

    /// Whether it names this pool.
    pub fn names(&self, pool: &PoolName) -> bool {
        match self {
            Self::One(one) => one == pool,
            Self::Apart(one, other) => one == pool || other == pool,
        }
    }
}

impl fmt::Display for PoolWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(pool) => write!(f, "pool {pool}"),
            Self::Apart(one, other) => write!(f, "pools {one} and {other}"),
        }
    }
}

/// How many addresses of each of its families a Service asks for: `patina.dev/addresses-per-family`, or else one.
pub(super) fn per_family(service: &Service) -> Result<u8, Refusal> {
    let Some(text) = service.annotations.per_family.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(1);
    };
    let count = text.trim().parse().ok().filter(|count| (1..=MOST_PER_FAMILY).contains(count));
    count.ok_or_else(|| Refusal::BadCount(Arc::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::tests::cluster::{annotated, service};

    fn read(text: &str) -> Result<Option<PoolWish>, Refusal> {
        PoolWish::read(annotated(text).as_ref())
    }

    #[test]
    fn a_wish_names_one_pool_or_two_different_ones() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("lan"), Ok(Some(PoolWish::One("lan".into()))));
        assert_eq!(read("four, six"), Ok(Some(PoolWish::Apart("four".into(), "six".into()))));
        for bad in ["a,b,c", "a,", ",b", ",", "a,a"] {
            assert_eq!(read(bad), Err(Refusal::BadPools(bad.into())), "{bad}");
        }
    }

    #[test]
    fn a_count_is_a_number_from_one_to_the_most() {
        let count = |text: &str| {
            let mut service = service("s", 1);
            service.annotations.per_family = Some(text.into());
            per_family(&service).ok()
        };
        assert_eq!([count(""), count("1"), count(" 16 ")], [Some(1), Some(1), Some(16)]);
        for bad in ["0", "17", "-1", "two", "1.5"] {
            assert_eq!(count(bad), None, "{bad}");
        }
    }
}
