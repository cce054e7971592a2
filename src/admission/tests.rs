//! What is refused, and what is not.

use serde_json::{Value, json};

use super::*;
use crate::api::bgp::BGPPeer;
use crate::api::{ForeignRange, IPAddressPool, read};
use crate::config::{ForeignSource, Occupant, Occupied, PoolSource, ProblemKind};
use crate::name::NodeName;

const OWN: &str = "metallb-system";

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let version = if kind == "BGPPeer" { "v1beta2" } else { "v1beta1" };
    json!({
        "apiVersion": format!("metallb.io/{version}"), "kind": kind,
        "metadata": { "name": name, "namespace": OWN, "creationTimestamp": "2026-01-01T00:00:00Z" },
        "spec": spec,
    })
}

fn asked(operation: &str, object: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "operation": operation, "object": object,
            "kind": { "group": "metallb.io", "version": "v1beta1", "kind": object["kind"] },
            "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
        },
    })
}

fn review(operation: &str, object: &Value) -> Review {
    Review::read(asked(operation, object).to_string().as_bytes()).unwrap()
}

fn pool(name: &str, addresses: &[&str]) -> Value {
    object("IPAddressPool", name, json!({ "addresses": addresses }))
}

fn standing(pools: &[Value]) -> Standing {
    let read = |object: &Value| PoolSource::from(&read::<IPAddressPool>(object.clone()).unwrap());
    Standing { pools: pools.iter().map(read).collect(), ..Standing::default() }
}

fn verdict(operation: &str, object: &Value, standing: &Standing) -> Answer {
    judge(&review(operation, object).question, standing, OWN)
}

fn words(answer: &Answer) -> Vec<&str> {
    match &answer.verdict {
        Verdict::Allowed => Vec::new(),
        Verdict::Wrong(problems) => problems.iter().map(|problem| problem.kind.word()).collect(),
        Verdict::Denied(denial) => vec![denial.reason().word],
    }
}

#[test]
fn row_43_a_pool_that_overlaps_another_is_refused_and_the_other_is_named() {
    let standing = standing(&[pool("z-gold", &["192.0.2.0/28"])]);
    let answer = verdict("CREATE", &pool("a-silver", &["198.51.100.0/28", "192.0.2.15/32"]), &standing);
    assert_eq!(words(&answer), ["OverlapWith"]);
    let line = answer.refusal().unwrap();
    assert!(line.contains("z-gold") && line.contains("spec.addresses[1]"), "{line}");
}

#[test]
fn an_older_pool_that_grows_into_a_younger_one_is_refused() {
    let mut younger = pool("silver", &["198.51.100.0/28"]);
    younger["metadata"]["creationTimestamp"] = "2026-02-01T00:00:00Z".into();
    let standing = standing(&[pool("gold", &["192.0.2.0/28"]), younger]);
    let answer = verdict("UPDATE", &pool("gold", &["192.0.2.0/28", "198.51.100.7/32"]), &standing);
    assert_eq!(words(&answer), ["OverlappedBy"]);
    assert!(answer.refusal().unwrap().contains("silver"));
}

#[test]
fn what_was_wrong_before_may_be_written_again_and_what_is_new_may_not() {
    let wrong = pool("gold", &["192.0.2.0/33"]);
    let standing = standing(std::slice::from_ref(&wrong));
    assert_eq!(words(&verdict("UPDATE", &wrong, &standing)), [""; 0]);
    assert_eq!(words(&verdict("UPDATE", &pool("gold", &[]), &standing)), ["NoAddresses"]);
    assert_eq!(words(&verdict("UPDATE", &pool("gold", &["192.0.2.0/28"]), &standing)), [""; 0]);
}

#[test]
fn a_pool_may_change_within_itself_and_give_way() {
    let standing = standing(&[pool("gold", &["192.0.2.0/28"]), pool("silver", &["198.51.100.0/28"])]);
    assert_eq!(words(&verdict("UPDATE", &pool("gold", &["192.0.2.0/24"]), &standing)), [""; 0]);
    let mut ending = pool("gold", &["198.51.100.0/28"]);
    ending["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into();
    assert_eq!(words(&verdict("UPDATE", &ending, &standing)), [""; 0]);
}

#[test]
fn an_advertisement_of_the_name_of_a_wrong_pool_is_not_taken_for_it() {
    let standing = standing(&[pool("gold", &[])]);
    let same_name = object("L2Advertisement", "gold", json!({ "ipAddressPools": ["gold", "gold"] }));
    assert_eq!(words(&verdict("CREATE", &same_name, &standing)), ["Duplicate"]);
}

#[test]
fn a_pool_that_does_not_exist_yet_is_a_warning_so_that_the_order_of_a_file_does_not_matter() {
    let rule = object("L2Advertisement", "all", json!({ "ipAddressPools": ["later"] }));
    let answer = verdict("CREATE", &rule, &Standing::default());
    assert_eq!(answer.verdict, Verdict::Allowed);
    let expected = ProblemKind::UnknownPool("later".into()).word();
    assert!(answer.warnings[0].starts_with(expected), "{:?}", answer.warnings);
    let written = answer.review(&review("CREATE", &rule));
    assert_eq!(written["response"]["uid"], "u-1");
    assert_eq!(written["response"]["allowed"], true);
    assert_eq!(written["response"]["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_pool_with_addresses_that_something_else_uses_is_allowed_and_warned_of() {
    let range = |text: &str| text.parse().unwrap();
    let pods = Occupied { by: Occupant::Pods(NodeName::from("n1")), range: range("192.0.2.8/29") };
    let source = json!({ "kind": "ForeignRange", "apiVersion": "patina.dev/v1alpha1",
        "metadata": { "name": "office" }, "spec": { "addresses": ["192.0.2.1-192.0.2.2"] } });
    let foreign = ForeignSource::from(&read::<ForeignRange>(source).unwrap());
    let used = Standing { foreign: vec![foreign], occupied: vec![pods], ..Standing::default() };
    let gold = pool("gold", &["192.0.2.0/28"]);
    let answer = verdict("CREATE", &gold, &used);
    assert_eq!(answer.verdict, Verdict::Allowed);
    let said = |what: &str| answer.warnings.iter().any(|line| line.contains(what));
    assert!(said("ForeignRange office") && said("Pods on node n1"), "{:?}", answer.warnings);
    let before = Standing { pools: standing(std::slice::from_ref(&gold)).pools, ..used };
    let again = verdict("UPDATE", &gold, &before);
    assert!(again.warnings.is_empty(), "it stands like that already: {:?}", again.warnings);
}

#[test]
fn row_45_every_kind_is_refused_in_a_foreign_namespace_when_it_is_new() {
    let specs = [
        ("IPAddressPool", json!({ "addresses": ["192.0.2.0/28"] })),
        ("L2Advertisement", json!({})),
        ("BGPAdvertisement", json!({})),
        ("BGPPeer", json!({ "myASN": 1, "peerASN": 2, "peerAddress": "192.0.2.1" })),
        ("BFDProfile", json!({})),
        ("Community", json!({})),
    ];
    for (kind, spec) in specs {
        let mut object = object(kind, "one", spec);
        assert_eq!(words(&verdict("CREATE", &object, &Standing::default())), [""; 0], "{kind}");
        object["metadata"]["namespace"] = "default".into();
        assert_eq!(words(&verdict("CREATE", &object, &Standing::default())), ["WrongNamespace"], "{kind}");
        assert_eq!(words(&verdict("UPDATE", &object, &Standing::default())), [""; 0], "{kind}");
    }
}

#[test]
fn a_profile_stays_while_a_peer_names_it() {
    let peer = object("BGPPeer", "rack-1", json!({ "myASN": 1, "peerASN": 2, "bfdProfile": "fast" }));
    let standing = Standing { peers: vec![read::<BGPPeer>(peer).unwrap()], ..Standing::default() };
    let deleted = |name: &str| {
        let mut asked = asked("DELETE", &object("BFDProfile", name, json!({})));
        asked["request"]["object"] = Value::Null;
        let review = Review::read(asked.to_string().as_bytes()).unwrap();
        judge(&review.question, &standing, OWN)
    };
    assert_eq!(words(&deleted("fast")), ["ProfileInUse"]);
    assert!(deleted("fast").refusal().unwrap().contains("rack-1"));
    assert_eq!(words(&deleted("slow")), [""; 0]);
}

#[test]
fn an_object_that_does_not_fit_is_refused_with_the_field() {
    let unfit = object("IPAddressPool", "gold", json!({ "addresses": "192.0.2.0/28" }));
    let answer = verdict("CREATE", &unfit, &Standing::default());
    assert_eq!(words(&answer), ["Unfit"]);
    let stranger = object("Pod", "gold", json!({}));
    let answer = verdict("CREATE", &stranger, &Standing::default());
    let written = answer.review(&review("CREATE", &stranger));
    assert_eq!(written["response"]["allowed"], false);
    assert!(written["response"]["status"]["message"].as_str().unwrap().contains("\"Pod\""), "{written}");
}

#[test]
fn what_is_no_review_is_said_to_be_none() {
    let says = |bytes: &str| Review::read(bytes.as_bytes()).unwrap_err().to_string();
    assert_eq!(says("{"), "not an AdmissionReview");
    assert_eq!(says("[]"), "not an AdmissionReview");
    let mut old = asked("CREATE", &pool("gold", &[]));
    old["apiVersion"] = "admission.k8s.io/v1beta1".into();
    assert!(says(&old.to_string()).contains("v1beta1"));
    let answer = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview" });
    assert!(says(&answer.to_string()).contains("asks nothing"));
}
