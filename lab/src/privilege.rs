//! Fork and what confines a program: the few calls to the kernel that no crate offers as safe ones.
#![expect(unsafe_code, reason = "fork, PR_CAPBSET_DROP and mount_setattr have no safe wrapper")]

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::mount::{self, MsFlags};
use nix::sched::{self, CloneFlags};
use nix::sys::prctl;
use nix::unistd::{self, ForkResult, fork as nix_fork};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// As the user may.
    Writable,
    /// Nowhere, as with `readOnlyRootFilesystem`, but to this folder, as to a volume.
    ReadOnly(Option<PathBuf>),
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
    /// The user that it is; `None`: who starts it.
    pub user: Option<u32>,
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
    if let Some(user) = confinement.user {
        become_user(user)?;
    }
    if let Root::ReadOnly(volume) = &confinement.root {
        read_only_root(volume.as_deref())?;
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

/// In a user namespace of its own, as with `hostUsers: false`: who starts the program keeps the right to their own files, and
/// the program finds itself as somebody else, without any capability once it is started (`user_namespaces(7)`).
fn become_user(user: u32) -> io::Result<()> {
    let (outside, group) = (unistd::geteuid(), unistd::getegid());
    sched::unshare(CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {outside} 1"))?;
    fs::write("/proc/self/gid_map", format!("{user} {group} 1"))
}

/// Every mount that this process sees but the volume, in a mount namespace of its own. Files that are open stay writable.
fn read_only_root(volume: Option<&Path>) -> io::Result<()> {
    const NOTHING: Option<&str> = None;
    sched::unshare(CloneFlags::CLONE_NEWNS)?;
    mount::mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    if let Some(volume) = volume {
        mount::mount(Some(volume), volume, NOTHING, MsFlags::MS_BIND, NOTHING)?;
    }
    let attributes =
        libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    set_attributes(c"/", libc::AT_RECURSIVE, &attributes)?;
    let Some(volume) = volume else { return Ok(()) };
    let attributes =
        libc::mount_attr { attr_set: 0, attr_clr: libc::MOUNT_ATTR_RDONLY, propagation: 0, userns_fd: 0 };
    set_attributes(&CString::new(volume.as_os_str().as_bytes())?, 0, &attributes)
}

/// Of the mount at a path, or of all below it.
fn set_attributes(path: &CStr, flags: libc::c_int, attributes: &libc::mount_attr) -> io::Result<()> {
    // SAFETY: the path is a string of C, and pointer and length describe `attributes`; both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            std::ptr::from_ref(attributes),
            size_of_val(attributes),
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
