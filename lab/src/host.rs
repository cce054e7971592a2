//! A host on the segment: a namespace with one link, addresses of both families and a neighbour cache.

use std::net::IpAddr;

use anyhow::Context;
use ipnet::IpNet;
use patina::addr::HardwareAddr;
use patina::name::LinkIndex;

use crate::netlink::{Neighbour, Netlink, NetlinkError};
use crate::netns::Namespace;
use crate::segment::{LINK, Port, Segment};

/// A host.
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    netlink: Netlink,
    link: LinkIndex,
    hardware: HardwareAddr,
    port: Port,
    addresses: Vec<IpNet>,
}

impl Host {
    /// Makes a host and attaches it. When this returns, its addresses work.
    pub async fn join(
        segment: &Segment,
        name: &str,
        hardware: HardwareAddr,
        addresses: &[IpNet],
    ) -> anyhow::Result<Self> {
        let namespace = Namespace::new(name).with_context(|| format!("make host {name}"))?;
        let netlink = Netlink::open(&namespace)?;
        netlink.loopback_up().await?;
        let port = segment.attach(&namespace, hardware).await?;
        let link = netlink.link(LINK).await?;
        netlink.up(link).await?;
        for address in addresses {
            netlink.add_address(link, *address).await?;
        }
        netlink.until_usable(link).await?;
        segment.until_usable(port).await?;
        Ok(Self { namespace, netlink, link, hardware, port, addresses: addresses.to_vec() })
    }

    /// The host's name.
    pub fn name(&self) -> &str {
        self.namespace.name()
    }

    /// Where it lives.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Its kernel's ear.
    pub fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// Index of its link on the segment.
    pub fn link(&self) -> LinkIndex {
        self.link
    }

    /// Hardware address of its link on the segment.
    pub fn hardware(&self) -> HardwareAddr {
        self.hardware
    }

    /// The switch's end of its cable.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Its addresses on the segment, each with the segment's prefix.
    pub fn addresses(&self) -> &[IpNet] {
        &self.addresses
    }

    /// What it remembers about `address`.
    pub async fn neighbour(&self, address: IpAddr) -> Result<Option<Neighbour>, NetlinkError> {
        let all = self.netlink.neighbours().await?;
        Ok(all.into_iter().find(|entry| entry.address == address))
    }

    /// Makes it forget where frames for `address` go. The kernel may keep an entry without hardware address
    /// for a while.
    pub async fn forget(&self, address: IpAddr) -> Result<(), NetlinkError> {
        if self.neighbour(address).await?.is_none() {
            return Ok(());
        }
        self.netlink.forget(self.link, address).await
    }
}
