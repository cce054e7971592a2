//! PoolStates: what is remembered of addresses that were let go of.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::api;
use crate::config::Identity;
use crate::name::ServiceKey;
use crate::time::WallTime;

/// An address that a Service let go of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Released {
    /// When.
    pub since: WallTime,
    /// The address.
    pub address: IpAddr,
    /// Who held it.
    pub service: ServiceKey,
}

/// A PoolState.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolState {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// `spec.released`, sorted; entries that cannot be read are left out.
    pub released: Box<[Released]>,
}

impl From<&api::PoolState> for PoolState {
    fn from(object: &api::PoolState) -> Self {
        let mut released: Vec<_> = object.spec.released.iter().filter_map(read).collect();
        released.sort();
        Self { identity: Identity::from(&object.metadata), released: released.into() }
    }
}

fn read(entry: &api::ReleasedAddress) -> Option<Released> {
    let since = WallTime::read(&entry.since)?;
    let service = ServiceKey::new(entry.namespace.as_str(), entry.name.as_str());
    Some(Released { since, address: entry.address.parse().ok()?, service })
}

impl From<&Released> for api::ReleasedAddress {
    fn from(released: &Released) -> Self {
        Self {
            address: released.address.to_string(),
            namespace: released.service.namespace.to_string(),
            name: released.service.name.to_string(),
            since: released.since.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_no_entry_is_left_out() {
        let entry = |address: &str, since| Released {
            since: WallTime(since),
            address: address.parse().unwrap(),
            service: ServiceKey::new("web", "shop"),
        };
        let (one, other) = (entry("192.0.2.7", 7), entry("2001:db8::7", 5));
        let mut object = api::PoolState::default();
        object.spec.released = [&one, &other].map(api::ReleasedAddress::from).to_vec();
        object.spec.released.push(api::ReleasedAddress { address: "x".into(), ..(&one).into() });
        object.spec.released.push(api::ReleasedAddress { since: "x".into(), ..(&one).into() });
        assert_eq!(*PoolState::from(&object).released, [other, one]);
    }
}
