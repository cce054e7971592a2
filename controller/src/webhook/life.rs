//! The life of the webhook's certificate: one loop over what is known of the Secret and of the configuration.
//!
//! One turn: keep the Secret as it should be · name its authorities in `caBundle` · show its certificate when it may be
//! shown · say whether API servers would take it. Each does nothing when nothing is due; so does the whole, once a look.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use patina::admission::rotation::{self, Date, Step};
use patina::api::CONTROLLER_FIELD_MANAGER;
use patina_daemon::admin::Readiness;
use patina_daemon::backoff::Backoff;
use patina_daemon::client::{code, describe};
use patina_daemon::clock;
use patina_daemon::https::{Offer, Shown};
use patina_daemon::watch::stream_of_one;
use thiserror::Error;
use tokio::sync::watch as value;

use super::bundle::{self, CONFIGURATION};
use super::certificate::make;
use super::secret::{Kept, Place, forgetful, renewed};
use super::seen::Seen;

/// Between two looks at the date.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const CONFLICT: u16 = 409;

/// Why a turn ended early. The next one begins with what is known then.
#[derive(Debug, Error)]
enum TurnError {
    #[error("the Secret of the webhook's certificate cannot be written: {}", describe(.0))]
    Secret(#[source] kube::Error),
    #[error("caBundle of {CONFIGURATION} cannot be written: {}", describe(.0))]
    Bundle(#[source] kube::Error),
    #[error("no certificate could be made")]
    Made(#[from] rcgen::Error),
}

impl TurnError {
    /// Another process was first, and what it wrote is about to be seen.
    fn is_overtaken(&self) -> bool {
        match self {
            Self::Secret(error) | Self::Bundle(error) => code(error) == Some(CONFLICT),
            Self::Made(_) => false,
        }
    }
}

/// Whom the loop speaks to.
pub(super) struct Outlets {
    /// The certificate that new connections get.
    pub(super) show: value::Sender<Shown>,
    pub(super) ready: value::Sender<Readiness>,
}

/// What the loop owns.
pub(super) struct Life {
    client: Client,
    place: Place,
    offer: Offer,
    pub(super) outlets: Outlets,
    secret: Seen<Secret>,
    configuration: Seen<ValidatingWebhookConfiguration>,
    /// What is shown.
    shown: Option<Kept>,
    /// The line that was told last.
    told: Option<String>,
}

impl Life {
    pub(super) fn new(client: Client, place: Place, offer: Offer, outlets: Outlets) -> Self {
        let (secret, configuration) = (Seen::Nothing, Seen::Nothing);
        Self { client, place, offer, outlets, secret, configuration, shown: None, told: None }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.place.namespace)
    }

    fn configurations(&self) -> Api<ValidatingWebhookConfiguration> {
        Api::all(self.client.clone())
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        let mut secrets = stream_of_one(self.secrets(), &self.place.name, LONGEST_PAUSE);
        let mut configurations = stream_of_one(self.configurations(), CONFIGURATION, LONGEST_PAUSE);
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let pause = match self.turn(Date(clock::since_1970().as_secs())).await {
                Ok(()) => {
                    backoff.reset();
                    LOOK
                }
                Err(error) => {
                    self.fail(&error);
                    backoff.pause()
                }
            };
            tokio::select! {
                Some(said) = secrets.next() => self.secret.see(said),
                Some(said) = configurations.next() => self.configuration.see(said),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// What fails hinders nothing else. What the Secret holds is shown before it is renewed: API servers know it already.
    async fn turn(&mut self, now: Date) -> Result<(), TurnError> {
        self.show(now);
        let kept = self.keep(now).await;
        let published = self.publish().await;
        self.show(now);
        self.say(now);
        kept.and(published)
    }

    /// What the Secret holds, if it is of use.
    fn kept(&self) -> Option<Kept> {
        Kept::read(self.secret.known()?, &self.place, &self.offer)
    }

    /// Writes the Secret when it is due. Nothing is due before it was looked for.
    async fn keep(&mut self, now: Date) -> Result<(), TurnError> {
        if matches!(self.secret, Seen::Nothing) {
            return Ok(());
        }
        let (standing, kept) = (self.secret.known(), self.kept());
        let authority = kept.as_ref().and_then(|kept| kept.own_authority(now));
        let due = match (rotation::step(kept.as_ref(), now), standing, authority) {
            (Step::Rest, _, _) => return Ok(()),
            (Step::Forget, Some(standing), Some(own)) => forgetful(standing, &self.place, own.to_owned()),
            (Step::Forget | Step::Renew, standing, own) => {
                renewed(standing, &self.place, make(&self.place.served_as, now)?, own)
            }
        };
        let stored = self.write(&due).await.map_err(TurnError::Secret)?;
        tracing::info!(secret = self.place.name, "the webhook's certificate was written");
        self.secret = Seen::Is(Box::new(stored));
        Ok(())
    }

    /// Over the version that was read, if there was one: of several processes one is first.
    async fn write(&self, secret: &Secret) -> kube::Result<Secret> {
        let parameters =
            PostParams { field_manager: Some(CONTROLLER_FIELD_MANAGER.to_owned()), ..PostParams::default() };
        match self.secret {
            Seen::Is(_) => self.secrets().replace(&self.place.name, &parameters, secret).await,
            Seen::Nothing | Seen::Absent => self.secrets().create(&parameters, secret).await,
        }
    }

    /// Names the authorities of the Secret where API servers look.
    async fn publish(&mut self) -> Result<(), TurnError> {
        let (Some(kept), Some(standing)) = (self.kept(), self.configuration.known()) else { return Ok(()) };
        let bundle = kept.bundle();
        if bundle::says(standing, &bundle) {
            return Ok(());
        }
        let ours = Patch::Apply(bundle::applied(standing, &bundle));
        let parameters = PatchParams::apply(CONTROLLER_FIELD_MANAGER).force();
        let stored = self.configurations().patch(CONFIGURATION, &parameters, &ours).await;
        self.configuration = Seen::Is(Box::new(stored.map_err(TurnError::Bundle)?));
        tracing::info!(configuration = CONFIGURATION, "caBundle names the webhook's authorities");
        Ok(())
    }

    /// Shows the Secret's certificate: at once when there is none yet, otherwise when it may take over.
    fn show(&mut self, now: Date) {
        let Some(kept) = self.kept() else { return };
        let due = match &self.shown {
            None => true,
            Some(shown) if shown.certificate == kept.certificate => false,
            Some(_) => rotation::takes_over(&kept, self.trusts(&kept, now), now),
        };
        if due {
            self.outlets.show.send_replace(Some(kept.config.clone()));
            self.shown = Some(kept);
        }
    }

    /// Whether API servers take this certificate, by what they read in the configuration.
    fn trusts(&self, kept: &Kept, now: Date) -> bool {
        let trusts = |configuration| bundle::all(configuration, |bundle| kept.is_taken_under(&bundle.0, now));
        self.configuration.known().is_some_and(trusts)
    }

    fn say(&mut self, now: Date) {
        let ready = self.shown.as_ref().is_some_and(|shown| self.trusts(shown, now));
        let readiness = if ready { Readiness::Ready } else { Readiness::Starting };
        let changed =
            self.outlets.ready.send_if_modified(|said| std::mem::replace(said, readiness) != readiness);
        if changed && ready {
            tracing::info!("the webhook is ready");
        }
        if matches!(self.configuration, Seen::Absent) {
            self.tell(format!(
                "there is no ValidatingWebhookConfiguration {CONFIGURATION}: nobody asks the webhook"
            ));
        } else if ready {
            self.told = None;
        }
    }

    fn fail(&mut self, error: &TurnError) {
        if error.is_overtaken() {
            return tracing::debug!(reason = %error, "another process was first");
        }
        self.tell(error.to_string());
    }

    /// Each line once, until it is over.
    fn tell(&mut self, reason: String) {
        if self.told.as_ref() != Some(&reason) {
            tracing::warn!(reason, "the webhook is not ready");
            self.told = Some(reason);
        }
    }
}
