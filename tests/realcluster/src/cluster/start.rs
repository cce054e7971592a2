//! From nothing to Ready.

use std::path::PathBuf;

use anyhow::Context;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::GetParams;
use kube::core::Request;
use kube::{Api, Client};
use patina_lab::agent;
use patina_lab::cluster::{NAMESPACE, install, layout};
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;
use patina_lab::standins::start_scheduler;
use patina_lab::state::StateDir;
use patina_lab::wait::wait_for;
use tokio::task::JoinSet;

use super::{ANSWERS_WITHIN, Cluster};
use crate::audit::POLICY;
use crate::control_plane::{AUDIT_POLICY, ControlPlane, Part};
use crate::credentials::{Account, Credentials};
use crate::ground::Ground;
use crate::node::Node;
use crate::{Daemons, Spec, Tools, access};

impl Cluster {
    /// Starts a cluster and waits until its nodes are Ready. `patina` is the project's command, `state` the folder for
    /// its files.
    ///
    /// # Errors
    /// Whatever did not start; everything that did is ended.
    pub async fn start(spec: Spec, tools: Tools, patina: PathBuf, state: StateDir) -> anyhow::Result<Self> {
        // Where the limit cannot be raised the cluster still works, with fewer sockets.
        let _ = agent::raise_file_limit();
        let ground = lay(spec, tools, patina, state).await?;
        let mut control = ControlPlane::new(&ground).await?;
        control.start(Part::Etcd, &ground)?;
        control.start(Part::ApiServer, &ground)?;
        let admin = ground.credentials.kubeconfig(Account::Admin, &control.url()).to_string();
        let kubeconfig = ground.state.write("kubeconfig", admin.as_bytes())?;
        let kube = agent::client(&kubeconfig).await?;
        let client =
            Host::join(&ground.segment, "client", layout::CLIENT_HARDWARE, &layout::client()).await?;
        let nodes = std::collections::BTreeMap::new();
        let mut cluster =
            Self { kube, kubeconfig, client, control, nodes, _scheduler: JoinSet::new(), ground };
        cluster.until_answering().await?;
        cluster.populate().await?;
        Ok(cluster)
    }

    async fn populate(&mut self) -> anyhow::Result<()> {
        self.start_part(Part::ControllerManager)?;
        self._scheduler.spawn(start_scheduler(self.kube.clone()));
        install::install(&self.kube).await?;
        access::grant(&self.kube).await?;
        for account in ["controller", "speaker"] {
            access::kubeconfig(&self.kube, &self.ground, account).await?;
        }
        if self.ground.spec.daemons == Daemons::Running {
            self.start_part(Part::Controller)?;
            self.ground.key_folder = install::mount_key(&self.kube, &self.ground.state).await?;
        }
        for number in 1..=self.ground.spec.nodes {
            let node = Node::boot(number, &self.ground).await?;
            self.nodes.insert(node.name().to_owned(), node);
        }
        self.until_ready().await?;
        until_accounts(&self.kube).await
    }
}

/// Segment, credentials, files.
async fn lay(spec: Spec, tools: Tools, patina: PathBuf, state: StateDir) -> anyhow::Result<Ground> {
    let credentials = Credentials::make(&state).context("make keys and certificates")?;
    state.write(AUDIT_POLICY, POLICY.as_bytes())?;
    let segment = Segment::new(Snooping::Off).await?;
    let key_folder = state.file("key");
    let ground = Ground { spec, segment, state, tools, patina, credentials, key_folder };
    ground.write_kubeconfigs()?;
    Ok(ground)
}

/// Whether the API server says that it is ready.
pub(super) async fn ready(kube: &Client) -> anyhow::Result<Option<()>> {
    let request = Request::new("").get("readyz", &GetParams::default())?;
    Ok((kube.request_text(request).await? == "ok").then_some(()))
}

/// Until then every Pod in the namespace is refused.
async fn until_accounts(kube: &Client) -> anyhow::Result<()> {
    for namespace in ["default", NAMESPACE] {
        let accounts = Api::<ServiceAccount>::namespaced(kube.clone(), namespace);
        let look = async || Ok(accounts.get_opt("default").await?.map(drop));
        wait_for(&format!("ServiceAccount {namespace}/default"), ANSWERS_WITHIN, look).await?;
    }
    Ok(())
}
