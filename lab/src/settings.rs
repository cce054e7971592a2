//! What the lab takes from its environment, read once.

#![expect(clippy::disallowed_methods, reason = "this is the lab's settings")]

use std::path::PathBuf;

use nix::unistd::geteuid;

/// The folder of this user's lab: `$XDG_RUNTIME_DIR/patina-lab`, or `/tmp/patina-lab-UID`.
///
/// Must be asked for outside the box, in which everybody is root.
pub fn state_folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    runtime.map_or_else(
        || PathBuf::from(format!("/tmp/patina-lab-{}", geteuid())),
        |folder| folder.join("patina-lab"),
    )
}

/// How the person at the keyboard calls the lab.
pub fn called() -> &'static str {
    match std::env::var_os("CARGO") {
        Some(_) => "cargo lab",
        None => "patina lab",
    }
}
