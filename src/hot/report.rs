//! What the packet thread tells the driver: transitions, never steady state.

use std::net::IpAddr;
use std::time::Duration;

use crate::addr::HardwareAddr;
use crate::name::{LinkIndex, NodeName};
use crate::ownership::Cause;
use crate::time::Instant;

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// This node answers for the address from now on.
    Took {
        /// The address.
        address: IpAddr,
        /// On this link.
        link: LinkIndex,
        /// Why.
        cause: Cause,
        /// Since the first suspicion, or since the offer when there was no owner before.
        took: Duration,
        /// When the first frame was handed out.
        at: Instant,
    },
    /// This node has stopped answering for the address.
    Dropped {
        /// The address.
        address: IpAddr,
        /// On this link.
        link: LinkIndex,
        /// Why.
        cause: Cause,
        /// When.
        at: Instant,
    },
    /// A peer became audible, or silent past its dead-time.
    Peer {
        /// The peer.
        node: NodeName,
        /// On this link.
        link: LinkIndex,
        /// Whether it is heard.
        alive: bool,
        /// When.
        at: Instant,
    },
    /// A station that is no member uses the address.
    Conflict {
        /// The address.
        address: IpAddr,
        /// On this link.
        link: LinkIndex,
        /// The stranger.
        stranger: HardwareAddr,
        /// When.
        at: Instant,
    },
    /// Two live speakers bear one name; one of them must be given another.
    Twins {
        /// The name.
        node: NodeName,
        /// On this link.
        link: LinkIndex,
        /// When.
        at: Instant,
    },
    /// This node's loop stalled and it doubts what it holds, or it has resumed.
    Doubt {
        /// On this link.
        link: LinkIndex,
        /// Whether it doubts from now on.
        doubting: bool,
        /// When.
        at: Instant,
    },
    /// Everything is handed over or dropped; the process may exit.
    Left,
}
