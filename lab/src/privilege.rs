//! Fork and what confines a program: the few calls to the kernel that no crate offers as safe ones.
#![expect(unsafe_code, reason = "fork, PR_CAPBSET_DROP and mount_setattr have no safe wrapper")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
use nix::mount::{self, MsFlags};
use nix::sched::{self, CloneFlags};
use nix::sys::prctl;
use nix::unistd::{ForkResult, fork as nix_fork};

use crate::seccomp::Profile;

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

/// Whether a program may write to the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// As the user may.
    Writable,
    /// Nowhere, as with `readOnlyRootFilesystem`.
    ReadOnly,
}

/// What a container runtime leaves to a program.
#[derive(Clone, Debug)]
pub struct Confinement {
    /// Capabilities that it keeps. It can never get another: the bounding set is emptied of the rest and `no_new_privs` is
    /// set, as for a Pod that drops ALL, adds the kept ones and forbids privilege escalation.
    pub kept: Vec<Capability>,
    /// Calls that it may make; `None`: all.
    pub seccomp: Option<Profile>,
    /// Whether it may write.
    pub root: Root,
}

/// Replaces this process by `command`, confined.
///
/// Returns only when it failed.
pub fn exec_confined(confinement: &Confinement, command: &mut Command) -> io::Error {
    match confine(confinement) {
        Ok(()) => command.exec(),
        Err(error) => error,
    }
}

fn confine(confinement: &Confinement) -> io::Result<()> {
    if confinement.root == Root::ReadOnly {
        read_only_root()?;
    }
    for number in 0.. {
        if confinement.kept.iter().any(|capability| capability.number() == number) {
            continue;
        }
        match drop_from_bounding_set(number) {
            Ok(()) => {}
            Err(Errno::EINVAL) => break, // one above the kernel's last capability
            Err(error) => return Err(error.into()),
        }
    }
    prctl::set_no_new_privs()?;
    confinement.seccomp.as_ref().map_or(Ok(()), Profile::apply).map_err(io::Error::other)
}

/// Every mount that this process sees, in a mount namespace of its own. Files that are open stay writable.
fn read_only_root() -> io::Result<()> {
    sched::unshare(CloneFlags::CLONE_NEWNS)?;
    mount::mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    let attributes =
        libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is a string of C, and pointer and length describe `attributes`, which lives until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    Ok(Errno::result(result).map(drop)?)
}

fn drop_from_bounding_set(number: libc::c_ulong) -> Result<(), Errno> {
    const UNUSED: libc::c_ulong = 0;
    // SAFETY: PR_CAPBSET_DROP reads its numeric arguments and no memory.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, UNUSED, UNUSED, UNUSED) };
    Errno::result(result).map(drop)
}
