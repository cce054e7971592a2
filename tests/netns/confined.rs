//! The daemons as they ship in a cluster: their capabilities, their calls to the kernel and nothing to write to. That they do
//! their whole work so, every other test of a cluster shows too, for the lab starts them no other way.

use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use patina_lab::fault::{Fault, Order};
use patina_lab::netlink::Netlink;
use patina_lab::netns::Namespace;
use patina_lab::state::StateDir;
use patina_lab::wait::wait_for;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::boxed::{PATINA, boxed, run_name};
use crate::served::served;

const WITHIN: Duration = Duration::from_secs(60);
/// The capability NET_RAW and no other, as the kernel prints a set.
const NET_RAW: &str = "0000000000002000";
const NONE: &str = "0000000000000000";
/// Where a speaker answers probes.
const PROBES: &str = "127.0.0.1:17472";
const SPEAKER: &str = include_str!("../../charts/patina/seccomp/speaker.json");
/// Nobody listens there, and a speaker waits for it.
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: nobody
clusters: [{name: nobody, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nobody, context: {cluster: nobody, user: nobody}}]
";

#[test]
fn row_93_daemons_with_what_they_ship_with_and_no_more_serve_and_fail_over() {
    boxed(|| async {
        let mut served = served().await?;
        let controller = process("controller")?;
        is_confined(controller, NONE)?;
        is_nobody(controller)?;
        let announcer = served.announcer(served.addresses[0]).await?;
        for node in served.cluster.nodes() {
            is_confined(node.speaker().context("a speaker")?.pid(), NET_RAW)?;
        }
        served.cluster.order(&announcer, Order::Inflict(Fault::Crash)).await?;
        for address in served.addresses {
            served.answers(address).await?;
        }
        Ok(())
    });
}

#[test]
fn a_speaker_says_what_fails_when_a_call_is_missing_from_its_list() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let cases = [
            ("timerfd_create", None, 1, "the packet thread did not start"),
            ("eventfd2", None, 1, "not permitted"),
            ("socket", Some(16), 1, "the kernel does not list its links"),
            ("socket", Some(17), 3, "needs the capability NET_RAW"),
        ];
        for (call, argument, code, words) in cases {
            let (ended, said) = ground.ends(without(call, argument)?).await?;
            ensure!(ended == Some(code) && said.contains(words), "{call} {argument:?}: {ended:?} {said}");
        }
        let _whole = ground.speaker(serde_json::from_str(SPEAKER)?)?;
        let probe = async || Ok(ground.namespace.enter(|| TcpStream::connect(PROBES))?.ok());
        wait_for("a speaker with the whole list answers probes", WITHIN, probe).await.map(drop)
    });
}

#[test]
fn a_confined_program_writes_nowhere_and_starts_no_other() {
    boxed(|| async {
        let state = StateDir::take(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(run_name()))?;
        let file = state.file("written");
        let write = format!("echo x > {}", file.display());
        let said = shell(&["--read-only"], &write).await?;
        ensure!(said.contains("Read-only file system") && !file.exists(), "{said}");
        let said = shell(&["--seccomp", "controller"], "/bin/true; echo started").await?;
        ensure!(!said.contains("started"), "{said}");
        let said = shell(&[], "/bin/true; echo started").await?;
        ensure!(said.contains("started"), "the shell itself: {said}");
        Ok(())
    });
}

/// What a shell says that runs confined.
async fn shell(confinement: &[&str], line: &str) -> anyhow::Result<String> {
    let mut command = Command::new(PATINA);
    command.arg("lab-confine").args(confinement).args(["--", "/bin/sh", "-c", line]);
    let output = timeout(WITHIN, command.output()).await.context("it does not end")??;
    Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// The list that ships, without a call, or without it for one value of its argument.
fn without(call: &str, argument: Option<u64>) -> anyhow::Result<Value> {
    let mut profile: Value = serde_json::from_str(SPEAKER)?;
    let rules = profile["syscalls"].as_array_mut().context("its rules")?;
    match argument {
        Some(value) => rules.retain(|rule| rule["names"][0] != call || rule["args"][0]["value"] != value),
        None => {
            let names = rules.iter_mut().filter_map(|rule| rule["names"].as_array_mut());
            names.for_each(|names| names.retain(|name| name != call));
        }
    }
    Ok(profile)
}

/// A host without links, and the files of a speaker.
struct Ground {
    namespace: Namespace,
    state: StateDir,
}

impl Ground {
    async fn new() -> anyhow::Result<Self> {
        let state = StateDir::take(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(run_name()))?;
        state.write("kubeconfig", KUBECONFIG.as_bytes())?;
        let namespace = Namespace::new("node")?;
        Netlink::open(&namespace)?.loopback_up().await?;
        Ok(Self { namespace, state })
    }

    fn speaker(&self, profile: Value) -> anyhow::Result<Child> {
        let profile = self.state.write("profile.json", profile.to_string().as_bytes())?;
        let mut command = Command::new(PATINA);
        command.args(["lab-confine", "--keep", "net-raw", "--seccomp"]).arg(profile);
        command.args(["--", PATINA, "speaker", "--insecure-heartbeats", "--port=0"]).env_clear();
        command.env("KUBECONFIG", self.state.file("kubeconfig"));
        command.env("METALLB_NAMESPACE", "metallb-system").env("METALLB_NODE_NAME", "node");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok(self.namespace.enter(|| command.spawn())??)
    }

    /// How a speaker ends, and what it says.
    async fn ends(&self, profile: Value) -> anyhow::Result<(Option<i32>, String)> {
        let speaker = self.speaker(profile)?;
        let output = timeout(WITHIN, speaker.wait_with_output()).await.context("it does not end")??;
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    }
}

/// What the kernel says of a process: its capabilities for ever, a seccomp filter, no way to new privileges, no place to
/// write to.
fn is_confined(process: i32, capabilities: &str) -> anyhow::Result<()> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    for set in ["CapEff:", "CapPrm:", "CapBnd:"] {
        ensure!(field(set) == Some(capabilities), "{set} of {status}");
    }
    ensure!(field("Seccomp:") == Some("2") && field("NoNewPrivs:") == Some("1"), "{status}");
    let mounts = std::fs::read_to_string(format!("/proc/{process}/mountinfo"))?;
    let writable = |line: &&str| !line.split(' ').nth(5).is_some_and(|options| options.starts_with("ro"));
    let found: Vec<&str> = mounts.lines().filter(writable).collect();
    ensure!(found.is_empty(), "writable: {found:#?}");
    Ok(())
}

/// It is the user that its manifest names, and can become no other: its user namespace has but this one.
fn is_nobody(process: i32) -> anyhow::Result<()> {
    for map in ["uid_map", "gid_map"] {
        let text = std::fs::read_to_string(format!("/proc/{process}/{map}"))?;
        let users: Vec<&str> = text.split_whitespace().collect();
        ensure!(matches!(users[..], ["65534", _, "1"]), "{map}: {text}");
    }
    Ok(())
}

/// The process that runs a verb of this command. A box has its own processes.
fn process(verb: &str) -> anyhow::Result<i32> {
    let wanted = format!("{PATINA}\0{verb}\0");
    let numbers =
        std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let runs = |number: &i32| {
        std::fs::read_to_string(format!("/proc/{number}/cmdline")).is_ok_and(|line| line.starts_with(&wanted))
    };
    numbers.into_iter().find(runs).with_context(|| format!("no {verb} runs"))
}
