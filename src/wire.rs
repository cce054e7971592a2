//! Bytes of a segment and their meaning, both ways.
//!
//! ```text
//!  frame ─► ethernet ─┬─► arp ────────────────────────► Message::Arp
//!                     ├─► icmpv6 (IPv6, checksum) ─► ndp ─► Message::Solicitation, Message::Advertisement
//!                     └─► ipv4udp (IPv4, UDP) ────────► Message::Datagram: the payload of a beat
//! ```
//!
//! Reading never panics and never allocates: what a frame says is a small value, or a slice of the frame. Whatever is
//! not understood is refused whole, with one word out of [`Ignored`]. Writing goes into a [`Frame`] on the stack, or for
//! datagrams into a buffer of the caller.
//!
//! This room knows no policy: whether a question is answered is decided in `announce`.

pub mod arp;
pub mod ethernet;
pub mod icmpv6;
pub mod ipv4udp;
pub mod ndp;

mod frame;
mod ignored;
mod spool;

pub use frame::Frame;
pub use ignored::Ignored;
pub use spool::Spool;

use ethernet::EtherType;
use ndp::Neighbor;

/// A frame that was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Its Ethernet header.
    pub ethernet: ethernet::Header,
    /// What it says.
    pub message: Message<'a>,
}

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// An ARP packet (RFC 826).
    Arp(arp::Arp),
    /// A neighbour solicitation (RFC 4861 §4.3).
    Solicitation(ndp::Solicitation),
    /// A neighbour advertisement (RFC 4861 §4.4).
    Advertisement(ndp::Advertisement),
    /// A datagram to the port of the beats.
    Datagram(ipv4udp::Datagram<'a>),
}

/// Reads a whole frame as it comes from the link, without FCS; padding at its end is no part of the meaning.
///
/// # Errors
/// Why the frame means nothing here. Nothing is kept of it.
pub fn read(frame: &[u8]) -> Result<Received<'_>, Ignored> {
    let (ethernet, payload) = ethernet::Header::read(frame)?;
    let message = match ethernet.ethertype {
        EtherType::Arp => Message::Arp(arp::Arp::read(payload)?),
        EtherType::Ipv4 => Message::Datagram(ipv4udp::Datagram::read(payload)?),
        EtherType::Ipv6 => match ndp::read(&icmpv6::Packet::read(payload)?)? {
            Neighbor::Solicitation(solicitation) => Message::Solicitation(solicitation),
            Neighbor::Advertisement(advertisement) => Message::Advertisement(advertisement),
        },
        EtherType::Other(_) => return Err(Ignored::ForeignEtherType),
    };
    Ok(Received { ethernet, message })
}

#[cfg(test)]
mod tests;
