//! ServiceAccounts of the project's daemons, what they may do, and their tokens.

use std::path::PathBuf;

use anyhow::Context;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use patina_lab::cluster::NAMESPACE;
use patina_lab::manifest;

use crate::ground::{Ground, api_url};

/// A cluster for hands may stay for a day.
const VALID_SECONDS: i64 = 24 * 60 * 60;

/// Accounts and their rights, as they ship.
const MANIFESTS: [(&str, &str); 2] = [
    ("controller-rbac.yaml", include_str!("../../../charts/patina/manifests/controller-rbac.yaml")),
    ("speaker-rbac.yaml", include_str!("../../../charts/patina/manifests/speaker-rbac.yaml")),
];

/// Makes the accounts and gives them their rights.
pub(crate) async fn grant(client: &Client) -> anyhow::Result<()> {
    for (file, text) in MANIFESTS {
        manifest::apply(client, &manifest::parse(file, text)?).await?;
    }
    Ok(())
}

/// Asks for a token of an account and writes a kubeconfig that uses it.
pub(crate) async fn kubeconfig(client: &Client, ground: &Ground, account: &str) -> anyhow::Result<PathBuf> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), NAMESPACE);
    let spec = TokenRequestSpec { expiration_seconds: Some(VALID_SECONDS), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let asked = accounts.create_token_request(account, &PostParams::default(), &request).await;
    let status = asked.with_context(|| format!("a token of ServiceAccount {account}"))?.status;
    let token = status.context("the API server gives no token")?.token;
    let file = ground.state.write(&format!("kubeconfigs/{account}.token"), token.as_bytes())?;
    let text = ground.credentials.kubeconfig_with_file(&file, &api_url()).to_string();
    Ok(ground.state.write(&format!("kubeconfigs/{account}"), text.as_bytes())?)
}
