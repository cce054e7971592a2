//! The one loop that decides. It owns everything known and decided; nobody else does.
//!
//! One turn: take what has happened · change the world · begin or end a term · decide what is in force, who gets what, what
//! is due · hand out effects · wait for whatever comes next.
//!
//! ```text
//!  watches ── Event ─┐
//!  effects ── Ended ─┼─► State: world ─► config ─► plan ─► review ─► outbox ─► effects under way
//!  lease ──── Role ──┤                              └──► lending   └─► notices
//!  clock ──── now ───┤                                      └─► calls of IPAM endpoints
//!  calls ─ Answered ─┘
//! ```

mod place;
mod state;
mod tell;
mod term;

use std::pin::pin;

use patina::reconcile::{Effect, Notice};
use patina::time::{Instant, WallTime};
use patina_daemon::admin::Readiness;
use patina_daemon::clock;
use patina_daemon::configuration::Configuration;
use patina_daemon::notice::Notices;
use patina_daemon::watch::Event;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::apply::{WriteError, Writer, Written};
use crate::ipam::{Answered, Calls};
use crate::lease::{Role, Times};

pub use state::{KINDS, State};
pub(crate) use term::Census;
use term::Terms;

/// Events taken in one turn at most, so that effects are handed out while a flood comes in.
const BUDGET: usize = 4096;

/// Notices that are held back at most.
const HELD_BACK: usize = 4096;

/// What connects the driver to everything else.
pub(crate) struct Wires {
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) role: watch::Receiver<Role>,
    pub(crate) census: Census,
    pub(crate) times: Times,
    pub(crate) writer: Writer,
    pub(crate) configuration: Configuration,
    pub(crate) notices: Notices,
    /// Told when no Service waits for an address any more.
    pub(crate) held_back: Vec<Notice>,
    pub(crate) readiness: watch::Sender<Readiness>,
}

/// The end of an effect.
struct Ended {
    effect: Effect,
    result: Result<Written, WriteError>,
}

/// The loop. Runs until `end`, and then until no effect is under way; or until all watches have ended.
///
/// # Cancel safety
/// Effects under way may or may not stand; the next leader finds out by reading.
pub(crate) async fn run(mut wires: Wires, mut state: State, end: impl Future<Output = ()>) {
    let mut end = pin!(end);
    let (mut under_way, mut terms) = (JoinSet::new(), Terms::default());
    let (mut events, mut services, mut calls) = (Vec::new(), Vec::new(), Calls::default());
    loop {
        let deadline = deadline(&wires, &state, clock::now());
        tokio::select! {
            () = &mut end => break,
            taken = wires.events.recv_many(&mut events, BUDGET) => if taken == 0 { return },
            taken = terms.recv_many(&mut services, BUDGET) => if taken == 0 { return },
            Some(ended) = under_way.join_next() => handle_end(&mut state, ended),
            Some(answered) = calls.next() => handle_answer(&mut state, answered),
            _ = wires.role.changed() => {}
            () = clock::sleep_until(deadline) => {}
        }
        events.drain(..).chain(services.drain(..)).for_each(|event| state.handle_event(event));
        while let Some(ended) = under_way.try_join_next() {
            handle_end(&mut state, ended);
        }
        while let Some(answered) = calls.try_next() {
            handle_answer(&mut state, answered);
        }
        turn(&mut wires, &mut state, &mut terms, &mut under_way);
        ask(&wires, &mut state, &mut calls);
    }
    while under_way.join_next().await.is_some() {}
}

/// When there is something to do although nothing has happened.
fn deadline(wires: &Wires, state: &State, now: Instant) -> Option<Instant> {
    let end_of_term = match *wires.role.borrow() {
        Role::Leading { until, .. } if now < until => Some(until),
        Role::Leading { .. } | Role::Following => None,
    };
    state.poll_timeout(now).into_iter().chain(end_of_term).min()
}

fn turn(wires: &mut Wires, state: &mut State, terms: &mut Terms, under_way: &mut JoinSet<Ended>) {
    let now = clock::now();
    let term = wires.role.borrow_and_update().term(now);
    if terms.keep(term, &wires.census) {
        state.follow();
    }
    wires.hold_back(state.decide(WallTime::from(clock::wall())));
    wires.configuration.says(state.reading());
    if state.is_ready() {
        wires.readiness.send_if_modified(|r| {
            *r == Readiness::Starting && {
                *r = Readiness::Ready;
                true
            }
        });
    }
    while let Some(effect) = state.poll_effect(now) {
        let (writer, deadline) = (wires.writer.clone(), now + wires.times.patience());
        under_way.spawn(async move {
            let result = writer.carry_out(&effect, deadline).await;
            Ended { effect, result }
        });
    }
    if !state.gives_addresses() {
        wires.tell();
    }
}

impl Wires {
    /// Takes what people are to be told. What is held back has a bound, and so has the queue: beyond both the queue drops.
    fn hold_back(&mut self, notices: Vec<Notice>) {
        self.held_back.extend(notices);
        if self.held_back.len() > HELD_BACK {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.held_back.drain(..).for_each(|notice| self.notices.send(notice));
    }
}

/// Hands out calls of IPAM endpoints; none outlasts the term.
fn ask(wires: &Wires, state: &mut State, calls: &mut Calls) {
    let now = clock::now();
    let Role::Leading { until, .. } = *wires.role.borrow() else { return };
    while let Some(call) = state.poll_call(now) {
        calls.begin(call, until);
    }
}

fn handle_answer(state: &mut State, Answered { call, answer }: Answered) {
    state.handle_answer(&call, answer, clock::now());
}

fn handle_end(state: &mut State, ended: Result<Ended, tokio::task::JoinError>) {
    match ended {
        Ok(Ended { effect, result }) => state.handle_end(&effect, result, clock::now()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
