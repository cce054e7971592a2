//! The objects that `plan` and `why` look at: from files, or read once from a cluster.

mod cluster;
mod files;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use patina::alloc::{LoadBalancerClass, Policy, Strictness};
use patina::name::{ObjectKey, ServiceKey};
use patina::world::{Kind, Namespace, Object, Service, World};

pub(crate) use files::{Purpose, read};

/// What decisions on addresses rest on.
const KINDS: [Kind; 8] = [
    Kind::Namespace,
    Kind::Node,
    Kind::Pool,
    Kind::Advertisement,
    Kind::Service,
    Kind::PoolState,
    Kind::ForeignRange,
    Kind::ServiceCidr,
];

/// Which cluster, and how its controller was started.
#[derive(Debug, Args)]
pub(crate) struct Setting {
    /// Kubeconfig of the cluster; without it and without files, the one that kubectl uses.
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Namespace of pools and advertisements: the controller's.
    #[arg(long, env = "METALLB_NAMESPACE", default_value = "metallb-system", value_name = "NAMESPACE")]
    pub(crate) system_namespace: String,
    /// As the controller was started: class of the Services that it serves.
    #[arg(long, value_name = "CLASS", default_value = "")]
    lb_class: String,
    /// As the controller was started.
    #[arg(long)]
    strict_metallb_parity: bool,
}

impl Setting {
    /// What the controller decides by.
    pub(crate) fn policy(&self) -> Policy {
        let class = Some(self.lb_class.as_str()).filter(|class| !class.is_empty());
        let strictness =
            if self.strict_metallb_parity { Strictness::Parity } else { Strictness::KeepAndReport };
        Policy { class: LoadBalancerClass(class.map(Into::into)), strictness }
    }

    /// What stands: in these files, or without any in the cluster.
    ///
    /// # Errors
    /// One line that names the file, the document and the field; or the cluster and what it answered.
    pub(crate) fn standing(&self, files: &[PathBuf]) -> anyhow::Result<Standing> {
        let objects = if files.is_empty() {
            cluster::read(self.kubeconfig.as_deref(), &self.system_namespace)?
        } else {
            completed(files::read(files, Purpose::Standing, &self.system_namespace)?)
        };
        Ok(Standing { objects })
    }
}

/// What stands.
pub(crate) struct Standing {
    objects: Vec<Object>,
}

impl Standing {
    /// As the controller knows it.
    pub(crate) fn world(&self) -> World {
        let mut world = World::default();
        for kind in KINDS {
            let these = self.objects.iter().filter(|object| object.kind() == kind);
            world.reset(kind, these.cloned().collect());
        }
        world
    }

    /// One Service, whether the controller cares for it or not.
    pub(crate) fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services().find(|service| service.key() == key)
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.objects.iter().filter_map(|object| match object {
            Object::Service(service) => Some(service),
            Object::EndpointSlice(_)
            | Object::Node(_)
            | Object::Namespace(_)
            | Object::Pool(_)
            | Object::Advertisement(_)
            | Object::L2Status(_)
            | Object::PoolState(_)
            | Object::ForeignRange(_)
            | Object::ServiceCidr(_) => None,
        })
    }
}

/// What an API server adds: namespaces of Services that no file has, with the label that every namespace has.
fn completed(mut objects: Vec<Object>) -> Vec<Object> {
    let standing = Standing { objects: objects.clone() };
    let world = standing.world();
    let missing: BTreeSet<_> = standing.services().map(|service| &service.key().namespace).collect();
    let missing = missing.into_iter().filter(|name| world.namespace(name).is_none());
    objects.extend(missing.map(|name| {
        let labels = [("kubernetes.io/metadata.name".to_owned(), name.to_string())];
        let key = ObjectKey::new("", name.clone());
        let uid = name.clone();
        Object::Namespace(Namespace { key, uid, labels: labels.into_iter().collect() })
    }));
    objects
}
