//! The shipped rights under the real RBAC authoriser: none is missing, none is idle.
//!
//! For each verb on each resource that a role gives, a daemon is started without it and made to need it. It must say so in one
//! line, in the API server's own words, and go on. A right whose loss nobody notices fails the test: it has to go.

mod alone;
mod rights;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use kube::Client;
use kube::api::DynamicObject;
use libtest_mimic::Trial;
use patina_lab::daemon::Daemon;
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use patina_realcluster::{Cluster, Daemons, Spec};

use crate::stage::Stage;
use crate::webhook;
use alone::{Alone, Part};
use rights::Right;

const CONTROLLER: &str = include_str!("../../../charts/patina/manifests/controller-rbac.yaml");
const SPEAKER: &str = include_str!("../../../charts/patina/manifests/speaker-rbac.yaml");
const WITHIN: Duration = Duration::from_secs(60);
/// Users that the manifests make.
const ACCOUNTS: &str = "system:serviceaccount:metallb-system:";

/// A node without daemons: each test starts its own.
fn bare() -> Spec {
    Spec { daemons: Daemons::Absent, ..Spec::with_nodes(1) }
}

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(bare(), "rbac::the_controller_has_no_right_that_it_does_not_need", controller),
        stage.on(bare(), "rbac::the_webhook_has_no_right_that_it_does_not_need", the_webhook),
        stage.on(bare(), "rbac::a_speaker_has_no_right_that_it_does_not_need", speaker),
        stage.on(bare(), "rbac::a_right_that_comes_later_is_used_without_a_restart", comes_later),
    ]
}

async fn controller(cluster: &mut Cluster) -> anyhow::Result<()> {
    let roles = manifest::parse("roles", CONTROLLER)?;
    ensure!(rights::of(&roles)?.len() > 15, "few rights were found");
    each_is_needed(cluster, Part::Controller, &roles).await
}

/// What it may do besides, when its webhook is on. The webhook is not reached here: whatever it would say, objects pass.
async fn the_webhook(cluster: &mut Cluster) -> anyhow::Result<()> {
    let mut objects = webhook::shipped()?;
    for webhook in objects.iter_mut().flat_map(webhook::webhooks) {
        webhook["failurePolicy"] = "Ignore".into();
    }
    manifest::apply(cluster.kube(), &objects).await?;
    let needed = each_is_needed(cluster, Part::Webhook, &objects).await;
    manifest::delete(cluster.kube(), &objects).await?;
    needed
}

async fn speaker(cluster: &mut Cluster) -> anyhow::Result<()> {
    let roles = manifest::parse("roles", SPEAKER)?;
    ensure!(rights::of(&roles)?.len() > 15, "few rights were found");
    each_is_needed(cluster, Part::Speaker, &roles).await
}

async fn each_is_needed(cluster: &Cluster, part: Part, roles: &[DynamicObject]) -> anyhow::Result<()> {
    let rights = rights::of(roles)?;
    ensure!(!rights.is_empty(), "no rights were found");
    let mut idle = Vec::new();
    for (round, right) in rights.iter().enumerate() {
        let noticed = is_noticed(cluster, part, right, round).await;
        manifest::apply(cluster.kube(), roles).await?;
        if let Err(error) = noticed {
            idle.push(format!("{right}: {error:#}"));
        }
    }
    ensure!(idle.is_empty(), "{} of {} rights:\n{}", idle.len(), rights.len(), idle.join("\n"));
    Ok(())
}

/// Starts the daemon without the right, and waits for its line about it.
async fn is_noticed(cluster: &Cluster, part: Part, right: &Right, round: usize) -> anyhow::Result<()> {
    withhold(cluster.kube(), part, right).await?;
    let mut alone = Alone::prepare(cluster, part, round).await?;
    let mut daemon = alone.start()?;
    let what = format!("a line about {right}");
    let noticed = wait_for(&what, WITHIN, async || {
        ensure!(!daemon.has_ended()?, "it has ended:\n{}", log(&daemon)?);
        alone.provoke(right).await?;
        Ok((lines(&daemon, right)? == 1).then_some(()))
    });
    let noticed = noticed.await.with_context(|| log(&daemon).unwrap_or_default());
    daemon.kill().await?;
    noticed
}

/// Takes the right away and waits until the authoriser knows.
async fn withhold(kube: &Client, part: Part, right: &Right) -> anyhow::Result<()> {
    manifest::apply(kube, &[right.withheld()?]).await?;
    let user = format!("{ACCOUNTS}{}", part.account());
    let look = async || Ok((!right.is_given(kube, &user).await?).then_some(()));
    wait_for(&format!("the authoriser withholds {right}"), WITHIN, look).await
}

async fn comes_later(cluster: &mut Cluster) -> anyhow::Result<()> {
    let roles = manifest::parse("roles", CONTROLLER)?;
    let rights = rights::of(&roles)?;
    let wanted =
        ["patch services/status", "list ipaddresspools.metallb.io", "create leases.coordination.k8s.io"];
    for (round, right) in rights.iter().filter(|right| wanted.contains(&&*right.to_string())).enumerate() {
        withhold(cluster.kube(), Part::Controller, right).await?;
        let alone = Alone::prepare(cluster, Part::Controller, 1000 + round).await?;
        let daemon = alone.start()?;
        let missed = async || Ok((lines(&daemon, right)? == 1).then_some(()));
        wait_for(&format!("a line about {right}"), WITHIN, missed).await?;
        manifest::apply(cluster.kube(), &roles).await?;
        alone.until_served().await.with_context(|| format!("{right} came back"))?;
        let told = log(&daemon)?;
        ensure!(told.matches("a right is there now").count() == 1 && lines(&daemon, right)? == 1, "{told}");
        daemon.kill().await?;
    }
    Ok(())
}

/// How many lines say that the right is missing.
fn lines(daemon: &Daemon, right: &Right) -> anyhow::Result<usize> {
    let denial = right.denial();
    let about = |line: &&str| line.contains("a right is missing") && line.replace('\\', "").contains(&denial);
    Ok(log(daemon)?.lines().filter(about).count())
}

fn log(daemon: &Daemon) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(daemon.log())?)
}
