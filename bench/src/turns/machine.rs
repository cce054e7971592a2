//! One machine on one link.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::{Control, Hot, LinkFacts, Offer, Settings};
use patina::name::LinkIndex;
use patina::time::Instant;

pub(super) const LINK: LinkIndex = LinkIndex(2);
pub(super) const OURS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
pub(super) const SECRET: &[u8] = b"the key of the bench";

/// Address number `number` of a pool.
pub(super) fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number)
}

/// A machine that offers so many addresses, in use before it started.
pub(super) fn machine(name: &str, addresses: u32, now: Instant) -> Hot {
    let settings = Settings::new(name.into(), 1, Some(SECRET.to_vec()), 1);
    let mut machine = Hot::new(settings, now);
    let facts = LinkFacts {
        index: LINK,
        name: "eth0".into(),
        hardware: OURS,
        carrier: true,
        source_v4: Some(Ipv4Addr::new(10, 255, 0, 1)),
        source_v6: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
    };
    machine.handle_control(Control::Links(vec![facts]), now);
    let offer =
        |number| Offer { address: IpAddr::from(address(number)), link: LINK, weight: 0, fresh: false };
    machine.handle_control(Control::Offers((0..addresses).map(offer).collect()), now);
    machine
}

/// One turn without frames; gives the bytes that were sent.
pub(super) fn turn(machine: &mut Hot, now: Instant) -> usize {
    machine.handle_timeout(now);
    let mut bytes = 0;
    while let Some(transmit) = machine.poll_transmit() {
        bytes += transmit.frame.len();
    }
    while machine.poll_report().is_some() {}
    std::hint::black_box(machine.poll_timeout());
    bytes
}

/// Turns whenever something is due.
pub(super) fn run(machine: &mut Hot, mut now: Instant, span: Duration) -> Instant {
    let end = now + span;
    while now < end {
        turn(machine, now);
        let next = machine.poll_timeout().unwrap_or(end);
        now = next.max(now + Duration::from_micros(100)).min(end);
    }
    end
}
