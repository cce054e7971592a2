use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::arp::{Arp, Use};
use super::ipv4udp::Datagram;
use super::ndp::{Advertisement, Flags, Solicitation};
use super::*;
use crate::addr::HardwareAddr;

const OURS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
const THEIRS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 2]);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
const VIP6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x1234, 0x5678);
const CLIENT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77);
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// Bytes from hexadecimal digits; blanks and line ends group them for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn message(frame: &[u8]) -> Message<'_> {
    read(frame).unwrap().message
}

#[test]
fn golden_arp_frames() {
    let ask = Arp::request(THEIRS, CLIENT, VIP);
    let cases = [
        (
            Arp::probe(OURS, VIP).broadcast(),
            "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 c000020a",
        ),
        (
            ask.broadcast(),
            "ffffffffffff 020000000002 0806 0001 0800 06 04 0001 020000000002 c000024d 000000000000 c000020a",
        ),
        (
            ask.reply(OURS).frame(THEIRS),
            "020000000002 020000000001 0806 0001 0800 06 04 0002 020000000001 c000020a 020000000002 c000024d",
        ),
        (
            Arp::gratuitous_request(OURS, VIP).broadcast(),
            "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c000020a 000000000000 c000020a",
        ),
        (
            Arp::gratuitous_reply(OURS, VIP).broadcast(),
            "ffffffffffff 020000000001 0806 0001 0800 06 04 0002 020000000001 c000020a 020000000001 c000020a",
        ),
    ];
    for (frame, golden) in cases {
        assert_eq!(frame.as_bytes(), hex(golden));
    }
}

#[test]
fn each_form_of_arp_is_recognised_again() {
    let ask = Arp::request(THEIRS, CLIENT, VIP);
    for (packet, usage) in [
        (Arp::probe(OURS, VIP), Use::Probe),
        (ask, Use::Request),
        (ask.reply(OURS), Use::Reply),
        (Arp::gratuitous_request(OURS, VIP), Use::GratuitousRequest),
        (Arp::gratuitous_reply(OURS, VIP), Use::GratuitousReply),
    ] {
        assert_eq!(message(&packet.broadcast()), Message::Arp(packet));
        assert_eq!(packet.usage(), usage);
    }
}

#[test]
fn golden_neighbour_frames() {
    let ask = Solicitation {
        source: CLIENT6,
        destination: ndp::solicited_node(VIP6),
        target: VIP6,
        source_hardware: Some(THEIRS),
    };
    let cases = [
        (
            ask.answer(LINK_LOCAL, OURS).frame(OURS, THEIRS),
            "020000000002 020000000001 86dd 60000000 0020 3a ff fe800000000000000000000000000001
             20010db8000000000000000000000077 88 00 508b 60000000 20010db8000000000000000012345678 0201 020000000001",
        ),
        (
            Advertisement::unsolicited(LINK_LOCAL, VIP6, OURS).frame(OURS, THEIRS),
            "333300000001 020000000001 86dd 60000000 0020 3a ff fe800000000000000000000000000001
             ff020000000000000000000000000001 88 00 bfb7 20000000 20010db8000000000000000012345678 0201 020000000001",
        ),
        (
            Solicitation::probe(VIP6).frame(OURS, THEIRS),
            "3333ff345678 020000000001 86dd 60000000 0018 3a ff 00000000000000000000000000000000
             ff0200000000000000000001ff345678 87 00 8d96 00000000 20010db8000000000000000012345678",
        ),
    ];
    for (frame, golden) in cases {
        assert_eq!(format!("{frame:?}"), golden.split_whitespace().collect::<String>());
    }
}

#[test]
fn the_answer_to_a_solicitation_is_86_bytes_and_overrides() {
    let ask = Solicitation { source: CLIENT6, destination: VIP6, target: VIP6, source_hardware: None };
    let answer = ask.answer(VIP6, OURS);
    assert_eq!(answer.frame(OURS, THEIRS).len(), 86);
    assert_eq!(answer.flags, Flags { router: false, solicited: true, overriding: true });
    assert_eq!(answer.destination, CLIENT6);
}

#[test]
fn a_probe_is_answered_to_all_nodes_and_not_as_solicited() {
    let probe = Solicitation::probe(VIP6);
    assert!(probe.is_duplicate_address_detection());
    let answer = probe.answer(LINK_LOCAL, OURS);
    assert_eq!(answer.destination, ndp::ALL_NODES);
    assert_eq!(answer.flags, Flags { router: false, solicited: false, overriding: true });
}

#[test]
fn the_solicited_node_group_has_the_low_24_bits() {
    assert_eq!(ndp::SOLICITED_NODE_BITS, 24);
    assert_eq!(ndp::solicited_node(VIP6).to_string(), "ff02::1:ff34:5678");
    let neighbour = Ipv6Addr::from_bits(VIP6.to_bits() ^ 1 << ndp::SOLICITED_NODE_BITS);
    assert_eq!(ndp::solicited_node(neighbour), ndp::solicited_node(VIP6));
    let other = Ipv6Addr::from_bits(VIP6.to_bits() ^ 1 << (ndp::SOLICITED_NODE_BITS - 1));
    assert_ne!(ndp::solicited_node(other), ndp::solicited_node(VIP6));
}

#[test]
fn golden_beat_frame() {
    let mut frames = vec![0xee; 400];
    Datagram { source: VIP, payload: b"beat!" }.write(OURS, &mut frames);
    assert_eq!(
        frames[400..],
        hex("01005e000001 020000000001 0800 45 00 0021 0000 4000 01 11 d7c0 c000020a e0000001
             1f0b 1f0b 000d 3ad8 62656174 21")
    );
}

#[test]
fn a_link_without_an_address_beats_too() {
    let mut frame = Vec::new();
    let datagram = Datagram { source: Ipv4Addr::UNSPECIFIED, payload: &[] };
    datagram.write(OURS, &mut frame);
    assert_eq!(message(&frame), Message::Datagram(datagram));
}

#[test]
fn padding_at_the_end_of_a_frame_is_no_part_of_it() {
    let mut frame = Vec::new();
    Datagram { source: VIP, payload: b"x" }.write(OURS, &mut frame);
    for mut frame in [frame, Arp::probe(OURS, VIP).broadcast().to_vec(), neighbour_frame()] {
        let expected = frame.clone();
        frame.resize(expected.len() + 40, 0xaa);
        assert_eq!(message(&frame), message(&expected));
    }
}

#[test]
fn every_frame_cut_short_is_truncated() {
    let mut beat = Vec::new();
    Datagram { source: VIP, payload: b"payload" }.write(OURS, &mut beat);
    for frame in [beat, Arp::probe(OURS, VIP).broadcast().to_vec(), neighbour_frame()] {
        for length in 0..frame.len() {
            assert_eq!(read(&frame[..length]), Err(Ignored::Truncated), "{length} of {frame:02x?}");
        }
    }
}

fn neighbour_frame() -> Vec<u8> {
    Advertisement::unsolicited(LINK_LOCAL, VIP6, OURS).frame(OURS, THEIRS).to_vec()
}

const ARP_AT: usize = ethernet::HEADER;
const IPV6_AT: usize = ethernet::HEADER;
const ICMP_AT: usize = IPV6_AT + icmpv6::IPV6_HEADER;
const OPTION_AT: usize = ICMP_AT + 24;
const UDP_AT: usize = ethernet::HEADER + 20;

/// Sets one byte of a frame, makes the ICMPv6 checksum fit again, and reads it.
fn neighbour_with(frame: &[u8], at: usize, value: u8) -> Result<(), Ignored> {
    let mut frame = frame.to_vec();
    frame[at] = value;
    frame[ICMP_AT + 2..ICMP_AT + 4].fill(0);
    let source = <[u8; 16]>::try_from(&frame[IPV6_AT + 8..IPV6_AT + 24]).unwrap();
    let destination = <[u8; 16]>::try_from(&frame[IPV6_AT + 24..IPV6_AT + 40]).unwrap();
    let sum = icmpv6::checksum(source.into(), destination.into(), &frame[ICMP_AT..]);
    frame[ICMP_AT + 2..ICMP_AT + 4].copy_from_slice(&sum.to_be_bytes());
    read(&frame).map(|_| ())
}

#[test]
fn neighbour_discovery_is_checked_as_rfc_4861_7_1_says() {
    let advertisement = neighbour_frame();
    let probe = Solicitation::probe(VIP6).frame(OURS, THEIRS);
    let named = Solicitation { source_hardware: Some(OURS), ..Solicitation::probe(VIP6) }.frame(OURS, THEIRS);
    let cases = [
        (&advertisement[..], IPV6_AT, 0x40, Ignored::IpHeader),
        (&advertisement, IPV6_AT + 6, 44, Ignored::IpFragment),
        (&advertisement, IPV6_AT + 6, 0, Ignored::ForeignProtocol),
        (&advertisement, IPV6_AT + 7, 254, Ignored::HopLimit),
        (&advertisement, ICMP_AT, 134, Ignored::Icmpv6Type),
        (&advertisement, ICMP_AT + 1, 1, Ignored::Icmpv6Code),
        (&advertisement, ICMP_AT + 4, 0x60, Ignored::SolicitedMulticast),
        (&advertisement, ICMP_AT + 8, 0xff, Ignored::MulticastTarget),
        (&advertisement, OPTION_AT + 1, 0, Ignored::OptionLength),
        (&advertisement, OPTION_AT + 1, 2, Ignored::OptionLength),
        (&advertisement, OPTION_AT + 1, 32, Ignored::OptionLength),
        (&advertisement, OPTION_AT + 1, 255, Ignored::OptionLength),
        (&advertisement, OPTION_AT + 2, 0x03, Ignored::SenderHardware),
        (&probe, IPV6_AT + 24 + 11, 2, Ignored::UnspecifiedSource),
        (&named, OPTION_AT, 1, Ignored::UnspecifiedSource),
    ];
    for (frame, at, value, reason) in cases {
        assert_eq!(neighbour_with(frame, at, value), Err(reason), "byte {at} = {value:#x}");
    }
    assert_eq!(neighbour_with(&advertisement, OPTION_AT, 99), Ok(()), "an unknown option is passed over");
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut beat = Vec::new();
    Datagram { source: VIP, payload: b"payload" }.write(OURS, &mut beat);
    let neighbour = neighbour_frame();
    for (frame, at) in [(&neighbour, ICMP_AT + 2), (&beat, UDP_AT + 10), (&beat, ethernet::HEADER + 10)] {
        let mut frame = frame.clone();
        frame[at] ^= 1;
        assert_eq!(read(&frame), Err(Ignored::Checksum), "byte {at}");
    }
    beat[UDP_AT + 6..UDP_AT + 8].fill(0);
    assert_eq!(read(&beat), Err(Ignored::Checksum), "none is none");
}

#[test]
fn what_is_not_for_us_has_a_name() {
    let arp = Arp::probe(OURS, VIP).broadcast();
    let mut beat = Vec::new();
    Datagram { source: VIP, payload: b"payload" }.write(OURS, &mut beat);
    let cases = [
        (&arp[..], 12, 0x81, Ignored::ForeignEtherType),
        (&arp, ARP_AT + 1, 6, Ignored::ArpFormat),
        (&arp, ARP_AT + 2, 0x86, Ignored::ArpFormat),
        (&arp, ARP_AT + 4, 8, Ignored::ArpFormat),
        (&arp, ARP_AT + 5, 16, Ignored::ArpFormat),
        (&arp, ARP_AT + 7, 3, Ignored::ArpOperation),
        (&arp, ARP_AT + 8, 0x01, Ignored::SenderHardware),
        (&beat, ethernet::HEADER, 0x44, Ignored::IpHeader),
        (&beat, ethernet::HEADER + 6, 0x20, Ignored::IpFragment),
        (&beat, ethernet::HEADER + 9, 6, Ignored::ForeignProtocol),
        (&beat, UDP_AT + 3, 0x0a, Ignored::ForeignPort),
    ];
    for (frame, at, value, reason) in cases {
        let mut frame = frame.to_vec();
        frame[at] = value;
        assert_eq!(read(&frame).map(|_| ()), Err(reason), "byte {at} = {value:#x}");
    }
}

prop_compose! {
    fn any_station()(mut bytes: [u8; 6]) -> HardwareAddr {
        bytes[0] = bytes[0] & 0xfe | 0x02;
        HardwareAddr(bytes)
    }
}

prop_compose! {
    fn any_unicast()(bits: u128) -> Ipv6Addr {
        Ipv6Addr::from_bits(bits & !(0xff << 120) | 0x20 << 120)
    }
}

proptest! {
    #[test]
    fn reading_any_bytes_never_panics(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&frame);
    }

    #[test]
    fn reading_any_damage_to_a_good_frame_never_panics(
        which in 0usize..3,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut beat = Vec::new();
        Datagram { source: VIP, payload: b"payload" }.write(OURS, &mut beat);
        let frames = [beat, Arp::probe(OURS, VIP).broadcast().to_vec(), neighbour_frame()];
        let mut frame = frames[which].clone();
        for (at, value) in damage {
            let at = at.index(frame.len());
            frame[at] = value;
        }
        let _ = read(&frame);
    }

    #[test]
    fn arp_written_is_arp_read(
        request: bool,
        sender_hardware in any_station(),
        target_hardware: [u8; 6],
        sender: u32,
        target: u32,
        destination in any_station(),
    ) {
        let packet = Arp {
            operation: if request { arp::Operation::Request } else { arp::Operation::Reply },
            sender_hardware,
            sender: sender.into(),
            target_hardware: HardwareAddr(target_hardware),
            target: target.into(),
        };
        let frame = packet.frame(destination);
        let received = read(&frame).unwrap();
        prop_assert_eq!(received.message, Message::Arp(packet));
        prop_assert_eq!(received.ethernet.destination, destination);
        prop_assert_eq!(received.ethernet.source, sender_hardware);
    }

    #[test]
    fn neighbours_written_are_neighbours_read(
        source in any_unicast(),
        target in any_unicast(),
        hardware in any_station(),
        named: bool,
        router: bool,
        solicited: bool,
        overriding: bool,
    ) {
        let hardware_option = named.then_some(hardware);
        let solicitation = Solicitation {
            source,
            destination: ndp::solicited_node(target),
            target,
            source_hardware: hardware_option,
        };
        let frame = solicitation.frame(hardware, THEIRS);
        prop_assert_eq!(message(&frame), Message::Solicitation(solicitation));
        let advertisement = Advertisement {
            source,
            destination: target,
            target,
            flags: Flags { router, solicited, overriding },
            target_hardware: hardware_option,
        };
        let frame = advertisement.frame(hardware, THEIRS);
        prop_assert_eq!(message(&frame), Message::Advertisement(advertisement));
    }

    #[test]
    fn datagrams_written_are_datagrams_read(
        source: u32,
        hardware in any_station(),
        payload in prop::collection::vec(any::<u8>(), 0..=ipv4udp::MAX_PAYLOAD),
    ) {
        let mut frame = Vec::new();
        let datagram = Datagram { source: source.into(), payload: &payload };
        datagram.write(hardware, &mut frame);
        prop_assert_eq!(message(&frame), Message::Datagram(datagram));
    }
}
