//! Each process says in a ConfigurationState of its own whether it could read its configuration.

use anyhow::Context;
use kube::Api;
use kube::api::DeleteParams;
use patina::api::{ConfigurationResult, ConfigurationState, IPAddressPool};
use patina_lab::cluster::NAMESPACE;
use patina_lab::manifest;
use patina_lab::wait::wait_for;

use crate::boxed::boxed;
use crate::served::{Served, WITHIN, served};

const AUTHORS: [&str; 4] = ["controller", "speaker-node-1", "speaker-node-2", "speaker-node-3"];
const BACKWARDS: &str = "
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: backwards, namespace: metallb-system}
spec: {addresses: ['fd00:50::9-fd00:50::1']}
";

fn states(served: &Served) -> Api<ConfigurationState> {
    Api::namespaced(served.cluster.kube().clone(), NAMESPACE)
}

/// Waits until every process says this, and nobody else says anything.
async fn all_say(served: &Served, result: ConfigurationResult) -> anyhow::Result<()> {
    let look = async || {
        let all = states(served).list(&Default::default()).await?;
        let names: Vec<_> = all.iter().filter_map(|state| state.metadata.name.as_deref()).collect();
        anyhow::ensure!(names == AUTHORS, "{names:?}");
        let said = |state: &ConfigurationState| state.status.as_ref().and_then(|status| status.result);
        Ok(all.iter().all(|state| said(state) == Some(result)).then_some(()))
    };
    wait_for(&format!("every process says {result:?}"), WITHIN, look).await
}

#[test]
fn rows_46_50_controller_and_speakers_say_whether_they_could_read_their_configuration() {
    boxed(|| async {
        let served = served().await?;
        all_say(&served, ConfigurationResult::Valid).await?;
        for author in AUTHORS {
            states(&served).delete(author, &DeleteParams::default()).await?;
        }
        all_say(&served, ConfigurationResult::Valid).await?;
        let bad = manifest::parse("backwards", BACKWARDS)?;
        manifest::apply(served.cluster.kube(), &bad).await?;
        all_say(&served, ConfigurationResult::Invalid).await?;
        let status = states(&served).get("speaker-node-2").await?.status.context("no status")?;
        let summary = status.error_summary.unwrap_or_default();
        anyhow::ensure!(
            summary.starts_with("IPAddressPool metallb-system/backwards: BadRange: "),
            "{summary}"
        );
        anyhow::ensure!(status.conditions[0].type_ == "configReconcilerValid", "{:?}", status.conditions);
        let pools = Api::<IPAddressPool>::namespaced(served.cluster.kube().clone(), NAMESPACE);
        pools.delete("backwards", &DeleteParams::default()).await?;
        all_say(&served, ConfigurationResult::Valid).await
    });
}
