//! One cluster for many tests: started by the first that needs it, kept for the next that wants the same.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};
use patina_lab::sandbox::Held;
use patina_lab::signals::Signals;
use patina_lab::state::StateDir;
use patina_realcluster::{Cluster, Spec, Tools};
use tokio::runtime::Runtime;

/// The patina command that belongs to these tests.
pub(crate) const PATINA: &str = env!("CARGO_BIN_EXE_patina-on-realcluster");
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/realcluster");

/// What a shell makes of SIGINT.
const INTERRUPTED: i32 = 130;

/// Where tests find their cluster.
pub(crate) struct Stage {
    tools: Tools,
    runtime: Runtime,
    held: Mutex<Option<Cluster>>,
}

impl Stage {
    /// Without a cluster. Must be called inside the box.
    pub(crate) fn new(tools: Tools, held: Held) -> anyhow::Result<Arc<Self>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut signals = runtime.block_on(async { Signals::listen(Some(held)) })?;
        runtime.spawn(async move {
            // The first process of a box gets no signal that it does not listen to. With it the box ends.
            signals.next().await;
            std::process::exit(INTERRUPTED);
        });
        Ok(Arc::new(Self { tools, runtime, held: Mutex::new(None) }))
    }

    /// A test on a cluster of this kind, which it leaves as it found it. After a failure, or with a node that still has
    /// its fault, the cluster ends.
    pub(crate) fn on(
        self: &Arc<Self>,
        spec: Spec,
        name: &str,
        test: impl AsyncFnOnce(&mut Cluster) -> anyhow::Result<()> + Send + 'static,
    ) -> Trial {
        let stage = Arc::clone(self);
        Trial::test(name, move || stage.play(spec, test))
    }

    fn take(&self) -> Option<Cluster> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn play(
        &self,
        spec: Spec,
        test: impl AsyncFnOnce(&mut Cluster) -> anyhow::Result<()>,
    ) -> Result<(), Failed> {
        let kept = self.take().filter(|cluster| *cluster.spec() == spec);
        let mut cluster = match kept {
            Some(cluster) => cluster,
            None => self.runtime.block_on(self.start(spec)).map_err(|error| format!("{error:?}"))?,
        };
        if let Err(error) = self.runtime.block_on(test(&mut cluster)) {
            return Err(format!("{error:?}\nwhat the programs said: {:#?}", cluster.last_words()).into());
        }
        if cluster.nodes().all(|node| node.fault().is_none()) {
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(cluster);
        }
        Ok(())
    }

    async fn start(&self, spec: Spec) -> anyhow::Result<Cluster> {
        let state = StateDir::take(Path::new(FOLDER))?;
        Cluster::start(spec, self.tools.clone(), PathBuf::from(PATINA), state).await
    }
}
