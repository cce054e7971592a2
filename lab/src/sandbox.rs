//! The box in which a lab lives, and out of which nothing of it can stay behind.
//!
//! ```text
//!   patina lab            outside: waits, passes signals on, returns the exit code
//!     └─ patina lab       process 1 of a PID namespace, with a mount namespace of its own;
//!         │               without root: also of a user namespace, in which it is root
//!         ├─ patina speaker, patina lab-node …
//!         └─ …
//! ```
//!
//! When process 1 ends, the kernel kills every other process of its PID namespace; when the outer one is
//! killed, process 1 gets SIGKILL. Other signals reach process 1 only once it listens (`pid_namespaces(7)`), so they are
//! [`Held`] until then. Network namespaces are anonymous (see [`crate::netns`]) and go with them.
//! The box keeps the machine's own network namespace, so `kubectl` on the machine can reach the lab's API
//! server on a loopback address; it changes nothing there.

use std::fs;
use std::io;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Gid, Pid, Uid, getegid, geteuid};
use thiserror::Error;

use crate::privilege;

const PASSED_ON: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// Why there is no box. Nothing was changed.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// Neither root with CAP_SYS_ADMIN, nor a kernel that lets users have namespaces.
    #[error(
        "the lab needs root, or a kernel that allows user namespaces (tried both: as {user}: {privileged}; \
         user namespace: {unprivileged})"
    )]
    NotPermitted {
        /// Who tried.
        user: Uid,
        /// What the kernel said without a user namespace.
        privileged: Errno,
        /// What the kernel said with one.
        unprivileged: Errno,
    },
    /// Something else that the kernel refused.
    #[error("cannot make the lab's box: {doing}")]
    Refused {
        /// The step.
        doing: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

/// Signals that wait until somebody listens; dropping this lets them come. Processes started meanwhile do not inherit it.
#[derive(Debug)]
pub struct Held(SigSet);

impl Drop for Held {
    fn drop(&mut self) {
        // The only refusal is of a wrong first argument.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}

/// On which side of the wall the calling code finds itself.
pub enum Side {
    /// In the box: listen for signals and go on.
    Inside(Held),
    /// Outside, after the box has ended: return this.
    Outside(ExitCode),
}

/// Enters the box. Must be called before the program has a second thread.
///
/// # Errors
/// No privilege, or an odd kernel.
pub fn enter() -> Result<Side, SandboxError> {
    separate()?;
    let held = Held(block_signals()?);
    // SAFETY of the fork: the caller promises that there is one thread only.
    let child = match privilege::fork().map_err(|e| refused("fork")(e.into()))? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            settle()?;
            return Ok(Side::Inside(held));
        }
    };
    Ok(Side::Outside(wait_for(child)))
}

fn refused(doing: &'static str) -> impl Fn(io::Error) -> SandboxError {
    move |source| SandboxError::Refused { doing, source }
}

/// New PID and mount namespaces; if that is not allowed, in a new user namespace.
fn separate() -> Result<(), SandboxError> {
    let wanted = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    let Err(privileged) = unshare(wanted) else {
        return Ok(());
    };
    let (user, group) = (geteuid(), getegid());
    unshare(wanted | CloneFlags::CLONE_NEWUSER).map_err(|unprivileged| SandboxError::NotPermitted {
        user,
        privileged,
        unprivileged,
    })?;
    map_to_root(user, group).map_err(refused("map the user to root of the user namespace"))
}

/// `user_namespaces(7)`: a process without privilege may map itself alone, and gives up setgroups first.
fn map_to_root(user: Uid, group: Gid) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

fn waited_for() -> SigSet {
    let mut set = SigSet::empty();
    set.extend(PASSED_ON);
    set.add(Signal::SIGCHLD);
    set
}

fn block_signals() -> Result<SigSet, SandboxError> {
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&waited_for()), Some(&mut before))
        .map_err(|e| refused("block signals")(e.into()))?;
    Ok(before)
}

/// The first steps of process 1.
fn settle() -> Result<(), SandboxError> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| refused("follow the outer process")(e.into()))?;
    let nothing = None::<&str>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(|e| refused("keep mounts private")(e.into()))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, nothing).map_err(|e| refused("mount /proc")(e.into()))
}

fn wait_for(child: Pid) -> ExitCode {
    let signals = waited_for();
    loop {
        let Ok(signal) = signals.wait() else { continue };
        if signal != Signal::SIGCHLD {
            // It may have ended meanwhile; the next SIGCHLD tells.
            let _ = kill(child, signal);
            continue;
        }
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => return ExitCode::from(u8::try_from(code).unwrap_or(1)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return ExitCode::from(128 + signal as u8),
            Ok(_) => {}
            Err(_) => return ExitCode::FAILURE,
        }
    }
}
