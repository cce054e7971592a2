//! Histories drawn from a seed.

use std::time::Duration;

use patina_simulation::random::{Purpose, Stream};

use crate::endpoint::ENDPOINTS;
use crate::history::History;
use crate::step::{Families, Mood, PoolWish, Step, Type, Whom, Wish};

/// Services that a history knows at most.
const SERVICES: u64 = 8;
/// Pools that a history knows at most.
const POOLS: u64 = 4;
/// Ranges that pools are made of: small, so that they are soon full, and some overlap.
const RANGES: [&str; 12] = [
    "192.0.2.1-192.0.2.2",
    "192.0.2.3-192.0.2.4",
    "192.0.2.2-192.0.2.5",
    "192.0.2.254-192.0.3.1",
    "198.51.100.1-198.51.100.1",
    "198.51.100.2-198.51.100.4",
    "2001:db8::1-2001:db8::2",
    "2001:db8::3-2001:db8::3",
    "2001:db8::2-2001:db8::4",
    "2001:db8:1::1-2001:db8:1::2",
    "192.0.2.9-192.0.2.8",
    "192.0.2.1",
];
/// The last of `RANGES` are wrong or odd, and drawn less often.
const SOUND: u64 = 10;
/// Addresses that are asked for, or written into a status.
const ADDRESSES: [&str; 8] = [
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "198.51.100.1",
    "203.0.113.7",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8:1::1",
];

/// The history of a seed.
pub fn history(seed: u64) -> History {
    let mut draw = Draw { stream: Stream::new(seed, Purpose::History, 0, 0), controllers: 0, lent: 0 };
    draw.lent = *draw.stream.pick(&[0, 0, 0, 0, 0, 600]);
    draw.controllers = *draw.stream.pick(&[1, 2, 2, 3]);
    let mut steps = Vec::new();
    draw.opening(&mut steps);
    // Where endpoints lend, it takes longer until all is settled.
    let phases = if draw.lent > 0 { 1 + draw.stream.below(2) } else { 2 + draw.stream.below(3) };
    for _ in 0..phases {
        if draw.stream.chance(200) {
            draw.comeback(&mut steps);
        }
        draw.phase(&mut steps);
    }
    History {
        seed,
        controllers: draw.controllers,
        strict: draw.stream.chance(200),
        metallb_schemas: draw.stream.chance(200),
        steps,
    }
}

/// A Service that asks for nothing but an IPv4 address.
fn plain() -> Wish {
    Wish {
        kind: Type::Balancer,
        families: Families::V4,
        pool: None,
        beside: None,
        addresses: Vec::new(),
        several: 0,
        key: None,
        port: 80,
        local: false,
        app: 0,
    }
}

struct Draw {
    stream: Stream,
    controllers: u8,
    /// In thousand: how many pools an endpoint lends.
    lent: u16,
}

impl Draw {
    /// Some pools and Services, in any order.
    fn opening(&mut self, steps: &mut Vec<(Duration, Step)>) {
        for _ in 0..2 + self.stream.below(6) {
            let step = if self.stream.chance(350) { self.pool() } else { self.service() };
            self.enter(steps, step);
        }
        self.enter(steps, Step::Quiet);
    }

    /// Two Services get addresses and go, and one of them comes back, perhaps before another leader.
    fn comeback(&mut self, steps: &mut Vec<(Duration, Step)>) {
        let (one, other) = (self.number(SERVICES), self.number(SERVICES));
        let ranges = vec!["198.51.100.2-198.51.100.4".to_owned()];
        let pool = PoolWish { ranges, cool_down: self.cool_down(), ..PoolWish::default() };
        self.enter(steps, Step::Pool(0, pool));
        for number in [one, other] {
            self.enter(steps, Step::Service(number, plain()));
        }
        self.enter(steps, Step::Quiet);
        for number in [one, other] {
            self.enter(steps, Step::Delete(number));
        }
        let end = if self.stream.chance(600) { Step::Succeed } else { Step::Quiet };
        self.enter(steps, end);
        self.enter(steps, Step::Service(other, plain()));
        self.enter(steps, Step::Quiet);
    }

    /// Some operations, perhaps in bad weather, and a quiet point.
    fn phase(&mut self, steps: &mut Vec<(Duration, Step)>) {
        if self.stream.chance(250) {
            self.deposition(steps);
        }
        let bad_weather = self.stream.chance(700);
        for _ in 0..1 + self.stream.below(7) {
            if bad_weather && self.stream.chance(500) {
                let step = self.weather();
                self.enter(steps, step);
            }
            if self.lent > 0 && self.stream.chance(400) {
                let step = self.lender();
                self.enter(steps, step);
            }
            let step = self.operation();
            self.enter(steps, step);
        }
        let end = if self.stream.chance(300) { Step::Succeed } else { Step::Quiet };
        self.enter(steps, end);
    }

    /// A controller is cut off in the middle of a burst, and what it had sent arrives after the next one has begun.
    fn deposition(&mut self, steps: &mut Vec<(Duration, Step)>) {
        let controller = self.number(self.controllers.into());
        for _ in 0..1 + self.stream.below(3) {
            let step = self.operation();
            self.enter_within(steps, 3, step);
        }
        self.enter_within(steps, 8, Step::Cut(controller));
        let step = self.operation();
        self.enter_within(steps, 5_000, step);
        steps.push((Duration::from_secs(16), self.operation()));
        let step = self.operation();
        self.enter_within(steps, 5_000, step);
        self.enter_within(steps, 3_000, Step::Heal(controller));
    }

    /// Operations come in bursts, now and then with a pause in which a Lease may run out.
    fn enter(&mut self, steps: &mut Vec<(Duration, Step)>, step: Step) {
        let longest = *self.stream.pick(&[5, 20, 20, 100, 1_000, 4_000, 20_000]);
        self.enter_within(steps, longest, step);
    }

    /// After a pause of so many milliseconds at most.
    fn enter_within(&mut self, steps: &mut Vec<(Duration, Step)>, longest: u64, step: Step) {
        steps.push((Duration::from_millis(self.stream.below(longest)), step));
    }

    fn operation(&mut self) -> Step {
        match self.stream.below(20) {
            0..8 => self.service(),
            8..11 => Step::Delete(self.number(SERVICES)),
            11..13 => Step::Show(self.number(SERVICES), self.shown()),
            13 => Step::Mark(self.number(SERVICES), self.maybe(600, POOLS)),
            14..18 => self.pool(),
            18 => Step::NoPool(self.number(POOLS)),
            _ if self.stream.chance(300) => self.foreign(),
            _ if self.stream.chance(500) => Step::Label(self.number(2), self.number(2)),
            _ => Step::Advertise(self.stream.chance(600)),
        }
    }

    fn foreign(&mut self) -> Step {
        let count = *self.stream.pick(&[0, 1, 1, 2]);
        let sound = RANGES.get(..usize::try_from(SOUND).unwrap_or_default()).unwrap_or_default();
        Step::Foreign((0..count).map(|_| (*self.stream.pick(sound)).to_owned()).collect())
    }

    fn weather(&mut self) -> Step {
        let controller = self.number(self.controllers.into());
        let span = *self.stream.pick(&[50, 500, 3_000, 12_000, 25_000]);
        match self.stream.below(20) {
            0..3 => Step::Cut(controller),
            3..5 => Step::Heal(controller),
            5 => Step::Deafen(controller),
            6..9 => Step::Slow(controller, span),
            9..12 => Step::Stale(controller, span),
            12..14 => Step::Crash(controller),
            14..16 => Step::Start(controller),
            16 => Step::Stall(controller, span),
            17 => Step::Break(controller),
            18 => Step::Forget,
            _ => Step::Unwell(span),
        }
    }

    /// What happens to an endpoint.
    fn lender(&mut self) -> Step {
        let number = self.number(ENDPOINTS.into());
        let span = *self.stream.pick(&[100, 4_000, 7_000, 20_000]);
        let lie = *self.stream.pick(&ADDRESSES);
        let mood = match self.stream.below(10) {
            0..2 => Mood::Sound,
            2 => Mood::Dead,
            3 => Mood::Silent,
            4 => Mood::Mute,
            5 => Mood::Refusing,
            6..8 => Mood::Slow(span),
            8 => lie.parse().map_or(Mood::Dead, Mood::Lying),
            _ => return Step::Mislay(number, self.number(8)),
        };
        Step::Mood(number, mood)
    }

    fn service(&mut self) -> Step {
        let kind = *self.stream.pick(&[Type::Balancer; 8]);
        let kind = match self.stream.below(12) {
            0 => Type::OtherClass,
            1 => Type::ClusterIp,
            _ => kind,
        };
        let families = *self.stream.pick(&[
            Families::V4,
            Families::V4,
            Families::V4,
            Families::V6,
            Families::Both,
            Families::PreferV4,
            Families::PreferV6,
        ]);
        let several = *self.stream.pick(&[0, 0, 0, 0, 0, 0, 1, 2, 2, 3]);
        let pool = self.maybe(150, POOLS);
        let wish = Wish {
            kind,
            families,
            pool,
            beside: self.maybe(400, POOLS).filter(|beside| pool.is_some_and(|pool| pool != *beside)),
            addresses: self.requested(families, if several > 1 { 4 } else { 2 }),
            several,
            key: self.maybe(350, 2),
            port: *self.stream.pick(&[80, 443]),
            local: self.stream.chance(200),
            app: self.number(2),
        };
        Step::Service(self.number(SERVICES), wish)
    }

    fn requested(&mut self, families: Families, most: usize) -> Vec<std::net::IpAddr> {
        if !self.stream.chance(200) {
            return Vec::new();
        }
        let wanted = |address: &std::net::IpAddr| match families {
            Families::V4 => address.is_ipv4(),
            Families::V6 => address.is_ipv6(),
            Families::Both | Families::PreferV4 | Families::PreferV6 => true,
        };
        let mut addresses = self.some(most);
        addresses.retain(|address| wanted(address) || self.stream.chance(100));
        addresses
    }

    fn shown(&mut self) -> Vec<std::net::IpAddr> {
        let most = *self.stream.pick(&[0, 1, 1, 1, 2, 3]);
        self.some(most)
    }

    fn some(&mut self, most: usize) -> Vec<std::net::IpAddr> {
        let drawn: Vec<_> = (0..most).map(|_| *self.stream.pick(&ADDRESSES)).collect();
        let mut addresses: Vec<std::net::IpAddr> =
            drawn.iter().filter_map(|text| text.parse().ok()).collect();
        addresses.dedup();
        addresses
    }

    fn pool(&mut self) -> Step {
        let count = *self.stream.pick(&[1, 1, 2, 2, 3, 0]);
        let range = |stream: &mut Stream| {
            let bound = if stream.chance(100) { RANGES.len() as u64 } else { SOUND };
            RANGES[usize::try_from(stream.below(bound)).unwrap_or_default()].to_owned()
        };
        let ranges: Vec<_> = (0..count).map(|_| range(&mut self.stream)).collect();
        let lender = self.maybe(self.lent, ENDPOINTS.into());
        let reserves = lender.is_none() && self.stream.chance(250);
        let wish = PoolWish {
            reserved: if reserves { self.reserved(&ranges) } else { Vec::new() },
            cool_down: self.cool_down(),
            ranges,
            on_request: self.stream.chance(150),
            avoid_buggy: self.stream.chance(200),
            whom: self.whom(),
            left_out: if self.stream.chance(200) { self.some(2) } else { Vec::new() },
            lender,
        };
        Step::Pool(self.number(POOLS), wish)
    }

    fn cool_down(&mut self) -> Option<u16> {
        *self.stream.pick(&[None, None, None, None, Some(0), Some(3_600)])
    }

    /// Some addresses of the ranges, each for a Service.
    fn reserved(&mut self, ranges: &[String]) -> Vec<(std::net::IpAddr, u8)> {
        let ends = ranges.iter().filter_map(|range| range.split_once('-'));
        let ends: Vec<_> = ends.flat_map(|(first, last)| [first, last]).collect();
        let kept = (0..1 + self.stream.below(2)).filter_map(|_| {
            let end = ends.get(usize::try_from(self.stream.below(ends.len().max(1) as u64)).ok()?)?;
            Some((end.parse().ok()?, self.number(SERVICES)))
        });
        let distinct: std::collections::BTreeSet<_> = kept.collect();
        distinct.into_iter().collect()
    }

    fn whom(&mut self) -> Option<Whom> {
        let drawn = Whom {
            priority: self.number(3),
            namespace: self.maybe(300, 2),
            label: self.maybe(200, 2),
            app: self.maybe(300, 2),
        };
        self.stream.chance(300).then_some(drawn)
    }

    fn number(&mut self, bound: u64) -> u8 {
        u8::try_from(self.stream.below(bound)).unwrap_or_default()
    }

    fn maybe(&mut self, per_mille: u16, bound: u64) -> Option<u8> {
        self.stream.chance(per_mille).then(|| self.number(bound))
    }
}
