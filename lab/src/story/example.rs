//! The examples, as they lie in the repository, and the Service in them.

use std::net::IpAddr;

use anyhow::Context;
use kube::ResourceExt;
use kube::api::DynamicObject;
use patina::addr::{AddressRange, Family};

use crate::manifest;

macro_rules! example {
    ($folder:literal: $($file:literal)*) => {
        Example {
            folder: concat!("examples/", $folder),
            files: &[$(($file, include_str!(concat!("../../../examples/", $folder, "/", $file)))),*],
        }
    };
}

/// A folder of manifests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example {
    pub(super) folder: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// One pool, one Service, IPv4.
pub(super) const QUICKSTART: Example = example!("quickstart":
    "10-namespace.yaml" "20-pool.yaml" "30-advertisement.yaml" "40-deployment.yaml" "50-service.yaml");
/// The same with both families.
pub(super) const DUAL_STACK: Example = example!("dual-stack":
    "10-namespace.yaml" "20-pool.yaml" "30-advertisement.yaml" "40-deployment.yaml" "50-service.yaml");

/// What the story must know about a Service that it applied.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Ranges of the pool, of one family.
    pub(super) ranges: Vec<AddressRange>,
    /// Port that speaks HTTP.
    pub(super) http: u16,
    /// Port that echoes UDP.
    pub(super) echo: u16,
}

impl Example {
    pub(super) fn objects(&self) -> anyhow::Result<Vec<DynamicObject>> {
        let mut objects = Vec::new();
        for (name, text) in self.files {
            objects.extend(manifest::parse(&format!("{}/{name}", self.folder), text)?);
        }
        Ok(objects)
    }

    pub(super) fn offer(&self, family: Family) -> anyhow::Result<Offer> {
        let objects = self.objects()?;
        let service = of_kind(&objects, "Service")?;
        let ranges = of_kind(&objects, "IPAddressPool")?.data["spec"]["addresses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|range| range.as_str()?.parse::<AddressRange>().ok())
            .filter(|range| Family::of(range.first()) == family)
            .collect();
        Ok(Offer {
            namespace: service.namespace().context("the Service's namespace")?,
            name: service.name_any(),
            ranges,
            http: port(service, "TCP")?,
            echo: port(service, "UDP")?,
        })
    }
}

impl Offer {
    pub(super) fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub(super) fn may_have(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }
}

fn of_kind<'a>(objects: &'a [DynamicObject], kind: &str) -> anyhow::Result<&'a DynamicObject> {
    let found = objects.iter().find(|object| object.types.as_ref().is_some_and(|types| types.kind == kind));
    found.with_context(|| format!("the example has no {kind}"))
}

fn port(service: &DynamicObject, protocol: &str) -> anyhow::Result<u16> {
    let ports = service.data["spec"]["ports"].as_array().into_iter().flatten();
    let number = ports.into_iter().find(|port| port["protocol"] == protocol).map(|port| &port["port"]);
    let number = number.and_then(serde_json::Value::as_u64).and_then(|number| u16::try_from(number).ok());
    number.with_context(|| format!("the example's Service has no {protocol} port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_offer_what_the_story_needs() {
        let quickstart = QUICKSTART.offer(Family::V4).unwrap();
        assert!(quickstart.may_have("192.168.50.240".parse().unwrap()));
        let dual = DUAL_STACK.offer(Family::V6).unwrap();
        assert!(dual.may_have("fd00:50::240".parse().unwrap()));
        assert!(!dual.may_have("192.168.50.230".parse().unwrap()), "another family");
    }
}
