//! The one place on disk that a lab has: a folder for its user alone, locked while the lab lives.
//!
//! The lock is on the folder itself and ends with the process that holds it, however that ends. What a killed
//! lab left in the folder is removed by the next one; a lab that ends by itself removes the folder.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;
use thiserror::Error;

use crate::settings;

/// Why the folder cannot be had. Nothing was changed.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another lab lives.
    #[error("another lab is running (it holds {0}); `{called} down` ends one that was started by `up`", called = settings::called())]
    Taken(PathBuf),
    /// Somebody else could read or change what is in it.
    #[error("{0} is not a folder of this user alone (mode 0700)")]
    NotMine(PathBuf),
    /// The file system refused.
    #[error("cannot use {path}")]
    Refused {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The folder, held.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: Flock<File>,
}

impl StateDir {
    /// Takes the folder, and empties it of what an earlier lab left.
    pub fn take(path: &Path) -> Result<Self, StateError> {
        loop {
            let lock = lock(path)?;
            // Whoever held the lock before may have removed the folder after this one opened it.
            if is_still(path, &lock) {
                clear(path).map_err(refused(path))?;
                return Ok(Self { path: path.to_owned(), _lock: lock });
            }
        }
    }

    /// Whether a lab holds the folder now.
    pub fn is_taken(path: &Path) -> bool {
        path.is_dir() && matches!(lock(path), Err(StateError::Taken(_)))
    }

    /// Removes what one that was killed has left, unless another lives there.
    pub fn sweep(path: &Path) {
        // Whoever holds it removes it, and what cannot be removed now, the next one removes.
        drop(Self::take(path));
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that only this user can read. Whoever reads it meanwhile reads the old one or the new one, whole.
    ///
    /// # Errors
    /// The file system refused.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.file(name);
        if let Some(folder) = path.parent() {
            DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        }
        let unfinished = self.file(&format!("{name}.part"));
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        io::Write::write_all(&mut file, content)?;
        fs::rename(&unfinished, &path)?;
        Ok(path)
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        // What cannot be removed now, the next lab removes.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn refused(path: &Path) -> impl Fn(io::Error) -> StateError {
    move |source| StateError::Refused { path: path.to_owned(), source }
}

fn lock(path: &Path) -> Result<Flock<File>, StateError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused(path)(error)),
        Ok(()) | Err(_) => {}
    }
    let there = fs::symlink_metadata(path).map_err(refused(path))?;
    if !there.is_dir() || there.uid() != geteuid().as_raw() || there.mode() & 0o077 != 0 {
        return Err(StateError::NotMine(path.to_owned()));
    }
    let folder = File::open(path).map_err(refused(path))?;
    Flock::lock(folder, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| {
        if error == Errno::EWOULDBLOCK {
            return StateError::Taken(path.to_owned());
        }
        refused(path)(error.into())
    })
}

fn is_still(path: &Path, lock: &Flock<File>) -> bool {
    let (Ok(named), Ok(held)) = (fs::metadata(path), lock.metadata()) else { return false };
    (named.dev(), named.ino()) == (held.dev(), held.ino())
}

fn clear(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somewhere(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("patina-state-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_second_lab_is_refused_until_the_first_ends() {
        let path = somewhere("second");
        let first = StateDir::take(&path).unwrap();
        assert!(matches!(StateDir::take(&path), Err(StateError::Taken(_))));
        assert!(StateDir::is_taken(&path));
        drop(first);
        assert!(!path.exists());
        assert!(!StateDir::is_taken(&path));
        drop(StateDir::take(&path).unwrap());
    }

    #[test]
    fn what_a_killed_lab_left_is_removed() {
        let path = somewhere("left");
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        fs::create_dir(path.join("key")).unwrap();
        fs::write(path.join("kubeconfig"), "old").unwrap();
        let state = StateDir::take(&path).unwrap();
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_what_nobody_holds_is_swept_away() {
        let path = somewhere("swept");
        let held = StateDir::take(&path).unwrap();
        StateDir::sweep(&path);
        assert!(path.exists());
        drop(held);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        fs::write(path.join("kubeconfig"), "old").unwrap();
        StateDir::sweep(&path);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_is_written_again_stays_whole_for_who_has_opened_it() {
        let state = StateDir::take(&somewhere("again")).unwrap();
        let path = state.write("folder/file", b"old").unwrap();
        let mut opened = File::open(&path).unwrap();
        assert_eq!(state.write("folder/file", b"new").unwrap(), path);
        let mut read = String::new();
        io::Read::read_to_string(&mut opened, &mut read).unwrap();
        assert_eq!((read.as_str(), fs::read_to_string(&path).unwrap().as_str()), ("old", "new"));
        assert_eq!(fs::read_dir(state.file("folder")).unwrap().count(), 1, "something else stays beside it");
    }

    #[test]
    fn a_folder_that_others_can_read_is_refused() {
        let path = somewhere("open");
        DirBuilder::new().mode(0o755).create(&path).unwrap();
        assert!(matches!(StateDir::take(&path), Err(StateError::NotMine(_))));
        fs::remove_dir(&path).unwrap();
    }
}
