//! What the packet thread tells the driver: transitions, never steady state.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::addr::HardwareAddr;
use crate::name::{LinkIndex, NodeName};
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
    /// Everything is handed over or dropped; the process may exit.
    Left,
}

/// Why an address came or went: a closed list, the same word in status, event, metric and log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// Nobody owned it.
    Unowned,
    /// Its owner fell silent.
    OwnerDied,
    /// Its owner gave it away.
    HandOver,
    /// This node no longer offers it.
    NotOffered,
    /// Another claim won.
    Yielded,
    /// This node doubted itself after a stall.
    Doubt,
    /// The link lost its carrier.
    CarrierLost,
    /// A station that is no member uses it.
    Conflict,
    /// The speaker is leaving.
    Leaving,
}
