//! The lab's own ground: what the segment carries and what a fault takes away.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::Context;
use patina::addr::HardwareAddr;
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;

use crate::boxed::boxed;

async fn two_hosts() -> anyhow::Result<(Segment, Host, Host)> {
    let segment = Segment::new(Snooping::Off).await?;
    let host = async |name: &str, number: u8| {
        let addresses =
            [format!("192.168.50.{number}/24").parse()?, format!("fd00:50::{number}/64").parse()?];
        Host::join(&segment, name, HardwareAddr([2, 0, 0, 0, 0, number]), &addresses).await
    };
    let (left, right) = (host("left", 1).await?, host("right", 2).await?);
    Ok((segment, left, right))
}

fn receiver(host: &Host, address: IpAddr) -> anyhow::Result<UdpSocket> {
    let socket = host.namespace().enter(|| UdpSocket::bind((address, 9)))??;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(socket)
}

fn send(host: &Host, to: SocketAddr) -> anyhow::Result<()> {
    let local = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = host.namespace().enter(|| UdpSocket::bind(local))??;
    socket.send_to(b"hello", to)?;
    Ok(())
}

fn hears(from: &Host, socket: &UdpSocket) -> anyhow::Result<bool> {
    send(from, socket.local_addr()?)?;
    Ok(socket.recv(&mut [0; 16]).is_ok())
}

#[test]
fn hosts_on_a_segment_learn_each_others_hardware_address_in_both_families() {
    boxed(|| async {
        let (_segment, left, right) = two_hosts().await?;
        for net in right.addresses() {
            let socket = receiver(&right, net.addr())?;
            assert!(hears(&left, &socket)?, "{net}");
            let entry = left.neighbour(net.addr()).await?.context("no neighbour entry")?;
            assert_eq!(entry.hardware, Some(right.hardware()));
        }
        Ok(())
    });
}

#[test]
fn a_port_out_of_the_bridge_is_silent_and_back_in_it_speaks() {
    boxed(|| async {
        let (segment, left, right) = two_hosts().await?;
        let socket = receiver(&right, right.addresses()[0].addr())?;
        assert!(hears(&left, &socket)?);
        segment.unplug(right.port()).await?;
        assert!(!hears(&left, &socket)?);
        segment.plug(right.port()).await?;
        assert!(hears(&left, &socket)?);
        Ok(())
    });
}

#[test]
fn isolated_ports_do_not_hear_each_other() {
    boxed(|| async {
        let (segment, left, right) = two_hosts().await?;
        let socket = receiver(&right, right.addresses()[0].addr())?;
        assert!(hears(&left, &socket)?);
        for port in [left.port(), right.port()] {
            segment.isolate(port, true).await?;
        }
        assert!(!hears(&left, &socket)?);
        Ok(())
    });
}

#[test]
fn a_forgotten_neighbour_is_asked_for_again() {
    boxed(|| async {
        let (_segment, left, right) = two_hosts().await?;
        let address = right.addresses()[1].addr();
        let socket = receiver(&right, address)?;
        assert!(hears(&left, &socket)?);
        left.forget(address).await?;
        assert_eq!(left.neighbour(address).await?.and_then(|entry| entry.hardware), None);
        assert!(hears(&left, &socket)?);
        Ok(())
    });
}
