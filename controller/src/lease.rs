//! Leadership: of several controllers one writes. A Lease object in our namespace says which.
//!
//! ```text
//!   every retry: read the Lease ─► Campaign: observe, step ─► create or update it ─► Role, as a value
//! ```
//!
//! *Guarantees*: a leader stops being one before anybody else may begin, as long as the clocks of both machines run at
//! about the same rate; no time that another machine wrote is ever compared with a clock of this one.

mod campaign;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use patina_daemon::client::{code, describe};
use patina_daemon::clock;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use campaign::{Campaign, Claim, Record, Role, Step, Term, Times};

/// Name of the Lease.
const NAME: &str = "patina-controller";
const NOT_FOUND: u16 = 404;

/// The running campaign. Dropping it ends it without giving the Lease back.
pub(crate) struct Leadership {
    /// Who leads, as far as this process may rely on it.
    pub(crate) role: watch::Receiver<Role>,
    stop: watch::Sender<bool>,
    task: JoinSet<()>,
}

impl Leadership {
    /// Gives the Lease back, so that the next leader need not wait.
    pub(crate) async fn resign(mut self) {
        self.stop.send_replace(true);
        while self.task.join_next().await.is_some() {}
    }
}

/// Begins to campaign under the name `identity`, which no other process has.
pub(crate) fn start(client: Client, namespace: &str, identity: String, times: Times) -> Leadership {
    let (tell, role) = watch::channel(Role::Following);
    let (stop, stopped) = watch::channel(false);
    let leases = Api::namespaced(client, namespace);
    let candidate = Candidate { leases, campaign: Campaign::new(identity, times), times, tell };
    let mut task = JoinSet::new();
    task.spawn(candidate.run(stopped));
    Leadership { role, stop, task }
}

struct Candidate {
    leases: Api<Lease>,
    campaign: Campaign,
    times: Times,
    tell: watch::Sender<Role>,
}

impl Candidate {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            self.attempt().await;
            let pause = tokio::time::timeout(self.times.retry, stopped.wait_for(|stopped| *stopped));
            if pause.await.is_ok() {
                return self.resign().await;
            }
        }
    }

    /// Reads the Lease and takes or renews it. Whatever goes wrong is tried again; leadership runs out by itself.
    async fn attempt(&mut self) {
        let patience = self.times.renew;
        let outcome = tokio::time::timeout(patience, self.read_and_claim()).await;
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(reason = describe(&error), "lease was not renewed"),
            Err(_) => tracing::debug!(?patience, "lease was not renewed in time"),
        }
    }

    async fn read_and_claim(&mut self) -> kube::Result<()> {
        let begun = clock::now();
        let found = match self.leases.get(NAME).await {
            Ok(lease) => Some(lease),
            Err(error) if code(&error) == Some(NOT_FOUND) => None,
            Err(error) => return Err(error),
        };
        self.campaign.observe(found.as_ref().map(record), clock::now());
        match self.campaign.step(clock::now()) {
            Step::Wait => {
                self.tell(self.campaign.role());
                Ok(())
            }
            Step::Claim(claim) => {
                self.write(found, &claim).await?;
                self.campaign.won(begun);
                self.tell(self.campaign.role());
                Ok(())
            }
        }
    }

    /// Creates the Lease or writes over the version that was read: of two who try, one succeeds.
    async fn write(&self, found: Option<Lease>, claim: &Claim) -> kube::Result<()> {
        let spec = spec(found.as_ref().and_then(|lease| lease.spec.as_ref()), claim);
        match found {
            Some(lease) => {
                let lease = Lease { spec: Some(spec), ..lease };
                self.leases.replace(NAME, &PostParams::default(), &lease).await?;
            }
            None => {
                let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(spec) };
                self.leases.create(&PostParams::default(), &lease).await?;
            }
        }
        Ok(())
    }

    async fn resign(&mut self) {
        let leads = self.campaign.role() != Role::Following;
        self.tell(Role::Following);
        if !leads {
            return;
        }
        match tokio::time::timeout(self.times.retry, self.give_back()).await {
            Ok(Ok(())) => tracing::info!("leadership given back"),
            Ok(Err(error)) => tracing::warn!(reason = describe(&error), "leadership was not given back"),
            Err(_) => tracing::warn!("leadership was not given back in time"),
        }
    }

    async fn give_back(&mut self) -> kube::Result<()> {
        let lease = self.leases.get(NAME).await?;
        self.campaign.observe(Some(record(&lease)), clock::now());
        let Some(claim) = self.campaign.resignation() else { return Ok(()) };
        self.write(Some(lease), &claim).await
    }

    /// One line per transition; a renewed term is none.
    fn tell(&self, role: Role) {
        let before = self.tell.send_replace(role);
        match (before, role) {
            (Role::Following, Role::Leading { .. }) => tracing::info!(lease = NAME, "leading"),
            (Role::Leading { .. }, Role::Following) => tracing::warn!(lease = NAME, "no longer leading"),
            (Role::Leading { .. }, Role::Leading { .. }) | (Role::Following, Role::Following) => {}
        }
    }
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or_default();
    Record {
        holder: spec.holder_identity.clone().filter(|holder| !holder.is_empty()),
        duration: Duration::from_secs(seconds),
        version: lease.metadata.resource_version.clone().unwrap_or_default(),
    }
}

fn spec(before: Option<&LeaseSpec>, claim: &Claim) -> LeaseSpec {
    let now = MicroTime(clock::wall());
    let before = before.cloned().unwrap_or_default();
    let transitions = before.lease_transitions.unwrap_or_default();
    let (acquire_time, lease_transitions) = if claim.takes_over {
        (Some(now.clone()), transitions.saturating_add(1))
    } else {
        (before.acquire_time.clone(), transitions)
    };
    LeaseSpec {
        holder_identity: Some(claim.holder.clone()),
        lease_duration_seconds: Some(i32::try_from(claim.duration.as_secs()).unwrap_or(i32::MAX)),
        acquire_time,
        renew_time: Some(now),
        lease_transitions: Some(lease_transitions),
        ..before
    }
}
