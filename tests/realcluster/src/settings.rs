//! What these clusters take from their environment, read once.

#![expect(clippy::disallowed_methods, reason = "these are the clusters' settings")]

use std::path::PathBuf;

use nix::unistd::geteuid;

/// Where programs of a system lie that an ordinary user's search path leaves out.
const SYSTEM: &[&str] = &["/usr/local/go/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// The folder for programs that were built: `$XDG_CACHE_HOME/patina/realcluster`, or below `~/.cache`.
pub fn cache_folder() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(cache.join("patina/realcluster"))
}

/// The folder of this user's cluster for hands. Must be asked for outside the box, in which everybody is root.
pub fn state_folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    runtime.map_or_else(
        || PathBuf::from(format!("/tmp/patina-realcluster-{}", geteuid())),
        |folder| folder.join("patina-realcluster"),
    )
}

/// The search path, with the system's folders behind it.
pub fn search_path() -> String {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<String> =
        std::env::split_paths(&own).map(|folder| folder.to_string_lossy().into_owned()).collect();
    folders.extend(SYSTEM.iter().map(|folder| (*folder).to_owned()));
    folders.join(":")
}

/// Whether tests that take minutes run too: `PATINA_NIGHTLY` is set.
pub fn nightly() -> bool {
    std::env::var_os("PATINA_NIGHTLY").is_some()
}
