//! Membership in solicited-node groups, kept so that switches with MLD snooping and the hardware's own filter let
//! solicitations through (RFC 3810, RFC 4291 §2.7.1).
//!
//! The whole wanted set is compared with what is joined, after every change of either the set or the links; a link that
//! loses its carrier loses its sockets, and with its return everything is joined, and reported to the switch, anew.
//!
//! A membership belongs to any IPv6 socket. These are datagram sockets that are never bound, so nothing is ever queued
//! on them; frames are read by the packet sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use patina::name::LinkIndex;
use socket2::{Domain, Socket, Type};
use tokio::sync::watch;

use super::counters::Trouble;
use super::{Counters, LinkState, WantedGroups};

/// Pause before joining again what could not be joined.
const RETRY: Duration = Duration::from_secs(1);
/// Groups for one socket: each costs its socket some 60 bytes of `net.core.optmem_max`, which was 20,480 for long.
const PER_SOCKET: usize = 200;

/// Keeps memberships as wanted until the driver or the links are gone.
pub(super) async fn keep(
    mut wanted: watch::Receiver<WantedGroups>,
    mut links: watch::Receiver<Vec<LinkState>>,
    counters: Arc<Counters>,
) {
    let mut joined = Joined::default();
    loop {
        let complete = joined.adjust(&wanted.borrow_and_update(), &links.borrow_and_update(), &counters);
        let retry = async {
            match complete {
                Completeness::Complete => std::future::pending().await,
                Completeness::Lacking => tokio::time::sleep(RETRY).await,
            }
        };
        let open = tokio::select! {
            changed = wanted.changed() => changed.is_ok(),
            changed = links.changed() => changed.is_ok(),
            () = retry => true,
        };
        if !open {
            return;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Completeness {
    Complete,
    Lacking,
}

/// A link as it was when its groups were joined: with a changed count of carrier changes it is another one.
type Incarnation = (LinkIndex, u32);

#[derive(Debug, Default)]
struct Joined(BTreeMap<Incarnation, LinkGroups>);

impl Joined {
    fn adjust(&mut self, wanted: &WantedGroups, links: &[LinkState], counters: &Counters) -> Completeness {
        let alive: BTreeSet<Incarnation> =
            links.iter().filter(|link| link.carrier).map(|link| (link.index, link.carrier_changes)).collect();
        self.0.retain(|incarnation, _| alive.contains(incarnation) && wanted.contains_key(&incarnation.0));
        let mut completeness = Completeness::Complete;
        for incarnation in alive {
            let Some(groups) = wanted.get(&incarnation.0) else { continue };
            let link = self.0.entry(incarnation).or_insert_with(|| LinkGroups::new(incarnation.0));
            for error in link.adjust(groups) {
                counters.not_joined.add(Trouble::of(&error));
                completeness = Completeness::Lacking;
            }
        }
        completeness
    }
}

/// Memberships on one link.
#[derive(Debug)]
struct LinkGroups {
    link: LinkIndex,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    socket: Socket,
    groups: BTreeSet<Ipv6Addr>,
}

impl LinkGroups {
    const fn new(link: LinkIndex) -> Self {
        Self { link, members: Vec::new() }
    }

    /// Leaves and joins until `wanted` holds; gives what could not be joined.
    fn adjust(&mut self, wanted: &BTreeSet<Ipv6Addr>) -> Vec<io::Error> {
        for member in &mut self.members {
            member.leave_others(wanted, self.link);
        }
        self.members.retain(|member| !member.groups.is_empty());
        let joined: BTreeSet<Ipv6Addr> =
            self.members.iter().flat_map(|member| &member.groups).copied().collect();
        wanted.difference(&joined).filter_map(|group| self.join(*group).err()).collect()
    }

    fn join(&mut self, group: Ipv6Addr) -> io::Result<()> {
        let link = self.link;
        let free = self.members.iter_mut().find(|member| member.groups.len() < PER_SOCKET);
        if let Some(member) = free {
            return member.join(group, link);
        }
        let mut member = Member { socket: open()?, groups: BTreeSet::new() };
        member.join(group, link)?;
        self.members.push(member);
        Ok(())
    }
}

impl Member {
    fn join(&mut self, group: Ipv6Addr, link: LinkIndex) -> io::Result<()> {
        self.socket.join_multicast_v6(&group, link.0)?;
        self.groups.insert(group);
        Ok(())
    }

    /// A group that cannot be left has gone with its link.
    fn leave_others(&mut self, wanted: &BTreeSet<Ipv6Addr>, link: LinkIndex) {
        let socket = &self.socket;
        self.groups.retain(|group| {
            let keep = wanted.contains(group);
            if !keep {
                let _ = socket.leave_multicast_v6(group, link.0);
            }
            keep
        });
    }
}

fn open() -> io::Result<Socket> {
    Socket::new(Domain::IPV6, Type::DGRAM.cloexec(), None)
}
