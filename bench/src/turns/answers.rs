//! One question, one turn, one answer, with few and with many addresses: the machines take turns in one run.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::machine::{LINK, address, machine, run, turn};
use super::spent;
use crate::report::Report;
use patina::addr::HardwareAddr;
use patina::hot::Hot;
use patina::time::Instant;
use patina::wire::arp::Arp;

const SIZES: [u32; 3] = [1, 1_000, 10_000];
const ROUNDS: usize = 15;
const QUESTIONS: u32 = 20_000;
/// Between two questions.
const STEP: Duration = Duration::from_micros(20);
const CLIENT: HardwareAddr = HardwareAddr([2, 0, 0, 0, 1, 1]);
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 255, 0, 9);

struct Subject {
    size: u32,
    machine: Hot,
    now: Instant,
    nanos: Vec<u64>,
}

/// For each size: the time for one answer, and as a part of that with one address.
pub(super) fn measure(report: &mut Report) {
    let mut subjects = SIZES.map(Subject::new);
    for _ in 0..ROUNDS {
        subjects.iter_mut().for_each(Subject::round);
    }
    let one = subjects[0].figures();
    for subject in &mut subjects {
        let (least, median) = subject.figures();
        let ratio = least as f64 / one.0 as f64;
        report.say(
            format!("ARP request to answer, {} addresses held", subject.size),
            format!("least {least} ns, median {median} ns, {ratio:.2} × one address"),
        );
    }
}

impl Subject {
    /// A machine that holds so many addresses, its bursts over.
    fn new(size: u32) -> Self {
        let start = Instant::ZERO + Duration::from_secs(1_000);
        let mut machine = machine("node-a", size, start);
        let now = run(&mut machine, start, Duration::from_secs(30));
        let held = machine.snapshot(now).links[0].addresses.iter().filter(|a| a.role == "owner").count();
        assert_eq!(held, size as usize, "it holds all of them");
        Self { size, machine, now, nanos: Vec::new() }
    }

    fn round(&mut self) {
        let answered = self.machine.counters().answers;
        let span = spent(|| {
            for question in 0..QUESTIONS {
                self.now += STEP;
                // A stride without a pattern that a cache would like.
                let wanted = address(question.wrapping_mul(7_919) % self.size);
                let ask = Arp::request(CLIENT, CLIENT_ADDRESS, wanted).broadcast();
                self.machine.handle_frame(LINK, &ask, self.now, self.now);
                turn(&mut self.machine, self.now);
            }
        });
        assert_eq!(self.machine.counters().answers - answered, u64::from(QUESTIONS), "each was answered");
        self.nanos.push(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX) / u64::from(QUESTIONS));
    }

    /// The least and the median of all rounds, in nanoseconds.
    fn figures(&mut self) -> (u64, u64) {
        self.nanos.sort_unstable();
        (self.nanos[0], self.nanos[self.nanos.len() / 2])
    }
}
