//! Requests to the kernel's routing netlink, in the words of the lab. The only file that knows `rtnetlink`.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures::TryStreamExt;
use ipnet::IpNet;
use netlink_packet_route::address::AddressHeaderFlags;
use netlink_packet_route::link::{InfoData, InfoVeth, LinkAttribute, LinkMessage, State};
pub use netlink_packet_route::neighbour::NeighbourState;
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::{RouteMessage, RouteScope, RouteType};
use patina::addr::HardwareAddr;
use patina::name::LinkIndex;
use rtnetlink::{Handle, LinkBridge, LinkBridgePort, LinkUnspec, LinkVeth, RouteMessageBuilder};
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::netns::Namespace;
use crate::wait::wait_for;

/// Table that holds the addresses a host takes for its own.
const LOCAL_TABLE: u32 = 255;
/// The loopback link is the first of every namespace.
const LOOPBACK: LinkIndex = LinkIndex(1);

/// Linkwatch, which notices carriers, runs once a second at least.
const USABLE_WITHIN: Duration = Duration::from_secs(10);

/// A netlink request that the kernel refused. Nothing changed.
#[derive(Debug, Error)]
#[error("netlink: {doing}")]
pub struct NetlinkError {
    doing: String,
    #[source]
    source: rtnetlink::Error,
}

/// What a host remembers about a neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Whose entry.
    pub address: IpAddr,
    /// Where frames for it go; none while it is being asked for or did not answer.
    pub hardware: Option<HardwareAddr>,
    /// State of neighbour unreachability detection (RFC 4861 §7.3.2; Linux does the same for ARP).
    pub state: NeighbourState,
    /// Hundredths of a second since the entry was last changed (`ndm_updated`).
    pub updated: u32,
}

/// A way to ask the kernel about one namespace.
#[derive(Debug)]
pub struct Netlink {
    handle: Handle,
    connection: JoinHandle<()>,
}

/// The two ends of a cable: the near one in the namespace that is asked, the far one elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Cable<'a> {
    /// Name of the near end.
    pub near: &'a str,
    /// Where the far end goes.
    pub into: &'a Namespace,
    /// Name of the far end.
    pub far: &'a str,
    /// Hardware address of the far end.
    pub hardware: HardwareAddr,
}

/// What a host does with packets to a virtual address, which is on no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Takes them for its own.
    Local,
    /// Drops them without a word.
    Drop,
}

/// Whether a bridge looks into multicast group membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snooping {
    /// Multicast reaches every port.
    Off,
    /// Multicast reaches only ports that asked for the group; the bridge asks them itself.
    WithQuerier,
}

impl Netlink {
    /// Opens a socket inside `namespace`, served by the calling runtime.
    ///
    /// # Errors
    /// No socket.
    pub fn open(namespace: &Namespace) -> io::Result<Self> {
        let (connection, handle, _) = namespace.enter(rtnetlink::new_connection)??;
        Ok(Self { handle, connection: tokio::spawn(connection) })
    }

    /// The link called `name`.
    pub async fn link(&self, name: &str) -> Result<LinkIndex, NetlinkError> {
        let found = self.handle.link().get().match_name(name).execute().try_next().await;
        let message = found.map_err(failed(|| format!("look for {name}")))?;
        Ok(LinkIndex(message.map_or(0, |link| link.header.index)))
    }

    /// The hardware address of a link.
    pub async fn hardware(&self, link: LinkIndex) -> Result<Option<HardwareAddr>, NetlinkError> {
        let found = self.handle.link().get().match_index(link.0).execute().try_next().await;
        let message = found.map_err(failed(|| format!("look at link {link}")))?;
        Ok(message.as_ref().and_then(hardware_of))
    }

    /// Sets the loopback link up.
    pub async fn loopback_up(&self) -> Result<(), NetlinkError> {
        self.up(LOOPBACK).await
    }

    /// Sets a link up.
    pub async fn up(&self, link: LinkIndex) -> Result<(), NetlinkError> {
        self.change(LinkUnspec::new_with_index(link.0).up().build(), "up").await
    }

    /// Sets a link down.
    pub async fn down(&self, link: LinkIndex) -> Result<(), NetlinkError> {
        self.change(LinkUnspec::new_with_index(link.0).down().build(), "down").await
    }

    /// Whether a link carries packets: it is up, has a carrier, and the kernel has noticed.
    pub async fn carries(&self, link: LinkIndex) -> Result<bool, NetlinkError> {
        let found = self.handle.link().get().match_index(link.0).execute().try_next().await;
        let message = found.map_err(failed(|| format!("look at link {link}")))?;
        let up = LinkAttribute::OperState(State::Up);
        Ok(message.is_some_and(|link| link.attributes.contains(&up)))
    }

    /// Whether every address of a link can be used: duplicate address detection is over (RFC 4862 §5.4).
    pub async fn settled(&self, link: LinkIndex) -> Result<bool, NetlinkError> {
        let request = self.handle.address().get().set_link_index_filter(link.0);
        let all: Result<Vec<_>, _> = request.execute().try_collect().await;
        let all = all.map_err(failed(|| format!("look at the addresses of link {link}")))?;
        Ok(!all.iter().any(|address| address.header.flags.contains(AddressHeaderFlags::Tentative)))
    }

    /// Waits until a link carries packets and its addresses can be used. The kernel notices a carrier, and with
    /// it lets packets out and ends duplicate address detection, a moment after the link was set up.
    ///
    /// # Errors
    /// Not within ten seconds.
    pub async fn until_usable(&self, link: LinkIndex) -> anyhow::Result<()> {
        let usable = async || Ok((self.carries(link).await? && self.settled(link).await?).then_some(()));
        wait_for(&format!("link {link} carries packets"), USABLE_WITHIN, usable).await
    }

    /// Makes `port` a port of `bridge`.
    pub async fn plug(&self, port: LinkIndex, bridge: LinkIndex) -> Result<(), NetlinkError> {
        self.change(LinkUnspec::new_with_index(port.0).controller(bridge.0).build(), "join the bridge").await
    }

    /// Takes `port` out of its bridge; its carrier stays.
    pub async fn unplug(&self, port: LinkIndex) -> Result<(), NetlinkError> {
        self.change(LinkUnspec::new_with_index(port.0).nocontroller().build(), "leave the bridge").await
    }

    /// An isolated port exchanges frames with ports that are not isolated, and with no other.
    pub async fn isolated(&self, port: LinkIndex, on: bool) -> Result<(), NetlinkError> {
        let message = LinkBridgePort::new(port.0).isolated(on).build();
        let done = self.handle.link().set_port(message).execute().await;
        done.map_err(failed(|| format!("isolate port {port}")))
    }

    /// Makes a bridge.
    pub async fn add_bridge(&self, name: &str, snooping: Snooping) -> Result<LinkIndex, NetlinkError> {
        let bridge = LinkBridge::new(name);
        let bridge = match snooping {
            Snooping::Off => bridge.mcast_snooping(false),
            Snooping::WithQuerier => snooping_with_querier(bridge),
        };
        self.add_link(bridge.build(), name).await?;
        self.link(name).await
    }

    /// Lays a cable and returns its near end, which is up; the far end is down.
    pub async fn add_cable(&self, cable: Cable<'_>) -> Result<LinkIndex, NetlinkError> {
        let far = LinkUnspec::new_with_index(0)
            .name(cable.far)
            .address(cable.hardware.0.to_vec())
            .setns_by_fd(cable.into.raw())
            .build();
        let near = LinkVeth::new(cable.near, cable.far)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(far)))
            .up()
            .build();
        self.add_link(near, cable.near).await?;
        self.link(cable.near).await
    }

    /// Removes a link, and with it the other end of its cable.
    pub async fn remove(&self, link: LinkIndex) -> Result<(), NetlinkError> {
        let done = self.handle.link().del(link.0).execute().await;
        done.map_err(failed(|| format!("remove link {link}")))
    }

    /// Gives a link an address.
    pub async fn add_address(&self, link: LinkIndex, address: IpNet) -> Result<(), NetlinkError> {
        let done = self.handle.address().add(link.0, address.addr(), address.prefix_len()).execute().await;
        done.map_err(failed(|| format!("add {address} to link {link}")))
    }

    /// Routes `to` through a link, by way of `via` or directly.
    pub async fn add_route(
        &self,
        to: IpNet,
        via: Option<IpAddr>,
        link: LinkIndex,
    ) -> Result<(), NetlinkError> {
        let doing = || format!("route {to}");
        let route = route_to(to).output_interface(link.0);
        let route = match via {
            Some(gateway) => route.gateway(gateway).map_err(|_| wrong_family(doing()))?,
            None => route.scope(RouteScope::Link),
        };
        self.put_route(route.build(), doing).await
    }

    /// Receives packets to an address without putting it on any link.
    pub async fn add_virtual(&self, address: IpAddr, reception: Reception) -> Result<(), NetlinkError> {
        self.put_route(virtual_route(address, reception), || format!("receive for {address}")).await
    }

    /// Undoes [`Self::add_virtual`].
    pub async fn remove_virtual(&self, address: IpAddr, reception: Reception) -> Result<(), NetlinkError> {
        let done = self.handle.route().del(virtual_route(address, reception)).execute().await;
        done.map_err(failed(|| format!("no longer receive for {address}")))
    }

    /// The neighbour cache of both families.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, NetlinkError> {
        let messages: Result<Vec<_>, _> = self.handle.neighbours().get().execute().try_collect().await;
        let messages = messages.map_err(failed(|| "read the neighbour cache".to_owned()))?;
        Ok(messages.iter().filter_map(neighbour_of).collect())
    }

    /// Writes an entry of the neighbour cache that stays until it is removed.
    pub async fn remember(
        &self,
        link: LinkIndex,
        address: IpAddr,
        hardware: HardwareAddr,
    ) -> Result<(), NetlinkError> {
        let request = self.handle.neighbours().add(link.0, address).link_layer_address(&hardware.0).replace();
        request.execute().await.map_err(failed(|| format!("remember {address}")))
    }

    /// Removes one entry of the neighbour cache.
    pub async fn forget(&self, link: LinkIndex, address: IpAddr) -> Result<(), NetlinkError> {
        let mut request = self.handle.neighbours().add(link.0, address);
        let message = std::mem::take(request.message_mut());
        let done = self.handle.neighbours().del(message).execute().await;
        done.map_err(failed(|| format!("forget {address}")))
    }

    async fn change(&self, message: LinkMessage, doing: &str) -> Result<(), NetlinkError> {
        let index = message.header.index;
        let done = self.handle.link().set(message).execute().await;
        done.map_err(failed(|| format!("link {index}: {doing}")))
    }

    async fn add_link(&self, message: LinkMessage, name: &str) -> Result<(), NetlinkError> {
        let done = self.handle.link().add(message).execute().await;
        done.map_err(failed(|| format!("make link {name}")))
    }

    async fn put_route(&self, route: RouteMessage, doing: impl Fn() -> String) -> Result<(), NetlinkError> {
        self.handle.route().add(route).replace().execute().await.map_err(failed(doing))
    }
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn failed(doing: impl Fn() -> String) -> impl Fn(rtnetlink::Error) -> NetlinkError {
    move |source| NetlinkError { doing: doing(), source }
}

fn wrong_family(doing: String) -> NetlinkError {
    NetlinkError { doing, source: rtnetlink::Error::RequestFailed }
}

/// Queries every second, and the answers are due within a second: membership is known soon after the start.
fn snooping_with_querier(
    bridge: rtnetlink::LinkMessageBuilder<LinkBridge>,
) -> rtnetlink::LinkMessageBuilder<LinkBridge> {
    const SECOND: u64 = 100;
    bridge
        .mcast_snooping(true)
        .mcast_querier(true)
        .mcast_query_use_ifaddr(false)
        .mcast_startup_query_interval(SECOND)
        .mcast_query_interval(10 * SECOND)
        .mcast_query_response_interval(SECOND)
}

fn route_to(to: IpNet) -> RouteMessageBuilder<IpAddr> {
    let route = RouteMessageBuilder::<IpAddr>::new();
    // The only refusal is a prefix longer than the address, which an `IpNet` cannot hold.
    route.destination_prefix(to.addr(), to.prefix_len()).unwrap_or_default()
}

/// A route in the table of local addresses. Only `lo` may carry it; a dropping one needs no link.
fn virtual_route(address: IpAddr, reception: Reception) -> RouteMessage {
    let route = route_to(IpNet::from(address)).table_id(LOCAL_TABLE);
    match reception {
        Reception::Local => {
            route.output_interface(LOOPBACK.0).kind(RouteType::Local).scope(RouteScope::Host).build()
        }
        Reception::Drop => route.kind(RouteType::BlackHole).build(),
    }
}

fn hardware_of(link: &LinkMessage) -> Option<HardwareAddr> {
    link.attributes.iter().find_map(|attribute| {
        let LinkAttribute::Address(bytes) = attribute else { return None };
        bytes.as_slice().try_into().ok().map(HardwareAddr)
    })
}

fn neighbour_of(message: &NeighbourMessage) -> Option<Neighbour> {
    let address = message.attributes.iter().find_map(|attribute| {
        let NeighbourAttribute::Destination(destination) = attribute else { return None };
        address_of(destination)
    })?;
    let hardware = message.attributes.iter().find_map(|attribute| {
        let NeighbourAttribute::LinkLayerAddress(bytes) = attribute else { return None };
        bytes.as_slice().try_into().ok().map(HardwareAddr)
    });
    let updated = message.attributes.iter().find_map(|attribute| {
        let NeighbourAttribute::CacheInfo(info) = attribute else { return None };
        Some(info.updated)
    });
    Some(Neighbour { address, hardware, state: message.header.state, updated: updated.unwrap_or(0) })
}

fn address_of(destination: &NeighbourAddress) -> Option<IpAddr> {
    if let NeighbourAddress::Inet(v4) = destination {
        return Some(IpAddr::V4(*v4));
    }
    let NeighbourAddress::Inet6(v6) = destination else { return None };
    Some(IpAddr::V6(*v6))
}
