//! One webhook of a ValidatingWebhookConfiguration, and one question to it.

use std::time::Duration;

use serde_json::Value;

use crate::object;
use crate::status::{Reason, Status};

/// What is done, as rules name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) operation: &'a str,
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    /// With its subresource.
    pub(crate) resource: &'a str,
}

/// One webhook, as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hook<'a>(pub(crate) &'a Value);

/// One question to one webhook.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    /// Name of the webhook.
    pub(crate) webhook: String,
    /// Where it is reached: host and port; why not, where that is known already.
    pub(crate) place: Result<String, String>,
    /// The URL as it is told, without its query.
    pub(crate) url: String,
    /// The name that its certificate has to have.
    pub(crate) server: String,
    /// The authorities that its certificate has to be signed by, PEM.
    pub(crate) authorities: Vec<u8>,
    pub(crate) timeout: Duration,
    /// A failure lets the write pass.
    pub(crate) lenient: bool,
    /// The AdmissionReview.
    pub(crate) body: Value,
}

impl Hook<'_> {
    /// Whether one of its rules is about this.
    pub(crate) fn is_about(&self, asked: Asked<'_>) -> bool {
        let holds = |rule: &Value, field: &str, word: &str| {
            object::list(rule, field)
                .iter()
                .any(|item| matches!(item.as_str(), Some(item) if item == "*" || item == word))
        };
        let resource = |rule: &Value| {
            let any = || object::list(rule, "/resources").iter().any(|item| item == "*/*");
            let whole = || !asked.resource.contains('/') && holds(rule, "/resources", "*");
            any() || whole() || object::list(rule, "/resources").iter().any(|item| item == asked.resource)
        };
        object::list(self.0, "/rules").iter().any(|rule| {
            holds(rule, "/operations", asked.operation)
                && holds(rule, "/apiGroups", asked.group)
                && holds(rule, "/apiVersions", asked.version)
                && resource(rule)
        })
    }

    /// The question to it. `find` gives the Service of a namespace and name.
    pub(crate) fn review<'s>(
        self,
        body: Value,
        find: impl FnOnce(&str, &str) -> Option<&'s Value>,
    ) -> Review {
        let (place, url, server) = match self.0.pointer("/clientConfig/service") {
            Some(service) => by_service(service, find),
            None => by_url(object::text(self.0, "/clientConfig/url")),
        };
        let authorities = crate::base64::decode(object::text(self.0, "/clientConfig/caBundle"));
        Review {
            webhook: object::text(self.0, "/name").to_owned(),
            place,
            url,
            server,
            authorities: authorities.unwrap_or_default(),
            timeout: Duration::from_secs(
                object::number(self.0, "/timeoutSeconds").clamp(1, 30).unsigned_abs(),
            ),
            lenient: object::text(self.0, "/failurePolicy") == "Ignore",
            body,
        }
    }
}

type Way = (Result<String, String>, String, String);

/// As the real server finds a Service: its cluster IP, or the name that it stands for.
fn by_service<'s>(service: &Value, find: impl FnOnce(&str, &str) -> Option<&'s Value>) -> Way {
    let (namespace, name) = (object::text(service, "/namespace"), object::text(service, "/name"));
    let port = service.get("port").and_then(Value::as_u64).unwrap_or(443);
    let server = format!("{name}.{namespace}.svc");
    let url = format!("https://{server}:{port}{}", object::text(service, "/path"));
    let place = find(namespace, name).map_or_else(
        || Err(format!("service {name:?} not found")),
        |service| match object::text(service, "/spec/type") {
            "ExternalName" => Ok(format!("{}:{port}", object::text(service, "/spec/externalName"))),
            _ => Ok(format!("{}:{port}", object::text(service, "/spec/clusterIP"))),
        },
    );
    (place, url, server)
}

fn by_url(url: &str) -> Way {
    let authority = url.strip_prefix("https://").unwrap_or(url).split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let place = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:443") };
    (Ok(place), url.to_owned(), host.trim_matches(['[', ']']).to_owned())
}

impl Review {
    /// The path of the URL, with its query.
    pub(crate) fn path(&self) -> String {
        let rest = self.url.strip_prefix("https://").unwrap_or(&self.url);
        let path = rest.find('/').map_or("/", |start| &rest[start..]);
        format!("{path}?timeout={}s", self.timeout.as_secs())
    }

    /// What the webhook said: what to tell the writer beside, or the refusal.
    ///
    /// # Errors
    /// Inside: the refusal of the webhook. Outside: why its answer is none.
    pub(crate) fn verdict(&self, answer: &Value) -> Result<Result<Vec<String>, Status>, String> {
        let asked = object::text(&self.body, "/request/uid");
        if object::text(answer, "/kind") != "AdmissionReview" {
            return Err("the answer is no AdmissionReview".to_owned());
        }
        if object::text(answer, "/response/uid") != asked {
            return Err(format!("expected response.uid={asked:?}"));
        }
        if answer.pointer("/response/allowed") == Some(&Value::Bool(true)) {
            return Ok(Ok(object::texts(answer, "/response/warnings")));
        }
        let message = match object::text(answer, "/response/status/message") {
            "" => " without explanation".to_owned(),
            message => format!(": {message}"),
        };
        let reason = match object::number(answer, "/response/status/code") {
            403 => Reason::Forbidden,
            409 => Reason::Conflict,
            422 => Reason::Invalid,
            _ => Reason::BadRequest,
        };
        let message = format!("admission webhook {:?} denied the request{message}", self.webhook);
        Ok(Err(Status::new(reason, message)))
    }

    /// What becomes of the write when the webhook has not answered: its failure policy says.
    ///
    /// # Errors
    /// 500 with the reason.
    pub(crate) fn unanswered(&self, why: &str) -> Result<Vec<String>, Status> {
        if self.lenient {
            tracing::warn!(webhook = self.webhook, why, "the write passes without the webhook's word");
            return Ok(Vec::new());
        }
        let failed = format!("failed calling webhook {:?}: failed to call webhook: {why}", self.webhook);
        let details = serde_json::json!({ "causes": [{ "message": failed }] });
        Err(Status::detailed(Reason::InternalError, format!("Internal error occurred: {failed}"), details))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hook(rule: &Value) -> Value {
        json!({
            "name": "one", "rules": [rule], "failurePolicy": "Fail", "timeoutSeconds": 3,
            "clientConfig": { "service": { "namespace": "n", "name": "s", "path": "/judge" } },
        })
    }

    #[test]
    fn a_rule_names_operations_groups_versions_and_resources() {
        let asked =
            |operation, resource| Asked { operation, group: "metallb.io", version: "v1beta1", resource };
        let rule = |operations: &[&str], resources: &[&str]| {
            hook(
                &json!({ "apiGroups": ["metallb.io"], "apiVersions": ["*"], "operations": operations, "resources": resources }),
            )
        };
        for (operations, resources, operation, resource, about) in [
            (&["CREATE"][..], &["pools"][..], "CREATE", "pools", true),
            (&["CREATE"], &["pools"], "UPDATE", "pools", false),
            (&["*"], &["pools"], "DELETE", "pools", true),
            (&["*"], &["pools"], "UPDATE", "pools/status", false),
            (&["*"], &["*"], "UPDATE", "pools/status", false),
            (&["*"], &["*/*"], "UPDATE", "pools/status", true),
            (&["*"], &["pools/status"], "UPDATE", "pools/status", true),
        ] {
            let written = rule(operations, resources);
            assert_eq!(
                Hook(&written).is_about(asked(operation, resource)),
                about,
                "{written} {operation} {resource}"
            );
        }
    }

    #[test]
    fn a_service_stands_for_its_cluster_ip_or_its_external_name() {
        let written = hook(&json!({}));
        let review = |service: Option<Value>| Hook(&written).review(json!({}), |_, _| service.as_ref());
        let cluster = review(Some(json!({ "spec": { "type": "ClusterIP", "clusterIP": "10.96.0.9" } })));
        assert_eq!(cluster.place.as_deref(), Ok("10.96.0.9:443"));
        assert_eq!(
            (cluster.url.as_str(), cluster.path().as_str()),
            ("https://s.n.svc:443/judge", "/judge?timeout=3s")
        );
        assert_eq!(cluster.server, "s.n.svc");
        let named = review(Some(json!({ "spec": { "type": "ExternalName", "externalName": "localhost" } })));
        assert_eq!(named.place.as_deref(), Ok("localhost:443"));
        assert!(review(None).place.is_err());
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let written = hook(&json!({}));
        let review = Hook(&written).review(json!({ "request": { "uid": "u" } }), |_, _| None);
        let answer = |uid: &str, allowed: bool| json!({ "kind": "AdmissionReview", "response": { "uid": uid, "allowed": allowed, "warnings": ["w"] } });
        assert_eq!(review.verdict(&answer("u", true)), Ok(Ok(vec!["w".to_owned()])));
        let refusal = review.verdict(&answer("u", false)).unwrap().unwrap_err();
        assert_eq!(refusal.message, "admission webhook \"one\" denied the request without explanation");
        assert!(review.verdict(&answer("other", true)).is_err());
        assert!(review.verdict(&json!({})).is_err());
    }
}
