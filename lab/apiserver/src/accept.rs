//! Which form of an answer the client takes.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Alternate representations of resources".

use crate::status::{Reason, Status};

/// How objects are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As they are.
    Whole,
    /// As rows for people.
    Table,
    /// Their metadata alone.
    Metadata,
}

/// The form that was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) shape: Shape,
    pub(crate) encoding: Encoding,
}

/// The two text forms that are written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

impl Accept {
    /// JSON as it is.
    pub(crate) const PLAIN: Self = Self { shape: Shape::Whole, encoding: Encoding::Json };

    /// The first offer of the client that can be met.
    ///
    /// # Errors
    /// 406 when none can.
    pub(crate) fn parse(header: &str) -> Result<Self, Status> {
        if header.trim().is_empty() {
            return Ok(Self::PLAIN);
        }
        header.split(',').find_map(offer).ok_or_else(|| {
            Status::new(
                Reason::NotAcceptable,
                "only the following media types are accepted: application/json, application/yaml",
            )
        })
    }
}

fn offer(range: &str) -> Option<Accept> {
    let mut parts = range.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "*/*" | "application/*" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let shape = match parts.find_map(|part| part.strip_prefix("as=")) {
        None => Shape::Whole,
        Some("Table") => Shape::Table,
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Shape::Metadata,
        Some(_) => return None,
    };
    Some(Accept { shape, encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(Accept::parse(table).expect("met").shape, Shape::Table);
        let both = Accept::parse("application/vnd.kubernetes.protobuf,application/json").expect("met");
        assert_eq!(both, Accept::PLAIN);
        assert_eq!(Accept::parse("application/yaml").expect("met").encoding, Encoding::Yaml);
        let binary = Accept::parse("application/vnd.kubernetes.protobuf").expect_err("refused");
        assert_eq!(binary.reason, Reason::NotAcceptable);
    }
}
