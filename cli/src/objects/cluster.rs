//! A cluster, read once.

use std::path::{Path, PathBuf};

use anyhow::Context;
use patina::world::Object;
use patina_daemon::client;
use patina_daemon::watch::snapshot;

/// How the command introduces itself.
const NAME: &str = "patina";

/// Everything that decisions on addresses rest on.
///
/// # Errors
/// One line that names the kubeconfig, or says what the API server answered.
pub(super) fn read(kubeconfig: Option<&Path>, system_namespace: &str) -> anyhow::Result<Vec<Object>> {
    let kubeconfig = match kubeconfig.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => path.to_owned(),
        None => of_kubectl().context("no cluster: set KUBECONFIG or --kubeconfig, or name files")?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client::client(Some(&kubeconfig), NAME)
            .await
            .map_err(|fatal| anyhow::Error::msg(fatal.line()))?;
        Ok(snapshot(&client, system_namespace).await?)
    })
}

/// Where kubectl looks when nothing says otherwise.
fn of_kubectl() -> Option<PathBuf> {
    let path = std::env::home_dir()?.join(".kube/config");
    path.exists().then_some(path)
}
