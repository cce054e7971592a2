//! The `patina lab` command as a person types it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, ensure};
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
    let outer = nix::unistd::Pid::from_raw(i32::try_from(*outer)?);
    nix::sys::signal::kill(outer, nix::sys::signal::Signal::SIGKILL)?;
    let none = async || Ok(processes_of(&folder)?.is_empty().then_some(()));
    wait_for("every process of the lab is gone", Duration::from_secs(10), none).await?;
    assert!(home.fails("lab status")?.contains("no lab is running"));
    home.succeeds("lab up --nodes 1")?;
    home.succeeds("lab down")?;
    assert!(!folder.exists());
    Ok(())
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
