//! IPAM endpoints: what each lends, and the moods in which it answers.
//!
//! A sound one lends the addresses that the pool gives out, as an operator would have told it: the lowest that it lends to
//! nobody. Any address is lent that is asked for by name and lent to nobody. What it has lent stays lent, in whatever mood.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use patina::addr::Family;
use patina::lending::{Ask, CallError, Reply};
use patina::world::LoanKey;

use crate::object::pool_name;
use crate::reference::Book;
use crate::step::Mood;
use crate::truth::Truth;

/// Endpoints that there are.
pub const ENDPOINTS: u8 = 2;

/// One endpoint.
#[derive(Debug, Default)]
pub struct Endpoint {
    /// How it answers.
    pub mood: Mood,
    /// What it lends.
    pub lends: BTreeMap<LoanKey, IpAddr>,
    /// It was in another mood than the sound one since all was last settled.
    pub troubled: bool,
    /// When something was done that the controller which leads did not ask for.
    pub disturbed: Duration,
    /// When it was last asked for all that it lends.
    pub listed: Duration,
}

impl Endpoint {
    /// Does what it is asked in its mood; `None`: it does not answer.
    pub fn ask(&mut self, ask: &Ask, truth: &Truth) -> Option<Result<Reply, CallError>> {
        match self.mood {
            Mood::Sound | Mood::Slow(_) => Some(self.obey(ask, truth)),
            Mood::Dead => Some(Err(CallError::Failed("it cannot be reached".into()))),
            Mood::Silent => None,
            Mood::Mute => {
                let _ = self.obey(ask, truth);
                None
            }
            Mood::Refusing if matches!(ask, Ask::Allocate(_)) => Some(Err(CallError::Refused("no".into()))),
            Mood::Lying(address) => Some(self.lie(ask, address, truth)),
            Mood::Refusing => Some(self.obey(ask, truth)),
        }
    }

    fn lie(&mut self, ask: &Ask, address: IpAddr, truth: &Truth) -> Result<Reply, CallError> {
        let Ask::Allocate(claim) = ask else { return self.obey(ask, truth) };
        self.lends.insert(claim.loan.clone(), address);
        Ok(Reply::Lent(address))
    }

    fn obey(&mut self, ask: &Ask, truth: &Truth) -> Result<Reply, CallError> {
        match ask {
            Ask::List(_) => {
                Ok(Reply::Listed(self.lends.iter().map(|(key, address)| (key.clone(), *address)).collect()))
            }
            Ask::Allocate(claim) => self.allocate(&claim.loan, truth),
            Ask::Release(claim, _) => {
                self.lends.remove(&claim.loan);
                Ok(Reply::Released)
            }
        }
    }

    fn allocate(&mut self, loan: &LoanKey, truth: &Truth) -> Result<Reply, CallError> {
        if let Some(address) = self.lends.get(loan) {
            return Ok(Reply::Lent(*address));
        }
        if let Some(named) = loan.which.named().filter(|named| self.is_free(*named)) {
            self.lends.insert(loan.clone(), named);
            return Ok(Reply::Lent(named));
        }
        let book = Book::read(truth);
        let pool = truth.pools.keys().find(|number| pool_name(**number) == loan.pool.as_str());
        let offered = pool.and_then(|pool| book.sound(*pool)).map(|sound| &sound.usable);
        let fits = |address: &&IpAddr| Family::of(**address) == loan.family && loan.which.named().is_none();
        let free = offered.into_iter().flatten().filter(fits).find(|address| self.is_free(**address));
        let free = *free.ok_or_else(|| CallError::Refused("nothing is free".into()))?;
        self.lends.insert(loan.clone(), free);
        Ok(Reply::Lent(free))
    }

    /// Whether it lends the address to nobody.
    pub fn is_free(&self, address: IpAddr) -> bool {
        !self.lends.values().any(|lent| *lent == address)
    }
}
