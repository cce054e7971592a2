//! Why a Service has the address that it has, or none, from files.

use serde_json::json;

use crate::scene::{Scene, foreign_range, lent_by_an_endpoint, pool, service};

#[test]
fn a_service_that_waits_is_told_every_pool_and_what_to_do() {
    let scene = Scene::standing(&[
        pool("a", "192.0.2.1-192.0.2.1"),
        pool("b", "'2001:db8::/64'").replace("spec: {", "spec: { avoidBuggyIPs: true,"),
        pool("manual", "198.51.100.0/24").replace("spec: {", "spec: { autoAssign: false,"),
        service("one", 1, "192.0.2.1"),
        service("two", 2, ""),
    ]);
    let said = scene.why("two", &[]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (
            1,
            "Service web/two gets no address: Exhausted: every IPv4 address of the IPAddressPools for this Service is taken; \
             enlarge an IPAddressPool, or delete Services that need no address; the oldest Service that waits is served first.\n\
             It asks for IPv4 from any pool that is for it.\n\
             What was tried, in this order:\n  \
             1. pool a, for IPv4: Exhausted: every IPv4 address of it is held; enlarge it\n  \
             2. pool b, for IPv4: NoSuchFamily: it has no IPv4 addresses; add addresses of that family\n\
             Not tried:\n  \
             pool manual: NotAutoAssignable: its autoAssign is false, and the Service does not ask for it; ask for it by \
             metallb.io/address-pool, or set autoAssign\n"
        )
    );
}

#[test]
fn a_service_that_has_its_address_is_told_where_from() {
    let scene =
        Scene::standing(&[pool("a", "192.0.2.0/24"), service("one", 1, "192.0.2.7"), service("two", 2, "")]);
    let said = scene.why("one", &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("Service web/one has 192.0.2.7 from pool a.\n"), "{said:?}");
    assert!(said.out.contains("1. keep 192.0.2.7: yes, it is in pool a"), "{said:?}");
    let said = scene.why("two", &[]);
    assert!(
        said.out.contains("Its status shows no address: the controller has not written this decision yet."),
        "{said:?}"
    );
}

#[test]
fn as_json_the_words_are_the_same() {
    let scene = Scene::standing(&[
        pool("a", "192.0.2.1-192.0.2.1"),
        service("one", 1, "192.0.2.1"),
        service("two", 2, ""),
    ]);
    let said = scene.why("two", &["-o", "json"]);
    let (code, said) = (said.code, said.json());
    assert_eq!((code, &said["reason"], &said["asWished"]), (1, &json!("Exhausted"), &json!(false)));
    assert_eq!(said["steps"][0]["pool"], "a");
    assert_eq!(said["steps"][0]["reason"], "Exhausted");
    assert_eq!(said["decided"], json!({ "addresses": [], "pool": null }));
}

#[test]
fn a_service_that_is_not_served_is_told_why() {
    let classed = service("one", 1, "")
        .replace("type: LoadBalancer,", "type: LoadBalancer, loadBalancerClass: example.com/x,");
    let plain = service("two", 2, "").replace("type: LoadBalancer", "type: ClusterIP");
    let scene = Scene::standing(&[pool("a", "192.0.2.0/24"), classed, plain]);
    let said = scene.why("one", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("OtherClass: its loadBalancerClass is example.com/x"), "{said:?}");
    assert_eq!(scene.why("one", &["--lb-class", "example.com/x"]).code, 0);
    assert!(scene.why("two", &[]).out.contains("OtherType: it is not of type LoadBalancer"));
}

#[test]
fn a_manifest_that_no_server_has_seen_gets_cluster_addresses_as_there() {
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: { name: new, namespace: web }\n\
                    spec: { type: LoadBalancer, ipFamilyPolicy: RequireDualStack, ports: [{ port: 80 }] }\n";
    let scene = Scene::standing(&[pool("a", "192.0.2.8/31, '2001:db8::8/127'"), manifest.to_owned()]);
    let said = scene.why("new", &[]);
    assert!(said.out.starts_with("Service web/new has 192.0.2.8 and 2001:db8::8 from pool a.\n"), "{said:?}");
}

#[test]
fn who_asks_for_a_foreign_address_is_told_whose_it_is() {
    let asks = service("one", 1, "").replace(
        "namespace: web,",
        "namespace: web, annotations: { metallb.io/loadBalancerIPs: 192.0.2.7 },",
    );
    let range = foreign_range("office", "192.0.2.0/28");
    let cidr = "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: { name: kubernetes }\n\
                spec: { cidrs: [192.0.2.128/25] }\n";
    let scene = Scene::standing(&[pool("a", "192.0.2.0/24"), asks, range, cidr.to_owned()]);
    let said = scene.why("one", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    let gets = "Service web/one gets no address: ForeignRange: 192.0.2.7 is held by ForeignRange office (the office's cluster); ";
    assert!(said.out.starts_with(gets), "{said:?}");
    let problems = [
        "ForeignRange: spec.addresses[0]: 192.0.2.0/28 is in use by ForeignRange office (the office's cluster); ",
        "ServiceRange: spec.addresses[0]: 192.0.2.128/25 is in use by cluster addresses of Services (ServiceCIDR kubernetes); ",
    ];
    for problem in problems {
        assert!(said.out.contains(&format!("  IPAddressPool a: {problem}")), "{said:?}");
    }
}

#[test]
fn a_service_is_told_what_is_kept_for_it() {
    let lan = pool("lan", "192.0.2.0/28").replace(
        "namespace: metallb-system",
        "namespace: metallb-system, annotations: { patina.dev/reserve: 192.0.2.7=web/one 192.0.2.8=web/one }",
    );
    let scene = Scene::standing(&[lan, service("one", 1, ""), service("two", 2, "192.0.2.8")]);
    let said = scene.why("one", &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("Service web/one has 192.0.2.7 from pool lan.\n"), "{said:?}");
    for line in [
        "\nKept: 192.0.2.7 of pool lan is reserved for it, and it holds it.\n",
        "\nKept: 192.0.2.8 of pool lan is reserved for it; it cannot have it: InUse: 192.0.2.8 is held by web/two, ",
    ] {
        assert!(said.out.contains(line), "{said:?}");
    }
    let kept = &scene.why("one", &["-o", "json"]).json()["kept"];
    let first = json!({
        "address": "192.0.2.7", "pool": "lan", "by": "reservation", "until": null, "held": true, "reason": null,
        "message": "192.0.2.7 of pool lan is reserved for it, and it holds it",
    });
    assert_eq!((&kept[0], &kept[1]["reason"]), (&first, &json!("InUse")));
}

#[test]
fn who_waits_for_an_ipam_endpoint_is_told_what_the_controller_heard() {
    let condition = "status: { conditions: [{ type: patina.dev/Allocated, status: 'False', reason: IpamRefused, \
                     message: 'IpamRefused: it says no', lastTransitionTime: '2026-01-01T00:00:00Z' }],";
    let waits = service("one", 1, "").replace("status: {", condition);
    let lent = lent_by_an_endpoint(&pool("lent", "192.0.2.0/24"));
    let scene = Scene::standing(&[lent, waits, service("two", 2, "192.0.2.7")]);
    let said = scene.why("one", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    for line in [
        "Service web/one gets no address: IpamPending: ",
        "\nWhat an IPAM endpoint answers the controller alone hears; it said last: IpamRefused: it says no\n",
        "\n  1. pool lent, for IPv4: IpamPending: its IPAM endpoint decides, and has not answered yet; wait\n",
    ] {
        assert!(said.out.contains(line), "{said:?}");
    }
    assert_eq!(scene.why("one", &["-o", "json"]).json()["heard"], "IpamRefused: it says no");
    let said = scene.why("two", &[]);
    assert!(said.out.starts_with("Service web/two has 192.0.2.7 from pool lent.\n"), "{said:?}");
}
