//! Why a daemon ends: one line on standard error and an exit code that says whose turn it is.

use std::fmt::Display;
use std::process::ExitCode;

/// Whose turn it is when a daemon cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The operator's: a flag, a file, a variable, the cluster's version. Exit code 2, as for a wrong flag.
    Configuration,
    /// The administrator's: the process may not do what it has to. Exit code 3.
    Privilege,
    /// Ours, or the machine's. Exit code 1.
    Crash,
}

impl Turn {
    const fn code(self) -> u8 {
        match self {
            Self::Crash => 1,
            Self::Configuration => 2,
            Self::Privilege => 3,
        }
    }
}

/// The end of a daemon.
#[derive(Debug)]
pub struct Fatal {
    turn: Turn,
    error: anyhow::Error,
}

impl Fatal {
    /// The operator has to change something.
    pub fn configuration(error: impl Into<anyhow::Error>) -> Self {
        Self { turn: Turn::Configuration, error: error.into() }
    }

    /// The process needs a privilege.
    pub fn privilege(error: impl Into<anyhow::Error>) -> Self {
        Self { turn: Turn::Privilege, error: error.into() }
    }

    /// Something broke that must not.
    pub fn crash(error: impl Into<anyhow::Error>) -> Self {
        Self { turn: Turn::Crash, error: error.into() }
    }

    /// Whose turn it is.
    pub const fn turn(&self) -> Turn {
        self.turn
    }

    /// Error and causes in one line, each cause once.
    pub fn line(&self) -> String {
        chain(self.error.chain())
    }
}

/// Turns the end of a daemon into its exit code, and says the one line.
#[expect(clippy::print_stderr, reason = "logs may be off; this line is for whoever started the process")]
pub fn exit(daemon: &str, end: Result<(), Fatal>) -> ExitCode {
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            eprintln!("{daemon}: {}", fatal.line());
            ExitCode::from(fatal.turn.code())
        }
    }
}

/// An error with all its causes, in one line. A cause that the line already ends with is left out: some libraries write
/// their causes into their own text.
pub fn chain<E: Display>(causes: impl Iterator<Item = E>) -> String {
    let mut line = String::new();
    for cause in causes {
        let cause = cause.to_string().replace('\n', " ");
        if line.ends_with(&cause) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&cause);
    }
    line
}

/// Error and causes of any error, in one line.
pub fn line_of(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    chain(causes)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn causes_follow_in_one_line_and_none_is_said_twice() {
        let cause: anyhow::Error = Err::<(), _>(anyhow!("no such file"))
            .context("cannot read a.yaml: no such file")
            .context("broken\nsettings")
            .unwrap_err();
        assert_eq!(Fatal::configuration(cause).line(), "broken settings: cannot read a.yaml: no such file");
    }

    #[test]
    fn whose_turn_it_is_shows_in_the_exit_code() {
        let codes = [Turn::Crash, Turn::Configuration, Turn::Privilege].map(Turn::code);
        assert_eq!(codes, [1, 2, 3]);
    }
}
