//! Fork and capabilities: the few calls to the kernel that no crate offers as safe ones.
#![expect(unsafe_code, reason = "fork and PR_CAPBSET_DROP have no safe wrapper")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{ForkResult, fork as nix_fork};

/// A capability that a daemon may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Raw and packet sockets (`CAP_NET_RAW`): the one that a shipped speaker keeps.
    NetRaw,
    /// Real-time priorities (`CAP_SYS_NICE`).
    SysNice,
    /// Memory that is never swapped out (`CAP_IPC_LOCK`).
    IpcLock,
}

impl Capability {
    /// Its name as an argument of `patina lab-confine`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetRaw => "net-raw",
            Self::SysNice => "sys-nice",
            Self::IpcLock => "ipc-lock",
        }
    }

    /// The kernel's number for it (`linux/capability.h`).
    const fn number(self) -> libc::c_ulong {
        match self {
            Self::NetRaw => 13,
            Self::SysNice => 23,
            Self::IpcLock => 14,
        }
    }
}

/// Forks. The program must have one thread only.
pub(crate) fn fork() -> Result<ForkResult, Errno> {
    // SAFETY: with a single thread, no lock can be held by a thread that does not exist in the child.
    unsafe { nix_fork() }
}

/// Replaces this process by `command`, which gets the `kept` capabilities and can never get another: the
/// bounding set is emptied of the rest and `no_new_privs` is set, as a container runtime does for a Pod that
/// drops ALL, adds the kept ones and forbids privilege escalation.
///
/// Returns only when it failed.
pub fn exec_with(kept: &[Capability], command: &mut Command) -> io::Error {
    match confine(kept) {
        Ok(()) => command.exec(),
        Err(error) => error,
    }
}

fn confine(kept: &[Capability]) -> io::Result<()> {
    for number in 0.. {
        if kept.iter().any(|capability| capability.number() == number) {
            continue;
        }
        match drop_from_bounding_set(number) {
            Ok(()) => {}
            Err(Errno::EINVAL) => break, // one above the kernel's last capability
            Err(error) => return Err(error.into()),
        }
    }
    prctl::set_no_new_privs()?;
    Ok(())
}

fn drop_from_bounding_set(number: libc::c_ulong) -> Result<(), Errno> {
    const UNUSED: libc::c_ulong = 0;
    // SAFETY: PR_CAPBSET_DROP reads its numeric arguments and no memory.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, UNUSED, UNUSED, UNUSED) };
    Errno::result(result).map(drop)
}
