//! The ConfigurationState of this process: one object that says whether it could read its configuration.
//!
//! ```text
//!   driver ── Reading ──► one task ──► the object and its status, by server-side apply
//!                            ▲
//!                            └── watch of this one object: edited or deleted, it is put right
//! ```
//!
//! Nothing is written as long as it says what it should. Names, labels, condition types and field managers are MetalLB's.

mod body;

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client};
use patina::api::ConfigurationState;
use patina::reconcile::Reading;
use serde_json::Value;
use tokio::sync::watch as value;
use tokio::task::JoinSet;

use crate::backoff::Backoff;
use crate::client::describe;
use crate::clock;
use crate::owner::Owner;
use crate::watch::stream_of_one;

const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Which process speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The controller that leads.
    Controller,
    /// The speaker on this node.
    Speaker {
        /// Name of the node.
        node: String,
    },
}

/// The way to the task that writes. Dropping it ends the task.
#[derive(Debug)]
pub struct Configuration {
    wanted: value::Sender<Option<Reading>>,
    _task: JoinSet<()>,
}

impl Configuration {
    /// The object is to say this. `None`: it is somebody else's for now.
    pub fn says(&self, reading: Option<&Reading>) {
        self.wanted.send_if_modified(|wanted| {
            let changed = wanted.as_ref() != reading;
            if changed {
                *wanted = reading.cloned();
            }
            changed
        });
    }
}

/// Starts the task that keeps the object of `author` in `namespace`.
pub fn start(client: &Client, namespace: &str, author: Author, owner: Owner) -> Configuration {
    let resource = ApiResource::erase::<ConfigurationState>(&());
    let objects = Api::namespaced_with(client.clone(), namespace, &resource);
    let (wanted, readings) = value::channel(None);
    let keeper = Keeper {
        watch: stream_of_one(objects.clone(), &author.name(), LONGEST_PAUSE),
        client: client.clone(),
        objects,
        author,
        owner,
        seen: Seen::Nothing,
    };
    let mut task = JoinSet::new();
    task.spawn(keeper.run(readings));
    Configuration { wanted, _task: task }
}

/// What is known of the object.
enum Seen {
    /// Nothing yet.
    Nothing,
    /// It does not exist.
    Absent,
    /// Its status.
    Status(Value),
}

struct Keeper {
    client: Client,
    objects: Api<DynamicObject>,
    watch: BoxStream<'static, watcher::Result<watcher::Event<DynamicObject>>>,
    author: Author,
    owner: Owner,
    seen: Seen,
}

impl Keeper {
    async fn run(mut self, mut wanted: value::Receiver<Option<Reading>>) {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let reading = wanted.borrow_and_update().clone();
            let due = reading.as_ref().filter(|reading| self.is_due(reading));
            let pause = match due {
                None => None,
                Some(reading) => self.write(reading).await.err().map(|error| {
                    tracing::debug!(reason = describe(&error), "the ConfigurationState was not written");
                    backoff.pause()
                }),
            };
            if pause.is_none() {
                backoff.reset();
            }
            tokio::select! {
                said = self.watch.next() => match said {
                    Some(said) => self.see(said),
                    None => return,
                },
                changed = wanted.changed() => if changed.is_err() {
                    return;
                },
                () = clock::sleep_until(pause.map(|pause| clock::now() + pause)) => {}
            }
        }
    }

    /// Whether the object says something else. Before anything is known of it, nothing is.
    fn is_due(&self, reading: &Reading) -> bool {
        match &self.seen {
            Seen::Nothing => false,
            Seen::Absent => true,
            Seen::Status(status) => !body::says(status, &self.author, reading),
        }
    }

    /// An error of the watch says nothing of the object; the watch begins again by itself.
    fn see(&mut self, said: watcher::Result<watcher::Event<DynamicObject>>) {
        match said {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                self.seen = Seen::Status(status(object));
            }
            Ok(watcher::Event::Init) => self.seen = Seen::Nothing,
            Ok(watcher::Event::InitDone) if matches!(self.seen, Seen::Status(_)) => {}
            Ok(watcher::Event::InitDone | watcher::Event::Delete(_)) => self.seen = Seen::Absent,
            Err(_) => {}
        }
    }

    async fn write(&mut self, reading: &Reading) -> kube::Result<()> {
        let owners = self.owner.references(&self.client).await;
        let (name, parameters) =
            (self.author.name(), PatchParams::apply(self.author.field_manager()).force());
        let object = Patch::Apply(body::object(&self.author, owners));
        self.objects.patch(&name, &parameters, &object).await?;
        let standing = match &self.seen {
            Seen::Status(status) => Some(status),
            Seen::Nothing | Seen::Absent => None,
        };
        let status_body = Patch::Apply(body::status(&self.author, reading, standing, clock::wall()));
        let stored = self.objects.patch_status(&name, &parameters, &status_body).await?;
        self.seen = Seen::Status(status(stored));
        Ok(())
    }
}

fn status(mut object: DynamicObject) -> Value {
    object.data.get_mut("status").map(Value::take).unwrap_or_default()
}
