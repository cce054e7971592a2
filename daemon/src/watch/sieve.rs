//! From the watcher's events to ours.

use kube::runtime::watcher;
use kube::{Resource, ResourceExt};
use patina::name::ObjectKey;
use patina::world::{Change, Kind, Object};

use super::Event;
use crate::client::{code, describe};
use crate::outlook::WatchState;

const NOT_FOUND: u16 = 404;
const FORBIDDEN: u16 = 403;
const UNAUTHORIZED: u16 = 401;
/// The list or the watch is too old: the watcher lists again by itself.
const GONE: u16 = 410;

/// Collects a list until it is whole; passes everything else on.
pub(super) struct Sieve<K> {
    kind: Kind,
    read: fn(K) -> Option<Object>,
    listed: Vec<Object>,
    progress: Progress,
}

/// How far a watch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The first list has not arrived yet.
    Starting,
    Running,
    /// It has failed, and says nothing yet.
    Failed,
}

impl<K: Resource> Sieve<K> {
    pub(super) fn new(kind: Kind, read: fn(K) -> Option<Object>) -> Self {
        Self { kind, read, listed: Vec::new(), progress: Progress::Starting }
    }

    /// What the driver is to be told of an event.
    pub(super) fn take(&mut self, event: watcher::Event<K>) -> Vec<Event> {
        let change = match event {
            watcher::Event::Init => {
                self.listed.clear();
                return Vec::new();
            }
            watcher::Event::InitApply(object) => {
                self.listed.extend((self.read)(object));
                return Vec::new();
            }
            watcher::Event::InitDone => Some(Change::Reset(self.kind, std::mem::take(&mut self.listed))),
            watcher::Event::Apply(object) => (self.read)(object).map(Change::Apply),
            watcher::Event::Delete(object) => Some(Change::Delete(self.kind, key(&object))),
        };
        self.recover().into_iter().chain(change.map(Event::Change)).collect()
    }

    /// Whether the end of a failure need not be waited for.
    pub(super) fn is_running(&self) -> bool {
        self.progress != Progress::Failed
    }

    /// The watch runs; the answer is the news, if it is any.
    pub(super) fn recover(&mut self) -> Option<Event> {
        let before = std::mem::replace(&mut self.progress, Progress::Running);
        (before != Progress::Running).then_some(Event::State(self.kind, WatchState::Running))
    }

    /// What the driver is to be told of an error. An expired version is none.
    pub(super) fn fail(&mut self, error: &watcher::Error) -> Vec<Event> {
        let Some(state) = state_of(error) else { return Vec::new() };
        self.progress = Progress::Failed;
        vec![Event::State(self.kind, state)]
    }
}

fn key(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}

/// What an error says of its watch. An expired version says nothing: the list is read again.
pub fn state_of(error: &watcher::Error) -> Option<WatchState> {
    let (code, reason) = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => (code(error), describe(error)),
        watcher::Error::WatchError(status) => (Some(status.code), status.message.clone()),
        watcher::Error::NoResourceVersion => (None, error.to_string()),
    };
    match code {
        Some(GONE) => None,
        Some(NOT_FOUND) => Some(WatchState::NotInstalled),
        Some(FORBIDDEN | UNAUTHORIZED) => Some(WatchState::Forbidden(reason)),
        Some(_) | None => Some(WatchState::Interrupted(reason)),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Namespace;
    use kube::core::Status;

    use super::*;
    use crate::watch::read;

    fn namespace(name: &str) -> Namespace {
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.to_owned());
        namespace
    }

    fn names(events: &[Event]) -> Vec<String> {
        let name = |object: &Object| {
            let Object::Namespace(namespace) = object else { panic!("{object:?}") };
            namespace.key.to_string()
        };
        let of = |event: &Event| match event {
            Event::Change(Change::Reset(_, objects)) => {
                format!("reset {}", objects.iter().map(name).collect::<Vec<_>>().join(" "))
            }
            Event::Change(Change::Apply(object)) => format!("apply {}", name(object)),
            Event::Change(Change::Delete(_, key)) => format!("delete {key}"),
            Event::State(_, state) => format!("{state:?}"),
        };
        events.iter().map(of).collect()
    }

    fn api_error(code: u16) -> watcher::Error {
        let status = Status { code, message: "no".to_owned(), ..Status::default() };
        watcher::Error::InitialListFailed(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn a_list_arrives_whole_and_what_was_listed_before_a_failure_is_forgotten() {
        let mut sieve = Sieve::new(Kind::Namespace, read::namespace);
        assert!(sieve.take(watcher::Event::Init).is_empty());
        assert!(sieve.take(watcher::Event::InitApply(namespace("half"))).is_empty());
        assert!(sieve.take(watcher::Event::Init).is_empty());
        assert!(sieve.take(watcher::Event::InitApply(namespace("a"))).is_empty());
        assert!(sieve.take(watcher::Event::InitApply(namespace("b"))).is_empty());
        assert_eq!(names(&sieve.take(watcher::Event::InitDone)), ["Running", "reset a b"]);
        assert_eq!(names(&sieve.take(watcher::Event::Delete(namespace("a")))), ["delete a"]);
    }

    #[test]
    fn errors_say_what_is_missing_and_the_next_event_says_that_it_is_over() {
        let mut sieve = Sieve::new(Kind::Namespace, read::namespace);
        assert_eq!(names(&sieve.fail(&api_error(404))), ["NotInstalled"]);
        assert_eq!(names(&sieve.fail(&api_error(403))), [r#"Forbidden("no")"#]);
        assert_eq!(names(&sieve.fail(&api_error(500))), [r#"Interrupted("no")"#]);
        assert!(sieve.fail(&api_error(410)).is_empty());
        assert_eq!(names(&sieve.take(watcher::Event::Apply(namespace("a")))), ["Running", "apply a"]);
    }
}
