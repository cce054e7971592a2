//! What a daemon may do in a cluster, read from the manifest that ships: a lab leaves it the same and no more.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::manifest;
use crate::privilege::Capability;
use crate::seccomp;

const MANIFESTS: [(&str, &str); 2] = [
    ("controller", include_str!("../../charts/patina/manifests/controller.yaml")),
    ("speaker", include_str!("../../charts/patina/manifests/speaker.yaml")),
];

/// What is left to a daemon. Its root is read-only, and it never gets new privileges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The user that it is instead of root.
    pub user: Option<u32>,
    /// Its capabilities.
    pub kept: Vec<Capability>,
    /// The name of its seccomp profile.
    pub seccomp: Option<&'static str>,
}

/// What ships for a daemon, by the verb that starts it.
///
/// # Errors
/// Nothing ships for it, or more is left to it than a lab takes away.
pub fn of(verb: &str) -> anyhow::Result<Shipped> {
    let (_, text) = MANIFESTS
        .iter()
        .find(|(name, _)| *name == verb)
        .with_context(|| format!("no manifest of {verb:?}"))?;
    let object = manifest::parse(verb, text)?.into_iter().next().context("an empty manifest")?;
    let pod = object.data.pointer("/spec/template/spec").context("no template of a Pod")?;
    read(pod, seccomp::shipped(verb)).with_context(|| format!("the manifest of the {verb}"))
}

fn read(pod: &Value, seccomp: Option<&'static str>) -> anyhow::Result<Shipped> {
    let container = pod.pointer("/containers/0/securityContext").context("no security context")?;
    ensure!(container["readOnlyRootFilesystem"] == true, "its root is writable");
    ensure!(container["allowPrivilegeEscalation"] == false, "it may get new privileges");
    ensure!(container["capabilities"]["drop"] == serde_json::json!(["ALL"]), "it keeps capabilities");
    let user = pod.pointer("/securityContext/runAsUser").and_then(Value::as_u64);
    let added = container["capabilities"]["add"].as_array().into_iter().flatten();
    Ok(Shipped {
        user: user.map(u32::try_from).transpose().context("runAsUser")?,
        kept: added.map(capability).collect::<anyhow::Result<_>>()?,
        seccomp,
    })
}

/// By the name that Kubernetes has for it.
fn capability(name: &Value) -> anyhow::Result<Capability> {
    Ok(match name.as_str() {
        Some("NET_RAW") => Capability::NetRaw,
        Some("SYS_NICE") => Capability::SysNice,
        Some("IPC_LOCK") => Capability::IpcLock,
        Some(_) | None => bail!("the lab knows no capability {name}"),
    })
}

impl Shipped {
    /// As arguments of the `patina` command that confines itself, without the command that it becomes.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["lab-confine".to_owned(), "--read-only".to_owned()];
        arguments.extend(self.kept.iter().map(|capability| format!("--keep={}", capability.name())));
        arguments.extend(self.seccomp.map(|profile| format!("--seccomp={profile}")));
        arguments.extend(self.user.map(|user| format!("--user={user}")));
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_is_nobody_and_a_speaker_has_one_capability() {
        let controller = Shipped { user: Some(65_534), kept: Vec::new(), seccomp: Some("controller") };
        let speaker = Shipped { user: None, kept: vec![Capability::NetRaw], seccomp: Some("speaker") };
        assert_eq!([of("controller").unwrap(), of("speaker").unwrap()], [controller, speaker]);
    }

    #[test]
    fn a_manifest_that_leaves_more_than_a_lab_takes_away_is_refused() {
        let pod = |context: &str| -> Value {
            let context: Value = serde_json::from_str(context).unwrap();
            serde_json::json!({"containers": [{"securityContext": context}]})
        };
        let strict = r#"{"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}"#;
        read(&pod(strict), None).unwrap();
        for (from, to) in [
            ("true", "false"),
            ("false", "true"),
            ("ALL", "NET_RAW"),
            (r#"["ALL"]"#, r#"["ALL"], "add": ["NET_ADMIN"]"#),
        ] {
            read(&pod(&strict.replacen(from, to, 1)), None).unwrap_err();
        }
    }
}
