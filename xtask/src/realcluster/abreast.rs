//! Commands that run at the same time. What each printed comes whole, one after the other, when all have ended.

#![expect(clippy::print_stdout, reason = "a chore talks to the person who typed it")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

/// Runs them all, whatever becomes of one; `folder` keeps what they printed.
///
/// # Errors
/// Names those that failed.
pub(super) fn run<'c>(folder: &Path, commands: impl IntoIterator<Item = (&'c str, Command)>) -> Result<()> {
    let ended = thread::scope(|scope| {
        let begin = |(name, command)| (name, scope.spawn(move || written(&folder.join(name), command)));
        let running: Vec<_> = commands.into_iter().map(begin).collect();
        running.into_iter().map(|(name, thread)| (name, thread.join())).collect::<Vec<_>>()
    });
    let mut failed = Vec::new();
    for (name, end) in ended {
        let status = end.map_err(|_| anyhow!("{name} was not waited for"))??;
        println!("── {name}\n{}", fs::read_to_string(log(&folder.join(name)))?);
        if !status.success() {
            failed.push(format!("{name}: {status}"));
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("; "));
    Ok(())
}

fn written(place: &Path, mut command: Command) -> Result<ExitStatus> {
    let file = File::create(log(place)).with_context(|| place.display().to_string())?;
    command.stderr(file.try_clone()?).stdout(file);
    command.status().with_context(|| command.get_program().display().to_string())
}

fn log(place: &Path) -> std::path::PathBuf {
    place.with_extension("log")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn all_run_and_those_that_fail_are_named() {
        let folder = std::env::temp_dir().join(format!("patina-abreast-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let commands = [("good", shell("echo 1; echo 2 >&2")), ("bad", shell("exit 3"))];
        let error = run(&folder, commands).unwrap_err().to_string();
        let said = fs::read_to_string(folder.join("good.log")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((said.as_str(), error.contains("good")), ("1\n2\n", false));
        assert!(error.starts_with("bad: "), "{error}");
    }
}
