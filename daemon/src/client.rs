//! The way to the API server: who it is, and whether it is new enough.
//!
//! The client tries nothing twice by itself: who asks knows whether the question still stands, and how many others wait.

mod stack;
mod wait;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use patina::api::OLDEST_KUBERNETES_MINOR;
use thiserror::Error;

use crate::backoff::Backoff;
use crate::fatal::{Fatal, line_of};
use crate::rights::Rights;

pub use wait::asked_to_wait;

/// Longest time to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence within an answer. Watches end by themselves well before ([`crate::watch`]).
const READ_TIMEOUT: Duration = Duration::from_secs(90);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A client from the kubeconfig, or from the Pod when there is none; `agent` is how it introduces itself. Talks to nobody
/// yet.
///
/// # Errors
/// One line that names the file, or says what to set.
pub async fn client(kubeconfig: Option<&Path>, agent: &'static str) -> Result<Client, Fatal> {
    let mut config = match kubeconfig.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => from_file(path).await.map_err(Fatal::configuration)?,
        None => Config::incluster()
            .context("set KUBECONFIG or run in a Pod with a ServiceAccount")
            .map_err(Fatal::configuration)?,
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.write_timeout = Some(WRITE_TIMEOUT);
    config.reset_reader_on_write = true;
    config.headers.push((USER_AGENT, HeaderValue::from_static(agent)));
    let builder = stack::stack(&config)
        .context("cannot use the cluster's address or credentials")
        .map_err(Fatal::configuration)?;
    Ok(builder.with_layer(&Rights::default()).with_layer(&wait::Heed).build())
}

async fn from_file(path: &Path) -> anyhow::Result<Config> {
    let unusable = || format!("cannot use the kubeconfig {}", path.display());
    let kubeconfig = Kubeconfig::read_from(path).map_err(|error| unquoted(&error)).with_context(unusable)?;
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.with_context(unusable)
}

/// What is wrong with the file, without the lines that quote it: they may hold credentials.
fn unquoted(error: &KubeconfigError) -> anyhow::Error {
    let text = error.to_string();
    anyhow::Error::msg(text.lines().next().unwrap_or_default().to_owned())
}

/// Waits until the API server answers, and looks at its version. One line when it does not, one when it does.
///
/// # Errors
/// One line when it is too old.
pub async fn wait_for_server(client: &Client) -> Result<(), Fatal> {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    let mut silent = false;
    loop {
        match client.apiserver_version().await {
            Ok(version) => {
                let found = Minor::read(&version.major, &version.minor);
                tracing::info!(version = version.git_version, "API server answers");
                return found.check(&version.git_version).map_err(Fatal::configuration);
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::warn!(reason = line_of(&error), "API server does not answer; waiting for it");
                }
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

/// A version that is too old. Nothing was read or written.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("Kubernetes {found} is too old: 1.{OLDEST_KUBERNETES_MINOR} or newer is needed")]
struct TooOld {
    found: String,
}

/// The release of an API server, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Minor(u32, u32);

impl Minor {
    /// Some distributions write `31+`; what cannot be read counts as new enough.
    fn read(major: &str, minor: &str) -> Self {
        let number = |text: &str| {
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(u32::MAX)
        };
        Self(number(major), number(minor))
    }

    fn check(self, found: &str) -> Result<(), TooOld> {
        if self >= Self(1, OLDEST_KUBERNETES_MINOR) {
            Ok(())
        } else {
            Err(TooOld { found: found.to_owned() })
        }
    }
}

/// The text of an error that a call to the API server ended with, in one line.
pub fn describe(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error
        && !status.message.is_empty()
    {
        return status.message.replace('\n', " ");
    }
    line_of(error)
}

/// The HTTP status that the API server answered with, if it answered.
pub fn code(error: &kube::Error) -> Option<u16> {
    if let kube::Error::Api(status) = error { Some(status.code) } else { None }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::fatal::Turn;

    #[test]
    fn old_servers_are_refused_in_one_line_and_odd_versions_are_not() {
        let check = |minor: &str| Minor::read("1", minor).check(&format!("v1.{minor}.0"));
        assert_eq!(
            check("30").unwrap_err().to_string(),
            "Kubernetes v1.30.0 is too old: 1.31 or newer is needed"
        );
        for minor in ["31", "31+", "40-eks", ""] {
            assert_eq!(check(minor), Ok(()), "{minor}");
        }
    }

    #[tokio::test]
    async fn a_kubeconfig_that_cannot_be_read_is_named_in_one_line() {
        let path = PathBuf::from("/nonexistent/kubeconfig");
        let Err(fatal) = client(Some(&path), "test").await else { panic!("there is no such file") };
        assert_eq!(fatal.turn(), Turn::Configuration);
        assert!(
            fatal.line().contains("/nonexistent/kubeconfig") && !fatal.line().contains('\n'),
            "{}",
            fatal.line()
        );
    }

    #[tokio::test]
    async fn what_stands_in_a_broken_kubeconfig_is_not_repeated() {
        let path = std::env::temp_dir().join(format!("patina-kubeconfig-{}", std::process::id()));
        std::fs::write(&path, "users:\n- user: {token: [s3cret}\n").unwrap();
        let end = client(Some(&path), "test").await;
        std::fs::remove_file(&path).unwrap();
        let Err(fatal) = end else { panic!("this is no kubeconfig") };
        assert!(fatal.line().contains("line 2") && !fatal.line().contains("s3cret"), "{}", fatal.line());
    }
}
