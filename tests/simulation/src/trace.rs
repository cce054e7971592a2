//! What happened, byte for byte: a digest always, the last lines on demand.

use std::collections::VecDeque;
use std::time::Duration;

/// Lines kept for a person who reads a failure.
const TAIL: usize = 4000;

/// Whether lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The digest alone: quick.
    Digest,
    /// The last lines too.
    Lines,
}

/// The trace of one run.
#[derive(Clone, Debug)]
pub struct Trace {
    keep: Keep,
    digest: u64,
    lines: VecDeque<String>,
}

impl Trace {
    /// An empty trace.
    pub fn new(keep: Keep) -> Self {
        Self { keep, digest: 0xcbf2_9ce4_8422_2325, lines: VecDeque::new() }
    }

    /// Adds what happened at `at`: its bytes to the digest, its line, if lines are kept, to the tail.
    pub fn add(&mut self, at: Duration, bytes: &[u8], line: impl FnOnce() -> String) {
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.mix(&nanos.to_be_bytes());
        self.mix(bytes);
        if self.keep == Keep::Digest {
            return;
        }
        if self.lines.len() == TAIL {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:12.6} {}", at.as_secs_f64(), line()));
    }

    /// Adds a line that says everything.
    pub fn say(&mut self, at: Duration, line: &str) {
        self.add(at, line.as_bytes(), || line.to_owned());
    }

    /// FNV-1a, eight bytes at a time: it only has to differ when the bytes do.
    fn mix(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.digest = (self.digest ^ u64::from_be_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
            self.digest ^= self.digest >> 29;
        }
    }

    /// The digest of everything so far.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
