//! ARP for IPv4 over Ethernet: the question, the answer, and the forms that nobody asked for (RFC 826, RFC 5227,
//! RFC 5944 §4.6).
//!
//! | use | operation | sender address | target address | target hardware |
//! | --- | --- | --- | --- | --- |
//! | probe | request | 0.0.0.0 | the address | zero |
//! | request | request | of the asker | the address | zero |
//! | reply | reply | the address | of the asker | of the asker |
//! | gratuitous request (RFC 5227 calls it announcement) | request | the address | the address | zero |
//! | gratuitous reply | reply | the address | the address | of the sender |
//!
//! A Linux neighbour replaces an entry younger than a second only for the gratuitous request, and for the gratuitous
//! reply whose target hardware is the sender's own; with the broadcast address there, it ignores the frame.

use std::net::Ipv4Addr;

use pnet::packet::arp::{ArpOperation, ArpPacket, MutableArpPacket};
use pnet::packet::ethernet::EtherType as PnetEtherType;

use super::ethernet::{EtherType, HEADER, Header, from_pnet, to_pnet};
use super::{Frame, Ignored};
use crate::addr::HardwareAddr;

/// Length of a packet in bytes.
pub const LENGTH: usize = 28;

const HARDWARE_ETHERNET: u16 = 1;
const HARDWARE_LENGTH: u8 = 6;
const PROTOCOL_LENGTH: u8 = 4;

/// The two operations that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// 1.
    Request,
    /// 2.
    Reply,
}

/// What a packet is for, by its operation and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Asks whether an address is in use, before using it (RFC 5227 §2.1.1).
    Probe,
    /// Asks for the hardware address behind an address.
    Request,
    /// Answers.
    Reply,
    /// Says unasked who has an address; RFC 5227 §2.3 calls this form announcement.
    GratuitousRequest,
    /// Says unasked who has an address, in the form of an answer.
    GratuitousReply,
}

/// An ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// Question or answer.
    pub operation: Operation,
    /// Hardware address of the sender.
    pub sender_hardware: HardwareAddr,
    /// IPv4 address of the sender; 0.0.0.0 in a probe.
    pub sender: Ipv4Addr,
    /// Hardware address of the target; means nothing in a request.
    pub target_hardware: HardwareAddr,
    /// IPv4 address that is asked for, or the one that the answer goes to.
    pub target: Ipv4Addr,
}

impl Arp {
    /// A probe for `target`.
    pub const fn probe(hardware: HardwareAddr, target: Ipv4Addr) -> Self {
        Self::request(hardware, Ipv4Addr::UNSPECIFIED, target)
    }

    /// The question who has `target`.
    pub const fn request(hardware: HardwareAddr, sender: Ipv4Addr, target: Ipv4Addr) -> Self {
        let operation = Operation::Request;
        Self { operation, sender_hardware: hardware, sender, target_hardware: HardwareAddr::ZERO, target }
    }

    /// The answer to this packet: its target is at `hardware`.
    pub const fn reply(&self, hardware: HardwareAddr) -> Self {
        Self {
            operation: Operation::Reply,
            sender_hardware: hardware,
            sender: self.target,
            target_hardware: self.sender_hardware,
            target: self.sender,
        }
    }

    /// The unasked question that repairs every cache: `address` is at `hardware`.
    pub const fn gratuitous_request(hardware: HardwareAddr, address: Ipv4Addr) -> Self {
        Self::request(hardware, address, address)
    }

    /// The unasked answer: `address` is at `hardware`, which is also the target hardware.
    pub const fn gratuitous_reply(hardware: HardwareAddr, address: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Reply,
            sender_hardware: hardware,
            sender: address,
            target_hardware: hardware,
            target: address,
        }
    }

    /// What this packet is for.
    pub fn usage(&self) -> Use {
        match self.operation {
            Operation::Request if self.sender.is_unspecified() => Use::Probe,
            Operation::Request if self.sender == self.target => Use::GratuitousRequest,
            Operation::Request => Use::Request,
            Operation::Reply if self.sender == self.target => Use::GratuitousReply,
            Operation::Reply => Use::Reply,
        }
    }

    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// Why it means nothing: too short, other hardware or protocol, other operation, impossible sender.
    pub fn read(payload: &[u8]) -> Result<Self, Ignored> {
        let bytes = payload.get(..LENGTH).ok_or(Ignored::Truncated)?;
        let packet = ArpPacket::new(bytes).ok_or(Ignored::Truncated)?;
        if !is_ethernet_and_ipv4(&packet) {
            return Err(Ignored::ArpFormat);
        }
        let operation = match packet.get_operation().0 {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return Err(Ignored::ArpOperation),
        };
        let sender_hardware = from_pnet(packet.get_sender_hw_addr());
        if !sender_hardware.is_station() {
            return Err(Ignored::SenderHardware);
        }
        Ok(Self {
            operation,
            sender_hardware,
            sender: packet.get_sender_proto_addr(),
            target_hardware: from_pnet(packet.get_target_hw_addr()),
            target: packet.get_target_proto_addr(),
        })
    }

    /// The frame that carries this packet to `destination`; its source is the sender's hardware address.
    pub fn frame(&self, destination: HardwareAddr) -> Frame {
        let mut frame = Frame::zeroed(HEADER + LENGTH);
        let header = Header { destination, source: self.sender_hardware, ethertype: EtherType::Arp };
        self.write(header.write(frame.as_mut_bytes()));
        frame
    }

    /// The frame that carries this packet to every station: all forms but the reply to one asker.
    pub fn broadcast(&self) -> Frame {
        self.frame(HardwareAddr::BROADCAST)
    }

    fn write(&self, payload: &mut [u8]) {
        let Some(mut packet) = MutableArpPacket::new(payload) else { return };
        packet.set_hardware_type(pnet::packet::arp::ArpHardwareType(HARDWARE_ETHERNET));
        packet.set_protocol_type(PnetEtherType(EtherType::Ipv4.number()));
        packet.set_hw_addr_len(HARDWARE_LENGTH);
        packet.set_proto_addr_len(PROTOCOL_LENGTH);
        packet.set_operation(ArpOperation(match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        }));
        packet.set_sender_hw_addr(to_pnet(self.sender_hardware));
        packet.set_sender_proto_addr(self.sender);
        packet.set_target_hw_addr(to_pnet(self.target_hardware));
        packet.set_target_proto_addr(self.target);
    }
}

fn is_ethernet_and_ipv4(packet: &ArpPacket<'_>) -> bool {
    packet.get_hardware_type().0 == HARDWARE_ETHERNET
        && packet.get_protocol_type().0 == EtherType::Ipv4.number()
        && packet.get_hw_addr_len() == HARDWARE_LENGTH
        && packet.get_proto_addr_len() == PROTOCOL_LENGTH
}
