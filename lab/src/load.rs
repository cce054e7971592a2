//! Requests from a client at a steady rate, each a new flow, none repeated, every failure counted.
//!
//! A request is one UDP datagram from a socket of its own, and is answered by the Pod that got it. UDP,
//! because a TCP connection that is under way while its address moves breaks by the nature of the data path
//! (the new node has never heard of it); what is asked here is how long the *address* gives no answer.

mod stall;
mod tally;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::clock;
use crate::host::Host;
use stall::Watchman;
pub use tally::{Failure, Outcome, Request, Tally};

/// What to ask, and how.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Whom.
    pub target: SocketAddr,
    /// Requests in a second.
    pub rate: u32,
    /// How long an answer may take; later it counts as a failure.
    pub patience: Duration,
}

/// A load that runs until it is stopped.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    client: Client,
    watchman: Watchman,
}

impl Load {
    /// 500 requests a second, each with a second of patience.
    pub fn of(target: SocketAddr) -> Self {
        Self { target, rate: 500, patience: Duration::from_secs(1) }
    }

    /// Starts asking from `host`, on a thread of its own.
    ///
    /// # Errors
    /// No thread.
    pub fn start(self, host: &Host) -> io::Result<Running> {
        let stop = Arc::new(AtomicBool::new(false));
        let watchman = Watchman::start()?;
        let told = Arc::clone(&stop);
        let stopped = move |_| told.load(Ordering::Relaxed);
        let client = host.namespace().thread("load", move || self.on_own_runtime(stopped))?;
        Ok(Running { stop, client, watchman })
    }

    /// Asks so many times and counts.
    ///
    /// # Errors
    /// The client could not run at all.
    pub async fn ask_times(self, times: usize, host: &Host) -> io::Result<Tally> {
        let client = host.namespace().thread("load", move || self.on_own_runtime(|sent| sent >= times))?;
        Ok(Tally::of(joined(client).await?, Duration::ZERO))
    }

    fn on_own_runtime(self, enough: impl Fn(usize) -> bool) -> io::Result<Vec<Request>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(self.ask(enough)))
    }

    async fn ask(self, enough: impl Fn(usize) -> bool) -> Vec<Request> {
        let mut ticks = interval(Duration::from_secs(1) / self.rate.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut pending = JoinSet::new();
        let mut done = Vec::new();
        let mut sent = 0;
        while !enough(sent) {
            ticks.tick().await;
            pending.spawn(self.request());
            sent += 1;
            while let Some(ended) = pending.try_join_next() {
                done.extend(ended);
            }
        }
        done.extend(pending.join_all().await);
        done.sort_by_key(|request| request.sent);
        done
    }

    async fn request(self) -> Request {
        let sent = clock::now();
        let outcome = match timeout(self.patience, exchange(self.target)).await {
            Ok(Ok(node)) => Outcome::Answered { at: clock::now(), node },
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Outcome::Failed(Failure::Refused)
            }
            Ok(Err(_)) => Outcome::Failed(Failure::Unreachable),
            Err(_) => Outcome::Failed(Failure::Silence),
        };
        Request { sent, outcome }
    }
}

impl Running {
    /// Stops asking, waits for the answers that are still due, and counts.
    ///
    /// # Errors
    /// The client could not run at all.
    pub async fn stop(self) -> io::Result<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        let requests = joined(self.client).await?;
        Ok(Tally::of(requests, self.watchman.stop()))
    }
}

/// Two layers of failure: the thread could not enter, or not run.
type Client = JoinHandle<io::Result<io::Result<Vec<Request>>>>;

async fn joined(client: Client) -> io::Result<Vec<Request>> {
    match tokio::task::spawn_blocking(move || client.join()).await {
        Ok(Ok(requests)) => requests?,
        Ok(Err(cause)) => std::panic::resume_unwind(cause),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// One question and its answer: the node on which it was given.
async fn exchange(target: SocketAddr) -> io::Result<String> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(target).await?;
    socket.send(b"hello").await?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).await?;
    Ok(node_named_in(&String::from_utf8_lossy(&answer[..length])))
}

fn node_named_in(answer: &str) -> String {
    answer.split_whitespace().find_map(|word| word.strip_prefix("node=")).unwrap_or("").to_owned()
}
