//! The one loop that decides. It owns everything known and decided; nobody else does.
//!
//! One turn: take what has happened · change the world · if that touched something and we lead: decide what is in force,
//! who gets what, what is due · hand out effects · wait for whatever comes next.
//!
//! ```text
//!  watches ── Event ─┐
//!  effects ── Ended ─┼─► State: world ─► config ─► plan ─► review ─► outbox ─► effects under way
//!  lease ──── Role ──┤                                           └─► notices
//!  clock ──── now ───┘
//! ```

mod state;
mod tell;

use patina::reconcile::Effect;
use patina_daemon::admin::Readiness;
use patina_daemon::clock;
use patina_daemon::notice::Notices;
use patina_daemon::watch::Event;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::apply::{WriteError, Writer, Written};
use crate::lease::Role;

pub(crate) use state::{KINDS, State};

/// Events taken in one turn at most, so that effects are handed out while a flood comes in.
const BUDGET: usize = 4096;

/// What connects the driver to everything else.
pub(crate) struct Wires {
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) role: watch::Receiver<Role>,
    pub(crate) writer: Writer,
    pub(crate) notices: Notices,
    pub(crate) readiness: watch::Sender<Readiness>,
}

/// The end of an effect.
struct Ended {
    effect: Effect,
    result: Result<Written, WriteError>,
}

/// The loop. Runs until it is dropped, or until all watches have ended.
///
/// # Cancel safety
/// Effects under way may or may not stand; the next process finds out by reading.
pub(crate) async fn run(mut wires: Wires, mut state: State) {
    let mut under_way = JoinSet::new();
    let mut batch = Vec::new();
    loop {
        let deadline = state.poll_timeout(*wires.role.borrow());
        tokio::select! {
            taken = wires.events.recv_many(&mut batch, BUDGET) => match taken {
                0 => return,
                _ => batch.drain(..).for_each(|event| state.handle_event(event)),
            },
            Some(ended) = under_way.join_next() => handle_end(&mut state, ended),
            _ = wires.role.changed() => {}
            () = clock::sleep_until(deadline) => {}
        }
        while let Some(ended) = under_way.try_join_next() {
            handle_end(&mut state, ended);
        }
        turn(&mut wires, &mut state, &mut under_way);
    }
}

fn turn(wires: &mut Wires, state: &mut State, under_way: &mut JoinSet<Ended>) {
    let role = *wires.role.borrow_and_update();
    let now = clock::now();
    for notice in state.decide(role, now) {
        wires.notices.send(notice);
    }
    if state.is_ready() {
        wires.readiness.send_if_modified(|r| {
            *r == Readiness::Starting && {
                *r = Readiness::Ready;
                true
            }
        });
    }
    while let Some((effect, version)) = state.poll_effect(role, now) {
        let writer = wires.writer.clone();
        under_way.spawn(async move {
            let result = writer.carry_out(&effect, version.as_deref()).await;
            Ended { effect, result }
        });
    }
}

fn handle_end(state: &mut State, ended: Result<Ended, tokio::task::JoinError>) {
    match ended {
        Ok(Ended { effect, result }) => state.handle_end(&effect, result, clock::now()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
