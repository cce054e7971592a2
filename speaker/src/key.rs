//! The secret that all speakers of a cluster share, from a mounted Secret.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Name of the file in the mounted folder, and of the key in the Secret.
pub(crate) const FILE: &str = "secretkey";
/// Fewer bytes than this could be guessed; what the controller makes is longer.
const SHORTEST: usize = 16;

/// Why there is no key. Nothing was started.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// Neither a folder nor the explicit word to go without.
    #[error(
        "no key for the heartbeats: mount the Secret that the controller makes and name its folder with \
         --ml-secret-key-path (METALLB_ML_SECRET_KEY_PATH), or say --insecure-heartbeats"
    )]
    Missing,
    /// The file cannot be read.
    #[error("the key for the heartbeats cannot be read from {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// The file holds too little.
    #[error("the key for the heartbeats in {path} has {length} bytes, at least {SHORTEST} are needed")]
    Short {
        /// The file.
        path: PathBuf,
        /// Bytes in it.
        length: usize,
    },
}

/// Whether beats carry a seal that only holders of the key can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// As shipped.
    Required,
    /// `--insecure-heartbeats`: without a key, anybody on the segment can speak for a node.
    Waived,
}

/// Reads the key from `folder`; `None` only where authentication is waived and no folder is named.
///
/// # Errors
/// See [`KeyError`].
pub(crate) fn read(
    folder: Option<&Path>,
    authentication: Authentication,
) -> Result<Option<Vec<u8>>, KeyError> {
    let Some(folder) = folder else {
        return match authentication {
            Authentication::Required => Err(KeyError::Missing),
            Authentication::Waived => Ok(None),
        };
    };
    let path = folder.join(FILE);
    let key = match std::fs::read(&path) {
        Ok(key) => key,
        Err(source) => return Err(KeyError::Unreadable { path, source }),
    };
    if key.len() < SHORTEST {
        return Err(KeyError::Short { path, length: key.len() });
    }
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, content: &[u8]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("patina-key-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(FILE), content).unwrap();
        folder
    }

    #[test]
    fn without_a_folder_only_the_explicit_word_helps() {
        assert!(matches!(read(None, Authentication::Required), Err(KeyError::Missing)));
        assert!(matches!(read(None, Authentication::Waived), Ok(None)));
    }

    #[test]
    fn the_file_is_the_key_byte_for_byte() {
        let folder = folder("whole", b"0123456789abcdef\n");
        assert_eq!(read(Some(&folder), Authentication::Required).unwrap().unwrap(), b"0123456789abcdef\n");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_short_key_is_refused_even_when_authentication_is_waived() {
        let folder = folder("short", b"guess");
        let refused = read(Some(&folder), Authentication::Waived);
        assert!(matches!(refused, Err(KeyError::Short { length: 5, .. })), "{refused:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
