//! What users and the operator ask for, in the words of the history: what the reference allocator and the laws go by.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::object::NAMESPACES;
use crate::step::{PoolWish, Wish};

/// What everybody asks for.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Services by number.
    pub services: BTreeMap<u8, Asked>,
    /// Pools by number.
    pub pools: BTreeMap<u8, Offered>,
    /// Addresses that somebody outside the cluster holds.
    pub foreign: BTreeSet<IpAddr>,
    /// The label of each namespace.
    pub labels: [u8; NAMESPACES as usize],
    /// Whether there is an advertisement.
    pub advertised: bool,
    /// A bad request costs what is held.
    pub strict: bool,
}

/// A Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What it asks for.
    pub wish: Wish,
    /// Its uid.
    pub uid: Arc<str>,
    /// When it was created, in seconds.
    pub created: i64,
}

/// A pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// How it is written now.
    pub wish: PoolWish,
    /// Its uid.
    pub uid: Arc<str>,
    /// When it was created, in seconds.
    pub created: i64,
    /// Every address that some version of it has held.
    pub ever: BTreeSet<IpAddr>,
}
