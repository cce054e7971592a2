//! The Pods' network of one node: a bridge with the node's share of the Pod addresses, a namespace for each
//! Pod. Nodes reach each other's shares through their own addresses on the segment.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::Context;
use ipnet::IpNet;
use patina::addr::HardwareAddr;
use patina::name::LinkIndex;

use crate::netlink::{Cable, Netlink, Snooping};
use crate::netns::Namespace;
use crate::segment::LINK;

/// The bridge's name on the node, as CNI plugins call it.
const BRIDGE: &str = "cni0";
/// The node has the first address of its share.
const GATEWAY: u32 = 1;
/// A node runs at most so many Pods (a kubelet's default).
const LAST: u32 = 1 + 110;

/// The Pods' side of a node.
#[derive(Debug)]
pub(crate) struct Network {
    bridge: LinkIndex,
    shares: Vec<IpNet>,
    taken: BTreeSet<u32>,
}

/// A Pod's place in it.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u32,
    link: LinkIndex,
    pub(crate) namespace: Namespace,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Network {
    /// Makes the bridge in the namespace of `netlink`, in the place of one that an earlier agent has left.
    pub(crate) async fn new(netlink: &Netlink, shares: &[IpNet]) -> anyhow::Result<Self> {
        if let Ok(left) = netlink.link(BRIDGE).await {
            netlink.remove(left).await?;
        }
        let bridge = netlink.add_bridge(BRIDGE, Snooping::Off).await?;
        for share in shares {
            netlink.add_address(bridge, at(*share, GATEWAY)?).await?;
        }
        Ok(Self { bridge, shares: shares.to_vec(), taken: BTreeSet::new() })
    }

    /// Makes a namespace with the next free addresses.
    pub(crate) async fn seat(&mut self, netlink: &Netlink, name: &str) -> anyhow::Result<Seat> {
        let number =
            (GATEWAY + 1..=LAST).find(|number| !self.taken.contains(number)).context("node is full")?;
        let namespace = Namespace::new(name)?;
        let inside = Netlink::open(&namespace)?;
        inside.loopback_up().await?;
        // Cables of an earlier agent's Pods may take a moment to vanish.
        let near = format!("veth{}-{number}", std::process::id());
        let hardware = hardware(self.shares.first(), number);
        let link = netlink.add_cable(Cable { near: &near, into: &namespace, far: LINK, hardware }).await?;
        netlink.plug(link, self.bridge).await?;
        let addresses = self.settle(&inside, number).await?;
        netlink.until_usable(link).await?;
        self.taken.insert(number);
        Ok(Seat { number, link, namespace, addresses })
    }

    /// Takes the seat away.
    pub(crate) async fn clear(&mut self, netlink: &Netlink, seat: Seat) -> anyhow::Result<()> {
        self.taken.remove(&seat.number);
        Ok(netlink.remove(seat.link).await?)
    }

    async fn settle(&self, inside: &Netlink, number: u32) -> anyhow::Result<Vec<IpAddr>> {
        let own = inside.link(LINK).await?;
        inside.up(own).await?;
        let mut addresses = Vec::new();
        for share in &self.shares {
            let address = at(*share, number)?;
            inside.add_address(own, address).await?;
            inside.add_route(everywhere(*share), Some(at(*share, GATEWAY)?.addr()), own).await?;
            addresses.push(address.addr());
        }
        inside.until_usable(own).await?;
        Ok(addresses)
    }
}

/// The address with this number in the share, with the share's prefix.
fn at(share: IpNet, number: u32) -> anyhow::Result<IpNet> {
    let address = match share.network() {
        IpAddr::V4(first) => IpAddr::from((u32::from(first) + number).to_be_bytes()),
        IpAddr::V6(first) => IpAddr::from((u128::from(first) + u128::from(number)).to_be_bytes()),
    };
    Ok(IpNet::new(address, share.prefix_len())?)
}

fn everywhere(share: IpNet) -> IpNet {
    let any = match share {
        IpNet::V4(_) => IpAddr::from([0; 4]),
        IpNet::V6(_) => IpAddr::from([0; 16]),
    };
    // A prefix of zero bits fits any address.
    IpNet::new_assert(any, 0)
}

/// Locally administered, one per share and number.
fn hardware(share: Option<&IpNet>, number: u32) -> HardwareAddr {
    let third = match share.map(IpNet::network) {
        Some(IpAddr::V4(address)) => address.octets()[2],
        Some(IpAddr::V6(_)) | None => 0,
    };
    let [_, _, high, low] = number.to_be_bytes();
    HardwareAddr([0x02, 0x70, 0, third, high, low])
}
