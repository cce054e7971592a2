//! What to do with one question for an address: answer, defend, or ignore for a reason out of a short list.
//!
//! Unicast and broadcast questions are answered alike and for ever: a router that restarts asks again, and a cache
//! confirms its entry by asking the owner alone (RFC 4861 §7.3, RFC 1122 §2.3.2.1).

use std::fmt;

use crate::wire::arp::{Arp, Use};
use crate::wire::ndp::Solicitation;

/// What this node is to the address in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It answers for it.
    Owner,
    /// It holds it, but its own loop stalled: others may have taken over meanwhile.
    Doubter,
    /// It does not answer for it.
    Bystander,
}

/// What to do with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tell the asker.
    Answer,
    /// Somebody asks whether the address is free (RFC 5227 §2.1.1, RFC 4862 §5.4.3): tell that it is not.
    Defend,
    /// Nothing.
    Ignore(Reason),
}

/// Why a frame was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// An answer or an announcement, not a question.
    NoQuestion,
    /// This node does not answer for the address.
    NotOwned,
    /// This node doubts whether it still owns the address.
    Doubting,
}

impl Reason {
    /// Every reason, in order of declaration, for counters.
    pub const ALL: [Self; 3] = [Self::NoQuestion, Self::NotOwned, Self::Doubting];

    /// The word in metric and log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoQuestion => "noQuestion",
            Self::NotOwned => "notOwned",
            Self::Doubting => "doubting",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The verdict on an ARP packet whose target address this node has this stance to.
pub fn arp(packet: &Arp, stance: Stance) -> Verdict {
    match packet.usage() {
        Use::Request => by_stance(stance, Verdict::Answer),
        Use::Probe => by_stance(stance, Verdict::Defend),
        Use::Reply | Use::GratuitousRequest | Use::GratuitousReply => Verdict::Ignore(Reason::NoQuestion),
    }
}

/// The verdict on a neighbour solicitation for an address that this node has this stance to.
pub fn solicitation(packet: &Solicitation, stance: Stance) -> Verdict {
    let told = if packet.is_duplicate_address_detection() { Verdict::Defend } else { Verdict::Answer };
    by_stance(stance, told)
}

fn by_stance(stance: Stance, told: Verdict) -> Verdict {
    match stance {
        Stance::Owner => told,
        Stance::Doubter => Verdict::Ignore(Reason::Doubting),
        Stance::Bystander => Verdict::Ignore(Reason::NotOwned),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::addr::HardwareAddr;
    use crate::wire::ndp::solicited_node;

    const ASKER: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 9]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);

    #[test]
    fn an_owner_answers_requests_and_defends_against_probes() {
        let request = Arp::request(ASKER, CLIENT, ADDRESS);
        assert_eq!(arp(&request, Stance::Owner), Verdict::Answer);
        assert_eq!(arp(&Arp::probe(ASKER, ADDRESS), Stance::Owner), Verdict::Defend);
    }

    #[test]
    fn answers_and_announcements_are_no_questions() {
        let request = Arp::request(ASKER, CLIENT, ADDRESS);
        for packet in [
            request.reply(ASKER),
            Arp::gratuitous_request(ASKER, ADDRESS),
            Arp::gratuitous_reply(ASKER, ADDRESS),
        ] {
            assert_eq!(arp(&packet, Stance::Owner), Verdict::Ignore(Reason::NoQuestion), "{packet:?}");
        }
    }

    #[test]
    fn who_doubts_or_does_not_own_is_silent() {
        for packet in [Arp::request(ASKER, CLIENT, ADDRESS), Arp::probe(ASKER, ADDRESS)] {
            assert_eq!(arp(&packet, Stance::Doubter), Verdict::Ignore(Reason::Doubting));
            assert_eq!(arp(&packet, Stance::Bystander), Verdict::Ignore(Reason::NotOwned));
        }
    }

    #[test]
    fn an_owner_answers_solicitations_and_defends_against_duplicate_address_detection() {
        let target: Ipv6Addr = "2001:db8::1".parse().unwrap();
        let source: Ipv6Addr = "fe80::9".parse().unwrap();
        let ask = Solicitation { source, destination: target, target, source_hardware: None };
        assert_eq!(solicitation(&ask, Stance::Owner), Verdict::Answer);
        let multicast = Solicitation { destination: solicited_node(target), ..ask };
        assert_eq!(solicitation(&multicast, Stance::Owner), Verdict::Answer);
        assert_eq!(solicitation(&Solicitation::probe(target), Stance::Owner), Verdict::Defend);
        assert_eq!(solicitation(&ask, Stance::Bystander), Verdict::Ignore(Reason::NotOwned));
    }
}
