//! The messages of `examples/ipam/proto/patina/ipam/v1alpha1/ipam.proto`, field for field. The tests run them against a server
//! that is generated from that file.

use patina::addr::Family;
use patina::lending::Claim as Asked;
use prost::{Enumeration, Message};

/// `/package.Service/` of every method.
macro_rules! method {
    ($name:literal) => {
        concat!("/patina.ipam.v1alpha1.IpamService/", $name)
    };
}

pub(super) const ALLOCATE: &str = method!("Allocate");
pub(super) const RELEASE: &str = method!("Release");
pub(super) const LIST: &str = method!("List");

#[derive(Clone, PartialEq, Message)]
pub(super) struct Claim {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) cluster: String,
    #[prost(string, tag = "3")]
    pub(super) pool_namespace: String,
    #[prost(string, tag = "4")]
    pub(super) pool: String,
    #[prost(string, tag = "5")]
    pub(super) service_namespace: String,
    #[prost(string, tag = "6")]
    pub(super) service: String,
    #[prost(string, tag = "7")]
    pub(super) service_uid: String,
    #[prost(enumeration = "IpFamily", tag = "8")]
    pub(super) family: i32,
    #[prost(string, tag = "9")]
    pub(super) address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub(super) enum IpFamily {
    Unspecified = 0,
    Ipv4 = 4,
    Ipv6 = 6,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AllocateRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) claim: Option<Claim>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AllocateResponse {
    #[prost(string, tag = "1")]
    pub(super) address: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReleaseRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) claim: Option<Claim>,
    #[prost(string, tag = "2")]
    pub(super) address: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct ReleaseResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListRequest {
    #[prost(string, tag = "1")]
    pub(super) cluster: String,
    #[prost(string, tag = "2")]
    pub(super) pool_namespace: String,
    #[prost(uint32, tag = "3")]
    pub(super) page_size: u32,
    #[prost(string, tag = "4")]
    pub(super) page_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) loans: Vec<Loan>,
    #[prost(string, tag = "2")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Loan {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) address: String,
}

impl From<&Asked> for Claim {
    fn from(claim: &Asked) -> Self {
        let (mark, loan) = (&claim.mark, &claim.loan);
        let family = match loan.family {
            Family::V4 => IpFamily::Ipv4,
            Family::V6 => IpFamily::Ipv6,
        };
        Self {
            id: claim.to_string(),
            cluster: mark.cluster.to_string(),
            pool_namespace: mark.namespace.to_string(),
            pool: loan.pool.to_string(),
            service_namespace: loan.service.namespace.to_string(),
            service: loan.service.name.to_string(),
            service_uid: loan.uid.to_string(),
            family: family.into(),
            address: loan.which.named().map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}
