//! `patina why`: how the decision on one Service comes about, pool by pool. Changes nothing.

mod answer;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use patina::config::Config;
use patina::name::ServiceKey;
use patina::time::WallTime;
use patina_daemon::clock;

use crate::objects::Setting;
use crate::output::{self, Form, NOT_AS_WISHED};
use answer::Answer;

/// Which Service, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 if the Service has what it asks for, 1 if it does not, 2 if the question cannot be answered."
)]
pub(crate) struct Why {
    /// The Service, as service/NAME.
    #[arg(value_name = "service/NAME", value_parser = service_name)]
    service: String,
    /// Namespace of the Service.
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// What stands, from files instead of from a cluster: a file, a folder, or - for standard input.
    #[arg(short, long, value_name = "FILE|DIR")]
    filename: Vec<PathBuf>,
    #[command(flatten)]
    setting: Setting,
    /// Words, or one JSON document.
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Explains.
///
/// # Errors
/// One line: which file, document and field; what the cluster answered; or that there is no such Service.
pub(crate) fn run(why: &Why) -> anyhow::Result<ExitCode> {
    let standing = why.setting.standing(&why.filename)?;
    let key = ServiceKey::new(why.namespace.as_str(), why.service.as_str());
    let service = standing.service(&key).with_context(|| format!("there is no Service {key}"))?;
    let world = standing.world();
    let (config, problems) = Config::build(&world.written(), &Config::default());
    let now = WallTime::from(clock::wall());
    let answer = Answer::find(service, &world, &config, &problems, &why.setting.policy(), now);
    match why.output {
        Form::Text => output::say(&text::of(&answer)),
        Form::Json => output::say_json(&answer.document())?,
    }
    Ok(if answer.is_as_wished() { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_WISHED) })
}

fn service_name(text: &str) -> anyhow::Result<String> {
    match text.split_once('/') {
        Some(("service" | "services" | "svc", name)) if !name.is_empty() && !name.contains('/') => {
            Ok(name.to_owned())
        }
        _ => bail!("say service/NAME"),
    }
}
