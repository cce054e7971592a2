//! Whatever users, endpoints and leaders do: nobody holds what another holds, nothing stays lent that nobody uses, nothing is
//! released that somebody uses, and other pools notice nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use proptest::prelude::*;

use super::{Lab, address, lent};
use crate::alloc::tests::cluster::{in_pool, pool, service};
use crate::lending::{Ask, Call, CallError, Reply};
use crate::name::ServiceKey;

const LENDS: [&str; 4] = ["192.0.2.71", "192.0.2.72", "192.0.2.73", "192.0.2.74"];
const LIES: [&str; 4] = ["192.0.2.71", "192.0.2.72", "203.0.113.9", "2001:db8::9"];
/// Services, by the digit of their name; an odd one asks for the pool that nobody lends.
const SERVICES: u8 = 6;

#[derive(Clone, Copy, Debug)]
enum Step {
    Create(u8),
    Delete(u8),
    Decide,
    Arrive,
    Ask,
    Answer(usize, Manner),
    Wait(u64),
    Restart,
    /// The endpoint loses a loan from its records.
    Forget(usize),
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    Sound,
    /// It does what it is asked, and the answer is lost.
    Lost,
    /// It does nothing.
    Dead,
    Refuses,
    Lies(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let manner = prop_oneof![
        4 => Just(Manner::Sound),
        1 => Just(Manner::Lost),
        1 => Just(Manner::Dead),
        1 => Just(Manner::Refuses),
        1 => (0..LIES.len()).prop_map(Manner::Lies),
    ];
    let step = prop_oneof![
        3 => (0..SERVICES).prop_map(Step::Create),
        2 => (0..SERVICES).prop_map(Step::Delete),
        4 => Just(Step::Decide),
        3 => Just(Step::Arrive),
        4 => Just(Step::Ask),
        8 => (any::<usize>(), manner).prop_map(|(which, manner)| Step::Answer(which, manner)),
        2 => (0..400_u64).prop_map(Step::Wait),
        1 => Just(Step::Restart),
        1 => any::<usize>().prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..80)
}

struct History {
    lab: Lab,
    /// Calls whose answers are still to come, those of former leaders included.
    under_way: Vec<Call>,
    created: i64,
    /// What each Service was first seen to hold.
    first_held: BTreeMap<ServiceKey, IpAddr>,
}

impl History {
    fn begin() -> Self {
        let pools = [lent("lan", &["192.0.2.0/24"]), pool("own", &["198.51.100.0/24"])];
        let lab = Lab::with(&pools, &LENDS);
        Self { lab, under_way: Vec::new(), created: 0, first_held: BTreeMap::new() }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Create(digit) => self.create(digit),
            Step::Delete(digit) => {
                self.first_held.remove(&ServiceKey::new("web", name(digit)));
                self.lab.cluster.delete(&name(digit));
            }
            Step::Decide => self.lab.decide(),
            Step::Arrive => self.lab.cluster.arrive(),
            Step::Ask => self.ask(),
            Step::Answer(which, manner) => self.answer(which, manner),
            Step::Wait(seconds) => self.lab.wait(seconds),
            Step::Restart => self.lab.restart(),
            Step::Forget(which) => {
                let lends = &mut self.lab.endpoint.lends;
                let id = lends.keys().nth(which % lends.len().max(1)).cloned();
                lends.retain(|known, _| Some(known) != id.as_ref());
            }
        }
        self.nobody_loses();
    }

    fn create(&mut self, digit: u8) {
        if self.lab.cluster.world.service(&ServiceKey::new("web", name(digit))).is_some() {
            return;
        }
        self.created += 1;
        let mut service = service(&name(digit), self.created);
        service.identity.uid = format!("uid-{}", self.created).into();
        let pool = if digit.is_multiple_of(2) { "lan" } else { "own" };
        self.lab.cluster.apply(in_pool(service, pool));
    }

    fn ask(&mut self) {
        let calls = self.lab.calls();
        for call in &calls {
            if let Ask::Release(claim, Some(address)) = &call.ask {
                let shown = self.lab.cluster.world.service(&claim.loan.service);
                let shown = shown.filter(|service| service.identity.uid == claim.loan.uid);
                let shows = shown.is_some_and(|service| service.ingress.contains(address));
                assert!(!shows, "{address} is released although its Service shows it");
            }
        }
        self.under_way.extend(calls);
    }

    fn answer(&mut self, which: usize, manner: Manner) {
        if self.under_way.is_empty() {
            return;
        }
        let call = self.under_way.remove(which % self.under_way.len());
        let answer = match manner {
            Manner::Sound => self.lab.endpoint.answer(&call.ask),
            Manner::Lost => {
                let _ = self.lab.endpoint.answer(&call.ask);
                Err(CallError::Failed("no answer in time".into()))
            }
            Manner::Dead => Err(CallError::Failed("it cannot be reached".into())),
            Manner::Refuses => Err(CallError::Refused("no".into())),
            Manner::Lies(lie) => match call.ask {
                Ask::Allocate(_) => Ok(Reply::Lent(address(LIES[lie]))),
                Ask::List(_) | Ask::Release(..) => self.lab.endpoint.answer(&call.ask),
            },
        };
        self.lab.take(&call, answer);
    }

    /// Who shows an address keeps it, and nobody else shows it.
    fn nobody_loses(&mut self) {
        let mut shown = BTreeSet::new();
        for service in self.lab.cluster.world.services() {
            let Some(address) = service.ingress.first() else { continue };
            assert!(shown.insert(*address), "two show {address}");
            let first = self.first_held.entry(service.key().clone()).or_insert(*address);
            assert_eq!(first, address, "{} has moved", service.key());
        }
    }

    /// The endpoint is sound again, and everything that is on its way arrives.
    fn quiet(&mut self) {
        while !self.under_way.is_empty() {
            self.answer(0, Manner::Sound);
        }
        for _ in 0..4 {
            self.lab.settle();
            self.lab.wait(500);
        }
        self.lab.settle();
        self.nobody_loses();
    }

    fn judge(&self) {
        let services = || self.lab.cluster.world.services();
        let of = |rest: u8| services().filter(move |service| digit(service.key()) % 2 == rest);
        for service in of(1) {
            assert!(!service.ingress.is_empty(), "{} waits for somebody else's endpoint", service.key());
        }
        let held: BTreeSet<IpAddr> = of(0).flat_map(|service| service.ingress.iter().copied()).collect();
        let waiting = of(0).filter(|service| service.ingress.is_empty()).count();
        assert_eq!(waiting, 0, "somebody waits although the endpoint is sound");
        let lent: BTreeSet<IpAddr> = self.lab.endpoint.lends.values().copied().collect();
        assert!(lent.is_subset(&held), "{lent:?} are lent and {held:?} are held");
        let lied: BTreeSet<_> = LIES.iter().map(|lie| address(lie)).collect();
        let unknown: Vec<_> = held.difference(&lent).filter(|address| !lied.contains(address)).collect();
        assert!(unknown.is_empty(), "{unknown:?} are held and not lent");
    }
}

fn name(digit: u8) -> String {
    format!("s{digit}")
}

fn digit(key: &ServiceKey) -> u8 {
    key.name[1..].parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_with_each_service_served_and_nothing_left_behind(steps in steps()) {
        let mut history = History::begin();
        steps.into_iter().for_each(|step| history.step(step));
        history.quiet();
        history.judge();
    }
}
