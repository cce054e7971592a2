//! The speaker's links and packet thread, at work inside a namespace, without the rest of the speaker.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};
use patina::hot::Settings;
use patina_lab::netns::Namespace;
use patina_lab::segment::LINK;
use patina_speaker::net::{
    self, Controls, Counters, Exclusion, LinkState, Look, Net, NetSettings, WantedGroups,
};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(15);

/// What a test may see and do.
pub(crate) struct Speaker {
    pub(crate) links: watch::Receiver<Vec<LinkState>>,
    pub(crate) controls: Controls,
    pub(crate) groups: watch::Sender<WantedGroups>,
    pub(crate) counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<anyhow::Result<()>>>>,
}

impl Speaker {
    /// Starts one without a key.
    pub(crate) fn start(namespace: &Namespace) -> anyhow::Result<Self> {
        Self::start_as(namespace, Settings::new("node".into(), 1, None, 1))
    }

    /// Starts it on a thread that lives in `namespace`, with a runtime of its own.
    pub(crate) fn start_as(namespace: &Namespace, machine: Settings) -> anyhow::Result<Self> {
        let settings = NetSettings { machine, exclusion: Exclusion::read(Path::new("/nowhere"))? };
        let (started, start) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let Net { links, controls, groups, counters, .. } = &net::start(settings).await?;
                started.send((links.clone(), controls.clone(), groups.clone(), Arc::clone(counters)))?;
                let _ = stopped.await;
                Ok(())
            })
        };
        let thread = Some(namespace.thread("speaker", body)?);
        let (links, controls, groups, counters) = start.recv().context("the speaker did not start")?;
        Ok(Self { links, controls, groups, counters, stop: Some(stop), thread })
    }

    /// What the machine knows and has counted.
    pub(crate) async fn look(&self) -> anyhow::Result<Look> {
        timeout(BOUND, self.controls.look()).await?.context("the packet thread has ended")
    }

    /// Waits until the segment's link is as wished.
    pub(crate) async fn link_when(
        &mut self,
        wish: &str,
        is: impl Fn(&LinkState) -> bool,
    ) -> anyhow::Result<LinkState> {
        let find = |links: &Vec<LinkState>| links.iter().find(|link| link.name.as_str() == LINK).cloned();
        let fits = self.links.wait_for(|links| find(links).is_some_and(|link| is(&link)));
        let seen = timeout(BOUND, fits).await.map(|links| links.map(|links| find(&links)));
        match seen {
            Ok(links) => links?.context("no such link"),
            Err(_) => bail!("the link never was {wish}: {:?}", self.links.borrow()),
        }
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
