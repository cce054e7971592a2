//! `patina lab`: a cluster on this machine, and its story.

mod up;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use patina_lab::cluster::{MOST_NODES, Settings, View};
use patina_lab::control::{self, Request, Response};
use patina_lab::netlink::Snooping;
use patina_lab::sandbox::{self, Side};
use patina_lab::signals::Signals;
use patina_lab::state::StateDir;
use patina_lab::{settings, story};

use crate::output::{Form, say};

pub(crate) use up::{Cluster, run_cluster};

/// Without a verb: plays the story of a Service and ends.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Lab {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    size: Size,
    /// Words, or one JSON document (the words then go to standard error).
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Size {
    /// How many nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_NODES)))]
    pub(crate) nodes: u8,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start a cluster that stays, for kubectl.
    Up(Size),
    /// Show nodes, faults and Services.
    Status,
    /// Do something to a node, or heal it.
    Fault {
        /// Such as node-1.
        node: String,
        /// What to do.
        #[arg(value_enum)]
        what: What,
    },
    /// Ask an URL from the client on the segment.
    Curl {
        /// Such as <http://192.168.50.240/>.
        url: String,
    },
    /// Print the path of the kubeconfig file.
    Kubeconfig,
    /// End the cluster; nothing of it stays behind.
    Down,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Power off: out of the bridge, everything on it killed.
    Crash,
    /// Pull the cable.
    Carrier,
    /// Stop every program on it (SIGSTOP).
    Freeze,
    /// Out of the bridge, while everything on it lives.
    Isolate,
    /// Undo any of these; a crashed node boots anew.
    Heal,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Carrier => "carrier",
            Self::Freeze => "freeze",
            Self::Isolate => "isolate",
            Self::Heal => "heal",
        }
    }
}

pub(crate) fn run(lab: Lab) -> anyhow::Result<ExitCode> {
    let folder = settings::state_folder();
    match lab.verb {
        None => play(lab.size, lab.output, &folder),
        Some(Verb::Up(size)) => up::up(size, &folder),
        Some(Verb::Status) => show(&ask(&folder, &Request::Status)?),
        Some(Verb::Fault { node, what }) => {
            let request = Request::Fault { node: node.clone(), order: what.word().to_owned() };
            ask(&folder, &request)?;
            say(&format!("{node}: {}", what.word()));
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Curl { url }) => show(&ask(&folder, &Request::Curl { url })?),
        Some(Verb::Kubeconfig) => {
            ask(&folder, &Request::Status)?;
            say(&folder.join("kubeconfig").display().to_string());
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Down) => up::down(&folder),
    }
}

fn play(size: Size, form: Form, folder: &Path) -> anyhow::Result<ExitCode> {
    let held = match sandbox::enter()? {
        Side::Outside(code) => return Ok(code),
        Side::Inside(held) => held,
    };
    let settings = settings_of(size, folder)?;
    let output = match form {
        Form::Text => story::Output::Text,
        Form::Json => story::Output::Json,
    };
    runtime()?.block_on(async {
        let mut signals = Signals::listen(Some(held))?;
        tokio::select! {
            report = story::play(settings, output) => Ok(match report.broken {
                None => ExitCode::SUCCESS,
                Some(_) => ExitCode::FAILURE,
            }),
            signal = signals.next() => bail!("ended by {signal}; nothing is left behind"),
        }
    })
}

/// Takes the lab's folder, so it is called in the box.
fn settings_of(size: Size, folder: &Path) -> anyhow::Result<Settings> {
    Ok(Settings {
        nodes: size.nodes,
        patina: own_path()?,
        state: StateDir::take(folder)?,
        snooping: Snooping::Off,
    })
}

fn own_path() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("the path of this program")
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// What the lab answers, unless it refuses.
fn ask(folder: &Path, request: &Request) -> anyhow::Result<Response> {
    let response = control::ask(folder, request)?;
    if let Response::Refused(why) = response {
        bail!(why);
    }
    Ok(response)
}

fn show(response: &Response) -> anyhow::Result<ExitCode> {
    match response {
        Response::Status(view) => say(&table(view)),
        Response::Done => {}
        Response::Answer { status, body, took_ms } => {
            say(&format!("{status} after {took_ms:.1} ms\n{}", body.trim_end()));
            return Ok(if *status < 400 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Response::Refused(why) => bail!("{why}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(view: &View) -> String {
    let mut lines =
        vec![format!("{:<10} {:<7} {:<10} {:<18} ADDRESSES", "NODE", "READY", "FAULT", "HARDWARE")];
    for node in &view.nodes {
        let ready = if node.ready { "yes" } else { "no" };
        let fault = node.fault.as_deref().unwrap_or("-");
        let addresses = node.addresses.join(", ");
        lines.push(format!("{:<10} {ready:<7} {fault:<10} {:<18} {addresses}", node.name, node.hardware));
    }
    lines.push(String::new());
    lines.push(format!("{:<28} {:<36} ANNOUNCED BY", "SERVICE", "ADDRESSES"));
    for service in &view.services {
        let (addresses, by) = (service.addresses.join(", "), service.announced_by.join("; "));
        lines.push(format!("{:<28} {addresses:<36} {by}", service.name));
    }
    lines.join("\n")
}
