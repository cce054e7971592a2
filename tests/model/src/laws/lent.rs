//! What IPAM endpoints lend, and what is given back.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use patina::addr::Family;
use patina::lending::Ask;

use super::quiet::is_full;
use super::{Law, Laws, Settled, Violation, hold};
use crate::node::Asked;
use crate::object;
use crate::reference::{Book, Holdings};
use crate::server::Server;
use crate::step::Type;

impl Laws {
    /// A call is sent.
    ///
    /// # Errors
    /// [`Law::InUse`].
    pub fn released(&self, asked: &Asked, server: &Server, at: Duration) -> Result<(), Violation> {
        let Ask::Release(claim, Some(address)) = &asked.call.ask else { return Ok(()) };
        let shown = server.service(&claim.loan.service).filter(|service| {
            let heard = service.identity.version.parse().is_ok_and(|version: u64| version <= asked.heard);
            heard && service.identity.uid == claim.loan.uid && service.ingress.contains(address)
        });
        let by_hand = self.phase.addresses.contains(address);
        let of_this = claim.loan.which.admits(*address) && Family::of(*address) == claim.loan.family;
        hold(shown.is_none() || by_hand || !of_this, Law::InUse, at, || {
            format!("{address} of {claim} is released, which is known to be shown")
        })
    }
}

/// Nothing stays lent that nobody uses, and what is used is lent. Of an endpoint that no pool in force names, nobody knows.
pub(super) fn lent(settled: &Settled<'_>, holdings: &Holdings, at: Duration) -> Result<(), Violation> {
    let (truth, book) = (settled.truth, Book::read(settled.truth));
    let in_force = || truth.pools.iter().filter(|(number, _)| book.sound(**number).is_some());
    let named: BTreeSet<u8> = in_force().filter_map(|(_, offered)| offered.wish.lender).collect();
    let held: BTreeSet<IpAddr> = holdings.values().flat_map(|has| has.addresses.iter().copied()).collect();
    let asks = |uid: &str| {
        truth.services.iter().any(|(number, asked)| {
            let full = holdings.get(number).is_some_and(|has| is_full(has, asked));
            *asked.uid == *uid && asked.wish.kind == Type::Balancer && !full
        })
    };
    for number in named {
        let Some(endpoint) = settled.endpoints.get(usize::from(number)) else { continue };
        for (loan, address) in &endpoint.lends {
            hold(held.contains(address) || asks(&loan.uid), Law::Lent, at, || {
                format!("{address} stays lent to {loan:?}, which does not use it")
            })?;
        }
        let from = |pool: u8| book.sound(pool).is_some() && truth.pools[&pool].wish.lender == Some(number);
        for (service, has) in holdings {
            let its = |address: &&IpAddr| has.homes.of(address.is_ipv6()).is_some_and(from);
            let missing = has.addresses.iter().filter(its).find(|address| endpoint.is_free(**address));
            hold(missing.is_none(), Law::Lent, at, || {
                format!("{} holds {missing:?}, which is not lent", object::service_key(*service))
            })?;
        }
    }
    Ok(())
}
