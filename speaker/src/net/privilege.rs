//! What the kernel permits: one capability is needed, two are welcome.

use std::io;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use thiserror::Error;

use super::packet;
use super::sys;

/// The lowest real-time priority: above every ordinary thread, below everything that somebody has ranked on purpose.
const PRIORITY: i32 = 1;
const CAP_IPC_LOCK: u32 = 14;

/// The process may not open packet sockets. Nothing was opened.
#[derive(Debug, Error)]
#[error(
    "patina-speaker needs the capability NET_RAW to answer ARP and NDP: \
     add it to securityContext.capabilities, or run as root"
)]
pub struct MissingPrivilege(#[source] io::Error);

/// Whether an optional privilege was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// It is in use.
    Granted,
    /// The speaker works without it, only later when the node is short of CPU or memory.
    Refused,
}

/// The optional privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extras {
    /// SYS_NICE: the packet thread runs before ordinary threads.
    pub real_time: Extra,
    /// IPC_LOCK: no page of the process is ever swapped out.
    pub locked_memory: Extra,
}

impl Extras {
    /// The capabilities that would grant what was refused.
    pub fn missing(self) -> impl Iterator<Item = &'static str> {
        let extras = [(self.real_time, "SYS_NICE"), (self.locked_memory, "IPC_LOCK")];
        extras.into_iter().filter(|(extra, _)| *extra == Extra::Refused).map(|(_, capability)| capability)
    }
}

/// Tries what the speaker lives from: a packet socket, which is closed at once.
pub(super) fn check() -> Result<(), MissingPrivilege> {
    packet::open_unbound().map(drop).map_err(MissingPrivilege)
}

/// Takes the optional privileges for the calling thread.
pub(super) fn take_extras() -> Extras {
    Extras { real_time: granted(sys::run_in_real_time(PRIORITY)), locked_memory: lock_memory() }
}

/// Locks memory only where the limit cannot turn a later allocation into a failure.
fn lock_memory() -> Extra {
    let unlimited = getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|(soft, _)| soft == RLIM_INFINITY);
    if !unlimited && !sys::has_capability(CAP_IPC_LOCK) {
        return Extra::Refused;
    }
    granted(sys::lock_memory())
}

fn granted(result: io::Result<()>) -> Extra {
    match result {
        Ok(()) => Extra::Granted,
        Err(_) => Extra::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_privilege_is_named_in_one_line() {
        let line = MissingPrivilege(io::Error::from_raw_os_error(libc::EPERM)).to_string();
        assert!(line.contains("NET_RAW") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn what_was_refused_is_named_by_its_capability() {
        let missing = |real_time, locked_memory| {
            Extras { real_time, locked_memory }.missing().collect::<Vec<_>>().join(", ")
        };
        assert_eq!(missing(Extra::Refused, Extra::Refused), "SYS_NICE, IPC_LOCK");
        assert_eq!(missing(Extra::Granted, Extra::Refused), "IPC_LOCK");
        assert_eq!(missing(Extra::Granted, Extra::Granted), "");
    }
}
