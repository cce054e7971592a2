//! What a process keeps in memory, as the kernel counts it (`proc_pid_status(5)`).

use std::fmt;
use std::fs;

use anyhow::{Context, Result};

/// Memory that is in RAM, in kibibytes.
pub(crate) struct Memory {
    now: u64,
    most: u64,
}

impl Memory {
    /// Of the process with this number.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).context(path)?;
        Ok(Self { now: field(&status, "VmRSS:")?, most: field(&status, "VmHWM:")? })
    }

    /// How many bytes more than `before`.
    pub(crate) fn grown_since(&self, before: &Self) -> u64 {
        self.now.saturating_sub(before.now) * 1024
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
        write!(f, "{:.1} MiB (at most {:.1} MiB so far)", mebibytes(self.now), mebibytes(self.most))
    }
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    line.trim().trim_end_matches(" kB").parse().with_context(|| line.to_owned())
}
