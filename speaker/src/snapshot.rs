//! The last known world in a small file of its own, so that a speaker which restarts while the API server is away takes part
//! with what it knew.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use patina::world::{Kind, Object, Touched, World};
use serde::{Deserialize, Serialize};

/// Form of the file; another one is not read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    objects: Vec<Object>,
}

/// Keeps the file, if the operator named one.
pub(crate) struct Keeper(Option<PathBuf>);

impl Keeper {
    pub(crate) const fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// What the file holds; nothing if there is none that can be read.
    pub(crate) fn read(&self) -> Option<Vec<Object>> {
        let path = self.0.as_deref()?;
        match read(path) {
            Ok(objects) => Some(objects),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the snapshot is of no use; starting without");
                None
            }
        }
    }

    /// Writes the file anew if what was touched stands in it.
    pub(crate) fn keep(&self, world: &World, touched: &Touched) {
        let Some(path) = self.0.as_deref() else { return };
        let kept =
            BTreeSet::from([Kind::Service, Kind::EndpointSlice, Kind::Node, Kind::Pool, Kind::Advertisement]);
        if kept.is_disjoint(&touched.kinds) {
            return;
        }
        if let Err(error) = write(path, objects(world)) {
            tracing::warn!(path = %path.display(), %error, "the snapshot was not written");
        }
    }
}

/// What a candidate must know. A Service counts as it is now: whoever restarts finds its address in use.
fn objects(world: &World) -> Vec<Object> {
    let services = world.services().cloned().map(|mut service| {
        service.inherited = service.ingress.clone();
        Object::Service(service)
    });
    services
        .chain(world.slices().cloned().map(Object::EndpointSlice))
        .chain(world.nodes().cloned().map(Object::Node))
        .chain(world.pools().cloned().map(Object::Pool))
        .chain(world.advertisements().cloned().map(Object::Advertisement))
        .collect()
}

fn read(path: &Path) -> io::Result<Vec<Object>> {
    let file: File = serde_json::from_slice(&fs::read(path)?)?;
    if file.version != VERSION {
        return Err(io::Error::other(format!("version {} is not {VERSION}", file.version)));
    }
    Ok(file.objects)
}

/// Beside the file first, then in its place: a reader finds the old one or the new one, never half of one.
fn write(path: &Path, objects: Vec<Object>) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, serde_json::to_vec(&File { version: VERSION, objects })?)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service as ApiService;
    use patina::world::Service;
    use serde_json::json;

    use super::*;

    fn world() -> World {
        let service: ApiService = serde_json::from_value(json!({
            "metadata": {"namespace": "web", "name": "shop", "uid": "u"},
            "spec": {"type": "LoadBalancer", "clusterIPs": ["10.96.0.7"]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        }))
        .unwrap();
        let mut service = Service::from(&service);
        service.inherited = Box::default();
        let mut world = World::default();
        world.apply(Object::Service(service));
        world
    }

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("patina-snapshot-{}-{name}", std::process::id()))
    }

    #[test]
    fn what_was_kept_is_read_again_and_its_addresses_are_known() {
        let path = file("kept");
        write(&path, objects(&world())).unwrap();
        let read = Keeper::new(Some(path.clone())).read().unwrap();
        let [Object::Service(service)] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(service.inherited, service.ingress);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_damaged_file_is_no_snapshot() {
        let path = file("damaged");
        for content in ["", "{", r#"{"version":99,"objects":[]}"#] {
            fs::write(&path, content).unwrap();
            assert!(Keeper::new(Some(path.clone())).read().is_none(), "{content}");
        }
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn without_a_path_nothing_is_kept() {
        assert!(Keeper::new(None).read().is_none());
    }
}
