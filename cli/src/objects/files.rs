//! Manifests: one or more documents in a file, lists taken apart, folders without their folders.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use k8s_openapi::api::core::v1;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::Resource;
use patina::addr::Family;
use patina::api::{self, ForeignRange, GROUP, IPAddressPool, L2Advertisement, PoolState};
use patina::config::ForeignSource;
use patina::world::{self, FamilyPolicy, Object};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Kinds of our group that say nothing about addresses.
const WITHOUT_ADDRESSES: [&str; 7] = [
    "BFDProfile",
    "BGPAdvertisement",
    "BGPPeer",
    "Community",
    "ConfigurationState",
    "ServiceBGPStatus",
    "ServiceL2Status",
];
/// What stands for standard input, as for kubectl.
const STANDARD_INPUT: &str = "-";

/// What the files are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What stands: everything that is of no concern is left out.
    Standing,
    /// What the operator is about to apply: pools, advertisements and ForeignRanges, and nothing that is of no concern.
    Change,
}

/// Reads all documents of the files, and of the files in the folders.
///
/// # Errors
/// One line that names the file, the document and the field.
pub(crate) fn read(
    paths: &[PathBuf],
    purpose: Purpose,
    system_namespace: &str,
) -> anyhow::Result<Vec<Object>> {
    let mut objects = Vec::new();
    for path in paths {
        for file in files(path)? {
            for document in documents(&file)? {
                objects.extend(document.object(purpose, system_namespace)?);
            }
        }
    }
    Ok(objects)
}

/// The file itself, or the manifests in the folder, by name.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path == Path::new(STANDARD_INPUT) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = || format!("cannot read {}", path.display());
    let entries = fs::read_dir(path).with_context(unreadable)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json"));
    files.sort();
    if files.is_empty() {
        bail!("{} holds no .yaml, .yml or .json file", path.display());
    }
    Ok(files)
}

/// One object as written, and where.
struct Document {
    place: String,
    value: Value,
}

fn documents(file: &Path) -> anyhow::Result<Vec<Document>> {
    let text = if file == Path::new(STANDARD_INPUT) {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    let mut documents = Vec::new();
    for (i, document) in serde_yaml::Deserializer::from_str(&text).enumerate() {
        let place = format!("{}, document {}", file.display(), i + 1);
        let value = Value::deserialize(document).with_context(|| place.clone())?;
        take_apart(Document { place, value }, &mut documents);
    }
    Ok(documents)
}

/// A list becomes its items; a document with nothing in it becomes nothing.
fn take_apart(document: Document, all: &mut Vec<Document>) {
    let Document { place, mut value } = document;
    if value.is_null() {
        return;
    }
    let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match value.get_mut("items").filter(|_| is_list).map(Value::take) {
        Some(Value::Array(items)) => {
            for (i, value) in items.into_iter().enumerate() {
                take_apart(Document { place: format!("{place}, item {}", i + 1), value }, all);
            }
        }
        _ => all.push(Document { place, value }),
    }
}

impl Document {
    fn object(self, purpose: Purpose, system_namespace: &str) -> anyhow::Result<Option<Object>> {
        let place = self.place.clone();
        self.read(purpose, system_namespace).context(place)
    }

    fn read(self, purpose: Purpose, system_namespace: &str) -> anyhow::Result<Option<Object>> {
        let kind = self.text("kind").context("an object needs a kind")?;
        let version = self.text("apiVersion").context("an object needs an apiVersion")?;
        match (version.as_str(), kind.as_str(), purpose) {
            ("v1", "Service", Purpose::Standing) => Ok(Some(Object::Service(self.service()?))),
            ("v1", "Namespace", Purpose::Standing) => {
                let namespace: v1::Namespace = self.core()?;
                Ok(Some(Object::Namespace(world::Namespace::from(&namespace))))
            }
            ("v1", "Node", Purpose::Standing) => {
                let node: v1::Node = self.core()?;
                Ok(Some(Object::Node(world::Node::from(&node))))
            }
            (_, "IPAddressPool", _) if ours(&version) => {
                let pool: IPAddressPool = self.own_in(&version, system_namespace)?;
                let here = pool.metadata.namespace.as_deref() == Some(system_namespace);
                outside(here, purpose, system_namespace)?;
                Ok(here.then(|| Object::Pool(world::Pool::from(&pool))))
            }
            (_, "L2Advertisement", _) if ours(&version) => {
                let advertisement: L2Advertisement = self.own_in(&version, system_namespace)?;
                let here = advertisement.metadata.namespace.as_deref() == Some(system_namespace);
                outside(here, purpose, system_namespace)?;
                Ok(here.then(|| Object::Advertisement(world::Advertisement::from(&advertisement))))
            }
            (_, "PoolState", Purpose::Standing) if version == PoolState::api_version(&()) => {
                let state: PoolState = self.own_in(&version, system_namespace)?;
                let here = state.metadata.namespace.as_deref() == Some(system_namespace);
                Ok(here.then(|| Object::PoolState(world::PoolState::from(&state))))
            }
            (_, "ForeignRange", _) if version == ForeignRange::api_version(&()) => {
                let range: ForeignRange = self.own(&version)?;
                Ok(Some(Object::ForeignRange(ForeignSource::from(&range))))
            }
            ("networking.k8s.io/v1", "ServiceCIDR", Purpose::Standing) => {
                let cidr: ServiceCIDR = self.core()?;
                Ok(Some(Object::ServiceCidr(world::ServiceCidr::from(&cidr))))
            }
            (_, kind, _) if ours(&version) && !WITHOUT_ADDRESSES.contains(&kind) => {
                bail!("{GROUP} has no kind {kind}")
            }
            (_, kind, Purpose::Change) => {
                bail!("{version} {kind} is no IPAddressPool, L2Advertisement or ForeignRange")
            }
            (_, _, Purpose::Standing) => Ok(None),
        }
    }

    fn text(&self, field: &str) -> Option<String> {
        self.value[field].as_str().map(str::to_owned)
    }

    /// An object of our own that is in a namespace; if it does not say in which, in ours.
    fn own_in<K>(mut self, version: &str, system_namespace: &str) -> anyhow::Result<K>
    where
        K: kube::Resource<DynamicType = ()> + DeserializeOwned,
    {
        let metadata = self.value["metadata"].as_object_mut();
        metadata.map(|fields| fields.entry("namespace").or_insert_with(|| system_namespace.into()));
        self.own(version)
    }

    /// An object of our own: every field must be known.
    fn own<K>(mut self, version: &str) -> anyhow::Result<K>
    where
        K: kube::Resource<DynamicType = ()> + DeserializeOwned,
    {
        if version != K::api_version(&()) {
            bail!("{} is of {}, not of {version}", K::kind(&()), K::api_version(&()));
        }
        self.named()?;
        let object = api::read(self.value.clone())?;
        let mut unknown = Vec::new();
        self.value.as_object_mut().map(|fields| fields.entry("spec").or_insert(Value::Object(Map::new())));
        let _: Result<K, _> = serde_ignored::deserialize(&self.value, |path| unknown.push(path.to_string()));
        unknown.retain(|path| path != "apiVersion" && path != "kind");
        match unknown.first() {
            Some(field) => bail!("{} has no field {field}", K::kind(&())),
            None => Ok(object),
        }
    }

    /// An object of Kubernetes, whose newer fields need not be known.
    fn core<K: DeserializeOwned>(self) -> anyhow::Result<K> {
        self.named()?;
        Ok(serde_json::from_value(self.value)?)
    }

    fn named(&self) -> anyhow::Result<()> {
        let name = self.value["metadata"]["name"].as_str().filter(|name| !name.is_empty());
        name.map(|_| ()).context("an object needs metadata.name")
    }

    fn service(self) -> anyhow::Result<world::Service> {
        let mut service: v1::Service = self.core()?;
        service.metadata.namespace.get_or_insert_with(|| "default".to_owned());
        Ok(with_cluster_families(world::Service::from(&service)))
    }
}

fn ours(version: &str) -> bool {
    version.split('/').next() == Some(GROUP)
}

/// The controller does not see objects of other namespaces; that the operator applies one is a mistake.
fn outside(here: bool, purpose: Purpose, system_namespace: &str) -> anyhow::Result<()> {
    if !here && purpose == Purpose::Change {
        bail!("it is not in namespace {system_namespace}, the only one that the controller reads");
    }
    Ok(())
}

/// A Service that no API server has seen yet has no cluster addresses; it gets those that it asks for.
fn with_cluster_families(mut service: world::Service) -> world::Service {
    if service.load_balancer && service.cluster_families.is_empty() {
        let primary = service.primary_family.unwrap_or(Family::V4);
        service.cluster_families = match service.family_policy {
            FamilyPolicy::Single => [Some(primary)].into(),
            FamilyPolicy::Prefer | FamilyPolicy::Require => [Some(primary), Some(primary.other())].into(),
        };
    }
    service
}
