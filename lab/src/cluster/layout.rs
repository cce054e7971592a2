//! Who has which address. The segment is the network of the quickstart's pool.
//!
//! | what | IPv4 | IPv6 | hardware address |
//! | --- | --- | --- | --- |
//! | node *n* | 192.168.50.(10 + n)/24 | fd00:50::(10 + n)/64 | 02:50:00:00:00:n |
//! | client | 192.168.50.100/24 | fd00:50::100/64 | 02:50:00:00:01:00 |
//! | Pods of node *n* | 10.244.n.0/24 | fd00:10:244:n::/64 | |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use patina::addr::HardwareAddr;

use crate::pods::{NodeSpec, Programs};

/// Node addresses end before the client's.
pub const MOST_NODES: u8 = 80;

const FIRST: u8 = 10;
const CLIENT: u8 = 100;

/// Name of a node.
pub fn node_name(number: u8) -> String {
    format!("node-{number}")
}

/// What the agents of a node must know.
pub fn node(number: u8) -> NodeSpec {
    let shares = [
        net(Ipv4Addr::new(10, 244, number, 0).into(), 24),
        net(Ipv6Addr::new(0xfd00, 0x10, 0x244, number.into(), 0, 0, 0, 0).into(), 64),
    ];
    NodeSpec {
        name: node_name(number),
        addresses: on_the_segment(FIRST + number).to_vec(),
        shares: shares.to_vec(),
        programs: Programs::default(),
    }
}

/// Hardware address of a node's link.
pub const fn node_hardware(number: u8) -> HardwareAddr {
    HardwareAddr([0x02, 0x50, 0, 0, 0, number])
}

/// The client's addresses.
pub fn client() -> [IpNet; 2] {
    on_the_segment(CLIENT)
}

/// Hardware address of the client's link.
pub const CLIENT_HARDWARE: HardwareAddr = HardwareAddr([0x02, 0x50, 0, 0, 1, 0]);

/// Both families end in the same digits, so that a person sees that they belong together.
fn on_the_segment(host: u8) -> [IpNet; 2] {
    let digits = u16::from(host / 100) << 8 | u16::from(host / 10 % 10) << 4 | u16::from(host % 10);
    [
        net(Ipv4Addr::new(192, 168, 50, host).into(), 24),
        net(Ipv6Addr::new(0xfd00, 0x50, 0, 0, 0, 0, 0, digits).into(), 64),
    ]
}

fn net(address: IpAddr, prefix: u8) -> IpNet {
    // The prefixes in this file fit their families.
    IpNet::new_assert(address, prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_addresses_of_a_node_end_alike() {
        let texts: Vec<String> = node(7).addresses.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["192.168.50.17/24", "fd00:50::17/64"]);
        assert_eq!(client().map(|net| net.to_string()), ["192.168.50.100/24", "fd00:50::100/64"]);
    }

    #[test]
    fn no_node_has_the_client_s_address() {
        let last = node(MOST_NODES);
        assert!(last.addresses.iter().all(|net| !client().contains(net)));
        assert_eq!(last.addresses[0].to_string(), "192.168.50.90/24");
    }
}
