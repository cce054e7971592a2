//! Roles taken apart: one verb on one resource at a time.

use std::fmt;

use anyhow::{Context, ensure};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::{DynamicObject, PostParams};
use kube::{Api, Client, ResourceExt};
use patina_lab::cluster::NAMESPACE;
use serde_json::Value;

/// One verb on one resource.
pub(crate) struct Right {
    role: DynamicObject,
    rule: usize,
    verb: String,
    group: String,
    /// With its subresource.
    resource: String,
    /// The one object that it is about.
    object: Option<String>,
}

/// Everything that these roles give.
pub(super) fn of(objects: &[DynamicObject]) -> anyhow::Result<Vec<Right>> {
    let mut rights = Vec::new();
    for role in objects {
        let rules = role.data["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (number, rule) in rules.iter().enumerate() {
            rights.extend(of_rule(role, number, rule).with_context(|| rule.to_string())?);
        }
    }
    Ok(rights)
}

fn of_rule(role: &DynamicObject, number: usize, rule: &Value) -> anyhow::Result<Vec<Right>> {
    let (group, resource) = (only(&rule["apiGroups"])?, only(&rule["resources"])?);
    let object = rule.get("resourceNames").map(only).transpose()?;
    let verbs = rule["verbs"].as_array().context("no verbs")?.iter().filter_map(Value::as_str);
    Ok(verbs
        .map(|verb| Right {
            role: role.clone(),
            rule: number,
            verb: verb.to_owned(),
            group: group.clone(),
            resource: resource.clone(),
            object: object.clone(),
        })
        .collect())
}

/// A rule with two could hide that one is idle.
fn only(list: &Value) -> anyhow::Result<String> {
    let items = list.as_array().context("no list")?;
    ensure!(items.len() == 1, "{list} names more than one");
    Ok(items[0].as_str().context("no text")?.to_owned())
}

impl Right {
    /// The role without it.
    pub(super) fn withheld(&self) -> anyhow::Result<DynamicObject> {
        let mut role = self.role.clone();
        let rules = role.data["rules"].as_array_mut().context("no rules")?;
        let verbs = rules[self.rule]["verbs"].as_array_mut().context("no verbs")?;
        verbs.retain(|verb| *verb != self.verb.as_str());
        if verbs.is_empty() {
            rules.remove(self.rule);
        }
        Ok(role)
    }

    /// Whether the authoriser lets the user do it.
    pub(super) async fn is_given(&self, kube: &Client, user: &str) -> kube::Result<bool> {
        let mut parts = self.resource.split('/').map(str::to_owned);
        let attributes = ResourceAttributes {
            verb: Some(self.verb.clone()),
            group: Some(self.group.clone()),
            resource: parts.next(),
            subresource: parts.next(),
            name: self.object.clone(),
            namespace: Some(NAMESPACE.to_owned()),
            ..ResourceAttributes::default()
        };
        let spec = SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let answer = Api::all(kube.clone()).create(&PostParams::default(), &review).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// The API server's words when it is missing.
    pub(super) fn denial(&self) -> String {
        let Self { verb, group, resource, .. } = self;
        format!("cannot {verb} resource \"{resource}\" in API group \"{group}\"")
    }

    /// Whether it is about this resource.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        self.resource == resource
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.object {
            Some(object) => write!(f, " ({object} of {})", self.role.name_any()),
            None => Ok(()),
        }
    }
}
