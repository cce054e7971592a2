//! Clients, and their neighbour caches.
//!
//! The question is the client's: *which hardware address would this host use now?* The rules are those of RFC 826 and
//! RFC 4861 as the Linux kernel keeps them with its stock settings (`arp_accept` 0, `locktime` 1 s):
//!
//! | frame | entry younger than a second | older | no entry |
//! | --- | --- | --- | --- |
//! | gratuitous request | replaced | replaced | – |
//! | gratuitous reply, target hardware = sender's | replaced | replaced | – |
//! | any other ARP frame of that sender address | kept | replaced | only as an answer |
//! | advertisement with override | replaced | replaced | only as an answer |
//! | advertisement without override | kept, *stale* | kept, *stale* | only as an answer |
//!
//! An entry that nobody confirms goes reachable → stale → delay → probe (three unicast questions) → gone, 23 to 53
//! seconds after its last confirmation.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use patina::addr::HardwareAddr;

use crate::frame::{self, Advertisement, Arp, Kind, Seen};
use crate::lan::Station;
use crate::random::{Purpose, Stream};

/// An entry younger than this is not replaced by an ordinary ARP frame (`locktime`).
const LOCK: Duration = Duration::from_secs(1);
/// `base_reachable_time` is randomised between its half and one and a half.
const REACHABLE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(45));
/// `delay_first_probe_time`.
const DELAY: Duration = Duration::from_secs(5);
/// `retrans_time`.
const RETRANSMIT: Duration = Duration::from_secs(1);
/// `ucast_solicit`.
const PROBES: u8 = 3;

/// What a host does with the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Keeps sending to every address, asks only when its cache makes it.
    Uses,
    /// Asks for every address, this often, in turn by broadcast and by unicast, and counts answers.
    Asks(Duration),
}

/// How often a host that uses an address looks at its cache.
const USE_INTERVAL: Duration = Duration::from_millis(100);

/// State of an entry (RFC 4861 §7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Incomplete { asked: Duration },
    Reachable { until: Duration },
    Stale,
    Delay { until: Duration },
    Probe { sent: u8, at: Duration },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hardware: Option<HardwareAddr>,
    updated: Duration,
    reach: Reach,
}

/// A question that has had no answer yet, and those that never had one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    open: Option<Duration>,
    /// How many questions were asked.
    pub questions: u32,
    /// How many of them nobody answered before the next.
    pub unanswered: u32,
    /// The longest time from a question without an answer to the next answer.
    pub longest: Duration,
    silent_since: Option<Duration>,
}

/// A client.
#[derive(Debug)]
pub struct Host {
    station: Station,
    habit: Habit,
    source_v4: Ipv4Addr,
    source_v6: Ipv6Addr,
    stream: Stream,
    cache: BTreeMap<IpAddr, Entry>,
    asked: BTreeMap<IpAddr, Asked>,
}

impl Host {
    /// Host number `number` of a history.
    pub fn new(seed: u64, number: u16, habit: Habit) -> Self {
        Self {
            station: Station::Host(number),
            habit,
            source_v4: Ipv4Addr::new(10, 9, (number >> 8) as u8, number as u8),
            source_v6: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 9, number),
            stream: Stream::new(seed, Purpose::Host, u64::from(number), 0),
            cache: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Where it is plugged in.
    pub fn station(&self) -> Station {
        self.station
    }

    /// What it does.
    pub fn habit(&self) -> Habit {
        self.habit
    }

    /// The hardware address it would send to now; `None` while it is still asking.
    pub fn uses(&self, address: IpAddr) -> Option<HardwareAddr> {
        self.cache.get(&address)?.hardware
    }

    /// Its entry for an address, if it has one: the hardware address, or nothing while it is asking.
    pub fn entry(&self, address: IpAddr) -> Option<Option<HardwareAddr>> {
        self.cache.get(&address).map(|entry| entry.hardware)
    }

    /// How its questions for an address fared.
    pub fn asked(&self, address: IpAddr) -> Asked {
        self.asked.get(&address).copied().unwrap_or_default()
    }

    /// Forgets what it has counted.
    pub fn count_anew(&mut self) {
        self.asked.clear();
    }

    /// Forgets an address, as a host that does not use it any more.
    pub fn forget(&mut self, address: IpAddr) {
        self.cache.remove(&address);
        self.asked.remove(&address);
    }

    /// How long until it acts again.
    pub fn pause(&mut self) -> Duration {
        let interval = match self.habit {
            Habit::Uses => USE_INTERVAL,
            Habit::Asks(interval) => interval,
        };
        self.stream.span(interval * 9 / 10, interval * 11 / 10)
    }

    /// Uses or asks for each address; the frames it sends for that.
    pub fn act(&mut self, addresses: &[IpAddr], at: Duration) -> Vec<Vec<u8>> {
        addresses.iter().filter_map(|&address| self.act_on(address, at)).collect()
    }

    fn act_on(&mut self, address: IpAddr, at: Duration) -> Option<Vec<u8>> {
        match self.habit {
            Habit::Uses => self.use_address(address, at),
            Habit::Asks(_) => Some(self.ask(address, at)),
        }
    }

    fn ask(&mut self, address: IpAddr, at: Duration) -> Vec<u8> {
        let asked = self.asked.entry(address).or_default();
        asked.questions += 1;
        if let Some(before) = asked.open.replace(at) {
            asked.unanswered += 1;
            asked.silent_since.get_or_insert(before);
        }
        let unicast = self.uses(address).filter(|_| self.stream.chance(500));
        self.question(address, unicast)
    }

    /// Neighbour unreachability detection, driven by use (RFC 4861 §7.3.3).
    fn use_address(&mut self, address: IpAddr, at: Duration) -> Option<Vec<u8>> {
        let incomplete = Entry { hardware: None, updated: at, reach: Reach::Incomplete { asked: at } };
        let Some(entry) = self.cache.get_mut(&address) else {
            self.cache.insert(address, incomplete);
            return Some(self.question(address, None));
        };
        let unicast = entry.hardware;
        entry.reach = match entry.reach {
            Reach::Reachable { until } if until > at => return None,
            Reach::Reachable { .. } | Reach::Stale => Reach::Delay { until: at + DELAY },
            Reach::Delay { until } if until > at => return None,
            Reach::Delay { .. } => Reach::Probe { sent: 1, at },
            Reach::Probe { at: sent_at, .. } if at < sent_at + RETRANSMIT => return None,
            Reach::Probe { sent, .. } if sent < PROBES => Reach::Probe { sent: sent + 1, at },
            Reach::Incomplete { asked } if at < asked + RETRANSMIT => return None,
            Reach::Probe { .. } | Reach::Incomplete { .. } => {
                *entry = incomplete;
                return Some(self.question(address, None));
            }
        };
        let asks = matches!(entry.reach, Reach::Probe { .. });
        asks.then(|| self.question(address, unicast))
    }

    fn question(&self, address: IpAddr, unicast: Option<HardwareAddr>) -> Vec<u8> {
        let own = self.station.hardware();
        match address {
            IpAddr::V4(target) => {
                let (sender, target_hw) = (self.source_v4, HardwareAddr::ZERO);
                let packet = Arp { reply: false, sender_hw: own, sender, target_hw, target };
                frame::arp(unicast.unwrap_or(HardwareAddr::BROADCAST), own, packet)
            }
            IpAddr::V6(target) => frame::solicitation(unicast, own, self.source_v6, target),
        }
    }

    /// Takes a frame; its answer, if it was asked for itself.
    pub fn receive(&mut self, seen: &Seen, at: Duration) -> Option<Vec<u8>> {
        let own = self.station.hardware();
        match seen.kind {
            Kind::Arp(arp) if !arp.reply && arp.target == self.source_v4 => {
                let (sender, target) = (self.source_v4, arp.sender);
                let packet = Arp { reply: true, sender_hw: own, sender, target_hw: arp.sender_hw, target };
                return Some(frame::arp(seen.from, own, packet));
            }
            Kind::Solicitation { target, .. } if target == self.source_v6 => {
                return Some(frame::advertisement(own, target, target));
            }
            Kind::Arp(arp) => self.receive_arp(seen, arp, at),
            Kind::Advertisement(advertisement) => self.receive_advertisement(advertisement, at),
            Kind::Solicitation { .. } | Kind::Beat(_) | Kind::Other => {}
        }
        None
    }

    fn receive_arp(&mut self, seen: &Seen, arp: Arp, at: Duration) {
        let address = IpAddr::V4(arp.sender);
        let answers_me = arp.reply && seen.to == self.station.hardware();
        if answers_me {
            self.answered(address, at);
        }
        let reachable = at + self.stream.span(REACHABLE.0, REACHABLE.1);
        let Some(entry) = self.cache.get_mut(&address) else {
            return self.learn(address, arp.sender_hw, answers_me, at);
        };
        let gratuitous = arp.sender == arp.target && (!arp.reply || arp.target_hw == arp.sender_hw);
        let resolving = matches!(entry.reach, Reach::Incomplete { .. });
        let replaces = gratuitous || resolving || at > entry.updated + LOCK;
        let same = entry.hardware == Some(arp.sender_hw);
        if !replaces && !same {
            return;
        }
        if !same || resolving {
            entry.updated = at;
        }
        entry.hardware = Some(arp.sender_hw);
        entry.reach = if answers_me { Reach::Reachable { until: reachable } } else { Reach::Stale };
    }

    fn receive_advertisement(&mut self, advertisement: Advertisement, at: Duration) {
        let address = IpAddr::V6(advertisement.target);
        let Some(hardware) = advertisement.target_hw else { return };
        if advertisement.solicited {
            self.answered(address, at);
        }
        let reachable = Reach::Reachable { until: at + self.stream.span(REACHABLE.0, REACHABLE.1) };
        let Some(entry) = self.cache.get_mut(&address) else {
            return self.learn(address, hardware, advertisement.solicited, at);
        };
        let resolving = matches!(entry.reach, Reach::Incomplete { .. });
        let same = entry.hardware == Some(hardware);
        if !resolving && !same && !advertisement.overriding {
            // RFC 4861 §7.2.5: the entry stands, but has to be confirmed anew.
            entry.reach = Reach::Stale;
            return;
        }
        if !same {
            entry.updated = at;
        }
        entry.hardware = Some(hardware);
        match (advertisement.solicited, same) {
            (true, _) => entry.reach = reachable,
            (false, true) => {}
            (false, false) => entry.reach = Reach::Stale,
        }
    }

    /// An asking host keeps what it was answered, so that it has somebody to ask by unicast.
    fn learn(&mut self, address: IpAddr, hardware: HardwareAddr, answer: bool, at: Duration) {
        if answer && self.asked.contains_key(&address) {
            let entry = Entry { hardware: Some(hardware), updated: at, reach: Reach::Stale };
            self.cache.insert(address, entry);
        }
    }

    fn answered(&mut self, address: IpAddr, at: Duration) {
        let Some(asked) = self.asked.get_mut(&address) else { return };
        asked.open = None;
        if let Some(since) = asked.silent_since.take() {
            asked.longest = asked.longest.max(at.saturating_sub(since));
        }
    }
}

#[cfg(test)]
mod tests;
