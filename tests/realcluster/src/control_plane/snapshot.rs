//! etcd's data, put aside and put back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::flags::DATA;
use super::{ControlPlane, Part};
use crate::ground::Ground;

/// A copy of everything the cluster stored at one moment.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
}

impl ControlPlane {
    /// Copies etcd's data. etcd stands still for it: a copy of files under way would not be one moment.
    pub(crate) async fn snapshot(&mut self, name: &str, ground: &Ground) -> anyhow::Result<Snapshot> {
        let folder = ground.state.file(&format!("snapshot-{name}"));
        self.stop(Part::Etcd).await?;
        copy(&ground.state.file(DATA), &folder)?;
        self.start(Part::Etcd, ground)?;
        Ok(Snapshot { folder })
    }

    /// Puts a snapshot back in the place of what API server and etcd have; both are killed, and neither is started. From then on resource versions
    /// are given out a second time.
    pub(crate) async fn restore(&mut self, snapshot: &Snapshot, ground: &Ground) -> anyhow::Result<()> {
        self.kill(Part::ApiServer).await?;
        self.kill(Part::Etcd).await?;
        let data = ground.state.file(DATA);
        fs::remove_dir_all(&data)?;
        Ok(copy(&snapshot.folder, &data)?)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
