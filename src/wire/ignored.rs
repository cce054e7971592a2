//! Why a frame means nothing here: a closed list.

use std::fmt;

use thiserror::Error;

/// Why a frame was ignored. Its text is the one word used in metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum Ignored {
    /// The frame ends before what its headers promise.
    Truncated,
    /// Neither IPv4 nor ARP nor IPv6, or a VLAN tag that the kernel left in place.
    ForeignEtherType,
    /// ARP for other hardware or protocols than Ethernet and IPv4, or with other address lengths.
    ArpFormat,
    /// An ARP operation other than request and reply.
    ArpOperation,
    /// A sender's hardware address that no station can have: zero, broadcast or a group (RFC 1812 §3.3.2).
    SenderHardware,
    /// Not the version of IP that the EtherType says, or an impossible header length.
    IpHeader,
    /// A fragment: neither beats nor neighbour discovery are ever fragmented (RFC 6980).
    IpFragment,
    /// Another protocol above IP, or IPv6 extension headers.
    ForeignProtocol,
    /// A datagram to another group or port.
    ForeignPort,
    /// A checksum that does not fit, or none.
    Checksum,
    /// Neighbour discovery that has passed a router (RFC 4861 §7.1).
    HopLimit,
    /// An ICMPv6 type other than neighbour solicitation and advertisement.
    Icmpv6Type,
    /// An ICMPv6 code other than 0.
    Icmpv6Code,
    /// A target that is a multicast address.
    MulticastTarget,
    /// An option of length 0, or one that reaches beyond the packet (RFC 4861 §4.6).
    OptionLength,
    /// A solicitation from :: that goes elsewhere than to a solicited-node group, or that names a link-layer address.
    UnspecifiedSource,
    /// An advertisement to a group that says it was asked for.
    SolicitedMulticast,
}

impl Ignored {
    /// Every reason, in order of declaration, for counters.
    pub const ALL: [Self; 17] = [
        Self::Truncated,
        Self::ForeignEtherType,
        Self::ArpFormat,
        Self::ArpOperation,
        Self::SenderHardware,
        Self::IpHeader,
        Self::IpFragment,
        Self::ForeignProtocol,
        Self::ForeignPort,
        Self::Checksum,
        Self::HopLimit,
        Self::Icmpv6Type,
        Self::Icmpv6Code,
        Self::MulticastTarget,
        Self::OptionLength,
        Self::UnspecifiedSource,
        Self::SolicitedMulticast,
    ];

    /// The one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::ForeignEtherType => "foreignEtherType",
            Self::ArpFormat => "arpFormat",
            Self::ArpOperation => "arpOperation",
            Self::SenderHardware => "senderHardware",
            Self::IpHeader => "ipHeader",
            Self::IpFragment => "ipFragment",
            Self::ForeignProtocol => "foreignProtocol",
            Self::ForeignPort => "foreignPort",
            Self::Checksum => "checksum",
            Self::HopLimit => "hopLimit",
            Self::Icmpv6Type => "icmpv6Type",
            Self::Icmpv6Code => "icmpv6Code",
            Self::MulticastTarget => "multicastTarget",
            Self::OptionLength => "optionLength",
            Self::UnspecifiedSource => "unspecifiedSource",
            Self::SolicitedMulticast => "solicitedMulticast",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_all_reasons_follows_the_declaration() {
        for (index, reason) in Ignored::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{reason}");
        }
    }
}
