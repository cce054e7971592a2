//! The folders under examples/, applied as their README says.

use std::fs;

use crate::kubectl::by_kubectl_alone;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[tokio::test]
async fn every_example_applies_and_a_second_time_changes_nothing() {
    by_kubectl_alone(async |kubectl| {
        // The kinds of metallb.io and their namespace, as an installation leaves them.
        kubectl.ok(&format!("apply --server-side -f '{ROOT}/charts/patina/crds'")).await;
        kubectl.ok("wait --for=condition=Established crd --all --timeout=30s").await;
        kubectl.ok("create namespace metallb-system").await;
        let mut applied = 0;
        for entry in fs::read_dir(format!("{ROOT}/examples")).expect("examples/") {
            let folder = entry.expect("a folder").path().display().to_string();
            let words = format!("apply -f '{folder}'");
            let first = kubectl.run(&words, "").await;
            assert_eq!((first.code, first.err.as_str()), (Some(0), ""), "{folder}");
            let second = kubectl.ok(&words).await;
            assert!(second.lines().all(|line| line.ends_with(" unchanged")), "{folder}: {second}");
            applied += 1;
        }
        assert!(applied >= 3, "only {applied} examples");
    })
    .await;
}
