//! The `patina lab` command as a person types it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use patina_lab::state::StateDir;
use patina_lab::wait::wait_for;

use crate::boxed::{PATINA, boxed};

/// A home for one lab, so that tests do not meet. Short, because a socket's path may have 107 bytes.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> anyhow::Result<Self> {
        let path = PathBuf::from(format!("/tmp/patina-{name}-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn folder(&self) -> PathBuf {
        self.0.join("patina-lab")
    }

    fn patina(&self, arguments: &str) -> anyhow::Result<Output> {
        let words = arguments.split_whitespace();
        Ok(Command::new(PATINA).args(words).env("XDG_RUNTIME_DIR", &self.0).env_remove("CARGO").output()?)
    }

    fn succeeds(&self, arguments: &str) -> anyhow::Result<String> {
        let output = self.patina(arguments)?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "patina {arguments}: {told}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The one line that it says when it fails.
    fn fails(&self, arguments: &str) -> anyhow::Result<String> {
        let output = self.patina(arguments)?;
        ensure!(!output.status.success(), "patina {arguments} succeeded");
        let told = String::from_utf8(output.stderr)?;
        ensure!(told.lines().count() == 1, "more than one line:\n{told}");
        Ok(told)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if StateDir::is_taken(&self.folder()) {
            let _ = self.patina("lab down");
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A command that somebody interrupts.
struct Interrupted {
    said: String,
    code: Option<i32>,
}

impl Home {
    /// Starts a command and, when the wish comes true, interrupts it as Ctrl-C does: the whole process group.
    async fn interrupt(
        &self,
        arguments: &str,
        wish: impl AsyncFnMut() -> anyhow::Result<Option<()>>,
    ) -> anyhow::Result<Interrupted> {
        let child = Command::new(PATINA)
            .args(arguments.split_whitespace())
            .env("XDG_RUNTIME_DIR", &self.0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let came = wait_for("the moment to interrupt", Duration::from_secs(60), wish).await;
        let group = Pid::from_raw(i32::try_from(child.id())?);
        killpg(group, Signal::SIGINT)?;
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
        let output =
            tokio::time::timeout(Duration::from_secs(20), ended).await.context("it goes on")???;
        came?;
        Ok(Interrupted { said: String::from_utf8(output.stderr)?, code: output.status.code() })
    }

    async fn is_clean(&self) -> anyhow::Result<()> {
        let none = async || Ok(processes_of(&self.0)?.is_empty().then_some(()));
        wait_for("every process of the lab is gone", Duration::from_secs(10), none).await?;
        ensure!(!self.folder().exists(), "its folder is still there");
        Ok(())
    }
}

/// Processes that were started with this path in an argument or in their environment.
fn processes_of(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let needle = folder.as_os_str().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        let names = |file: &str| {
            let text = std::fs::read(path.join(file)).unwrap_or_default();
            text.windows(needle.len()).any(|part| part == needle)
        };
        if names("cmdline") || names("environ") {
            found.push(pid);
        }
    }
    Ok(found)
}

#[test]
fn a_second_lab_at_once_is_refused_in_one_line() -> anyhow::Result<()> {
    let home = Home::new("second")?;
    let words = home.succeeds("lab up --nodes 1")?;
    assert!(words.contains("export KUBECONFIG="), "{words}");
    for second in ["lab up", "lab"] {
        let told = home.fails(second)?;
        assert!(told.contains("another lab is running"), "{told}");
    }
    assert!(home.succeeds("lab status")?.contains("node-1"), "the first lab still lives");
    home.succeeds("lab down")?;
    assert!(!home.folder().exists());
    Ok(())
}

#[tokio::test]
async fn after_kill_9_nothing_is_left_and_the_next_lab_starts() -> anyhow::Result<()> {
    let home = Home::new("killed")?;
    home.succeeds("lab up --nodes 2")?;
    let folder = home.folder();
    let all = processes_of(&folder)?;
    ensure!(all.len() >= 4, "lab and agents: {all:?}");
    let outer = all.iter().min().context("no process")?;
    kill(Pid::from_raw(i32::try_from(*outer)?), Signal::SIGKILL)?;
    let none = async || Ok(processes_of(&folder)?.is_empty().then_some(()));
    wait_for("every process of the lab is gone", Duration::from_secs(10), none).await?;
    assert!(home.fails("lab status")?.contains("no lab is running"));
    home.succeeds("lab up --nodes 1")?;
    home.succeeds("lab down")?;
    assert!(!folder.exists());
    Ok(())
}

/// Whether the lab has begun to fill its folder, and so many of its programs run.
fn programs(folder: &Path, count: usize) -> anyhow::Result<Option<()>> {
    Ok((folder.join("kubeconfig").exists() && processes_of(folder)?.len() >= count).then_some(()))
}

#[tokio::test]
async fn an_interrupted_lab_ends_at_once_and_leaves_nothing() -> anyhow::Result<()> {
    for (name, arguments) in [("story", "lab"), ("up", "lab up")] {
        let home = Home::new(name)?;
        let folder = home.folder();
        // As soon as it has something to leave behind; and when nodes, their agents and speakers run.
        for count in [1, 6] {
            let end = home.interrupt(arguments, async || programs(&folder, count)).await?;
            ensure!(
                end.said.contains("ended by SIGINT; nothing is left behind"),
                "{arguments}: {}",
                end.said
            );
            ensure!(end.code == Some(1), "{arguments}: {:?}", end.code);
            home.is_clean().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_signal_that_comes_before_anybody_listens_is_not_lost() -> anyhow::Result<()> {
    let home = Home::new("early")?;
    // The program in the box exists, and has hardly begun.
    let boxed = async || Ok((processes_of(&home.0)?.len() >= 2).then_some(()));
    let end = home.interrupt("lab", boxed).await?;
    ensure!(end.code == Some(1) && end.said.contains("ended by SIGINT"), "{:?}: {}", end.code, end.said);
    home.is_clean().await
}

#[tokio::test]
async fn a_lab_that_tells_its_story_takes_no_orders_and_says_so() -> anyhow::Result<()> {
    let home = Home::new("deaf")?;
    let folder = home.folder();
    let refused = async || {
        let Some(()) = programs(&folder, 2)? else { return Ok(None) };
        for order in ["lab status", "lab down"] {
            let told = home.fails(order)?;
            ensure!(told.contains("takes no orders"), "{told}");
        }
        Ok(Some(()))
    };
    home.interrupt("lab", refused).await?;
    home.is_clean().await
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() -> anyhow::Result<()> {
    let home = Home::new("sense")?;
    assert!(home.fails("lab status")?.contains("no lab is running"));
    home.succeeds("lab up --nodes 1")?;
    for (order, answer) in [
        ("lab fault node-7 crash", "there is no node \"node-7\""),
        ("lab fault node-1 heal", "node-1 has no fault"),
        ("lab curl https://192.168.50.240/", "is not like http://192.168.50.240/"),
        ("lab curl http://192.168.50.11:9/", "refused"),
    ] {
        let told = home.fails(order)?;
        assert!(told.contains(answer), "{order}: {told}");
    }
    for (wrong, answer) in
        [("lab up --nodes 0", "1..=80"), ("lab fault node-1 burn", "crash, carrier, freeze")]
    {
        let told = String::from_utf8(home.patina(wrong)?.stderr)?;
        assert!(told.contains(answer), "{told}");
    }
    Ok(())
}

/// Without CAP_SYS_ADMIN there is no box, and from within a changed root there is no user namespace either
/// (`user_namespaces(7)`).
#[test]
fn without_privilege_one_line_says_what_is_missing() {
    boxed(|| async {
        let root = Path::new("/tmp");
        let (nothing, flags) = (None::<&str>, nix::mount::MsFlags::MS_BIND | nix::mount::MsFlags::MS_REC);
        nix::mount::mount(Some("/"), root, nothing, flags, nothing)?;
        nix::unistd::chroot(root)?;
        let output =
            Command::new(PATINA).args(["lab-confine", "--", PATINA, "lab"]).current_dir("/").output()?;
        let told = String::from_utf8(output.stderr)?;
        assert!(!output.status.success());
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("needs root, or a kernel that allows user namespaces"), "{told}");
        Ok(())
    });
}
