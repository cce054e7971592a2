//! What an endpoint is asked, and what it may answer.

use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;

use super::{Claim, Mark};
use crate::config::IpamEndpoint;
use crate::world::LoanKey;

/// Characters of what an endpoint says that are passed on.
const LONGEST: usize = 200;

/// One call of an endpoint. Carrying it out twice does no more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom to ask.
    pub endpoint: IpamEndpoint,
    /// What.
    pub ask: Ask,
    /// Which term asks: an answer to an earlier one counts no more.
    pub(super) term: u64,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Everything that it lends to this installation.
    List(Mark),
    /// A loan; the same claim gets the same address as long as it is not released.
    Allocate(Claim),
    /// An end to a loan, and the address if it is known. One that there is not is released already.
    Release(Claim, Option<IpAddr>),
}

/// What an endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What it lends to this installation.
    Listed(Vec<(LoanKey, IpAddr)>),
    /// It lends this address.
    Lent(IpAddr),
    /// It does not lend it any more.
    Released,
}

/// Why there is no answer. The words are for people.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallError {
    /// It understood, and said no.
    #[error("{0}")]
    Refused(Arc<str>),
    /// It could not be reached, took too long, or failed itself. What was asked may have been done or not.
    #[error("{0}")]
    Failed(Arc<str>),
    /// It answered something that cannot be understood. What was asked may have been done or not.
    #[error("{0}")]
    Garbled(Arc<str>),
}

/// An address, as an endpoint writes it.
///
/// # Errors
/// [`CallError::Garbled`].
pub fn read_address(text: &str) -> Result<IpAddr, CallError> {
    let garbled = || CallError::Garbled(words(&format!("answered {text:?}, which is no address")));
    text.parse().map_err(|_| garbled())
}

/// Those entries of a list that are loans of this installation, in the order of their keys: what carries no id of ours, or
/// no address, is none of our business.
pub fn read_list<'a>(
    entries: impl IntoIterator<Item = (&'a str, &'a str)>,
    mark: &Mark,
) -> Vec<(LoanKey, IpAddr)> {
    let ours = |(id, address): (&str, &str)| {
        let claim = Claim::read(id).filter(|claim| claim.mark == *mark)?;
        Some((claim.loan, address.parse().ok()?))
    };
    entries.into_iter().filter_map(ours).collect()
}

/// What an endpoint says, as it may stand in a status or a log: bounded, on one line.
pub fn words(text: &str) -> Arc<str> {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let short: String = plain.take(LONGEST).collect();
    let short = short.trim();
    if short.is_empty() { "no reason is given".into() } else { short.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_counts_what_carries_our_mark_and_an_address() {
        let mark = Mark { cluster: "c".into(), namespace: "n".into() };
        let ours = "patina/v1/c/n/lent/web/shop/u/4/any";
        let entries = [
            (ours, "192.0.2.1"),
            ("patina/v1/other/n/lent/web/shop/u/4/any", "192.0.2.2"),
            ("patina/v1/c/n/lent/web/other/u/4/any", "nonsense"),
            ("somebody else's", "192.0.2.3"),
        ];
        let read = read_list(entries, &mark);
        assert_eq!(read.len(), 1, "{read:?}");
        assert_eq!(read[0].1.to_string(), "192.0.2.1");
    }

    #[test]
    fn what_an_endpoint_says_is_short_and_on_one_line() {
        assert_eq!(&*words("full\nreally\u{1b}[31m"), "full really [31m");
        assert_eq!(words(&"x".repeat(10_000)).len(), LONGEST);
        assert_eq!(&*words(" \t"), "no reason is given");
    }
}
