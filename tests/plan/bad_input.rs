//! What cannot be answered: one clear line, exit code 2.

use crate::scene::{Scene, pool, service};

fn scene() -> Scene {
    Scene::standing(&[pool("lan", "192.0.2.0/24"), service("one", 1, "192.0.2.1")])
}

/// What `plan` says of a change that cannot be read.
fn refused(change: &str) -> String {
    let scene = scene().with_text("change.yaml", change);
    let said = scene.plan(&["-f", "change.yaml"]);
    said.refused().to_owned()
}

#[test]
fn a_missing_file_is_named() {
    let said = scene().plan(&["-f", "nowhere.yaml"]);
    assert_eq!(said.refused(), "patina: cannot read nowhere.yaml: No such file or directory (os error 2)");
    let said = scene().patina(&["why", "service/one", "-f", "nowhere.yaml"]);
    assert!(said.refused().contains("cannot read nowhere.yaml"), "{said:?}");
}

#[test]
fn yaml_that_cannot_be_parsed_is_named_with_its_place() {
    let line = refused("apiVersion: v1\nkind: [\n");
    assert!(line.starts_with("patina: change.yaml, document 1: ") && line.contains("line"), "{line}");
    let line = refused(&format!("{}---\n: : :\n\t", pool("lan", "192.0.2.0/24")));
    assert!(line.starts_with("patina: change.yaml, document 2: "), "{line}");
}

#[test]
fn a_kind_that_has_no_part_in_a_plan_is_named() {
    let line = refused(&service("one", 1, ""));
    assert_eq!(
        line,
        "patina: change.yaml, document 1: v1 Service is no IPAddressPool, L2Advertisement or ForeignRange"
    );
    let line = refused(&pool("lan", "192.0.2.0/24").replace("IPAddressPool", "IPAdressPool"));
    assert_eq!(line, "patina: change.yaml, document 1: metallb.io has no kind IPAdressPool");
    let line = refused(&pool("lan", "192.0.2.0/24").replace("v1beta1", "v1alpha1"));
    assert!(line.ends_with("IPAddressPool is of metallb.io/v1beta1, not of metallb.io/v1alpha1"), "{line}");
    assert!(refused("metadata: { name: x }\n").ends_with("an object needs a kind"));
    assert!(refused("just words\n").ends_with("an object needs a kind"));
}

#[test]
fn a_field_that_no_pool_has_is_named() {
    let line = refused(&pool("lan", "192.0.2.0/24").replace("spec: {", "spec: { autoAsign: false,"));
    assert_eq!(line, "patina: change.yaml, document 1: IPAddressPool has no field spec.autoAsign");
    let line = refused(&pool("lan", "192.0.2.0/24").replace("addresses:", "adresses:"));
    assert!(line.contains("not a IPAddressPool: missing field `addresses`"), "{line}");
    let line = refused(&pool("lan", "192.0.2.0/24").replace("[192.0.2.0/24]", "192.0.2.0/24"));
    assert!(line.contains("not a IPAddressPool: invalid type"), "{line}");
}

#[test]
fn a_pool_that_the_controller_does_not_read_is_named() {
    let line = refused(&pool("lan", "192.0.2.0/24").replace("metallb-system", "default"));
    assert!(
        line.ends_with("it is not in namespace metallb-system, the only one that the controller reads"),
        "{line}"
    );
}

#[test]
fn a_service_that_does_not_exist_is_named() {
    assert_eq!(scene().why("nobody", &[]).refused(), "patina: there is no Service web/nobody");
}

#[test]
fn a_command_that_is_not_understood_ends_with_the_same_code() {
    for arguments in [&["plan"][..], &["why", "web"], &["why", "pod/web"], &["plan", "--delete", "node/x"]] {
        let said = scene().patina(arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty());
    }
}

#[test]
fn a_cluster_that_cannot_be_reached_is_said_in_one_line() {
    let said = scene().patina(&["why", "service/one"]);
    assert_eq!(said.refused(), "patina: no cluster: set KUBECONFIG or --kubeconfig, or name files");
    let said = scene().patina(&["why", "service/one", "--kubeconfig", "nowhere"]);
    assert!(said.refused().contains("nowhere"), "{said:?}");
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        contexts: [{ name: c, context: { cluster: c, user: u } }]\n\
        clusters: [{ name: c, cluster: { server: 'http://127.0.0.1:1' } }]\nusers: [{ name: u, user: {} }]\n";
    let said = scene().with_text("kubeconfig", kubeconfig).patina(&[
        "why",
        "service/one",
        "--kubeconfig",
        "kubeconfig",
    ]);
    assert!(said.refused().starts_with("patina: cannot list Services: "), "{said:?}");
}
