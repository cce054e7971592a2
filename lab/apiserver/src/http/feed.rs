//! A watch as a body: one JSON document per line, for as long as the client stays.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::accept::Shape;
use crate::convert;
use crate::http::shape::shaped;
use crate::reply::Feed;
use crate::store::{Change, ChangeKind, Signal};

/// Events written in one piece at most.
const PIECE: usize = 512;

/// Before the end of a watch with bookmarks, one more tells how far it came.
const FAREWELL: Duration = Duration::from_secs(2);

struct Telling {
    feed: Feed,
    shape: Shape,
    include: String,
    ends: Instant,
    /// When the last bookmark is due; nothing once it was told.
    farewell: Option<Instant>,
    /// Everything up to here was told.
    told: u64,
    /// Whether the columns of a table were told.
    named: bool,
    waiting: VecDeque<Signal>,
    began: bool,
}

/// The watch as a stream of pieces.
pub(super) fn stream(
    feed: Feed,
    shape: Shape,
    include: String,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    let ends = Instant::now() + Duration::from_secs(feed.timeout_seconds);
    let farewell = feed.bookmarks.then(|| ends.checked_sub(FAREWELL).unwrap_or(ends));
    let told = feed.current.max(feed.after);
    let telling = Telling {
        feed,
        shape,
        include,
        ends,
        farewell,
        told,
        named: false,
        waiting: VecDeque::new(),
        began: false,
    };
    futures::stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((Ok(Frame::data(piece)), telling))
    })
}

impl Telling {
    /// The next piece; nothing when the time is up or the server no longer tells.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.began {
            self.began = true;
            return Some(self.opening());
        }
        loop {
            let signal = tokio::select! {
                signal = self.feed.signals.recv() => signal?,
                () = sleep_until(self.farewell.unwrap_or(self.ends)) => {
                    self.farewell.take()?;
                    Signal::Bookmark(self.told)
                }
            };
            self.waiting.push_back(signal);
            while let (true, Ok(signal)) = (self.waiting.len() < PIECE, self.feed.signals.try_recv()) {
                self.waiting.push_back(signal);
            }
            let mut piece = Vec::new();
            while let Some(signal) = self.waiting.pop_front() {
                self.tell(&signal, &mut piece);
            }
            if !piece.is_empty() {
                return Some(piece.into());
            }
        }
    }

    /// What exists already, and what happened since the revision asked for. May be empty: the client is then
    /// told by the response's head that the watch stands.
    fn opening(&mut self) -> Bytes {
        let mut piece = Vec::new();
        if let Some(refusal) = &self.feed.refusal {
            line("ERROR", &refusal.to_value(), &mut piece);
        }
        for object in std::mem::take(&mut self.feed.initial) {
            self.write("ADDED", &object, &mut piece);
        }
        if let Some(revision) = self.feed.initial_end {
            self.bookmark(revision, &json!({"k8s.io/initial-events-end": "true"}), &mut piece);
        }
        for change in std::mem::take(&mut self.feed.replay) {
            self.change(&change, &mut piece);
        }
        piece.into()
    }

    fn tell(&mut self, signal: &Signal, piece: &mut Vec<u8>) {
        match signal {
            Signal::Change(change) if change.revision > self.feed.after => {
                self.told = change.revision;
                self.change(change, piece);
            }
            Signal::Bookmark(revision) if self.feed.bookmarks => {
                self.told = self.told.max(*revision);
                self.bookmark(self.told, &Value::Null, piece);
            }
            Signal::Change(_) | Signal::Bookmark(_) => {}
        }
    }

    /// An object that begins or ceases to match the selector appears and disappears for this watcher.
    fn change(&mut self, change: &Change, piece: &mut Vec<u8>) {
        let before = change.previous.as_ref().is_some_and(|previous| self.matches(previous));
        let now = change.kind != ChangeKind::Deleted && self.matches(&change.object);
        let word = match (before, now) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        let object = match &change.previous {
            Some(last) if word == "DELETED" => Arc::new(at_revision(last, change.revision)),
            Some(_) | None => change.object.clone(),
        };
        self.write(word, &convert::shown(&self.feed.resource, &object), piece);
    }

    fn matches(&self, object: &Value) -> bool {
        let namespace = self.feed.namespace.as_deref();
        namespace.is_none_or(|namespace| crate::object::namespace(object) == namespace)
            && self.feed.selector.matches(object)
    }

    /// Columns are named with the first row only.
    fn write(&mut self, word: &str, object: &Arc<Value>, piece: &mut Vec<u8>) {
        let mut object = shaped(&self.feed.resource, object, self.shape, &self.include);
        if self.shape == Shape::Table && std::mem::replace(&mut self.named, true) {
            Arc::make_mut(&mut object)["columnDefinitions"] = Value::Null;
        }
        line(word, &object, piece);
    }

    fn bookmark(&self, revision: u64, annotations: &Value, piece: &mut Vec<u8>) {
        let mut object = json!({
            "kind": self.feed.resource.kind, "apiVersion": self.feed.resource.api_version(),
            "metadata": {"resourceVersion": revision.to_string(), "creationTimestamp": null},
        });
        if !annotations.is_null() {
            object["metadata"]["annotations"] = annotations.clone();
        }
        let object = match self.shape {
            Shape::Whole => Arc::new(object),
            Shape::Metadata => shaped(&self.feed.resource, &Arc::new(object), self.shape, &self.include),
            Shape::Table => Arc::new(json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
                "columnDefinitions": [], "rows": [],
            })),
        };
        line("BOOKMARK", &object, piece);
    }
}

/// What the watcher saw last, at the moment of its end.
fn at_revision(last: &Value, revision: u64) -> Value {
    let mut object = last.clone();
    crate::object::set(&mut object, &["metadata", "resourceVersion"], json!(revision.to_string()));
    object
}

fn line(word: &str, object: &Value, piece: &mut Vec<u8>) {
    piece.extend_from_slice(format!("{{\"type\":\"{word}\",\"object\":").as_bytes());
    if serde_json::to_writer(&mut *piece, object).is_err() {
        piece.extend_from_slice(b"null");
    }
    piece.extend_from_slice(b"}\n");
}
