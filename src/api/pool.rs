//! IPAddressPool: a named set of addresses an operator offers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Addresses that the controller may assign to Services of type LoadBalancer.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "IPAddressPool",
    plural = "ipaddresspools",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "IPAddressPoolStatus",
    doc = "Addresses that may be assigned to Services of type LoadBalancer.",
    printcolumn(name = "Auto Assign", type_ = "boolean", json_path = ".spec.autoAssign"),
    printcolumn(name = "Avoid Buggy IPs", type_ = "boolean", json_path = ".spec.avoidBuggyIPs"),
    printcolumn(name = "Addresses", type_ = "string", json_path = ".spec.addresses")
)]
#[serde(rename_all = "camelCase")]
pub struct IPAddressPoolSpec {
    /// Ranges of addresses, each as a prefix (192.0.2.0/28) or by its two ends (192.0.2.10-192.0.2.20). Both families
    /// may stand in one pool. They are used in the order in which they are listed, lowest address first.
    #[schemars(schema_with = "addresses")]
    pub addresses: Vec<String>,
    /// Whether Services that name neither this pool nor an address may get an address from it.
    #[serde(default = "yes")]
    pub auto_assign: bool,
    /// Never assign an IPv4 address that ends in .0 or .255, for the sake of very old clients.
    #[serde(default, rename = "avoidBuggyIPs")]
    pub avoid_buggy_ips: bool,
    /// Restricts the pool to some namespaces and Services, and gives it a place among such pools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_allocation: Option<ServiceAllocation>,
}

/// Who may use a pool, and how early it is tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAllocation {
    /// Pools with a lower value are tried first; 0, or none, comes last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32")]
    pub priority: Option<i64>,
    /// Namespaces by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Namespaces by label; one that matches is enough, here or in `namespaces`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selectors: Vec<LabelSelector>,
    /// Services by label; one that matches is enough. The namespace has to fit as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_selectors: Vec<LabelSelector>,
}

/// What the controller says of a pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IPAddressPoolStatus {
    /// IPv4 addresses in use; one that several Services share counts once.
    #[serde(rename = "assignedIPv4")]
    pub assigned_ipv4: i64,
    /// IPv6 addresses in use; one that several Services share counts once.
    #[serde(rename = "assignedIPv6")]
    pub assigned_ipv6: i64,
    /// IPv4 addresses that are still free.
    #[serde(rename = "availableIPv4")]
    pub available_ipv4: i64,
    /// IPv6 addresses that are still free; the largest 64-bit number when there are more.
    #[serde(rename = "availableIPv6")]
    pub available_ipv6: i64,
    /// Whether the pool is in force, and if not, why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

fn yes() -> bool {
    true
}

/// Entries of a pool or a ForeignRange. Ends of IPv6 ranges are compared by the controller: no rule for it fits an API server's budget.
pub(super) fn addresses(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 1000,
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 96,
            "x-kubernetes-validations": [
                {
                    "rule": "self.contains('-') || isCIDR(self)",
                    "message": "must be a prefix such as 192.0.2.0/28 or a range such as 192.0.2.10-192.0.2.20",
                },
                {
                    "rule": RANGE_HAS_TWO_ENDS,
                    "message": "must be a range of two addresses of one family, such as 192.0.2.10-192.0.2.20",
                },
                {
                    "rule": range_is_forward(),
                    "message": "must not run backwards: the first address is above the last",
                },
            ],
        },
    })
}

const RANGE_HAS_TWO_ENDS: &str = "!self.contains('-') || (self.split('-').size() == 2 \
    && isIP(self.split('-')[0].trim()) && isIP(self.split('-')[1].trim()) \
    && ip(self.split('-')[0].trim()).family() == ip(self.split('-')[1].trim()).family())";

/// Compares the ends of an IPv4 range as numbers; whatever does not look like one is left to the other rules.
fn range_is_forward() -> String {
    let number = |end: u8| {
        let octet = |place: u8| format!("int(self.split('-')[{end}].trim().split('.')[{place}])");
        format!("{} * 16777216 + {} * 65536 + {} * 256 + {}", octet(0), octet(1), octet(2), octet(3))
    };
    let dotted = r"[0-9]{1,3}(\\.[0-9]{1,3}){3}";
    format!("!self.matches('^ *{dotted} *- *{dotted} *$') || {} <= {}", number(0), number(1))
}
