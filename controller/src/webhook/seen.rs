//! What is known of one object that is watched.

use kube::runtime::watcher::{self, Event};

/// What is known of it.
#[derive(Debug)]
pub(super) enum Seen<K> {
    /// Nothing yet.
    Nothing,
    /// It does not exist.
    Absent,
    /// It says this.
    Is(Box<K>),
}

impl<K> Seen<K> {
    /// Takes what the watch says. An error says nothing of the object; the watch begins again by itself.
    pub(super) fn see(&mut self, said: watcher::Result<Event<K>>) {
        match said {
            Ok(Event::Apply(object) | Event::InitApply(object)) => *self = Self::Is(Box::new(object)),
            Ok(Event::Init) => *self = Self::Nothing,
            Ok(Event::InitDone) if matches!(self, Self::Is(_)) => {}
            Ok(Event::InitDone | Event::Delete(_)) => *self = Self::Absent,
            Err(_) => {}
        }
    }

    pub(super) fn known(&self) -> Option<&K> {
        match self {
            Self::Is(object) => Some(object),
            Self::Nothing | Self::Absent => None,
        }
    }
}
