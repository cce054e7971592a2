//! Keys, certificates and tokens of a cluster, made anew for each.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use patina_lab::state::StateDir;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use serde_json::{Value, json};

use crate::ground;

/// Somebody with a token that the API server knows from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// May do everything.
    Admin,
    /// The lab's stand-ins: kubelets and scheduler.
    StandIn,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-proxy.
    Proxy,
}

impl Account {
    pub(crate) const ALL: [Self; 4] = [Self::Admin, Self::StandIn, Self::ControllerManager, Self::Proxy];

    /// The user name that RBAC and the audit log see.
    pub const fn user(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::StandIn => "stand-in",
            Self::ControllerManager => "system:kube-controller-manager",
            Self::Proxy => "system:kube-proxy",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Admin | Self::StandIn => "system:masters",
            Self::ControllerManager | Self::Proxy => "",
        }
    }

    const fn token(self) -> &'static str {
        match self {
            Self::Admin => "token-of-admin",
            Self::StandIn => "token-of-stand-in",
            Self::ControllerManager => "token-of-controller-manager",
            Self::Proxy => "token-of-proxy",
        }
    }
}

/// The files of a cluster's credentials.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) signing_key: PathBuf,
    pub(crate) verifying_key: PathBuf,
    pub(crate) tokens: PathBuf,
}

impl Credentials {
    /// Makes and writes them.
    pub(crate) fn make(state: &StateDir) -> anyhow::Result<Self> {
        let (authority, leaf, leaf_key) = certificates()?;
        let accounts = KeyPair::generate()?;
        let tokens: String = Account::ALL.iter().map(|account| line(*account)).collect();
        let write = |name: &str, text: String| state.write(&format!("pki/{name}"), text.as_bytes());
        Ok(Self {
            authority: write("ca.crt", authority)?,
            certificate: write("apiserver.crt", leaf)?,
            key: write("apiserver.key", leaf_key)?,
            signing_key: write("sa.key", accounts.serialize_pem())?,
            verifying_key: write("sa.pub", accounts.public_key_pem())?,
            tokens: write("tokens.csv", tokens)?,
        })
    }

    /// A kubeconfig of somebody with a static token, for the server at `url`.
    pub(crate) fn kubeconfig(&self, account: Account, url: &str) -> Value {
        kubeconfig(url, &self.authority, &json!({"token": account.token()}))
    }

    /// A kubeconfig whose token stands in a file and may be renewed there.
    pub(crate) fn kubeconfig_with_file(&self, token: &Path, url: &str) -> Value {
        kubeconfig(url, &self.authority, &json!({"tokenFile": token}))
    }
}

/// `token,user,uid,"groups"`, as `--token-auth-file` wants it.
fn line(account: Account) -> String {
    format!("{},{},{},\"{}\"\n", account.token(), account.user(), account.user(), account.group())
}

fn kubeconfig(url: &str, authority: &Path, user: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "realcluster",
        "clusters": [{"name": "realcluster", "cluster": {"server": url, "certificate-authority": authority}}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "realcluster", "context": {"cluster": "realcluster", "user": "user"}}],
    })
}

/// An authority, and a leaf for every name and address by which the API server is called.
fn certificates() -> Result<(String, String, String), rcgen::Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "realcluster-ca");
    let own = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let leaf_key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(names.map(str::to_owned))?;
    leaf.subject_alt_names.extend(addresses().into_iter().map(SanType::IpAddress));
    leaf.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    Ok((own, leaf.signed_by(&leaf_key, &issuer)?.pem(), leaf_key.serialize_pem()))
}

fn addresses() -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = ground::api_addresses().iter().map(ipnet::IpNet::addr).collect();
    all.extend([IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 96, 0, 1])]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_s_line_has_its_groups_in_quotes() {
        assert_eq!(line(Account::Admin), "token-of-admin,admin,admin,\"system:masters\"\n");
    }
}
