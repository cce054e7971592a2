//! Leases under two writers: how a leader is chosen, and how it is told that it is none.
//!
//! Source: Kubernetes documentation, "Leases"; optimistic concurrency as in "API Concepts", "Resource versions".

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{MERGE, eventually, object, refusal};

fn lease(holder: &str) -> Lease {
    object(json!({
        "metadata": {"name": "leader"},
        "spec": {
            "holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 0,
            "acquireTime": "2030-01-01T00:00:00.000000Z", "renewTime": "2030-01-01T00:00:00.123456Z",
        },
    }))
}

fn held_by(lease: &Lease, holder: &str) -> Lease {
    let mut lease = lease.clone();
    lease.spec.as_mut().expect("spec").holder_identity = Some(holder.to_owned());
    lease
}

#[tokio::test]
async fn of_two_who_make_a_lease_one_has_it() {
    conforms(async |fixture| {
        let leases: Api<Lease> = fixture.api();
        let options = PostParams::default();
        let (a, b) = (lease("a"), lease("b"));
        let (first, second) =
            futures::future::join(leases.create(&options, &a), leases.create(&options, &b)).await;
        let (won, lost) = match (first, second) {
            (Ok(won), lost @ Err(_)) | (lost @ Err(_), Ok(won)) => (won, lost),
            other => panic!("one and only one makes it: {other:?}"),
        };
        assert_eq!(refusal(lost).reason, "AlreadyExists");
        assert_eq!(leases.get("leader").await.expect("read"), won);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_renew_from_the_same_state_one_is_told_of_the_other() {
    conforms(async |fixture| {
        let leases: Api<Lease> = fixture.api();
        let options = PostParams::default();
        let mut seen = leases.create(&options, &lease("nobody")).await.expect("created");
        for round in 0..20 {
            let (a, b) = (held_by(&seen, &format!("a{round}")), held_by(&seen, &format!("b{round}")));
            let writes = futures::future::join(
                leases.replace("leader", &options, &a),
                leases.replace("leader", &options, &b),
            );
            let (won, lost) = match writes.await {
                (Ok(won), lost @ Err(_)) | (lost @ Err(_), Ok(won)) => (won, lost),
                other => panic!("one and only one writes: {other:?}"),
            };
            let lost = refusal(lost);
            assert_eq!((lost.code, lost.reason.as_str()), (409, "Conflict"));
            seen = won;
        }
        assert_eq!(leases.get("leader").await.expect("read"), seen);
    })
    .await;
}

#[tokio::test]
async fn a_deposed_leader_can_neither_renew_nor_release() {
    conforms(async |fixture| {
        let leases: Api<Lease> = fixture.api();
        let options = PostParams::default();
        let mine = leases.create(&options, &lease("old")).await.expect("created");
        let taken = leases.replace("leader", &options, &held_by(&mine, "new")).await.expect("taken over");
        for late in [held_by(&mine, "old"), held_by(&mine, "")] {
            assert_eq!(refusal(leases.replace("leader", &options, &late).await).code, 409);
        }
        let patch = json!({
            "metadata": {"resourceVersion": mine.resource_version()}, "spec": {"holderIdentity": "old"},
        });
        let late = leases.patch("leader", &PatchParams::default(), &Patch::Merge(patch)).await;
        assert_eq!(refusal(late).code, 409);
        assert_eq!(leases.get("leader").await.expect("read"), taken);
    })
    .await;
}

#[tokio::test]
async fn a_lease_is_written_only_against_what_was_read() {
    conforms(async |fixture| {
        let leases: Api<Lease> = fixture.api();
        leases.create(&PostParams::default(), &lease("a")).await.expect("created");
        let blind = refusal(leases.replace("leader", &PostParams::default(), &lease("b")).await);
        assert_eq!((blind.code, blind.reason.as_str()), (422, "Invalid"));
        let causes = blind.details.expect("details").causes;
        assert_eq!(causes.first().map(|cause| cause.field.as_str()), Some("metadata.resourceVersion"));
    })
    .await;
}

#[tokio::test]
async fn times_of_a_lease_keep_their_microseconds() {
    conforms(async |fixture| {
        let path = fixture.group("coordination.k8s.io/v1", "leases");
        let lease = serde_json::to_value(lease("a")).expect("JSON");
        let made = fixture.post(&path, &lease).await.ok();
        assert_eq!(made["spec"]["renewTime"], "2030-01-01T00:00:00.123456Z");
        assert_eq!(made["spec"]["acquireTime"], "2030-01-01T00:00:00.000000Z");
    })
    .await;
}

#[tokio::test]
async fn a_lease_has_neither_generation_nor_status() {
    conforms(async |fixture| {
        let path = fixture.group("coordination.k8s.io/v1", "leases");
        let lease = serde_json::to_value(lease("a")).expect("JSON");
        let made = fixture.post(&path, &lease).await.ok();
        assert_eq!((made["metadata"].get("generation"), made.get("status")), (None, None));
        let status = fixture.group("coordination.k8s.io/v1", "leases/leader/status");
        fixture.patch(&status, MERGE, &json!({})).await.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_makes_no_sense_is_refused() {
    conforms(async |fixture| {
        let path = fixture.group("coordination.k8s.io/v1", "leases");
        for (spec, field) in [
            (json!({"leaseDurationSeconds": 0}), "spec.leaseDurationSeconds"),
            (json!({"leaseDurationSeconds": 1, "leaseTransitions": -1}), "spec.leaseTransitions"),
        ] {
            let refused = fixture.post(&path, &json!({"metadata": {"name": "l"}, "spec": spec})).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes(), [("FieldValueInvalid", field)]);
        }
        let odd = json!({"metadata": {"name": "l"}, "spec": {"renewTime": "yesterday"}});
        fixture.post(&path, &odd).await.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn who_watches_a_lease_sees_every_holder_in_order() {
    conforms(async |fixture| {
        let leases: Api<Lease> = fixture.api();
        let options = PostParams::default();
        let mut seen = leases.create(&options, &lease("h0")).await.expect("created");
        let since = seen.resource_version().expect("a revision");
        let query = format!("leases?resourceVersion={since}&fieldSelector=metadata.name%3Dleader");
        let mut events = fixture.watch(&fixture.group("coordination.k8s.io/v1", &query)).await;
        for number in 1..10 {
            seen = leases
                .replace("leader", &options, &held_by(&seen, &format!("h{number}")))
                .await
                .expect("renewed");
        }
        for number in 1..10 {
            let event = events.next().await.expect("the watch goes on");
            let holder = event.pointer("/object/spec/holderIdentity").and_then(Value::as_str);
            assert_eq!(holder, Some(format!("h{number}").as_str()));
        }
        eventually("the last one is kept", async || {
            leases.get("leader").await.expect("read").resource_version() == seen.resource_version()
        })
        .await;
    })
    .await;
}
