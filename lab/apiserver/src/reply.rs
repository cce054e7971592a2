//! What a request is answered with, before it becomes bytes.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::Status;
use crate::store::{Change, Signal};

/// An answer that is no refusal.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One object.
    Object(Shown),
    /// A document that is no object of a resource: a Status of success, a Scale, a review.
    Plain(Arc<Value>),
    /// Such a document that answers a creation: told with 201.
    Made(Arc<Value>),
    /// Many objects.
    Listing(Listing),
    /// Changes as they happen.
    Feed(Feed),
}

/// One object of a resource.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) resource: Arc<Resource>,
    pub(crate) object: Arc<Value>,
    /// Answered with 201.
    pub(crate) created: bool,
    /// What the client should be told beside.
    pub(crate) warnings: Vec<String>,
}

/// A page of objects.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) resource: Arc<Resource>,
    pub(crate) items: Vec<Arc<Value>>,
    pub(crate) revision: u64,
    pub(crate) next: Option<Next>,
}

/// The page after this one.
#[derive(Debug)]
pub(crate) struct Next {
    /// Where it begins.
    pub(crate) token: String,
    /// How many objects follow, where that is known.
    pub(crate) remaining: Option<usize>,
}

/// A watch that has begun.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    /// Objects that exist already and are told first.
    pub(crate) initial: Vec<Arc<Value>>,
    /// Revision of the bookmark that ends the initial objects, where asked for.
    pub(crate) initial_end: Option<u64>,
    /// Why the watch ends before it begins.
    pub(crate) refusal: Option<Status>,
    /// Nothing up to this revision is told.
    pub(crate) after: u64,
    /// The revision when the watch began.
    pub(crate) current: u64,
    pub(crate) replay: Vec<Arc<Change>>,
    pub(crate) signals: mpsc::Receiver<Signal>,
    pub(crate) bookmarks: bool,
    /// Seconds until the server ends the watch.
    pub(crate) timeout_seconds: u64,
}

impl Reply {
    /// Success at what makes no object of its own.
    pub(crate) fn done() -> Self {
        let success =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Self::Made(Arc::new(success))
    }

    /// The same, with more to tell the client beside.
    pub(crate) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        if let Self::Object(shown) = &mut self {
            shown.warnings.extend(warnings);
        }
        self
    }

    /// An object that was read or changed.
    pub(crate) fn object(resource: &Arc<Resource>, object: Arc<Value>) -> Self {
        Self::Object(Shown { resource: resource.clone(), object, created: false, warnings: Vec::new() })
    }
}
