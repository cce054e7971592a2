//! A few machines that exchange datagrams with no wire between them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::beat::Beat;
use super::member::Version;
use super::offers::Epoch;
use super::seal::Keyring;
use super::timing::Profile;
use super::*;

const MILLI: Duration = Duration::from_millis(1);
const NAMES: [&str; 4] = ["node-a", "node-b", "node-c", "node-d"];

struct Segment {
    now: Instant,
    machines: Vec<Membership>,
    keys: Keyring,
    /// Frames of the first do not reach the second.
    cuts: BTreeSet<(usize, usize)>,
    /// Who sent when.
    sent: Vec<(usize, Instant)>,
}

impl Segment {
    fn of(count: usize) -> Self {
        let now = Instant::ZERO + Duration::from_secs(1_000);
        let machine = |name: &&str| {
            let hardware = HardwareAddr([2, 0, 0, 0, 0, name.as_bytes()[5]]);
            let (cluster, incarnation) = (ClusterId::default(), Incarnation(7));
            let me = Identity { cluster, name: NodeName::from(*name), hardware, incarnation };
            Membership::new(me, Profile::Default.timing(), now)
        };
        let machines = NAMES.iter().take(count).map(machine).collect();
        Self { now, machines, keys: Keyring::new(b"secret", None), cuts: BTreeSet::new(), sent: Vec::new() }
    }

    /// Long enough for everybody to become active.
    fn settled(count: usize) -> Self {
        let mut segment = Self::of(count);
        segment.run(1_500);
        segment
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + MILLI * u32::try_from(millis).unwrap();
        while self.now < end {
            self.now += MILLI;
            (0..self.machines.len()).for_each(|index| self.turn(index));
        }
    }

    fn turn(&mut self, from: usize) {
        let machine = &mut self.machines[from];
        machine.handle_timeout(self.now);
        while machine.poll_change().is_some() {}
        machine.speak(self.now);
        while let Some(datagram) = self.machines[from].poll_datagram() {
            let mut datagram = datagram.to_vec();
            self.keys.seal(&mut datagram);
            self.sent.push((from, self.now));
            self.deliver(from, &datagram);
        }
    }

    fn deliver(&mut self, from: usize, datagram: &[u8]) {
        for (to, machine) in self.machines.iter_mut().enumerate() {
            if to != from && !self.cuts.contains(&(from, to)) {
                let mut beat = Beat::default();
                machine.open(datagram, &self.keys, &mut beat).unwrap();
                machine.handle_beat(&mut beat, self.now, self.now).ok();
            }
        }
    }

    /// Nothing of `from` arrives any more.
    fn silence(&mut self, from: usize) {
        self.cuts.extend((0..self.machines.len()).map(|to| (from, to)));
    }

    /// Nothing arrives at `to` any more.
    fn deafen(&mut self, to: usize) {
        self.cuts.extend((0..self.machines.len()).map(|from| (from, to)));
    }

    fn alive(&self, at: usize, whom: usize) -> bool {
        self.machines[at].peer(self.machines[whom].id).is_some_and(|peer| peer.alive)
    }

    fn claim(&mut self, at: usize) {
        let claim =
            Claim { epoch: Epoch(1), confirmed: false, weight: Weight(0), line: [None; 2], target: None };
        self.machines[at].claims.set(address(), claim);
    }
}

fn address() -> IpAddr {
    "10.0.0.1".parse().unwrap()
}

fn station(last: u8) -> Station {
    Station { address: IpAddr::from([10, 9, 0, last]), hardware: HardwareAddr([2, 9, 0, 0, 0, last]) }
}

#[test]
fn those_who_hear_each_other_are_members_of_each_other_and_become_active() {
    let segment = Segment::settled(3);
    for machine in &segment.machines {
        assert_eq!((machine.state(), machine.member_count()), (State::Active, 3));
    }
}

#[test]
fn a_silent_peer_is_alive_for_its_patience_and_no_longer() {
    let mut segment = Segment::settled(2);
    segment.silence(0);
    let heard = segment.machines[1].peers().next().unwrap().heard_at;
    segment.run(324 - u64::try_from(segment.now.since(heard).as_millis()).unwrap());
    assert!(segment.alive(1, 0));
    segment.run(2);
    assert!(!segment.alive(1, 0));
}

#[test]
fn among_few_a_silent_peer_is_asked_about_every_fifth_of_a_beat() {
    let asked = |count| {
        let mut segment = Segment::settled(count);
        segment.silence(0);
        segment.deafen(0);
        let from = segment.now;
        segment.run(300);
        segment.sent.iter().filter(|(who, at)| *who == 1 && *at > from).count()
    };
    assert!(asked(2) >= 8, "{} beats among two", asked(2));
    assert!(asked(4) <= 6, "{} beats among four", asked(4));
}

#[test]
fn a_peer_that_only_a_third_hears_is_alive() {
    let mut segment = Segment::settled(3);
    segment.cuts.insert((0, 1));
    segment.run(5_000);
    assert!(segment.alive(1, 0));
    segment.silence(0);
    segment.run(1_000);
    assert!(!segment.alive(1, 0));
}

#[test]
fn claims_that_ended_do_not_stand_again_by_the_word_of_one_who_knows_better() {
    let mut segment = Segment::settled(3);
    segment.claim(0);
    segment.run(500);
    let id = segment.machines[0].id;
    segment.silence(0);
    segment.run(1_000);
    // The third hears it again, without its claim; the second only hears of it.
    segment.machines[0].claims.remove(address());
    segment.cuts.remove(&(0, 2));
    segment.run(1_000);
    let peer = segment.machines[1].peer(id).unwrap();
    assert!(peer.alive && peer.claims.get(address()).is_some() && !peer.standing, "{peer:?}");
}

#[test]
fn an_owner_that_hears_nothing_doubts_itself_after_a_dead_time_until_it_hears_again() {
    let mut segment = Segment::settled(2);
    segment.claim(0);
    segment.run(500);
    segment.deafen(0);
    segment.run(220);
    assert_eq!(segment.machines[0].state(), State::Active);
    segment.run(120);
    assert_eq!(segment.machines[0].state(), State::Doubting);
    segment.run(5_000);
    assert_eq!(segment.machines[0].state(), State::Doubting);
    segment.cuts.clear();
    segment.run(100);
    assert_eq!(segment.machines[0].state(), State::Doubting, "others may not have been heard yet");
    segment.run(200);
    assert_eq!(segment.machines[0].state(), State::Active);
}

#[test]
fn who_holds_nothing_or_is_alone_has_no_doubt_about_silence() {
    let mut segment = Segment::settled(2);
    segment.deafen(0);
    segment.run(2_000);
    assert_eq!(segment.machines[0].state(), State::Active);
    let mut alone = Segment::settled(1);
    alone.claim(0);
    alone.machines[0].note_foreign(alone.now);
    alone.run(2_000);
    assert_eq!(alone.machines[0].state(), State::Active);
}

#[test]
fn stations_are_asked_after_one_and_a_half_silent_beats_once_a_beat_and_less_often_in_vain() {
    let mut segment = Segment::settled(2);
    segment.machines[0].offer(&[(address(), Weight(0))].into());
    segment.machines[0].note_station(station(1));
    segment.deafen(0);
    let mut questions = |millis| {
        segment.run(millis);
        std::iter::from_fn(|| segment.machines[0].poll_question()).count()
    };
    assert_eq!(questions(45), 0);
    assert_eq!(questions(1_120), 10);
    assert_eq!(questions(5_000), 5);
}

#[test]
fn a_busy_segment_is_not_asked() {
    let mut segment = Segment::settled(2);
    segment.machines[0].offer(&[(address(), Weight(0))].into());
    segment.machines[0].note_station(station(1));
    segment.run(2_000);
    assert_eq!(segment.machines[0].poll_question(), None);
}

#[test]
fn the_last_four_stations_are_remembered_and_no_address_that_is_offered_here() {
    let mut segment = Segment::settled(2);
    segment.machines[0].offer(&[(address(), Weight(0))].into());
    segment.machines[0].note_station(Station { address: address(), hardware: HardwareAddr::ZERO });
    (1..7).for_each(|last| segment.machines[0].note_station(station(last)));
    segment.deafen(0);
    segment.run(160);
    let asked: Vec<_> = std::iter::from_fn(|| segment.machines[0].poll_question()).collect();
    assert_eq!(asked, [station(3), station(4), station(5), station(6)]);
}

#[test]
fn alone_among_nodes_that_are_ready_nobody_is_a_majority() {
    let mut segment = Segment::settled(1);
    assert!(segment.machines[0].is_majority(1));
    segment.machines[0].surround(Surroundings { named: None, others_ready: true });
    assert!(!segment.machines[0].is_majority(1));
}

#[test]
fn a_node_that_is_no_longer_named_is_no_member() {
    let mut segment = Segment::settled(3);
    let named = [NodeName::from("node-a"), NodeName::from("node-b")].into();
    segment.machines[0].surround(Surroundings { named: Some(named), others_ready: true });
    assert_eq!(segment.machines[0].member_count(), 2);
}

#[test]
fn a_list_is_held_by_those_who_echo_it_and_do_not_oppose() {
    let mut segment = Segment::settled(3);
    segment.claim(0);
    let version = segment.machines[0].claims.stamp().version;
    segment.run(500);
    let held = |segment: &Segment, oppose: bool| segment.machines[0].held_by(version, |_| oppose);
    assert_eq!((held(&segment, false), held(&segment, true)), (3, 1));
    assert_eq!(segment.machines[0].held_by(Version(version.0 + 1), |_| false), 1);
}

#[test]
fn a_link_without_carrier_starts_anew_and_hears_nobody() {
    let mut segment = Segment::settled(2);
    let now = segment.now;
    segment.machines[0].lose_carrier(now);
    assert_eq!(segment.machines[0].state(), State::Starting);
    assert!(!segment.alive(0, 1) && segment.machines[0].foreign_at().is_none());
}

#[test]
fn who_has_not_settled_and_stalls_settles_anew() {
    let mut segment = Segment::of(2);
    segment.run(300);
    let now = segment.now;
    segment.machines[0].doubt(now);
    assert_eq!(segment.machines[0].state(), State::Starting);
    segment.run(250);
    assert_eq!(segment.machines[0].state(), State::Starting, "five beats count from the stall");
    segment.run(1_000);
    assert_eq!(segment.machines[0].state(), State::Active);
}
