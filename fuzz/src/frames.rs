//! Frames of a segment.

use patina::addr::HardwareAddr;
use patina::membership::beat::Part;
use patina::membership::codec;
use patina::membership::list::{Held, Slice};
use patina::membership::member::Version;
use patina::membership::offers::{Claim, Weight};
use patina::wire::ipv4udp::Datagram;
use patina::wire::{self, Message, Received, ethernet, icmpv6};

const ICMPV6_AT: usize = ethernet::HEADER + icmpv6::IPV6_HEADER;
const STATION: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);

/// A frame as it comes.
pub fn arp(bytes: &[u8]) {
    if let Ok(received) = wire::read(bytes) {
        written_again(received);
    }
}

/// A frame whose ICMPv6 checksum is mended, since no fuzzer would ever guess it.
pub fn ndp(bytes: &[u8]) {
    arp(bytes);
    let mut frame = bytes.to_vec();
    mend(&mut frame);
    arp(&frame);
}

/// A frame as it comes, a payload that is put into a sound one, and a beat behind its seal.
pub fn datagram(bytes: &[u8]) {
    arp(bytes);
    let payload = &bytes[..bytes.len().min(wire::ipv4udp::MAX_PAYLOAD)];
    written_again(Received {
        ethernet: ethernet::Header {
            destination: wire::ipv4udp::GROUP_HARDWARE,
            source: STATION,
            ethertype: ethernet::EtherType::Ipv4,
        },
        message: Message::Datagram(Datagram { source: [192, 0, 2, 1].into(), payload }),
    });
    if let Ok(beat) = codec::decode(bytes) {
        assert_eq!(
            codec::decode(&codec::encode(&beat)),
            Ok(beat.clone()),
            "a beat that was read is written as itself"
        );
        beat.parts.into_iter().for_each(list);
    }
}

/// A slice of a list that nobody has seen before, taken for a whole change.
fn list(part: Part) {
    let whole = |slice| Slice { base: Version(0), index: 0, count: 1, ..slice };
    match part {
        Part::Offers(slice) => drop(Held::<Weight>::new().take(whole(slice))),
        Part::Claims(slice) => drop(Held::<Claim>::new().take(whole(slice))),
    }
}

fn written_again(received: Received<'_>) {
    let (source, destination) = (received.ethernet.source, received.ethernet.destination);
    let mut frame = Vec::new();
    match received.message {
        Message::Arp(packet) => frame.extend_from_slice(&packet.frame(destination)),
        Message::Solicitation(message) => frame.extend_from_slice(&message.frame(source, destination)),
        Message::Advertisement(message) => frame.extend_from_slice(&message.frame(source, destination)),
        Message::Datagram(datagram) => datagram.write(source, &mut frame),
    }
    let again = wire::read(&frame).map(|again| again.message);
    assert_eq!(again, Ok(received.message), "what was read is written as itself");
}

fn mend(frame: &mut [u8]) {
    let Some((headers, message)) = frame.split_at_mut_checked(ICMPV6_AT) else { return };
    let length = usize::from(u16::from_be_bytes([headers[18], headers[19]])).min(message.len());
    let message = &mut message[..length];
    let Some(field) = message.get_mut(2..4) else { return };
    field.fill(0);
    let address = |at: usize| <[u8; 16]>::try_from(&headers[at..at + 16]).map(Into::into);
    let (Ok(source), Ok(destination)) = (address(22), address(38)) else { return };
    let sum = icmpv6::checksum(source, destination, message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
}
