//! Files in a folder of their own, and the command as users start it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

const PATINA: &str = env!("CARGO_BIN_EXE_patina-under-test");

/// A folder that goes with the test.
pub(crate) struct Scene {
    folder: PathBuf,
}

/// What the command said, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("plan-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// A cluster in one file `state.yaml`.
    pub(crate) fn standing(documents: &[String]) -> Self {
        Self::new().with("state.yaml", documents)
    }

    pub(crate) fn with(self, name: &str, documents: &[String]) -> Self {
        self.with_text(name, &documents.join("---\n"))
    }

    pub(crate) fn with_text(self, name: &str, text: &str) -> Self {
        let file = self.folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    /// Runs `patina` in the folder.
    pub(crate) fn patina(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(PATINA);
        command.args(arguments).current_dir(&self.folder).env_remove("KUBECONFIG");
        let Output { status, stdout, stderr } = command.env("HOME", &self.folder).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    /// What `patina plan` says of `state.yaml`.
    pub(crate) fn plan(&self, arguments: &[&str]) -> Said {
        self.patina(&[&["plan", "--state", "state.yaml"], arguments].concat())
    }

    /// What `patina why` says of a Service in namespace `web` of `state.yaml`.
    pub(crate) fn why(&self, service: &str, arguments: &[&str]) -> Said {
        let asked = format!("service/{service}");
        self.patina(&[&["why", &asked, "-n", "web", "-f", "state.yaml"], arguments].concat())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What is left in the target folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The line that speaks of this Service.
    pub(crate) fn line(&self, service: &str) -> &str {
        let found = self.out.lines().find(|line| line.starts_with(&format!("web/{service} ")));
        found.unwrap_or_else(|| panic!("nothing of {service}: {self:?}"))
    }

    /// One line on standard error, nothing else.
    pub(crate) fn refused(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err.trim_end()
    }
}

pub(crate) fn pool(name: &str, addresses: &str) -> String {
    format!(
        "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\n\
         metadata: {{ name: {name}, namespace: metallb-system }}\nspec: {{ addresses: [{addresses}] }}\n"
    )
}

/// The pool, with an IPAM endpoint.
pub(crate) fn lent_by_an_endpoint(pool: &str) -> String {
    let endpoint = "namespace: metallb-system, annotations: { patina.dev/ipam: 'grpc://192.0.2.250:9000' }";
    pool.replace("namespace: metallb-system", endpoint)
}

pub(crate) fn advertisement(pools: &str) -> String {
    format!(
        "apiVersion: metallb.io/v1beta1\nkind: L2Advertisement\n\
         metadata: {{ name: all, namespace: metallb-system }}\nspec: {{ ipAddressPools: [{pools}] }}\n"
    )
}

pub(crate) fn foreign_range(name: &str, addresses: &str) -> String {
    format!(
        "apiVersion: patina.dev/v1alpha1\nkind: ForeignRange\nmetadata: {{ name: {name} }}\n\
         spec: {{ addresses: [{addresses}], description: the office's cluster }}\n"
    )
}

/// A Service of namespace `web` as it stands in a cluster; without `address` it waits.
pub(crate) fn service(name: &str, created: u8, address: &str) -> String {
    let ingress = if address.is_empty() { String::new() } else { format!("{{ ip: {address} }}") };
    format!(
        "apiVersion: v1\nkind: Service\n\
         metadata: {{ name: {name}, namespace: web, uid: uid-{name}, creationTimestamp: '2026-01-01T00:00:{created:02}Z' }}\n\
         spec: {{ type: LoadBalancer, clusterIPs: [10.96.0.{created}], ports: [{{ port: 80 }}] }}\n\
         status: {{ loadBalancer: {{ ingress: [{ingress}] }} }}\n"
    )
}
