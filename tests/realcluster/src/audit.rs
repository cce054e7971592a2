//! The API server's audit log: who asked for what, and what was refused.

use std::collections::BTreeSet;
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
        Ok(decided("forbid", users, &self.events()?).into_iter().collect())
    }

    /// What was forbidden to them and never allowed. An API server that has just started forbids for a moment what its
    /// roles allow.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lacking(&self, users: &str) -> io::Result<Vec<Denied>> {
        let events = self.events()?;
        let allowed = decided("allow", users, &events);
        Ok(decided("forbid", users, &events).difference(&allowed).cloned().collect())
    }
}

/// What the authoriser answered so to users whose name has this start.
fn decided(decision: &str, users: &str, events: &[Value]) -> BTreeSet<Denied> {
    const DECISION: &str = "/annotations/authorization.k8s.io~1decision";
    let so = events.iter().filter(|event| event.pointer(DECISION).is_some_and(|word| word == decision));
    so.map(request).filter(|request| request.user.starts_with(users)).collect()
}

fn request(event: &Value) -> Denied {
    let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parts = ["/objectRef/apiGroup", "/objectRef/resource", "/objectRef/subresource"].map(text);
    let named: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let what = if named.is_empty() { text("/requestURI") } else { named.join("/") };
    Denied { user: text("/user/username"), verb: text("/verb"), what }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(decision: &str) -> Value {
        json!({
            "user": {"username": "somebody"}, "verb": "patch",
            "objectRef": {"resource": "services", "subresource": "status"},
            "annotations": {"authorization.k8s.io/decision": decision},
        })
    }

    #[test]
    fn a_forbidden_request_is_told_by_user_verb_and_resource() {
        let told = decided("forbid", "some", &[event("forbid"), event("forbid")]);
        let told: Vec<_> = told.iter().map(|d| [d.user.as_str(), &d.verb, &d.what]).collect();
        assert_eq!(told, [["somebody", "patch", "services/status"]]);
    }

    #[test]
    fn what_others_asked_and_what_was_allowed_is_not_told() {
        assert!(decided("forbid", "nobody", &[event("forbid")]).is_empty());
        assert!(decided("forbid", "some", &[event("allow")]).is_empty());
    }
}
