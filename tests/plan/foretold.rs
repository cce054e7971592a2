//! What becomes of Services, foretold from files.

use crate::scene::{Scene, advertisement, foreign_range, lent_by_an_endpoint, pool, service};

/// A pool of two addresses, both held, one Service that waits, all announced.
fn full() -> Scene {
    Scene::standing(&[
        pool("lan", "192.0.2.1-192.0.2.2"),
        advertisement(""),
        service("one", 1, "192.0.2.1"),
        service("two", 2, "192.0.2.2"),
        service("three", 3, ""),
    ])
}

fn fates(scene: &Scene, arguments: &[&str]) -> Vec<(String, String, String)> {
    let said = scene.plan(&[arguments, &["--output", "json"]].concat()).json();
    let services = said["services"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let fate = |s: &serde_json::Value| (text(&s["name"]), text(&s["fate"]), text(&s["then"]["addresses"][0]));
    services.map(fate).collect()
}

fn told(name: &str, fate: &str, then: &str) -> (String, String, String) {
    (name.to_owned(), fate.to_owned(), then.to_owned())
}

#[test]
fn applying_what_stands_disturbs_nobody() {
    let scene = full().with("change.yaml", &[pool("lan", "192.0.2.1-192.0.2.2"), advertisement("")]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    assert!(said.line("one").contains("kept     192.0.2.1  192.0.2.1  pool lan"), "{said:?}");
    assert!(said.line("three").contains("Exhausted: every IPv4 address"), "{said:?}");
    assert!(said.out.ends_with("1 waiting, 2 kept; nothing was changed.\n"), "{said:?}");
}

#[test]
fn a_larger_pool_serves_who_waits_and_disturbs_nobody() {
    let scene = full().with("change.yaml", &[pool("lan", "192.0.2.1-192.0.2.9")]);
    assert_eq!(scene.plan(&["-f", "change.yaml"]).code, 0);
    assert_eq!(
        fates(&scene, &["-f", "change.yaml"]),
        [
            told("one", "kept", "192.0.2.1"),
            told("three", "served", "192.0.2.3"),
            told("two", "kept", "192.0.2.2")
        ]
    );
}

#[test]
fn who_is_outside_a_smaller_pool_moves_or_loses_its_address() {
    let scene = full()
        .with("moves.yaml", &[pool("lan", "192.0.2.2-192.0.2.3")])
        .with("loses.yaml", &[pool("lan", "192.0.2.2-192.0.2.2")]);
    assert_eq!(
        fates(&scene, &["-f", "moves.yaml"]),
        [told("one", "moved", "192.0.2.3"), told("three", "waiting", "-"), told("two", "kept", "192.0.2.2")]
    );
    let said = scene.plan(&["-f", "loses.yaml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.line("one").contains("lost"), "{said:?}");
    assert!(
        said.line("one")
            .contains("OutsidePools: 192.0.2.1 is in no IPAddressPool; and no other: Exhausted: "),
        "{said:?}"
    );
    assert!(said.out.find("web/one") < said.out.find("web/two"), "who is disturbed comes first: {said:?}");
}

#[test]
fn deleting_a_pool_is_foretold_by_name_and_by_what_the_files_leave_out() {
    let scene = full().with("change.yaml", &[pool("dmz", "198.51.100.1-198.51.100.1"), advertisement("")]);
    let moved =
        [told("one", "moved", "198.51.100.1"), told("three", "waiting", "-"), told("two", "lost", "-")];
    assert_eq!(fates(&scene, &["-f", "change.yaml", "--delete", "pool/lan"]), moved);
    assert_eq!(fates(&scene, &["-f", "change.yaml", "--prune"]), moved);
    assert_eq!(scene.plan(&["--delete", "pool/lan"]).code, 1);
    let said = scene.plan(&["--delete", "pool/nowhere"]);
    assert_eq!(said.refused(), "patina: there is no IPAddressPool metallb-system/nowhere to delete");
}

#[test]
fn an_address_that_nobody_will_announce_is_told_although_it_is_kept() {
    let scene = full().with("change.yaml", &[advertisement("dmz")]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.line("one").contains("kept"), "{said:?}");
    assert!(said.line("one").ends_with("announced no longer: no L2Advertisement is about it"), "{said:?}");
    assert!(
        said.out.starts_with("L2Advertisement all would be in force: UnknownPool: spec.ipAddressPools[0]"),
        "{said:?}"
    );
}

#[test]
fn a_pool_that_would_be_rejected_is_told_and_its_holders_keep_their_addresses() {
    let scene = full().with("change.yaml", &[pool("lan", "192.0.2.1-192.0.2.400")]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.out.starts_with("IPAddressPool lan would be rejected: BadRange: spec.addresses[0]"),
        "{said:?}"
    );
    assert!(said.line("one").contains("kept"), "{said:?}");
}

#[test]
fn of_two_pools_that_overlap_the_one_that_stands_is_the_older() {
    let scene = full().with("change.yaml", &[pool("a-new", "192.0.2.0/24")]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert!(said.out.starts_with("IPAddressPool a-new would be rejected: OverlapWith"), "{said:?}");
}

#[test]
fn folders_and_several_files_and_lists_are_read() {
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        service("one", 1, "192.0.2.1").trim_end().replace('\n', "\n  ")
    );
    let scene = Scene::standing(&[pool("lan", "192.0.2.1-192.0.2.1")])
        .with_text("more/services.yaml", &list)
        .with_text("more/deployment.yml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\n")
        .with_text("more/README.md", "not read: {")
        .with("change.yaml", &[pool("lan", "192.0.2.1-192.0.2.2")]);
    let said = scene.plan(&["--state", "more", "-f", "change.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    assert!(said.line("one").contains("kept"), "{said:?}");
}

#[test]
fn a_foreign_range_takes_nothing_away_and_is_named_to_who_asks_for_its_addresses() {
    let scene = full()
        .with("change.yaml", &[foreign_range("office", "192.0.2.2-192.0.2.9")])
        .with("more.yaml", &[pool("lan", "192.0.2.1-192.0.2.9"), foreign_range("office", "192.0.2.2/31")]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let problem = "IPAddressPool lan would be in force: ForeignRange: spec.addresses[0]: 192.0.2.2/32 is in use by \
                ForeignRange office (the office's cluster); ";
    assert!(said.out.starts_with(problem), "{said:?}");
    assert!(said.line("two").contains("kept"), "{said:?}");
    assert_eq!(fates(&scene, &["-f", "more.yaml"])[1], told("three", "served", "192.0.2.4"));
    let said = scene.plan(&["--delete", "foreignrange/office"]);
    assert_eq!(said.refused(), "patina: there is no ForeignRange office to delete");
}

#[test]
fn a_foreign_range_that_stands_is_pruned_by_nobody_and_can_be_deleted() {
    let scene = Scene::standing(&[
        pool("lan", "192.0.2.1-192.0.2.2"),
        foreign_range("office", "192.0.2.1-192.0.2.2"),
        service("one", 1, ""),
    ])
    .with("change.yaml", &[pool("lan", "192.0.2.1-192.0.2.2")]);
    let waits = [told("one", "waiting", "-")];
    assert_eq!(fates(&scene, &["-f", "change.yaml", "--prune"]), waits);
    assert_eq!(fates(&scene, &["--delete", "foreignrange/office"]), [told("one", "served", "192.0.2.1")]);
}

#[test]
fn a_pool_that_gets_an_ipam_endpoint_keeps_its_holders_and_who_waits_waits_for_the_endpoint() {
    let lent = lent_by_an_endpoint(&pool("lan", "192.0.2.1-192.0.2.9"));
    let scene = full().with("change.yaml", &[lent]);
    let said = scene.plan(&["-f", "change.yaml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.line("one").contains("kept     192.0.2.1  192.0.2.1  pool lan"), "{said:?}");
    assert!(said.line("three").contains("IpamPending: "), "{said:?}");
}
