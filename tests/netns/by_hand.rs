//! The daemons as a person starts them, without a cluster: what they say when they cannot begin, and that they begin
//! without the privileges that are only welcome.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use patina::addr::HardwareAddr;
use patina_lab::capture::{Capture, Said};
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::privilege::Capability;
use patina_lab::segment::Segment;
use patina_lab::state::StateDir;
use patina_lab::wait::wait_for;
use tokio::process::Command;
use tokio::time::timeout;

use crate::boxed::{PATINA, boxed, run_name};

const WITHIN: Duration = Duration::from_secs(30);
const NODE: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
/// Nobody listens there, and a daemon waits for it.
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: nobody
clusters: [{name: nobody, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nobody, context: {cluster: nobody, user: nobody}}]
";

/// A host that is no node of any cluster, and a folder with all that a speaker is told by files.
struct Ground {
    segment: Segment,
    host: Host,
    state: StateDir,
    kubeconfig: PathBuf,
    key: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
struct End {
    code: Option<i32>,
    said: String,
}

impl Ground {
    async fn new() -> anyhow::Result<Self> {
        let segment = Segment::new(Snooping::Off).await?;
        let host = Host::join(&segment, "node", NODE, &["192.168.50.11/24".parse()?]).await?;
        let state = StateDir::take(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(run_name()))?;
        let kubeconfig = state.write("kubeconfig", KUBECONFIG.as_bytes())?;
        let key = state.write("key/secretkey", b"sixteen bytes and more")?;
        let key = key.parent().map(Path::to_path_buf).context("the key's folder")?;
        Ok(Self { segment, host, state, kubeconfig, key })
    }

    /// All that a daemon needs to begin.
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("KUBECONFIG", self.kubeconfig.display().to_string()),
            ("METALLB_NAMESPACE", "metallb-system".to_owned()),
            ("METALLB_NODE_NAME", "node".to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", self.key.display().to_string()),
        ]
    }

    /// The same with one variable changed.
    fn but(&self, name: &'static str, value: impl AsRef<Path>) -> Vec<(&'static str, String)> {
        let mut environment = self.environment();
        environment.retain(|(other, _)| *other != name);
        environment.push((name, value.as_ref().display().to_string()));
        environment
    }

    /// Runs a daemon that cannot begin, to its end.
    async fn ends(
        &self,
        verb: &str,
        environment: Vec<(&'static str, String)>,
        keep: &[Capability],
    ) -> anyhow::Result<End> {
        let mut command = Command::new(PATINA);
        command.arg("lab-confine");
        for capability in keep {
            command.args(["--keep", capability.name()]);
        }
        command.args(["--", PATINA, verb]).env_clear().envs(environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = self.host.namespace().enter(|| command.spawn())??;
        let output = timeout(WITHIN, child.wait_with_output()).await.context("it does not end")??;
        ensure!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        Ok(End { code: output.status.code(), said: String::from_utf8(output.stderr)? })
    }

    /// A speaker that goes on until it is dropped.
    fn speaker(&self, keep: &[Capability]) -> anyhow::Result<Daemon> {
        let launch = Launch {
            program: Path::new(PATINA),
            arguments: vec!["speaker".to_owned()],
            environment: self.environment(),
            keep: Keep::Capabilities(keep),
            log: self.state.file("speaker.log"),
        };
        Ok(Daemon::start(self.host.namespace(), launch)?)
    }

    /// Waits until the speaker beats on the segment: it does its work.
    async fn until_it_beats(&self, speaker: &Daemon) -> anyhow::Result<()> {
        let capture = Capture::start(&self.segment)?;
        let beats = async || {
            let all = capture.take();
            let beat = all.iter().any(|seen| seen.from == NODE && matches!(seen.said, Said::Beat(_)));
            Ok(beat.then_some(()))
        };
        let heard = wait_for("the speaker beats", WITHIN, beats).await;
        heard.with_context(|| std::fs::read_to_string(speaker.log()).unwrap_or_default())
    }
}

impl End {
    /// It ended with this code after one line that has these words.
    fn is(&self, code: i32, words: &[&str]) -> anyhow::Result<()> {
        let complete = words.iter().all(|word| self.said.contains(word));
        ensure!(self.code == Some(code) && complete, "wanted {code} and {words:?}: {self:?}");
        ensure!(self.said.lines().count() == 1, "more than one line: {}", self.said);
        Ok(())
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_used_ends_a_daemon_with_one_line_that_names_it() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let nonsense = ground.state.write("nonsense", b"clusters: [\n\t}")?;
        let empty = ground.state.write("empty", b"")?;
        let folder = ground.key.clone();
        for verb in ["speaker", "controller"] {
            for file in [Path::new("/nowhere/kubeconfig"), &nonsense, &empty, &folder] {
                let end = ground.ends(verb, ground.but("KUBECONFIG", file), &[Capability::NetRaw]).await?;
                end.is(2, &["cannot use the kubeconfig", &file.display().to_string()])?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_key_that_is_missing_short_or_unreadable_ends_a_speaker_with_one_line() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let short = ground.state.write("short/secretkey", b"guess")?;
        let short = short.parent().context("its folder")?;
        for (folder, words) in [
            (short, "has 5 bytes, at least 16 are needed"),
            (Path::new("/nowhere"), "cannot be read from /nowhere/secretkey"),
        ] {
            let environment = ground.but("METALLB_ML_SECRET_KEY_PATH", folder);
            ground.ends("speaker", environment, &[Capability::NetRaw]).await?.is(2, &[words])?;
        }
        let mut without = ground.environment();
        without.retain(|(name, _)| *name != "METALLB_ML_SECRET_KEY_PATH");
        let end = ground.ends("speaker", without, &[Capability::NetRaw]).await?;
        end.is(2, &["no key for the heartbeats", "--insecure-heartbeats"])
    });
}

#[test]
fn without_net_raw_a_speaker_names_it_in_one_line_and_says_nothing_on_the_segment() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let capture = Capture::start(&ground.segment)?;
        let end = ground.ends("speaker", ground.environment(), &[Capability::SysNice]).await?;
        end.is(3, &["patina-speaker needs the capability NET_RAW", "securityContext.capabilities"])?;
        let frames = capture.take();
        ensure!(!frames.iter().any(|seen| matches!(seen.said, Said::Beat(_))), "{frames:?}");
        Ok(())
    });
}

#[test]
fn without_real_time_and_locked_memory_a_speaker_says_so_once_and_goes_on() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let speaker = ground.speaker(&[Capability::NetRaw])?;
        ground.until_it_beats(&speaker).await?;
        let log = std::fs::read_to_string(speaker.log())?;
        ensure!(log.matches("SYS_NICE, IPC_LOCK").count() == 1, "{log}");
        ensure!(!is_real_time(&speaker)? && locked_kilobytes(&speaker)? == 0, "{log}");
        Ok(())
    });
}

#[test]
fn the_packet_thread_takes_real_time_and_locked_memory_where_they_are_permitted() {
    boxed(|| async {
        let ground = Ground::new().await?;
        let speaker = ground.speaker(&[Capability::NetRaw, Capability::SysNice, Capability::IpcLock])?;
        ground.until_it_beats(&speaker).await?;
        let log = std::fs::read_to_string(speaker.log())?;
        let permitted = holds_on_the_machine(&[SYS_NICE, IPC_LOCK])?;
        ensure!(is_real_time(&speaker)? == permitted, "permitted: {permitted}, {log}");
        ensure!((locked_kilobytes(&speaker)? > 0) == permitted, "permitted: {permitted}, {log}");
        ensure!(log.contains("has a real-time priority and locked memory") == permitted, "{log}");
        Ok(())
    });
}

const SYS_NICE: u32 = 23;
const IPC_LOCK: u32 = 14;

/// Whether this process has the capabilities on the machine itself: in a user namespace the kernel grants neither of them.
fn holds_on_the_machine(capabilities: &[u32]) -> anyhow::Result<bool> {
    let map = std::fs::read_to_string("/proc/self/uid_map")?;
    let whole = map.split_whitespace().eq(["0", "0", "4294967295"]);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let held = u64::from_str_radix(field(&status, "CapEff:")?, 16)?;
    Ok(whole && capabilities.iter().all(|number| held & (1 << number) != 0))
}

fn field<'a>(status: &'a str, name: &str) -> anyhow::Result<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).context("no such field")
}

/// `VmLck` of `proc_pid_status(5)`.
fn locked_kilobytes(daemon: &Daemon) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid()))?;
    Ok(field(&status, "VmLck:")?.trim_end_matches("kB").trim().parse()?)
}

/// Whether the packet thread, and no other, is scheduled by `SCHED_RR` (2): field 41 of `proc_pid_stat(5)`.
fn is_real_time(daemon: &Daemon) -> anyhow::Result<bool> {
    const POLICY_AFTER_NAME: usize = 38;
    let mut real_time = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{}/task", daemon.pid()))? {
        let stat = std::fs::read_to_string(entry?.path().join("stat"))?;
        let (head, rest) = stat.rsplit_once(") ").context("no name")?;
        if rest.split(' ').nth(POLICY_AFTER_NAME) == Some("2") {
            real_time.push(head.split_once('(').context("no name")?.1.to_owned());
        }
    }
    ensure!(real_time.iter().all(|name| name == "packets"), "{real_time:?}");
    Ok(!real_time.is_empty())
}
