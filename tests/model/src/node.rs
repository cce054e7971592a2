//! One controller: the product's own machines, and what its shell keeps for them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use patina::alloc::{LoadBalancerClass, Policy, Strictness};
use patina::config::Timestamp;
use patina::lending::Call;
use patina::reconcile::Effect;
use patina::time::Instant;
use patina::world::Kind;
use patina_controller::machine::{Campaign, Metrics, Role, State, Term, Times};
use patina_daemon::outlook::WatchState;
use patina_daemon::watch::Event;
use patina_simulation::clock::Clock;
use patina_simulation::random::{Purpose, Stream};

use crate::history::History;
use crate::request::{Request, Signal};

/// `--lease-seconds`.
const LEASE: Duration = Duration::from_secs(15);
/// Wall clocks are off by so many seconds at most.
const SKEW: u64 = 5;
/// A wall clock when a history begins: seconds since 1970.
const EPOCH: i64 = 1_700_000_000;
/// Kinds of which there are none in a history are not watched.
pub const WATCHED: [Kind; 5] =
    [Kind::Namespace, Kind::Node, Kind::Pool, Kind::Advertisement, Kind::ForeignRange];

/// A kind that no cluster of a history has.
const LACKING: Kind = Kind::ServiceCidr;

/// Kinds that are watched as long as a term lasts.
pub const OF_A_TERM: [Kind; 2] = [Kind::Service, Kind::PoolState];

/// A place where a controller runs or could run.
#[derive(Debug)]
pub struct Node {
    /// Counts the starts.
    pub life: u32,
    /// What runs, unless it has crashed.
    pub running: Option<Running>,
    /// What lies between it and the API server.
    pub way: Way,
    /// Its process stands still until then.
    pub stalled_until: Duration,
    /// Delays and losses.
    pub luck: Stream,
    number: u8,
    skew: i64,
}

/// What lies between a controller and the API server.
#[derive(Debug, Default)]
pub struct Way {
    /// Nothing passes.
    pub cut: bool,
    /// No answers pass.
    pub deaf: bool,
    /// How long requests take at most.
    pub slow: Duration,
    /// How late watches are at most.
    pub stale: Duration,
    /// Requests that arrive when it is healed.
    pub held: Vec<Request>,
}

/// A controller that runs.
pub struct Running {
    /// The machine that decides.
    pub state: State,
    /// The machine behind leadership.
    pub campaign: Campaign,
    /// What was last said of it to the one that decides.
    pub role: Role,
    /// Its clock.
    pub clock: Clock,
    /// The term that runs, and its number among all terms of all controllers.
    pub term: Option<Term>,
    /// See `term`; of the last one that ran.
    pub number: u32,
    /// Counts connections of watches.
    pub connections: u32,
    /// Its watches.
    pub watches: BTreeMap<Kind, Watch>,
    /// Writes that have not ended.
    pub under_way: BTreeMap<u64, Effect>,
    /// Calls of IPAM endpoints that have not ended.
    pub asked: BTreeMap<u64, Asked>,
    /// When it looks again.
    pub wake: Option<Duration>,
    /// Counts attempts to take or renew the Lease; the current one.
    pub attempt: u32,
    /// What has reached it while it stood still.
    pub unheard: VecDeque<Signal>,
}

/// A call of an IPAM endpoint.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is asked.
    pub call: Call,
    /// The number of the term in which it was sent.
    pub term: u32,
    /// The version up to which the sender had heard of Services.
    pub heard: u64,
}

/// One watch of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    /// The connection: what an earlier one tells is not heard any more.
    pub epoch: u32,
    /// Changes come in.
    pub open: bool,
    /// The version up to which changes are on their way.
    pub sent: u64,
    /// The version up to which changes have arrived.
    pub heard: u64,
    /// When the last of them arrives.
    pub busy_until: Duration,
}

impl Node {
    /// Nothing runs there yet.
    pub fn new(history: &History, number: u8) -> Self {
        let skew = Stream::new(history.seed, Purpose::Clock, number.into(), 1).below(2 * SKEW + 1);
        Self {
            life: 0,
            running: None,
            way: Way::default(),
            stalled_until: Duration::ZERO,
            luck: Stream::new(history.seed, Purpose::Lan, number.into(), 0),
            number,
            skew: i64::try_from(skew).unwrap_or_default() - i64::try_from(SKEW).unwrap_or_default(),
        }
    }

    /// Starts a controller.
    pub fn start(&mut self, history: &History, now: Duration) {
        self.life += 1;
        let strictness = if history.strict { Strictness::Parity } else { Strictness::KeepAndReport };
        let policy = Policy { class: LoadBalancerClass(None), strictness };
        let name = format!("c{}-{}", self.number, self.life);
        let mut state = State::new(policy, Metrics::default());
        state.handle_event(Event::State(LACKING, WatchState::NotInstalled));
        self.running = Some(Running {
            state,
            campaign: Campaign::new(name, times()),
            role: Role::Following,
            clock: Clock::boot(history.seed, u16::from(self.number), true, now),
            term: None,
            number: 0,
            connections: 0,
            watches: BTreeMap::new(),
            under_way: BTreeMap::new(),
            asked: BTreeMap::new(),
            wake: None,
            attempt: 0,
            unheard: VecDeque::new(),
        });
    }

    /// What its wall clock shows.
    pub fn wall(&self, now: Duration) -> Timestamp {
        let Timestamp(true_time) = wall(now);
        Timestamp(true_time + self.skew)
    }

    /// How long a request or an answer takes.
    pub fn delay(&mut self) -> Duration {
        self.luck.span(Duration::from_millis(1), Duration::from_millis(16).max(self.way.slow))
    }

    /// How long a change takes to be told.
    pub fn lag(&mut self) -> Duration {
        self.luck.span(Duration::from_millis(1), Duration::from_millis(10).max(self.way.stale))
    }
}

impl Running {
    /// What its clock shows.
    pub fn local(&self, now: Duration) -> Instant {
        self.clock.local(now)
    }

    /// The version up to which it has heard of Services.
    pub fn heard_of_services(&self) -> u64 {
        self.watches.get(&Kind::Service).map_or(0, |watch| watch.heard)
    }

    /// Whether it leads and has read what there is.
    pub fn decides(&self, now: Duration) -> bool {
        let heard = |watch: &Watch| watch.open && watch.busy_until <= now && watch.heard > 0;
        let reads = self.watches.contains_key(&Kind::Service) && self.watches.values().all(heard);
        self.role.leads(self.local(now)) && self.term.is_some() && reads
    }
}

/// The true time of the API server, in seconds.
pub fn wall(now: Duration) -> Timestamp {
    Timestamp(EPOCH + i64::try_from(now.as_secs()).unwrap_or_default())
}

/// The times of leadership.
pub fn times() -> Times {
    Times::of(LEASE)
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("role", &self.role)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}
