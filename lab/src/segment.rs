//! A broadcast domain: a bridge in a namespace of its own, the "switch".
//!
//! ```text
//!   node-1          node-2         client        namespaces
//!     eth0            eth0           eth0
//!      │               │              │          cables (veth)
//!   ┌──┴───────────────┴──────────────┴──┐
//!   │ node-1        node-2        client │       ports
//!   │               br0                  │       bridge, in the namespace "switch"
//!   └────────────────────────────────────┘
//! ```

use anyhow::Context;
use patina::addr::HardwareAddr;
use patina::name::LinkIndex;

use crate::netlink::{Cable, Netlink, NetlinkError, Snooping};
use crate::netns::Namespace;

/// Name of the segment's link inside each attached namespace.
pub const LINK: &str = "eth0";

/// A broadcast domain.
#[derive(Debug)]
pub struct Segment {
    switch: Namespace,
    netlink: Netlink,
    bridge: LinkIndex,
}

/// The switch's end of a cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(LinkIndex);

impl Segment {
    /// Makes an empty segment.
    pub async fn new(snooping: Snooping) -> anyhow::Result<Self> {
        let switch = Namespace::new("switch").context("make the switch")?;
        if snooping == Snooping::Off {
            // The bridge itself says nothing on the segment. A querier needs an address to ask from.
            switch.set("net/ipv6/conf/default/disable_ipv6", "1")?;
        }
        let netlink = Netlink::open(&switch)?;
        let bridge = netlink.add_bridge("br0", snooping).await?;
        Ok(Self { switch, netlink, bridge })
    }

    /// The namespace of the bridge, for captures.
    pub fn switch(&self) -> &Namespace {
        &self.switch
    }

    /// The bridge's index in that namespace.
    pub fn bridge(&self) -> LinkIndex {
        self.bridge
    }

    /// Joins `namespace` to the segment through a link called [`LINK`], which is left down.
    pub async fn attach(&self, namespace: &Namespace, hardware: HardwareAddr) -> Result<Port, NetlinkError> {
        self.attach_as(namespace, LINK, namespace.name(), hardware).await
    }

    /// As [`Self::attach`], with names of one's own for the link and for the switch's port.
    pub async fn attach_as(
        &self,
        namespace: &Namespace,
        link: &str,
        port: &str,
        hardware: HardwareAddr,
    ) -> Result<Port, NetlinkError> {
        let cable = Cable { near: port, into: namespace, far: link, hardware };
        let port = Port(self.netlink.add_cable(cable).await?);
        self.plug(port).await?;
        Ok(port)
    }

    /// Waits until a port, whose far end is up, carries frames.
    ///
    /// # Errors
    /// Not within ten seconds.
    pub async fn until_usable(&self, port: Port) -> anyhow::Result<()> {
        self.netlink.until_usable(port.0).await
    }

    /// Puts a port (back) into the bridge.
    pub async fn plug(&self, port: Port) -> Result<(), NetlinkError> {
        self.netlink.plug(port.0, self.bridge).await
    }

    /// Takes a port out of the bridge. The far end keeps its carrier and hears nobody any more.
    pub async fn unplug(&self, port: Port) -> Result<(), NetlinkError> {
        self.netlink.unplug(port.0).await
    }

    /// Pulls the cable: the far end loses its carrier.
    pub async fn pull(&self, port: Port) -> Result<(), NetlinkError> {
        self.netlink.down(port.0).await
    }

    /// Puts the cable back.
    pub async fn put_back(&self, port: Port) -> Result<(), NetlinkError> {
        self.netlink.up(port.0).await
    }

    /// Takes a cable away for good.
    pub async fn remove(&self, port: Port) -> Result<(), NetlinkError> {
        self.netlink.remove(port.0).await
    }

    /// Keeps isolated ports from hearing each other; ports that are not isolated hear all.
    pub async fn isolate(&self, port: Port, on: bool) -> Result<(), NetlinkError> {
        self.netlink.isolated(port.0, on).await
    }
}
