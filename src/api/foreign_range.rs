//! ForeignRange: addresses that somebody outside this cluster holds.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pool::addresses;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: u32 = 256;

/// Addresses that are not this cluster's to give out. There is no status: nothing becomes of it but what pools say.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "patina.dev",
    version = "v1alpha1",
    kind = "ForeignRange",
    plural = "foreignranges",
    derive = "PartialEq",
    derive = "Default",
    doc = "Addresses that somebody else holds, such as another cluster on the same segment. An IPAddressPool that has some of them \
           says so in its condition and gives out none of them; who holds one keeps it.",
    printcolumn(name = "Addresses", type_ = "string", json_path = ".spec.addresses"),
    printcolumn(name = "Description", type_ = "string", json_path = ".spec.description"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct ForeignRangeSpec {
    /// Ranges of addresses, each as a prefix (192.0.2.0/28) or by its two ends (192.0.2.10-192.0.2.20), of either family.
    #[schemars(schema_with = "addresses")]
    pub addresses: Vec<String>,
    /// Who holds them, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = LONGEST_DESCRIPTION))]
    pub description: String,
}
