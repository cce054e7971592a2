//! What the node's links offer: frames in and out, links as they change, group membership.
//!
//! ```text
//!  netlink ──► links ──► watch: Vec<LinkState> ──► driver ──► Controls ──┐
//!                  └──► groups (MLD) ◄── watch: wanted groups ◄── driver  │
//!                                                                         ▼
//!  segment ◄──► packet sockets ◄──► packet thread, which runs patina::hot::Hot ──► reports ──► driver
//! ```
//!
//! This room decides nothing about addresses. It needs the capability NET_RAW; SYS_NICE and IPC_LOCK are used when they
//! are there.

pub mod counters;
mod exclusion;
mod filter;
mod groups;
mod hot;
mod links;
mod packet;
mod privilege;
mod reading;
mod sys;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv6Addr;
use std::sync::Arc;

use patina::hot::{Report, Settings};
use patina::name::LinkIndex;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use counters::{Counters, MachineCounts};
pub use exclusion::{EXCLUSION_FILE, Exclusion, ExclusionError};
pub use hot::{Controls, Look};
pub use links::{AddressState, LinkAddress, LinkState, Unusable};
pub use privilege::{Extra, Extras, MissingPrivilege};

/// Reports that wait for the driver. When they are full, the rest stay in the machine until there is room: none is lost.
const REPORTS: usize = 1024;

/// Wanted solicited-node groups, whole, by link.
pub type WantedGroups = BTreeMap<LinkIndex, BTreeSet<Ipv6Addr>>;

/// What never changes while the process runs.
#[derive(Debug)]
pub struct NetSettings {
    /// Settings of the machine that the packet thread runs.
    pub machine: Settings,
    /// Links that are never worked on, by name.
    pub exclusion: Exclusion,
}

/// The links of this node, at work. Dropping it closes every socket and ends the packet thread; let the machine
/// leave first ([`patina::hot::Control::Leave`]).
#[derive(Debug)]
pub struct Net {
    /// Every link, whole, after each change; those that are never worked on say why.
    pub links: watch::Receiver<Vec<LinkState>>,
    /// What the driver tells the machine.
    pub controls: Controls,
    /// What the machine tells the driver.
    pub reports: mpsc::Receiver<Report>,
    /// Wanted solicited-node groups: send the whole set, the latest counts.
    pub groups: watch::Sender<WantedGroups>,
    /// What was counted so far.
    pub counters: Arc<Counters>,
    /// Which optional privileges the packet thread got.
    pub extras: Extras,
    _packet_thread: hot::PacketThread,
    _tasks: [Task; 2],
}

/// Why nothing could be started. Nothing is left behind.
#[derive(Debug, Error)]
pub enum StartError {
    /// The one privilege that is needed.
    #[error(transparent)]
    Privilege(#[from] MissingPrivilege),
    /// The kernel's list of links could not be read.
    #[error("the kernel does not list its links")]
    Links(#[source] io::Error),
    /// The packet thread could not be set up.
    #[error("the packet thread did not start")]
    PacketThread(#[source] io::Error),
}

/// Starts everything in the network namespace of the calling thread, on its runtime.
///
/// # Errors
/// See [`StartError`]; waiting helps in no case.
pub async fn start(settings: NetSettings) -> Result<Net, StartError> {
    privilege::check()?;
    let counters = Arc::new(Counters::default());
    let (links, watch_links) = links::start(settings.exclusion).await.map_err(StartError::Links)?;
    let (report, reports) = mpsc::channel(REPORTS);
    let parts =
        hot::start(settings.machine, report, Arc::clone(&counters)).map_err(StartError::PacketThread)?;
    let (groups, wanted) = watch::channel(WantedGroups::new());
    let keep_groups = groups::keep(wanted, links.clone(), Arc::clone(&counters));
    Ok(Net {
        links,
        controls: parts.controls,
        reports,
        groups,
        counters,
        extras: parts.extras,
        _packet_thread: parts.thread,
        _tasks: [watch_links, Task(tokio::spawn(keep_groups))],
    })
}

/// A task that ends when its owner does.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
