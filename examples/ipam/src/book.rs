//! What is lent to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who an address is lent to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Borrower {
    /// Its cluster.
    pub cluster: String,
    /// Its installation in the cluster.
    pub namespace: String,
}

/// One loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// To whom.
    pub borrower: Borrower,
    /// Which address.
    pub address: IpAddr,
}

/// Which addresses will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any of IPv4.
    AnyV4,
    /// Any of IPv6.
    AnyV6,
    /// This one.
    Named(IpAddr),
}

/// Why nothing is lent.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// All are lent.
    #[error("every address is lent")]
    Exhausted,
    /// Somebody else has it.
    #[error("{0} is lent to somebody else")]
    Lent(IpAddr),
    /// It belongs to none of the networks.
    #[error("{0} is in none of the networks")]
    Foreign(IpAddr),
}

/// All loans, by the ids of their claims.
#[derive(Clone, Debug, Default)]
pub struct Book {
    networks: Vec<IpNet>,
    loans: BTreeMap<String, Loan>,
    lent: BTreeSet<IpAddr>,
}

impl Book {
    /// Lends the hosts of these networks, in this order, and knows these loans.
    pub fn new(networks: Vec<IpNet>, loans: BTreeMap<String, Loan>) -> Self {
        let lent = loans.values().map(|loan| loan.address).collect();
        Self { networks, loans, lent }
    }

    /// All loans.
    pub const fn loans(&self) -> &BTreeMap<String, Loan> {
        &self.loans
    }

    /// Lends an address for a claim; the same claim gets the same one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn allocate(&mut self, id: &str, borrower: Borrower, wanted: Wanted) -> Result<IpAddr, Refused> {
        if let Some(loan) = self.loans.get(id) {
            return Ok(loan.address);
        }
        let address = match wanted {
            Wanted::AnyV4 => self.free(IpAddr::is_ipv4)?,
            Wanted::AnyV6 => self.free(IpAddr::is_ipv6)?,
            Wanted::Named(address) => self.named(address)?,
        };
        self.lent.insert(address);
        self.loans.insert(id.to_owned(), Loan { borrower, address });
        Ok(address)
    }

    /// Ends the loan of a claim, if there is one.
    pub fn release(&mut self, id: &str) -> Option<IpAddr> {
        let address = self.loans.remove(id)?.address;
        self.lent.remove(&address);
        Some(address)
    }

    /// So many loans of one borrower whose ids come behind `after`.
    pub fn page(&self, borrower: &Borrower, after: &str, size: usize) -> Vec<(&str, IpAddr)> {
        let behind = self.loans.iter().filter(|(id, _)| id.as_str() > after);
        let theirs = behind.filter(|(_, loan)| loan.borrower == *borrower);
        theirs.take(size).map(|(id, loan)| (id.as_str(), loan.address)).collect()
    }

    fn free(&self, of_family: impl Fn(&IpAddr) -> bool) -> Result<IpAddr, Refused> {
        let networks = self.networks.iter().filter(|network| of_family(&network.addr()));
        let mut hosts = networks.flat_map(IpNet::hosts);
        hosts.find(|address| !self.lent.contains(address)).ok_or(Refused::Exhausted)
    }

    fn named(&self, address: IpAddr) -> Result<IpAddr, Refused> {
        if !self.networks.iter().any(|network| network.contains(&address)) {
            return Err(Refused::Foreign(address));
        }
        if self.lent.contains(&address) { Err(Refused::Lent(address)) } else { Ok(address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        Book::new(vec!["192.0.2.0/30".parse().unwrap(), "2001:db8::/64".parse().unwrap()], BTreeMap::new())
    }

    fn borrower(cluster: &str) -> Borrower {
        Borrower { cluster: cluster.to_owned(), namespace: "metallb-system".to_owned() }
    }

    fn lend(book: &mut Book, id: &str, wanted: Wanted) -> Result<String, Refused> {
        book.allocate(id, borrower("c"), wanted).map(|address| address.to_string())
    }

    #[test]
    fn a_claim_gets_the_same_address_however_often_it_asks() {
        let mut book = book();
        for _ in 0..3 {
            assert_eq!(lend(&mut book, "a", Wanted::AnyV4).unwrap(), "192.0.2.1");
        }
        assert_eq!(lend(&mut book, "b", Wanted::AnyV4).unwrap(), "192.0.2.2");
        assert_eq!(lend(&mut book, "c", Wanted::AnyV4), Err(Refused::Exhausted));
        assert_eq!(lend(&mut book, "d", Wanted::AnyV6).unwrap(), "2001:db8::");
    }

    #[test]
    fn a_named_address_is_lent_or_refused_and_never_another_one() {
        let mut book = book();
        let named = |text: &str| Wanted::Named(text.parse().unwrap());
        assert_eq!(lend(&mut book, "a", named("192.0.2.2")).unwrap(), "192.0.2.2");
        assert!(matches!(lend(&mut book, "b", named("192.0.2.2")), Err(Refused::Lent(_))));
        assert!(matches!(lend(&mut book, "b", named("192.0.3.1")), Err(Refused::Foreign(_))));
    }

    #[test]
    fn what_is_released_is_lent_again_and_releasing_twice_does_nothing() {
        let mut book = book();
        lend(&mut book, "a", Wanted::AnyV4).unwrap();
        assert!(book.release("a").is_some());
        lend(&mut book, "b", Wanted::AnyV4).unwrap();
        assert!(book.release("a").is_none());
        assert_eq!(lend(&mut book, "c", Wanted::AnyV4).unwrap(), "192.0.2.2");
    }

    #[test]
    fn a_list_tells_each_borrower_its_own_page_by_page() {
        let mut book = book();
        for (id, cluster) in [("a", "c"), ("b", "other"), ("c", "c")] {
            book.allocate(id, borrower(cluster), Wanted::AnyV6).unwrap();
        }
        let ids = |after: &str| -> Vec<String> {
            book.page(&borrower("c"), after, 1).into_iter().map(|(id, _)| id.to_owned()).collect()
        };
        assert_eq!((ids(""), ids("a"), ids("c")), (vec!["a".to_owned()], vec!["c".to_owned()], vec![]));
    }
}
