//! Flags and environment of the controller, validated once.

use std::time::Duration;

use clap::Args;
use patina::alloc::{LoadBalancerClass, Policy, Strictness};
use patina_daemon::admin::Endpoints;
use patina_daemon::clock;
use patina_daemon::fatal::Fatal;
use patina_daemon::settings::Flags;

use crate::lease::Times;
use crate::secret::Place;
use crate::webhook::{self, Mode, WebhookFlags};

/// Flags of `patina-controller`.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    webhook: WebhookFlags,
    /// Secret that holds the key of the speakers' heartbeats; created when it is missing. Empty: somebody else does that.
    #[arg(long, env = "METALLB_ML_SECRET_NAME", default_value = "metallb-memberlist", value_name = "NAME")]
    ml_secret_name: String,
    /// Deployment that the Secret belongs to.
    #[arg(long, env = "METALLB_DEPLOYMENT", value_name = "NAME")]
    deployment: Option<String>,
    /// Take an address away because of a bad request, as MetalLB does, instead of keeping it and reporting.
    #[arg(long)]
    strict_metallb_parity: bool,
    /// How long a silent leader is waited for, in seconds.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(3..=600), value_name = "SECONDS")]
    lease_seconds: u64,
}

/// What never changes while the process runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) flags: Flags,
    pub(crate) namespace: String,
    pub(crate) policy: Policy,
    pub(crate) endpoints: Endpoints,
    pub(crate) times: Times,
    /// A name that no other process has.
    pub(crate) identity: String,
    pub(crate) secret: Option<Place>,
    pub(crate) webhook: Option<webhook::Settings>,
    pub(crate) work: Work,
}

/// What the process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Addresses.
    Addresses,
    /// Answering API servers, and nothing else.
    WebhookOnly,
}

impl TryFrom<Arguments> for Settings {
    type Error = Fatal;

    fn try_from(arguments: Arguments) -> Result<Self, Fatal> {
        let namespace = arguments.flags.namespace()?;
        let secret = secret(&arguments, &namespace);
        let Arguments { flags, webhook, strict_metallb_parity, lease_seconds, .. } = arguments;
        let strictness = if strict_metallb_parity { Strictness::Parity } else { Strictness::KeepAndReport };
        let endpoints = Endpoints {
            metrics_host: flags.host,
            metrics_port: flags.port,
            health_host: flags.host,
            health_port: flags.health_probe_port,
        };
        Ok(Self {
            policy: Policy { class: LoadBalancerClass(flags.class().map(Into::into)), strictness },
            times: Times::of(Duration::from_secs(lease_seconds)),
            identity: identity(flags.pod_name.as_deref()),
            work: if webhook.mode() == Mode::OnlyWebhook { Work::WebhookOnly } else { Work::Addresses },
            webhook: webhook.settings(&flags, &namespace)?,
            flags,
            namespace,
            endpoints,
            secret,
        })
    }
}

fn secret(arguments: &Arguments, namespace: &str) -> Option<Place> {
    let name = Some(&arguments.ml_secret_name).filter(|name| !name.is_empty())?;
    let deployment = arguments.deployment.clone().filter(|name| !name.is_empty());
    Some(Place { namespace: namespace.to_owned(), name: name.clone(), deployment })
}

/// The Pod's name, or one made of process and moment.
fn identity(pod: Option<&str>) -> String {
    match pod.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => format!("patina-controller-{}-{:x}", std::process::id(), clock::now().as_nanos()),
    }
}
