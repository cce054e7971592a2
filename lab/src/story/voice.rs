//! How the story is told: a line for each step, with the time since the beginning.

use std::io::{self, Write};
use std::time::Instant;

use crate::clock;

/// Where the words go. With `--output json` the document alone goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Words on standard output.
    Text,
    /// Words on standard error, the document on standard output.
    Json,
}

/// The teller.
#[derive(Debug)]
pub(super) struct Voice {
    output: Output,
    started: Instant,
}

impl Voice {
    pub(super) fn new(output: Output) -> Self {
        Self { output, started: clock::now() }
    }

    /// Seconds since the beginning.
    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// A new chapter.
    pub(super) fn chapter(&self, title: &str) {
        self.line(&format!("\n{title}"));
    }

    /// Something that is about to be done.
    pub(super) fn doing(&self, words: &str) {
        self.step(" ", words);
    }

    /// Something that holds.
    pub(super) fn held(&self, words: &str) {
        self.step("✓", words);
    }

    /// Something that does not.
    pub(super) fn broken(&self, words: &str) {
        self.step("✗", words);
    }

    /// More about the step before.
    pub(super) fn more(&self, words: &str) {
        self.line(&format!("             {words}"));
    }

    /// The document.
    pub(super) fn document(&self, json: &serde_json::Value) {
        if self.output == Output::Json {
            // Whoever closed the pipe does not want to know.
            let _ = writeln!(io::stdout(), "{json:#}");
        }
    }

    fn step(&self, mark: &str, words: &str) {
        self.line(&format!("  {:5.1} s  {mark} {words}", self.seconds()));
    }

    fn line(&self, line: &str) {
        // Whoever closed the pipe does not want to know.
        let _ = match self.output {
            Output::Text => writeln!(io::stdout(), "{line}"),
            Output::Json => writeln!(io::stderr(), "{line}"),
        };
    }
}
