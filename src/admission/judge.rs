//! The verdict on one question.

use serde_json::{Value, json};

use super::{Denial, Question, Review, Subject};
use crate::api::bgp::BGPPeer;
use crate::config::{
    AdvertisementSource, Config, ForeignSource, Objects, Occupied, Origin, PoolSource, Problem, ProblemKind,
};
use crate::name::ObjectKey;

/// Longest warning, in characters: an API server may cut off what is longer than 256 (`admission.k8s.io/v1`, `warnings`).
const LONGEST_WARNING: usize = 250;

/// The objects that stand, as far as the question needs them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Pools of the own namespace.
    pub pools: Vec<PoolSource>,
    /// Its advertisements.
    pub advertisements: Vec<AdvertisementSource>,
    /// Its peers.
    pub peers: Vec<BGPPeer>,
    /// ForeignRanges.
    pub foreign: Vec<ForeignSource>,
    /// Addresses of nodes, of Pods and of the cluster's own Services.
    pub occupied: Vec<Occupied>,
}

/// Whether the object may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// The configuration would find this wrong with it that is not wrong now.
    Wrong(Vec<Problem>),
    /// It may not, for another reason.
    Denied(Denial),
}

/// A verdict, and what to tell the writer beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// What is not refused and may not be meant, one line each.
    pub warnings: Vec<String>,
}

/// Judges a question. `namespace` is where objects count.
pub fn judge(question: &Question, standing: &Standing, namespace: &str) -> Answer {
    let foreign = question.namespace != namespace;
    match &question.subject {
        Subject::Unfit(why) => Answer::denied(Denial::Unfit(why.clone())),
        _ if foreign && question.new => Answer::denied(Denial::WrongNamespace {
            kind: question.kind.clone(),
            own: namespace.to_owned(),
            found: question.namespace.clone(),
        }),
        _ if foreign => Answer::of(Verdict::Allowed),
        Subject::Lone => Answer::of(Verdict::Allowed),
        Subject::ProfileDeletion(name) => profile_deletion(name, &standing.peers),
        Subject::Pool(pool) => {
            compare((Origin::Pool, &pool.identity.key), standing, &standing.with_pool(pool))
        }
        Subject::Advertisement(rule) => {
            let object = (Origin::Advertisement, &rule.identity.key);
            compare(object, standing, &standing.with_advertisement(rule))
        }
    }
}

fn profile_deletion(name: &str, peers: &[BGPPeer]) -> Answer {
    let named = peers.iter().find(|peer| peer.spec.bfd_profile.as_deref() == Some(name));
    let Some(peer) = named else { return Answer::of(Verdict::Allowed) };
    let peer = peer.metadata.name.clone().unwrap_or_default();
    Answer::denied(Denial::ProfileInUse { profile: name.to_owned(), peer })
}

/// What is wrong with the object, as it would stand, that was not wrong with it.
fn compare(object: (Origin, &ObjectKey), standing: &Standing, then: &Objects<'_>) -> Answer {
    let before = problems(object, &standing.objects());
    let (refused, told): (Vec<_>, Vec<_>) = problems(object, then)
        .into_iter()
        .filter(|after| !before.iter().any(|before| before.kind == after.kind))
        .partition(|problem| refuses(&problem.kind));
    let warnings = told.iter().map(|problem| shortened(&problem.to_string())).collect();
    let verdict = if refused.is_empty() { Verdict::Allowed } else { Verdict::Wrong(refused) };
    Answer { verdict, warnings }
}

fn problems(object: (Origin, &ObjectKey), objects: &Objects<'_>) -> Vec<Problem> {
    let (_, problems) = Config::build(objects, &Config::default());
    problems.into_iter().filter(|problem| (problem.origin, &problem.object.key) == object).collect()
}

/// Whatever puts an object out of force: this one, or a younger one that stands.
fn refuses(kind: &ProblemKind) -> bool {
    kind.rejects() || matches!(kind, ProblemKind::OverlappedBy { .. })
}

impl Standing {
    fn objects(&self) -> Objects<'_> {
        Objects {
            pools: self.pools.iter().collect(),
            advertisements: self.advertisements.iter().collect(),
            foreign: self.foreign.iter().collect(),
            occupied: self.occupied.clone(),
        }
    }

    fn with_pool<'a>(&'a self, pool: &'a PoolSource) -> Objects<'a> {
        let mut objects = self.objects();
        objects.pools.retain(|other| other.identity.key != pool.identity.key);
        objects.pools.push(pool);
        objects
    }

    fn with_advertisement<'a>(&'a self, rule: &'a AdvertisementSource) -> Objects<'a> {
        let mut objects = self.objects();
        objects.advertisements.retain(|other| other.identity.key != rule.identity.key);
        objects.advertisements.push(rule);
        objects
    }
}

impl Answer {
    fn of(verdict: Verdict) -> Self {
        Self { verdict, warnings: Vec::new() }
    }

    fn denied(denial: Denial) -> Self {
        Self::of(Verdict::Denied(denial))
    }

    /// Why not, in one line; nothing when it may.
    pub fn refusal(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Allowed => None,
            Verdict::Wrong(problems) => {
                Some(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Verdict::Denied(denial) => Some(denial.line()),
        }
    }

    /// The answer to a review, as the API server reads it.
    pub fn review(&self, review: &Review) -> Value {
        let mut response = json!({ "uid": review.uid, "allowed": self.verdict == Verdict::Allowed });
        if let Some(message) = self.refusal() {
            let status =
                json!({ "status": "Failure", "code": 403, "reason": "Forbidden", "message": message });
            response["status"] = status;
        }
        if !self.warnings.is_empty() {
            response["warnings"] = json!(self.warnings);
        }
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST_WARNING) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
