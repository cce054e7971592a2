//! One cluster for many tests: started by the first that needs it, kept for the next that wants the same.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use patina_lab::clock;
use patina_lab::sandbox::Held;
use patina_lab::signals::Signals;
use patina_lab::state::StateDir;
use patina_realcluster::{Cluster, Spec, Tools};
use tokio::runtime::Runtime;

/// The patina command that belongs to these tests.
pub(crate) const PATINA: &str = env!("CARGO_BIN_EXE_patina-on-realcluster");
/// Where the cluster has its files.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/realcluster");

/// What a shell makes of SIGINT.
const INTERRUPTED: i32 = 130;

/// Where tests find their cluster.
pub(crate) struct Stage {
    tools: Tools,
    runtime: Runtime,
    between: Mutex<Between>,
}

/// What one test leaves to the next.
#[derive(Default)]
struct Between {
    cluster: Option<Cluster>,
    spent: Vec<Spent>,
}

/// How long something took.
struct Spent {
    what: String,
    time: Duration,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.1} s  {}", self.time.as_secs_f64(), self.what)
    }
}

/// What each program said last, for whoever has to find out why.
fn last_words(cluster: &Cluster) -> String {
    let words = cluster.last_words().into_iter();
    let words = words.map(|(program, lines)| format!("{program} said last:\n  {}\n", lines.join("\n  ")));
    words.collect()
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
        Ok(Arc::new(Self { tools, runtime, between: Mutex::default() }))
    }

    /// A test on a cluster of this kind, which it leaves as it found it. After a failure, or with a node that still has
    /// its fault, the cluster ends.
    pub(crate) fn on(
        self: &Arc<Self>,
        spec: Spec,
        name: &str,
        test: impl AsyncFnOnce(&mut Cluster) -> anyhow::Result<()> + Send + 'static,
    ) -> Trial {
        let (stage, what) = (Arc::clone(self), name.to_owned());
        Trial::test(name, move || stage.play(spec, what, test))
    }

    /// Where the time went, a line each, in the order of the run.
    pub(crate) fn account(&self) -> String {
        let spent: Vec<String> = self.between().spent.iter().map(Spent::to_string).collect();
        spent.join("\n")
    }

    fn between(&self) -> MutexGuard<'_, Between> {
        self.between.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(
        &self,
        spec: Spec,
        what: String,
        test: impl AsyncFnOnce(&mut Cluster) -> anyhow::Result<()>,
    ) -> Result<(), Failed> {
        let kept = self.between().cluster.take().filter(|cluster| *cluster.spec() == spec);
        let mut cluster = match kept {
            Some(cluster) => cluster,
            None => {
                self.timed("start of a cluster", self.start(spec)).map_err(|error| format!("{error:?}"))?
            }
        };
        if let Err(error) = self.timed(&what, test(&mut cluster)) {
            return Err(format!("{error:#}\n\n{}", last_words(&cluster)).into());
        }
        if cluster.nodes().all(|node| node.fault().is_none()) {
            self.between().cluster = Some(cluster);
        }
        Ok(())
    }

    fn timed<T>(&self, what: &str, doing: impl Future<Output = T>) -> T {
        let begun = clock::now();
        let done = self.runtime.block_on(doing);
        let time = clock::now().duration_since(begun);
        self.between().spent.push(Spent { what: what.to_owned(), time });
        done
    }

    async fn start(&self, spec: Spec) -> anyhow::Result<Cluster> {
        let state = StateDir::take(Path::new(FOLDER))?;
        Cluster::start(spec, self.tools.clone(), PathBuf::from(PATINA), state).await
    }
}
