//! `patina plan`: what would become of every Service if the operator's objects were others. Changes nothing.

mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use patina::alloc::{Forecast, Prospect, Refusal, forecast, what_if};
use patina::name::{ObjectKey, ServiceKey};
use patina::time::WallTime;
use patina::world::{Kind, Object, World};
use patina_daemon::clock;
use serde_json::{Value, json};

use crate::objects::{Purpose, Setting, read};
use crate::output::{self, Form, NOT_AS_WISHED};

/// What to change, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 if nobody who holds an address is disturbed; 1 if an address moves, is lost, would be announced by other \
                  rules or not at all, or if an object would be rejected; 2 if the question cannot be answered."
)]
pub(crate) struct Plan {
    /// Pools, advertisements and ForeignRanges to apply: a file, a folder, or - for standard input.
    #[arg(short, long = "filename", value_name = "FILE|DIR", required_unless_present = "delete")]
    filename: Vec<PathBuf>,
    /// What to delete: pool/NAME, advertisement/NAME or foreignrange/NAME.
    #[arg(long, value_name = "KIND/NAME", value_parser = deletion)]
    delete: Vec<(Kind, String)>,
    /// Delete the pools and advertisements that the files do not have.
    #[arg(long, requires = "filename")]
    prune: bool,
    /// What stands, from files instead of from a cluster.
    #[arg(long, value_name = "FILE|DIR")]
    state: Vec<PathBuf>,
    #[command(flatten)]
    setting: Setting,
    /// Words, or one JSON document.
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Foretells, and says it.
///
/// # Errors
/// One line: which file, document and field; or what the cluster answered.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let applied = read(&plan.filename, Purpose::Change, &plan.setting.system_namespace)?;
    let standing = plan.setting.standing(&plan.state)?.world();
    let deleted = plan.deleted(&standing, &applied)?;
    let changed = what_if(&standing, applied, &deleted);
    let forecast = forecast(&standing, &changed, &plan.setting.policy(), WallTime::from(clock::wall()));
    match plan.output {
        Form::Text => output::say(&text::of(&forecast)),
        Form::Json => output::say_json(&document(&forecast))?,
    }
    Ok(if forecast.disturbs() { ExitCode::from(NOT_AS_WISHED) } else { ExitCode::SUCCESS })
}

impl Plan {
    fn deleted(&self, standing: &World, applied: &[Object]) -> anyhow::Result<Vec<(Kind, ObjectKey)>> {
        let stands = written(standing);
        let mut deleted = Vec::new();
        for (kind, name) in &self.delete {
            let namespace = if *kind == Kind::ForeignRange { "" } else { &self.setting.system_namespace };
            let key = ObjectKey::new(namespace, name.as_str());
            if !stands.contains(&(*kind, key.clone())) {
                bail!("there is no {} {key} to delete", word(*kind));
            }
            deleted.push((*kind, key));
        }
        if self.prune {
            let mut with_files = World::default();
            for object in applied {
                with_files.apply(object.clone());
            }
            let stay = written(&with_files);
            let pruned = stands.into_iter().filter(|(kind, _)| *kind != Kind::ForeignRange);
            deleted.extend(pruned.filter(|object| !stay.contains(object)));
        }
        Ok(deleted)
    }
}

/// Pools, advertisements and ForeignRanges.
fn written(world: &World) -> Vec<(Kind, ObjectKey)> {
    let pools = world.pools().map(|pool| (Kind::Pool, pool.source.identity.key.clone()));
    let advertisements = world.advertisements().map(|a| (Kind::Advertisement, a.source.identity.key.clone()));
    let foreign = world.foreign_ranges().map(|range| (Kind::ForeignRange, range.identity.key.clone()));
    pools.chain(advertisements).chain(foreign).collect()
}

/// What can be deleted, for who says something else.
const DELETIONS: &str = "say pool/NAME, advertisement/NAME or foreignrange/NAME";

fn deletion(text: &str) -> anyhow::Result<(Kind, String)> {
    let (kind, name) = text.split_once('/').context(DELETIONS)?;
    let kind = match kind.to_ascii_lowercase().as_str() {
        "pool" | "ipaddresspool" | "ipaddresspools" => Kind::Pool,
        "advertisement" | "l2advertisement" | "l2advertisements" => Kind::Advertisement,
        "foreignrange" | "foreignranges" => Kind::ForeignRange,
        _ => bail!(DELETIONS),
    };
    Ok((kind, name.to_owned()))
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Advertisement => "L2Advertisement",
        Kind::ForeignRange => "ForeignRange",
        Kind::Pool
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Node
        | Kind::Namespace
        | Kind::L2Status
        | Kind::PoolState
        | Kind::ServiceCidr
        | Kind::Link => "IPAddressPool",
    }
}

fn document(forecast: &Forecast) -> Value {
    let services = forecast.prospects.iter().map(|(key, prospect)| service(key, prospect));
    let problems = forecast.problems.iter().map(|problem| {
        json!({
            "kind": problem.origin.to_string(),
            "name": problem.object.key.name,
            "rejected": problem.kind.rejects(),
            "reason": problem.kind.word(),
            "message": problem.to_string(),
        })
    });
    json!({
        "disturbs": forecast.disturbs(),
        "services": services.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
    })
}

fn service(key: &ServiceKey, prospect: &Prospect) -> Value {
    let reason = |refusal: &Refusal| json!({ "reason": refusal.word(), "message": refusal.line() });
    json!({
        "namespace": key.namespace,
        "name": key.name,
        "fate": prospect.fate.word(),
        "announcing": prospect.announcing.word(),
        "now": output::held(&prospect.now),
        "then": output::held(&prospect.then),
        "taken": prospect.taken().map(reason),
        "refused": prospect.refused().map(reason),
    })
}
