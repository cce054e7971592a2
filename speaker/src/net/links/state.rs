//! What the speaker needs to know of a link, out of what the kernel says of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use patina::addr::HardwareAddr;
use patina::hot::LinkFacts;
use patina::name::{LinkIndex, LinkName};
use patina::world::Link;

use super::Exclusion;

/// One link at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// `ifindex`.
    pub index: LinkIndex,
    /// Name at this moment.
    pub name: LinkName,
    /// Hardware address at this moment.
    pub hardware: HardwareAddr,
    /// Set up, and the layer below is up (`IFF_UP` and `IFF_LOWER_UP`).
    pub carrier: bool,
    /// How often the carrier came or went: two readings that differ tell of a flap between them.
    pub carrier_changes: u32,
    /// Why the link is never worked on, if it is not.
    pub unusable: Option<Unusable>,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<LinkAddress>,
}

/// Why a link is never worked on, whatever its carrier. The first that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unusable {
    /// It is a loopback link.
    Loopback,
    /// It has no Ethernet header or no hardware address of one station.
    NotEthernet,
    /// It speaks no ARP (`IFF_NOARP`), or knows no broadcast.
    NoArp,
    /// It belongs to a bridge, bond or VRF, which is worked on in its place.
    Enslaved,
    /// Its name is on the list of excluded interfaces.
    ExcludedByName,
}

impl Unusable {
    /// The one word used in status, metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::NotEthernet => "notEthernet",
            Self::NoArp => "noArp",
            Self::Enslaved => "enslaved",
            Self::ExcludedByName => "excludedByName",
        }
    }
}

/// An address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAddress {
    /// The address with its prefix length, host bits kept.
    pub net: IpNet,
    /// Whether it may be used.
    pub state: AddressState,
}

/// Whether an address may be used (RFC 4862 §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressState {
    /// It may.
    Usable,
    /// Duplicate address detection is at work.
    Tentative,
    /// Another station has it.
    Duplicate,
}

impl LinkState {
    /// What the packet thread needs of it; nothing if it is never worked on.
    ///
    /// A tentative address is the source of nothing: until a link-local address has settled, [`LinkFacts::source_v6`] is
    /// empty.
    pub fn facts(&self) -> Option<LinkFacts> {
        if self.unusable.is_some() {
            return None;
        }
        Some(LinkFacts {
            index: self.index,
            name: self.name.clone(),
            hardware: self.hardware,
            carrier: self.carrier,
            source_v4: self.usable().find_map(ipv4),
            source_v6: self.usable().find_map(link_local),
        })
    }

    /// What the world knows of it; nothing if it is never worked on.
    pub fn world(&self) -> Option<Link> {
        if self.unusable.is_some() {
            return None;
        }
        let prefixes = self.addresses.iter().map(|address| address.net).collect();
        Some(Link { index: self.index, name: self.name.clone(), carrier: self.carrier, prefixes })
    }

    fn usable(&self) -> impl Iterator<Item = IpAddr> {
        let usable = self.addresses.iter().filter(|address| address.state == AddressState::Usable);
        usable.map(|address| address.net.addr())
    }
}

fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    }
}

fn link_local(address: IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(v6) => v6.is_unicast_link_local().then_some(v6),
        IpAddr::V4(_) => None,
    }
}

/// Puts links and addresses together, by index.
pub(super) fn states(
    links: &[LinkMessage],
    addresses: &[AddressMessage],
    exclusion: &Exclusion,
) -> Vec<LinkState> {
    let mut states: Vec<_> = links.iter().map(|link| state(link, addresses, exclusion)).collect();
    states.sort_by_key(|state| state.index);
    states
}

fn state(link: &LinkMessage, addresses: &[AddressMessage], exclusion: &Exclusion) -> LinkState {
    let seen = Seen::of(link);
    let index = link.header.index;
    let mine = addresses.iter().filter(|address| address.header.index == index);
    let flags = link.header.flags;
    LinkState {
        index: LinkIndex(index),
        name: seen.name.into(),
        hardware: seen.hardware.unwrap_or_default(),
        carrier: flags.contains(LinkFlags::Up | LinkFlags::LowerUp),
        carrier_changes: seen.carrier_changes,
        unusable: unusable(link, &seen, exclusion),
        addresses: mine.filter_map(link_address).collect(),
    }
}

fn unusable(link: &LinkMessage, seen: &Seen<'_>, exclusion: &Exclusion) -> Option<Unusable> {
    let flags = link.header.flags;
    if flags.contains(LinkFlags::Loopback) {
        return Some(Unusable::Loopback);
    }
    if link.header.link_layer_type != LinkLayerType::Ether || !seen.hardware.is_some_and(|h| h.is_station()) {
        return Some(Unusable::NotEthernet);
    }
    if flags.contains(LinkFlags::Noarp) || !flags.contains(LinkFlags::Broadcast) {
        return Some(Unusable::NoArp);
    }
    if seen.enslaved {
        return Some(Unusable::Enslaved);
    }
    exclusion.matches(seen.name).then_some(Unusable::ExcludedByName)
}

/// The attributes that matter.
#[derive(Default)]
struct Seen<'a> {
    name: &'a str,
    hardware: Option<HardwareAddr>,
    enslaved: bool,
    carrier_changes: u32,
}

impl<'a> Seen<'a> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel's list of attributes is open")]
    fn of(link: &'a LinkMessage) -> Self {
        let mut seen = Self::default();
        for attribute in &link.attributes {
            match attribute {
                LinkAttribute::IfName(name) => seen.name = name,
                LinkAttribute::Address(bytes) => {
                    seen.hardware = bytes.as_slice().try_into().ok().map(HardwareAddr)
                }
                LinkAttribute::Controller(master) => seen.enslaved = *master != 0,
                LinkAttribute::CarrierChanges(count) => seen.carrier_changes = *count,
                _ => {}
            }
        }
        seen
    }
}

/// The own address is `IFA_LOCAL` where there is one: on a point-to-point link `IFA_ADDRESS` is the far end.
#[expect(clippy::wildcard_enum_match_arm, reason = "the kernel's list of attributes is open")]
fn link_address(message: &AddressMessage) -> Option<LinkAddress> {
    let (mut address, mut local, mut flags) = (None, None, AddressFlags::empty());
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(value) => address = Some(*value),
            AddressAttribute::Local(value) => local = Some(*value),
            AddressAttribute::Flags(value) => flags = *value,
            _ => {}
        }
    }
    let net = IpNet::new(local.or(address)?, message.header.prefix_len).ok()?;
    Some(LinkAddress { net, state: address_state(flags) })
}

fn address_state(flags: AddressFlags) -> AddressState {
    if flags.contains(AddressFlags::Dadfailed) {
        return AddressState::Duplicate;
    }
    if flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic) {
        return AddressState::Tentative;
    }
    AddressState::Usable
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FLAGS: LinkFlags = LinkFlags::Up.union(LinkFlags::LowerUp).union(LinkFlags::Broadcast);

    fn link(index: u32, name: &str, flags: LinkFlags, more: &[LinkAttribute]) -> LinkMessage {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.link_layer_type = LinkLayerType::Ether;
        message.header.flags = flags;
        message.attributes = vec![
            LinkAttribute::IfName(name.into()),
            LinkAttribute::Address(vec![2, 0, 0, 0, 0, index.try_into().unwrap()]),
        ];
        message.attributes.extend_from_slice(more);
        message
    }

    fn address(index: u32, net: &str, flags: AddressFlags) -> AddressMessage {
        let net: IpNet = net.parse().unwrap();
        let mut message = AddressMessage::default();
        message.header.index = index;
        message.header.prefix_len = net.prefix_len();
        message.attributes = vec![AddressAttribute::Address(net.addr()), AddressAttribute::Flags(flags)];
        message
    }

    fn read(links: &[LinkMessage], addresses: &[AddressMessage]) -> Vec<LinkState> {
        states(links, addresses, &Exclusion::read(Path::new("/nowhere")).unwrap())
    }

    #[test]
    fn a_link_has_its_own_addresses_and_sources() {
        let links = [link(3, "eth1", FLAGS, &[]), link(2, "eth0", FLAGS, &[])];
        let addresses = [
            address(2, "192.0.2.5/24", AddressFlags::Permanent),
            address(2, "192.0.2.6/24", AddressFlags::Permanent),
            address(2, "2001:db8::5/64", AddressFlags::Permanent),
            address(2, "fe80::5/64", AddressFlags::Permanent),
            address(3, "198.51.100.1/24", AddressFlags::Permanent),
        ];
        let states = read(&links, &addresses);
        assert_eq!(states[0].index, LinkIndex(2));
        assert_eq!(states[1].addresses.len(), 1);
        let facts = states[0].facts().unwrap();
        assert_eq!(facts.source_v4, Some(Ipv4Addr::new(192, 0, 2, 5)));
        assert_eq!(facts.source_v6, Some("fe80::5".parse().unwrap()));
        assert!(facts.carrier);
        assert!(states[0].world().unwrap().on_subnet("192.0.2.200".parse().unwrap()));
    }

    #[test]
    fn a_tentative_or_duplicate_address_is_the_source_of_nothing() {
        let addresses = [
            address(2, "fe80::5/64", AddressFlags::Tentative),
            address(2, "fe80::6/64", AddressFlags::Dadfailed),
        ];
        let states = read(&[link(2, "eth0", FLAGS, &[])], &addresses);
        assert_eq!(states[0].facts().unwrap().source_v6, None);
        assert_eq!(states[0].addresses[1].state, AddressState::Duplicate);
    }

    #[test]
    fn the_far_end_of_a_point_to_point_link_is_not_its_address() {
        let mut message = address(2, "192.0.2.5/32", AddressFlags::Permanent);
        message.attributes.push(AddressAttribute::Local("192.0.2.4".parse().unwrap()));
        let states = read(&[link(2, "eth0", FLAGS, &[])], &[message]);
        assert_eq!(states[0].addresses[0].net.to_string(), "192.0.2.4/32");
    }

    #[test]
    fn a_link_without_carrier_stays_in_the_list() {
        let states = read(&[link(2, "eth0", LinkFlags::Up | LinkFlags::Broadcast, &[])], &[]);
        assert!(!states[0].facts().unwrap().carrier);
    }

    #[test]
    fn each_link_that_is_never_worked_on_says_why() {
        let mut tunnel = link(5, "tun0", FLAGS, &[]);
        tunnel.header.link_layer_type = LinkLayerType::Tunnel;
        let cases = [
            (link(1, "lo", FLAGS | LinkFlags::Loopback, &[]), Unusable::Loopback),
            (tunnel, Unusable::NotEthernet),
            (link(6, "eth6", FLAGS | LinkFlags::Noarp, &[]), Unusable::NoArp),
            (link(7, "eth7", LinkFlags::Up, &[]), Unusable::NoArp),
            (link(8, "eth8", FLAGS, &[LinkAttribute::Controller(9)]), Unusable::Enslaved),
            (link(9, "docker0", FLAGS, &[]), Unusable::ExcludedByName),
        ];
        for (link, reason) in cases {
            let states = read(&[link], &[]);
            assert_eq!(states[0].unusable, Some(reason), "{}", states[0].name);
            assert_eq!(states[0].facts(), None);
            assert_eq!(states[0].world(), None);
        }
    }
}
