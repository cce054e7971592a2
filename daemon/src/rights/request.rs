//! What a request asks for, in RBAC's words (Kubernetes documentation, "Authorization Overview").

use axum::http::{Method, Uri};

/// Verb and resource of a request. Whose object it is does not matter: a right that is missing is missing for all of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub(super) verb: &'static str,
    /// As `kubectl auth can-i` takes it: `services/status`, `ipaddresspools.metallb.io`; a path for what is no resource.
    pub(super) resource: String,
}

impl Asked {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let (group, rest) = match path.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => ("", [].as_slice()),
        };
        match within_namespace(rest) {
            [resource, named @ ..] => {
                let verb = verb(method, uri, !named.is_empty());
                Self { verb, resource: resource_name(resource, group, named.get(1).copied()) }
            }
            [] => Self { verb: verb(method, uri, true), resource: uri.path().to_owned() },
        }
    }
}

/// A Namespace itself is a resource; whatever follows its name lies in it.
fn within_namespace<'a>(path: &'a [&'a str]) -> &'a [&'a str] {
    match path {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        path => path,
    }
}

fn resource_name(resource: &str, group: &str, subresource: Option<&str>) -> String {
    let mut name = resource.to_owned();
    for (mark, part) in [(".", Some(group).filter(|group| !group.is_empty())), ("/", subresource)] {
        name.extend(part.into_iter().flat_map(|part| [mark, part]));
    }
    name
}

fn verb(method: &Method, uri: &Uri, named: bool) -> &'static str {
    let watches =
        uri.query().unwrap_or_default().split('&').any(|part| matches!(part, "watch=true" | "watch=1"));
    match (method, named) {
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, true) => "delete",
        (&Method::DELETE, false) => "deletecollection",
        (_, true) => "get",
        (_, false) if watches => "watch",
        (_, false) => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_as_in_a_role() {
        let requests = [
            ("GET", "/api/v1/services?limit=500", "list services"),
            ("GET", "/api/v1/services?timeoutSeconds=45&watch=true", "watch services"),
            ("GET", "/api/v1/namespaces", "list namespaces"),
            ("GET", "/api/v1/namespaces/a", "get namespaces"),
            ("PATCH", "/api/v1/namespaces/a/services/b/status?force=true", "patch services/status"),
            ("GET", "/apis/metallb.io/v1beta1/namespaces/a/ipaddresspools", "list ipaddresspools.metallb.io"),
            ("PATCH", "/apis/metallb.io/v1beta1/namespaces/a/b/c/status", "patch b.metallb.io/status"),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/a/leases/b",
                "update leases.coordination.k8s.io",
            ),
            ("POST", "/apis/events.k8s.io/v1/namespaces/a/events", "create events.events.k8s.io"),
            ("DELETE", "/api/v1/namespaces/a/pods/b", "delete pods"),
            ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection pods"),
            ("GET", "/version", "get /version"),
        ];
        for (method, uri, said) in requests {
            let asked = Asked::of(&method.parse().unwrap(), &Uri::from_static(uri));
            assert_eq!(format!("{} {}", asked.verb, asked.resource), said, "{method} {uri}");
        }
    }
}
