//! Links of the node and their addresses, as the kernel tells of them.
//!
//! An event is only a hint: after each, the whole list is read anew and published if it differs. So the start, a change
//! and a lost event (`ENOBUFS`) are one path, and nothing can drift.

mod state;

use std::io;
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use rtnetlink::{Handle, MulticastGroup, new_connection, new_multicast_connection};
use tokio::sync::watch;

pub use state::{AddressState, LinkAddress, LinkState, Unusable};

use super::Task;
use super::exclusion::Exclusion;

/// Shortest time between two readings of the list, so that a storm of events costs little.
const PAUSE: Duration = Duration::from_millis(10);
/// Pause before another attempt when the kernel does not answer.
const RETRY: Duration = Duration::from_millis(500);

/// Reads the list and keeps it up to date until the task is dropped.
pub(super) async fn start(exclusion: Exclusion) -> io::Result<(watch::Receiver<Vec<LinkState>>, Task)> {
    let mut monitor = Monitor::open()?;
    let states = monitor.read(&exclusion).await.map_err(io::Error::other)?;
    let (publish, links) = watch::channel(states);
    let task = Task(tokio::spawn(keep(monitor, exclusion, publish)));
    Ok((links, task))
}

async fn keep(mut monitor: Monitor, exclusion: Exclusion, publish: watch::Sender<Vec<LinkState>>) {
    while monitor.changed().await {
        match monitor.read(&exclusion).await {
            Ok(states) => publish_if_changed(&publish, states),
            Err(error) => {
                tracing::warn!(%error, "the kernel does not list its links; the last list stays");
                monitor.again();
                tokio::time::sleep(RETRY).await;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::error!("the kernel's events about links have ended");
}

fn publish_if_changed(publish: &watch::Sender<Vec<LinkState>>, states: Vec<LinkState>) {
    publish.send_if_modified(|last| {
        let changed = *last != states;
        *last = states;
        changed
    });
}

type Events = futures::stream::BoxStream<'static, ()>;

/// Two netlink sockets: a socket hears no echo of what was asked through itself.
struct Monitor {
    handle: Handle,
    events: Events,
    due: bool,
    _tasks: [Task; 2],
}

impl Monitor {
    fn open() -> io::Result<Self> {
        let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
        let (listen, _, events) = new_multicast_connection(&groups)?;
        let (ask, handle, _) = new_connection()?;
        let tasks = [Task(tokio::spawn(listen)), Task(tokio::spawn(ask))];
        Ok(Self { handle, events: events.map(drop).boxed(), due: false, _tasks: tasks })
    }

    /// Waits until something may have changed; `false` when nothing will ever be heard again.
    async fn changed(&mut self) -> bool {
        if std::mem::take(&mut self.due) {
            return true;
        }
        let heard = self.events.next().await.is_some();
        while let Some(Some(())) = self.events.next().now_or_never() {}
        heard
    }

    /// Makes the next [`Self::changed`] return at once.
    fn again(&mut self) {
        self.due = true;
    }

    async fn read(&mut self, exclusion: &Exclusion) -> Result<Vec<LinkState>, rtnetlink::Error> {
        let links: Vec<LinkMessage> = self.handle.link().get().execute().try_collect().await?;
        let addresses: Vec<AddressMessage> = self.handle.address().get().execute().try_collect().await?;
        Ok(state::states(&links, &addresses, exclusion))
    }
}
