//! An endpoint that keeps to the contract, and counts what it is asked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::address;
use crate::addr::Family;
use crate::lending::{Ask, CallError, Claim, Reply};

pub(super) struct Endpoint {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) lends: BTreeMap<String, IpAddr>,
    pub(super) allocated: usize,
    pub(super) released: Vec<IpAddr>,
}

impl Endpoint {
    pub(super) fn lending(addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|a| address(a)).collect();
        Self { addresses, lends: BTreeMap::new(), allocated: 0, released: Vec::new() }
    }

    pub(super) fn answer(&mut self, ask: &Ask) -> Result<Reply, CallError> {
        match ask {
            Ask::List(mark) => {
                let lends = self.lends.iter().map(|(id, address)| (Claim::read(id).unwrap(), *address));
                Ok(Reply::Listed(lends.filter(|(c, _)| c.mark == *mark).map(|(c, a)| (c.loan, a)).collect()))
            }
            Ask::Allocate(claim) => self.allocate(claim),
            Ask::Release(claim, _) => {
                self.released.extend(self.lends.remove(&claim.to_string()));
                Ok(Reply::Released)
            }
        }
    }

    fn allocate(&mut self, claim: &Claim) -> Result<Reply, CallError> {
        if let Some(address) = self.lends.get(&claim.to_string()) {
            return Ok(Reply::Lent(*address));
        }
        let fits = |address: &&IpAddr| {
            Family::of(**address) == claim.loan.family
                && claim.loan.which.named().is_none_or(|named| named == **address)
                && !self.lends.values().any(|lent| lent == *address)
        };
        let free = self.addresses.iter().find(fits).copied();
        let free = free.ok_or_else(|| CallError::Refused("nothing is free".into()))?;
        self.allocated += 1;
        self.lends.insert(claim.to_string(), free);
        Ok(Reply::Lent(free))
    }
}
