//! The kernel filter of a packet socket, assembled by hand (classic BPF).
//!
//! Three protocols on one socket mean that the socket is bound to all of them, so the kernel runs this program on every
//! frame that the link receives. Foreign TCP leaves it after five instructions, before anything is copied or queued: at 100,000
//! foreign frames a second the packet thread is not woken once.
//!
//! What passes: ARP; ICMPv6 types 135 and 136 directly above IPv6; unfragmented UDP over IPv4 to the group and port of the
//! beats. Of these only frames meant for this station or for a group, without a VLAN id: a frame of a VLAN that has no
//! link on this node would otherwise look like one of the link below.
//!
//! The program promises little, so that whoever reads a frame checks all of it again.

use patina::wire::ethernet::EtherType;
use patina::wire::{icmpv6, ipv4udp};

/// One instruction of classic BPF, as the kernel takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) if_true: u8,
    pub(super) if_false: u8,
    pub(super) operand: u32,
}

const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF_INDEXED: u16 = 0x48;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Loads from here on are not from the frame but from what the kernel knows of it (`SKF_AD_OFF`).
const ANCILLARY: u32 = 0xffff_f000;
const PACKET_TYPE: u32 = ANCILLARY + 4;
const VLAN_TAG: u32 = ANCILLARY + 44;

const VLAN_ID: u32 = 0x0fff;
const FOR_OTHER_STATION: u32 = 3;
const FRAGMENT_OFFSET: u32 = 0x1fff;
const UDP: u32 = 17;
const SOLICITATION: u32 = 135;
const ADVERTISEMENT: u32 = 136;
const WHOLE_FRAME: u32 = u32::MAX;
const NOTHING: u32 = 0;

const ETHERTYPE_AT: u32 = 12;
const IPV4_AT: u32 = 14;
const IPV4_FRAGMENT_AT: u32 = 20;
const IPV4_PROTOCOL_AT: u32 = 23;
const IPV4_DESTINATION_AT: u32 = 30;
const IPV6_NEXT_HEADER_AT: u32 = 20;
const ICMPV6_TYPE_AT: u32 = 54;
const UDP_PORT_AFTER_HEADER: u32 = IPV4_AT + 2;

const IPV4: u8 = 9;
const ADMIT: u8 = 18;
const ACCEPT: u8 = 23;
const DROP: u8 = 24;

/// The program. Each jump says its own line and the lines it goes to.
pub(super) const PROGRAM: [Instruction; 25] = [
    /*  0 */ plain(LOAD_HALF, ETHERTYPE_AT),
    /*  1 */ jump(1, JUMP_IF_EQUAL, EtherType::Ipv4.number() as u32, IPV4, 2),
    /*  2 */ jump(2, JUMP_IF_EQUAL, EtherType::Arp.number() as u32, ADMIT, 3),
    /*  3 */ jump(3, JUMP_IF_EQUAL, EtherType::Ipv6.number() as u32, 4, DROP),
    /*  4 */ plain(LOAD_BYTE, IPV6_NEXT_HEADER_AT),
    /*  5 */ jump(5, JUMP_IF_EQUAL, icmpv6::NEXT_HEADER as u32, 6, DROP),
    /*  6 */ plain(LOAD_BYTE, ICMPV6_TYPE_AT),
    /*  7 */ jump(7, JUMP_IF_EQUAL, SOLICITATION, ADMIT, 8),
    /*  8 */ jump(8, JUMP_IF_EQUAL, ADVERTISEMENT, ADMIT, DROP),
    /*  9 */ plain(LOAD_BYTE, IPV4_PROTOCOL_AT),
    /* 10 */ jump(10, JUMP_IF_EQUAL, UDP, 11, DROP),
    /* 11 */ plain(LOAD_WORD, IPV4_DESTINATION_AT),
    /* 12 */ jump(12, JUMP_IF_EQUAL, ipv4udp::GROUP.to_bits(), 13, DROP),
    /* 13 */ plain(LOAD_HALF, IPV4_FRAGMENT_AT),
    /* 14 */ jump(14, JUMP_IF_ANY_BIT, FRAGMENT_OFFSET, DROP, 15),
    /* 15 */ plain(LOAD_HEADER_LENGTH, IPV4_AT),
    /* 16 */ plain(LOAD_HALF_INDEXED, UDP_PORT_AFTER_HEADER),
    /* 17 */ jump(17, JUMP_IF_EQUAL, ipv4udp::PORT as u32, ADMIT, DROP),
    /* 18 */ plain(LOAD_WORD, VLAN_TAG),
    /* 19 */ plain(AND, VLAN_ID),
    /* 20 */ jump(20, JUMP_IF_EQUAL, 0, 21, DROP),
    /* 21 */ plain(LOAD_WORD, PACKET_TYPE),
    /* 22 */ jump(22, JUMP_IF_EQUAL, FOR_OTHER_STATION, DROP, ACCEPT),
    /* 23 */ plain(RETURN, WHOLE_FRAME),
    /* 24 */ plain(RETURN, NOTHING),
];

const fn plain(code: u16, operand: u32) -> Instruction {
    Instruction { code, if_true: 0, if_false: 0, operand }
}

/// The kernel counts from the line after the jump.
const fn jump(line: u8, code: u16, operand: u32, if_true: u8, if_false: u8) -> Instruction {
    Instruction { code, if_true: if_true - line - 1, if_false: if_false - line - 1, operand }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use patina::addr::HardwareAddr;
    use patina::wire::arp::Arp;
    use patina::wire::ipv4udp::Datagram;
    use patina::wire::ndp::{Advertisement, Solicitation};

    use super::*;

    const OURS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
    const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
    const VIP6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

    /// What the kernel knows of a frame besides its bytes.
    #[derive(Clone, Copy, Default)]
    struct Beside {
        vlan_tag: u32,
        packet_type: u32,
    }

    fn number(frame: &[u8], at: usize, length: usize) -> Option<u32> {
        Some(frame.get(at..at + length)?.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// The kernel's interpreter in small: a load beyond the frame drops it.
    fn run(frame: &[u8], beside: Beside) -> Option<u32> {
        let (mut a, mut x, mut line) = (0, 0, 0);
        loop {
            let Instruction { code, if_true, if_false, operand } = PROGRAM[line];
            let (at, mut step) = (operand as usize, 0);
            match code {
                LOAD_WORD if operand == VLAN_TAG => a = beside.vlan_tag,
                LOAD_WORD if operand == PACKET_TYPE => a = beside.packet_type,
                LOAD_WORD => a = number(frame, at, 4)?,
                LOAD_HALF => a = number(frame, at, 2)?,
                LOAD_BYTE => a = number(frame, at, 1)?,
                LOAD_HALF_INDEXED => a = number(frame, at + x, 2)?,
                LOAD_HEADER_LENGTH => x = (frame.get(at)? & 0x0f) as usize * 4,
                AND => a &= operand,
                JUMP_IF_EQUAL => step = if a == operand { if_true } else { if_false },
                JUMP_IF_ANY_BIT => step = if a & operand != 0 { if_true } else { if_false },
                RETURN => return Some(operand),
                code => panic!("no such instruction: {code:#x}"),
            }
            line += usize::from(step) + 1;
        }
    }

    fn passes(frame: &[u8], beside: Beside) -> bool {
        run(frame, beside).is_some_and(|length| length != NOTHING)
    }

    fn beat() -> Vec<u8> {
        let mut frame = Vec::new();
        Datagram { source: VIP, payload: b"beat" }.write(OURS, &mut frame);
        frame
    }

    fn wanted() -> [Vec<u8>; 4] {
        [
            Arp::probe(OURS, VIP).broadcast().into(),
            Solicitation::probe(VIP6).frame(OURS, OURS).into(),
            Advertisement::unsolicited(VIP6, VIP6, OURS).frame(OURS, OURS).into(),
            beat(),
        ]
    }

    #[test]
    fn the_four_kinds_pass() {
        for frame in wanted() {
            assert!(passes(&frame, Beside::default()), "{frame:02x?}");
        }
    }

    #[test]
    fn one_byte_of_difference_is_foreign() {
        let [arp, solicitation, _, beat] = wanted();
        for (frame, at, value) in [
            (&arp, 13, 0x07),
            (&solicitation, 20, 6),
            (&solicitation, 54, 134),
            (&beat, 23, 6),
            (&beat, 33, 2),
            (&beat, 21, 1),
            (&beat, 37, 0x0a),
        ] {
            let mut frame = frame.clone();
            frame[at] = value;
            assert!(!passes(&frame, Beside::default()), "byte {at} = {value:#x}");
        }
    }

    #[test]
    fn options_of_ipv4_do_not_hide_the_port() {
        let mut frame = beat();
        frame[14] = 0x46;
        frame.splice(34..34, [0; 4]);
        assert!(passes(&frame, Beside::default()));
    }

    #[test]
    fn frames_of_another_station_or_vlan_do_not_pass() {
        for frame in wanted() {
            assert!(!passes(&frame, Beside { packet_type: FOR_OTHER_STATION, vlan_tag: 0 }));
            assert!(!passes(&frame, Beside { packet_type: 1, vlan_tag: 0x2064 }));
        }
    }

    #[test]
    fn a_priority_tag_without_a_vlan_passes() {
        for frame in wanted() {
            assert!(passes(&frame, Beside { packet_type: 1, vlan_tag: 0xe000 }));
        }
    }

    #[test]
    fn a_frame_cut_short_never_breaks_the_program() {
        for frame in wanted() {
            for length in 0..frame.len() {
                let _ = run(&frame[..length], Beside::default());
            }
        }
    }

    #[test]
    fn every_jump_stays_inside() {
        for (line, instruction) in PROGRAM.iter().enumerate() {
            let furthest = line + 1 + usize::from(instruction.if_true.max(instruction.if_false));
            assert!(furthest < PROGRAM.len() || instruction.code == RETURN, "line {line}");
        }
    }
}
