//! The command lines of the control plane.

use std::path::Path;
use std::time::Duration;

use patina_lab::state::StateDir;

use crate::ground::{API_PORT, Ground, api_address};
use crate::kubeproxy::PODS;

/// etcd's data.
pub(super) const DATA: &str = "etcd";
/// The audit log.
pub(crate) const AUDIT_LOG: &str = "audit.json";
/// What the audit log holds.
pub(crate) const AUDIT_POLICY: &str = "audit-policy.yaml";

/// Where etcd listens, in the namespace of the control plane.
pub(super) const ETCD_AT: ([u8; 4], u16) = ([127, 0, 0, 1], 2379);
const ETCD_CLIENTS: &str = "http://127.0.0.1:2379";
const ETCD_PEERS: &str = "http://127.0.0.1:2380";
/// How long kube-controller-manager believes in a silent node: two renewals of its Lease. By default it is 50 s, in which
/// a test would only wait.
const SILENT_NODE: Duration = Duration::from_secs(20);
/// Cluster IPs of both families.
const SERVICES: &str = "10.96.0.0/16,fd00:10:96::/112";

/// Nothing of a test needs to outlive the machine's power.
pub(super) fn etcd(state: &StateDir) -> Vec<String> {
    vec![
        "--name=etcd".to_owned(),
        flag("data-dir", &state.file(DATA)),
        format!("--listen-client-urls={ETCD_CLIENTS}"),
        format!("--advertise-client-urls={ETCD_CLIENTS}"),
        format!("--listen-peer-urls={ETCD_PEERS}"),
        format!("--initial-advertise-peer-urls={ETCD_PEERS}"),
        format!("--initial-cluster=etcd={ETCD_PEERS}"),
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

pub(super) fn api_server(ground: &Ground) -> Vec<String> {
    let credentials = &ground.credentials;
    vec![
        format!("--etcd-servers={ETCD_CLIENTS}"),
        "--bind-address=0.0.0.0".to_owned(),
        format!("--advertise-address={}", api_address()),
        format!("--secure-port={API_PORT}"),
        flag("tls-cert-file", &credentials.certificate),
        flag("tls-private-key-file", &credentials.key),
        format!("--service-cluster-ip-range={SERVICES}"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        flag("service-account-key-file", &credentials.verifying_key),
        flag("service-account-signing-key-file", &credentials.signing_key),
        flag("token-auth-file", &credentials.tokens),
        "--authorization-mode=RBAC".to_owned(),
        flag("audit-policy-file", &ground.state.file(AUDIT_POLICY)),
        flag("audit-log-path", &ground.state.file(AUDIT_LOG)),
        "--allow-privileged=true".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

pub(super) fn controller_manager(ground: &Ground, kubeconfig: &Path) -> Vec<String> {
    let credentials = &ground.credentials;
    vec![
        flag("kubeconfig", kubeconfig),
        "--use-service-account-credentials=true".to_owned(),
        flag("service-account-private-key-file", &credentials.signing_key),
        flag("root-ca-file", &credentials.authority),
        format!("--cluster-cidr={PODS}"),
        format!("--service-cluster-ip-range={SERVICES}"),
        "--allocate-node-cidrs=false".to_owned(),
        "--leader-elect=false".to_owned(),
        format!("--node-monitor-grace-period={}s", SILENT_NODE.as_secs()),
        "--bind-address=127.0.0.1".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

fn flag(name: &str, file: &Path) -> String {
    format!("--{name}={}", file.display())
}
