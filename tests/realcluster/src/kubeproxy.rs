//! How kube-proxy is told what to do on a node.

use std::path::Path;

use serde_json::{Value, json};

/// What kube-proxy programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// The recommended mode since Kubernetes 1.33.
    Nftables,
    /// The mode that most clusters still have.
    Iptables,
}

impl ProxyMode {
    const fn word(self) -> &'static str {
        match self {
            Self::Nftables => "nftables",
            Self::Iptables => "iptables",
        }
    }
}

/// The addresses of all Pods, both families: the shares of all nodes lie in it.
pub(crate) const PODS: &str = "10.244.0.0/16,fd00:10:244::/48";

/// A `KubeProxyConfiguration`; JSON is YAML. The limits of connection tracking belong to the machine, so they stay as
/// they are.
pub(crate) fn configuration(node: &str, mode: ProxyMode, kubeconfig: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": mode.word(),
        "hostnameOverride": node,
        "clusterCIDR": PODS,
        "clientConnection": {"kubeconfig": kubeconfig},
        "iptables": {"localhostNodePorts": false},
        "conntrack": {
            "maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
            "udpTimeout": "0s", "udpStreamTimeout": "0s",
        },
    })
}
