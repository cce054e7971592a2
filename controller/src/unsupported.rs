//! Tells the operator beside objects of MetalLB's BGP kinds that they have no effect yet: one Warning Event for each object
//! and generation.
//!
//! ```text
//!   watch per kind ─► Backlog: seen, due ──(while leading)──► notices
//! ```
//!
//! A process that follows keeps what is due, and tells it if leadership comes. What was told is known to the process only:
//! a restart or a new leader tells each object once more, which also renews Events that have expired.
//!
//! Deliberately absent: conditions on these objects, whose definitions have none.

mod backlog;

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::DynamicObject;
use kube::{Api, Client, Resource};
use patina::api::Unsupported;
use patina::api::bgp::{BFDProfile, BGPAdvertisement, BGPPeer, Community};
use patina::config::ProblemKind;
use patina::reconcile::Severity;
use patina_daemon::clock;
use patina_daemon::notice::{Notices, Remark};
use patina_daemon::outlook::{Line, WatchState};
use patina_daemon::watch::{self, Watches};
use serde::de::DeserializeOwned;
use tokio::sync::watch as value;

use crate::lease::Role;
use backlog::Backlog;

/// Longest pause after errors: a kind that has no effect is looked for with patience.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const NOT_YET_SUPPORTED: &str = ProblemKind::NotYetSupported.word();

/// Starts one watch per kind, in `namespace`. Dropping what is returned ends them.
pub(crate) fn start(
    client: &Client,
    namespace: &str,
    role: &value::Receiver<Role>,
    notices: &Notices,
) -> Watches {
    let teller = || Teller { role: role.clone(), notices: notices.clone(), refused: false };
    let mut watches = Watches::new();
    watches.spawn(teller().run(watch::own::<BGPPeer>(client, namespace), remark::<BGPPeer>));
    watches
        .spawn(teller().run(watch::own::<BGPAdvertisement>(client, namespace), remark::<BGPAdvertisement>));
    watches.spawn(teller().run(watch::own::<BFDProfile>(client, namespace), remark::<BFDProfile>));
    watches.spawn(teller().run(watch::own::<Community>(client, namespace), remark::<Community>));
    watches
}

/// Watches one kind and speaks of it.
struct Teller {
    role: value::Receiver<Role>,
    notices: Notices,
    /// A missing right was logged.
    refused: bool,
}

impl Teller {
    async fn run(mut self, api: Api<DynamicObject>, read: fn(&DynamicObject) -> Option<Remark>) {
        let mut stream = watch::stream(api, LONGEST_PAUSE);
        let mut backlog = Backlog::new(read);
        loop {
            tokio::select! {
                said = stream.next() => match said {
                    Some(Ok(event)) => backlog.take(event),
                    Some(Err(error)) => self.fail(watch::state_of(&error)),
                    None => return,
                },
                changed = self.role.changed() => if changed.is_err() {
                    return;
                },
            }
            if self.role.borrow_and_update().leads(clock::now()) {
                backlog.poll().for_each(|remark| self.notices.send(remark));
            }
        }
    }

    /// A missing right is logged once. An outage is logged by the driver, whose watches see it too; where a definition is
    /// missing there is no object to speak of.
    fn fail(&mut self, state: Option<WatchState>) {
        let Some(WatchState::Forbidden(reason)) = state else { return };
        if !std::mem::replace(&mut self.refused, true) {
            Line::Forbidden(reason).log();
        }
    }
}

/// What is to be told of an object, if some of its fields have no effect yet.
fn remark<K>(object: &DynamicObject) -> Option<Remark>
where
    K: Unsupported + Resource<DynamicType = ()> + DeserializeOwned,
{
    let known: K = watch::parse(object)?;
    let fields = known.unsupported();
    let version = object.metadata.resource_version.clone();
    (!fields.is_empty()).then(|| Remark {
        regarding: ObjectReference { resource_version: version, ..known.object_ref(&()) },
        severity: Severity::Warning,
        reason: NOT_YET_SUPPORTED,
        action: NOT_YET_SUPPORTED.to_owned(),
        message: message(&fields),
    })
}

fn message(fields: &[&str]) -> String {
    format!("{NOT_YET_SUPPORTED}: Patina does not speak BGP yet; without effect: {}", fields.join(", "))
}
