//! The ground on which a speaker stands: a node takes packets to a virtual address, and says nothing about it.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use patina::addr::HardwareAddr;
use patina_lab::cluster::prepare;
use patina_lab::host::Host;
use patina_lab::netlink::{NeighbourState, Reception, Snooping};
use patina_lab::segment::Segment;
use patina_lab::wait::wait_for;
use socket2::{Domain, Socket, Type};

use crate::boxed::boxed;

const VIRTUAL: [&str; 2] = ["192.168.50.240", "fd00:50::240"];

struct Ground {
    _segment: Segment,
    node: Host,
    client: Host,
}

async fn ground() -> anyhow::Result<Ground> {
    let segment = Segment::new(Snooping::Off).await?;
    let join = async |name: &str, number: u8| {
        let addresses =
            [format!("192.168.50.{number}/24").parse()?, format!("fd00:50::{number}/64").parse()?];
        Host::join(&segment, name, HardwareAddr([2, 0, 0, 0, 0, number]), &addresses).await
    };
    let (node, client) = (join("node", 11).await?, join("client", 100).await?);
    prepare(&node)?;
    for address in VIRTUAL {
        node.netlink().add_virtual(address.parse()?, Reception::Local).await?;
    }
    Ok(Ground { _segment: segment, node, client })
}

fn knock(client: &Host, address: IpAddr) -> anyhow::Result<()> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = client.namespace().enter(|| std::net::UdpSocket::bind(any))??;
    socket.send_to(b"knock", (address, 9))?;
    Ok(())
}

#[test]
fn the_kernel_of_a_node_never_answers_for_a_virtual_address() {
    boxed(|| async {
        let ground = ground().await?;
        for address in VIRTUAL {
            let address: IpAddr = address.parse()?;
            knock(&ground.client, address)?;
            let gave_up = async || {
                let entry = ground.client.neighbour(address).await?.context("no entry")?;
                Ok((entry.state == NeighbourState::Failed).then_some(entry.hardware))
            };
            let hardware = wait_for("the client gives up", Duration::from_secs(20), gave_up).await?;
            assert_eq!(hardware, None, "{address}");
        }
        Ok(())
    });
}

#[test]
fn packets_to_a_virtual_address_are_received_although_it_is_on_no_link() {
    boxed(|| async {
        let ground = ground().await?;
        for address in VIRTUAL {
            let address: IpAddr = address.parse()?;
            let socket = ground.node.namespace().enter(|| -> std::io::Result<Socket> {
                let at = std::net::SocketAddr::new(address, 9);
                let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
                match address {
                    IpAddr::V4(_) => socket.set_freebind_v4(true)?,
                    IpAddr::V6(_) => socket.set_freebind_v6(true)?,
                }
                socket.bind(&at.into())?;
                socket.set_read_timeout(Some(Duration::from_secs(5)))?;
                Ok(socket)
            })??;
            let (client, node) = (&ground.client, &ground.node);
            client.netlink().remember(client.link(), address, node.hardware()).await?;
            knock(client, address)?;
            let mut heard = [0; 16];
            let socket: std::net::UdpSocket = socket.into();
            assert_eq!(socket.recv(&mut heard)?, 5);
        }
        Ok(())
    });
}

#[test]
fn a_dropped_virtual_address_is_neither_received_nor_passed_on() {
    boxed(|| async {
        let ground = ground().await?;
        let netlink = ground.node.netlink();
        for address in VIRTUAL {
            let address: IpAddr = address.parse()?;
            netlink.remove_virtual(address, Reception::Local).await?;
            netlink.add_virtual(address, Reception::Drop).await?;
            let client = &ground.client;
            client.netlink().remember(client.link(), address, ground.node.hardware()).await?;
            knock(client, address)?;
            // Passed on, it would make the node ask the segment for the address.
            let asked = ground.node.neighbour(address).await?;
            assert_eq!(asked, None, "{address}");
        }
        Ok(())
    });
}
