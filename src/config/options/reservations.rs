//! Addresses of a pool that are kept for Services, whether these exist or not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use thiserror::Error;

use crate::addr::RangeSet;
use crate::name::ServiceKey;

/// Why a list of reservations is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReservationError {
    /// Something else than an address, `=`, a namespace, `/` and a name.
    #[error("{0:?} is not of the shape ADDRESS=NAMESPACE/NAME")]
    Shape(String),
    /// The pool has no such address to give.
    #[error("{0} is no address that this pool gives out")]
    Outside(IpAddr),
    /// Written twice.
    #[error("{0}={1} is written twice")]
    Twice(IpAddr, ServiceKey),
}

/// Addresses of a pool that are kept for Services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reservations {
    by_address: BTreeMap<IpAddr, BTreeSet<ServiceKey>>,
    by_service: BTreeMap<ServiceKey, Vec<IpAddr>>,
}

impl Reservations {
    /// Reads `ADDRESS=NAMESPACE/NAME`, once or more, separated by commas or white space.
    pub(super) fn read(text: &str, ranges: &RangeSet) -> Result<Self, ReservationError> {
        let mut reservations = Self::default();
        let separates = |c: char| c == ',' || c.is_whitespace();
        for entry in text.split(separates).filter(|entry| !entry.is_empty()) {
            let (address, service) =
                read_entry(entry).ok_or_else(|| ReservationError::Shape(entry.to_owned()))?;
            if !ranges.contains(address) {
                return Err(ReservationError::Outside(address));
            }
            reservations.add(address, service)?;
        }
        Ok(reservations)
    }

    fn add(&mut self, address: IpAddr, service: ServiceKey) -> Result<(), ReservationError> {
        if !self.by_address.entry(address).or_default().insert(service.clone()) {
            return Err(ReservationError::Twice(address, service));
        }
        self.by_service.entry(service).or_default().push(address);
        Ok(())
    }

    /// Addresses that are kept for the Service, as listed.
    pub fn of(&self, service: &ServiceKey) -> &[IpAddr] {
        self.by_service.get(service).map_or(&[], Vec::as_slice)
    }

    /// All addresses that are kept for somebody.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.by_address.keys().copied()
    }

    /// Whom the address is kept for, if it is not for this Service.
    pub fn bar(&self, address: IpAddr, service: &ServiceKey) -> Option<&ServiceKey> {
        let services = self.by_address.get(&address)?;
        if services.contains(service) { None } else { services.first() }
    }
}

fn read_entry(entry: &str) -> Option<(IpAddr, ServiceKey)> {
    let (address, service) = entry.split_once('=')?;
    let (namespace, name) = service.split_once('/')?;
    let named = is_name(namespace) && is_name(name);
    named.then_some(())?;
    Some((address.parse().ok()?, ServiceKey::new(namespace, name)))
}

/// Letters as the API server admits them in names (RFC 1123).
fn is_name(text: &str) -> bool {
    let admitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !text.is_empty() && text.chars().all(admitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::LastOctet;

    fn read(text: &str) -> Result<Reservations, String> {
        let ranges = ["192.0.2.0/24", "2001:db8::/64"].iter().map(|range| range.parse().unwrap()).collect();
        let ranges = RangeSet::new(ranges, LastOctet::AvoidBuggy).unwrap();
        Reservations::read(text, &ranges).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_kept_for_whom_it_is_written_for_and_for_nobody_else() {
        let reservations = read("192.0.2.7=web/shop, 192.0.2.7=web/shop-udp\n2001:db8::7=web/shop").unwrap();
        let (shop, other) = (ServiceKey::new("web", "shop"), ServiceKey::new("web", "other"));
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(reservations.of(&shop).len(), 2);
        assert_eq!(reservations.bar(address, &shop), None);
        assert_eq!(reservations.bar(address, &other), Some(&shop));
        assert_eq!(reservations.bar("192.0.2.8".parse().unwrap(), &other), None);
        assert_eq!(read(" ,\n").unwrap(), Reservations::default());
    }

    #[test]
    fn what_is_no_reservation_is_named() {
        for (text, error) in [
            ("192.0.2.7", "\"192.0.2.7\" is not of the shape ADDRESS=NAMESPACE/NAME"),
            ("192.0.2.7=shop", "\"192.0.2.7=shop\" is not of the shape ADDRESS=NAMESPACE/NAME"),
            ("192.0.2.7=web/", "\"192.0.2.7=web/\" is not of the shape ADDRESS=NAMESPACE/NAME"),
            ("192.0.2.7=web/a/b", "\"192.0.2.7=web/a/b\" is not of the shape ADDRESS=NAMESPACE/NAME"),
            ("x=web/shop", "\"x=web/shop\" is not of the shape ADDRESS=NAMESPACE/NAME"),
            ("198.51.100.7=web/shop", "198.51.100.7 is no address that this pool gives out"),
            ("192.0.2.255=web/shop", "192.0.2.255 is no address that this pool gives out"),
            ("192.0.2.7=web/shop,192.0.2.7=web/shop", "192.0.2.7=web/shop is written twice"),
        ] {
            assert_eq!(read(text).unwrap_err(), error, "{text}");
        }
    }
}
