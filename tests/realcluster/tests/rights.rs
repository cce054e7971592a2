//! What the daemons asked for and never got, over everything that was done to the shared cluster before.

use std::sync::Arc;

use anyhow::ensure;
use libtest_mimic::Trial;
use patina_realcluster::Cluster;

use crate::shared;
use crate::stage::Stage;

const DAEMONS: &str = "system:serviceaccount:metallb-system:";

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![stage.on(shared(), "rights::the_daemons_ask_for_nothing_that_they_have_no_right_to", none_denied)]
}

async fn none_denied(cluster: &mut Cluster) -> anyhow::Result<()> {
    let audit = cluster.audit();
    let events = audit.events()?;
    let asked = events.iter().filter(|event| {
        event
            .pointer("/user/username")
            .and_then(serde_json::Value::as_str)
            .is_some_and(|u| u.starts_with(DAEMONS))
    });
    ensure!(asked.count() > 0, "the audit log knows nothing of the daemons");
    let lacking = audit.lacking(DAEMONS)?;
    ensure!(lacking.is_empty(), "{lacking:#?}");
    Ok(())
}
