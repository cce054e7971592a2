//! Containers that are more than an echo: for their image the node has a program of the machine, which runs in the
//! Pod's namespace without any capability and with a read-only root.
//!
//! It gets the container's `args` and, in `$KUBECONFIG`, a token of the Pod's ServiceAccount that is bound to the Pod,
//! as a kubelet's is. It gets no environment of its own, no volume, no restart and no grace period.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Container, Pod, ServiceAccount};
use kube::api::PostParams;
use kube::config::{AuthInfo, Kubeconfig};
use kube::{Api, Client, ResourceExt};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

use crate::daemon::{Daemon, Keep, Launch};
use crate::netns::Namespace;

/// Nobody renews the token, and a cluster for hands may stay for a day.
const VALID_SECONDS: i64 = 24 * 60 * 60;
/// From its start to an open port, on a slow machine.
const LISTENS_WITHIN: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The images that a node has as programs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Programs {
    /// The program for an image's name, tag included.
    pub by_image: BTreeMap<String, PathBuf>,
    /// Says where Pods find the API server.
    pub kubeconfig: PathBuf,
    /// Logs (`*.log`) and tokens go there.
    pub folder: PathBuf,
}

impl Programs {
    /// Whether the container's image is one of them.
    pub(super) fn has(&self, container: &Container) -> bool {
        self.of(container).is_some()
    }

    fn of(&self, container: &Container) -> Option<&PathBuf> {
        self.by_image.get(container.image.as_deref()?)
    }

    /// Starts a container's program. It is part of the calling program: they end together.
    pub(super) async fn start(
        &self,
        client: &Client,
        pod: &Pod,
        container: &Container,
        namespace: &Namespace,
    ) -> anyhow::Result<Daemon> {
        let program = self.of(container).context("no program for this image")?.display().to_string();
        let kubeconfig = self.kubeconfig_of(client, pod).await?.display().to_string();
        let confined = ["lab-confine", "--read-only", "--", &program].map(str::to_owned).into_iter();
        let launch = Launch {
            program: &std::env::current_exe()?,
            arguments: confined.chain(container.args.iter().flatten().cloned()).collect(),
            environment: vec![("KUBECONFIG", kubeconfig)],
            keep: Keep::Everything,
            log: self.folder.join(format!("{}.log", pod.name_any())),
        };
        Ok(Daemon::start_part(namespace, launch)?)
    }

    /// Writes a kubeconfig with a token of the Pod's ServiceAccount.
    async fn kubeconfig_of(&self, client: &Client, pod: &Pod) -> anyhow::Result<PathBuf> {
        let name = format!("{}.{}", pod.name_any(), pod.uid().unwrap_or_default());
        let token_file = self.folder.join(format!("{name}.token"));
        write_for_owner(&token_file, &token(client, pod).await?)?;
        let mut kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
        let token_file = Some(token_file.display().to_string());
        for user in &mut kubeconfig.auth_infos {
            user.auth_info = Some(AuthInfo { token_file: token_file.clone(), ..AuthInfo::default() });
        }
        let file = self.folder.join(format!("{name}.kubeconfig"));
        write_for_owner(&file, &serde_yaml::to_string(&kubeconfig)?)?;
        Ok(file)
    }
}

/// Asks for a token as a kubelet does: it ends with the Pod.
async fn token(client: &Client, pod: &Pod) -> anyhow::Result<String> {
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref());
    let bound = BoundObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        name: Some(pod.name_any()),
        uid: pod.uid(),
    };
    let spec = TokenRequestSpec {
        bound_object_ref: Some(bound),
        expiration_seconds: Some(VALID_SECONDS),
        ..TokenRequestSpec::default()
    };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let account = account.unwrap_or("default");
    let asked = accounts.create_token_request(account, &PostParams::default(), &request).await;
    let status = asked.with_context(|| format!("a token of ServiceAccount {account}"))?.status;
    Ok(status.context("the API server gives no token")?.token)
}

fn write_for_owner(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| path.display().to_string())
}

/// Waits until every TCP port that the Pod's containers name is open, and returns the Pod.
pub(super) async fn until_listening(namespace: Namespace, pod: Pod) -> anyhow::Result<Pod> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    for port in ports.filter(|port| port.protocol.as_deref().is_none_or(|name| name == "TCP")) {
        let number = u16::try_from(port.container_port).context("containerPort")?;
        let open = timeout(LISTENS_WITHIN, until_open(&namespace, number)).await;
        open.with_context(|| format!("{} does not listen on port {number}", pod.name_any()))??;
    }
    Ok(pod)
}

async fn until_open(namespace: &Namespace, port: u16) -> anyhow::Result<()> {
    loop {
        let socket = namespace.enter(TcpSocket::new_v4)??;
        match socket.connect((Ipv4Addr::LOCALHOST, port).into()).await {
            Ok(_) => return Ok(()),
            Err(_) => sleep(LOOK_AGAIN).await,
        }
    }
}
