//! The API server's audit log: who asked for what, and what was refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Every request with its user, verb, resource and code, and no body.
pub(crate) const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// The log of one cluster.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

/// A request that the authoriser forbade.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denied {
    /// Who asked.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: String,
    /// `group/resource/subresource`, as far as they are there; a path for what is no resource.
    pub what: String,
}

impl Audit {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file: one JSON document (`audit.k8s.io/v1` Event) a line.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every event so far.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn events(&self) -> io::Result<Vec<Value>> {
        // The last line may still be on its way into the file.
        Ok(fs::read_to_string(&self.path)?.lines().filter_map(|l| serde_json::from_str(l).ok()).collect())
    }

    /// What was forbidden to users whose name has this start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn denied(&self, users: &str) -> io::Result<Vec<Denied>> {
        let events = self.events()?;
        let mut denied: Vec<Denied> = events.iter().filter_map(denied).collect();
        denied.retain(|denied| denied.user.starts_with(users));
        denied.sort();
        denied.dedup();
        Ok(denied)
    }
}

fn denied(event: &Value) -> Option<Denied> {
    const DECISION: &str = "/annotations/authorization.k8s.io~1decision";
    if event.pointer(DECISION)? != "forbid" {
        return None;
    }
    let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parts = ["/objectRef/apiGroup", "/objectRef/resource", "/objectRef/subresource"].map(text);
    let named: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let what = if named.is_empty() { text("/requestURI") } else { named.join("/") };
    Some(Denied { user: text("/user/username"), verb: text("/verb"), what })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_forbidden_request_is_told_by_user_verb_and_resource() {
        let event = json!({
            "user": {"username": "somebody"}, "verb": "patch",
            "objectRef": {"resource": "services", "subresource": "status"},
            "annotations": {"authorization.k8s.io/decision": "forbid"},
        });
        let told = denied(&event).unwrap();
        assert_eq!(
            (told.user.as_str(), told.verb.as_str(), told.what.as_str()),
            ("somebody", "patch", "services/status")
        );
    }

    #[test]
    fn an_allowed_request_is_not_told() {
        assert_eq!(denied(&json!({"annotations": {"authorization.k8s.io/decision": "allow"}})), None);
    }
}
