//! Anonymous network namespaces.
//!
//! A namespace is held by a file descriptor alone: no name under `/run/netns`, no bind mount. It vanishes
//! when the last descriptor, socket and process inside are gone, whatever happened to the lab.
//!
//! A thread that has entered a namespace never comes back: it does its work and ends. The threads of an
//! async runtime never enter one. A socket stays in the namespace in which it was made, so a short visit
//! is enough to make a socket that the runtime then serves.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::panic;
use std::sync::Arc;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

const THIS_THREAD: &str = "/proc/thread-self/ns/net";

/// Kernel settings of every fresh namespace.
///
/// No duplicate address detection for the lab's own addresses and no router discovery, so an address works
/// at once. Loss of an old setting is an error: the lab would behave differently from what it says.
const SETTINGS: [(&str, &str); 6] = [
    ("net/ipv6/conf/default/disable_ipv6", "0"),
    ("net/ipv6/conf/all/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/all/accept_ra", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv6/conf/default/router_solicitations", "0"),
];

/// A network namespace, alive as long as a clone of this value (or anything inside) is.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: Arc<str>,
    descriptor: Arc<File>,
}

impl Namespace {
    /// Makes a namespace with the lab's settings. `name` is for threads and messages only.
    ///
    /// # Errors
    /// No privilege, or a kernel without namespaces; nothing is left behind.
    pub fn new(name: &str) -> io::Result<Self> {
        let make = || -> io::Result<File> {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open(THIS_THREAD)
        };
        let descriptor = on_own_thread(name, make)??;
        let namespace = Self { name: name.into(), descriptor: Arc::new(descriptor) };
        for (setting, value) in SETTINGS {
            namespace.set(setting, value)?;
        }
        Ok(namespace)
    }

    /// The namespace of the calling thread.
    ///
    /// # Errors
    /// No `/proc`.
    pub fn current(name: &str) -> io::Result<Self> {
        Ok(Self { name: name.into(), descriptor: Arc::new(File::open(THIS_THREAD)?) })
    }

    /// The name given at creation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The descriptor, for netlink requests that move a link here.
    pub fn raw(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// Runs `job` inside, on a thread of its own, and waits for it. Sockets, runtimes and processes made by
    /// `job` stay inside. The caller's async runtime, if any, is at hand in `job`.
    ///
    /// # Errors
    /// The thread could not start or enter; `job` did not run.
    ///
    /// # Panics
    /// When `job` does.
    pub fn enter<T: Send>(&self, job: impl FnOnce() -> T + Send) -> io::Result<T> {
        let runtime = tokio::runtime::Handle::try_current().ok();
        on_own_thread(&self.name, move || {
            setns(self.descriptor.as_fd(), CloneFlags::CLONE_NEWNET)?;
            let _guard = runtime.as_ref().map(tokio::runtime::Handle::enter);
            Ok(job())
        })?
    }

    /// Starts a thread that lives inside.
    ///
    /// # Errors
    /// The thread could not start. A thread that could not enter ends with that error.
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<thread::JoinHandle<io::Result<T>>> {
        let namespace = self.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            setns(namespace.descriptor.as_fd(), CloneFlags::CLONE_NEWNET)?;
            Ok(job())
        })
    }

    /// Writes a kernel setting of this namespace, such as `net/ipv4/ip_forward`.
    ///
    /// # Errors
    /// Names the setting; nothing changed.
    pub fn set(&self, setting: &str, value: &str) -> io::Result<()> {
        let path = format!("/proc/sys/{setting}");
        self.enter(|| std::fs::write(&path, value))?
            .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
    }
}

fn on_own_thread<T: Send>(name: &str, job: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let visit = thread::Builder::new().name(format!("in-{name}")).spawn_scoped(scope, job)?;
        visit.join().or_else(|cause| panic::resume_unwind(cause))
    })
}
