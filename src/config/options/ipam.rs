//! The endpoint that lends a pool its addresses, as `grpc://host:port`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use thiserror::Error;

/// The only scheme there is: gRPC without TLS, for an endpoint in the cluster or on its management network.
const SCHEME: &str = "grpc://";
/// The scheme that people would expect for TLS.
const WITH_TLS: &str = "grpcs://";
/// Bytes of a name in the DNS (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// An endpoint that lends addresses. Two pools may name the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IpamEndpoint(Arc<str>);

/// Why a text is no endpoint.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IpamEndpointError {
    /// Another scheme, or none.
    #[error("an endpoint is written grpc://host:port")]
    Scheme,
    /// TLS is asked for.
    #[error("grpcs:// is not supported: an endpoint is reached without TLS, as grpc://host:port")]
    Tls,
    /// The host is no name and no address.
    #[error("{0:?} is neither a DNS name nor an address; IPv6 addresses stand in brackets")]
    Host(String),
    /// The port is missing, or not between 1 and 65535.
    #[error("{0:?} is no port between 1 and 65535")]
    Port(String),
}

impl IpamEndpoint {
    /// Reads `grpc://host:port`.
    ///
    /// # Errors
    /// The part that cannot be read.
    pub fn read(text: &str) -> Result<Self, IpamEndpointError> {
        if text.starts_with(WITH_TLS) {
            return Err(IpamEndpointError::Tls);
        }
        let authority = text.strip_prefix(SCHEME).ok_or(IpamEndpointError::Scheme)?;
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
        if !is_host(host) {
            return Err(IpamEndpointError::Host(host.to_owned()));
        }
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        if !digits || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(IpamEndpointError::Port(port.to_owned()));
        }
        Ok(Self(authority.into()))
    }

    /// `host:port`; an IPv6 address in brackets.
    pub fn authority(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IpamEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.0)
    }
}

fn is_host(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return v6.parse::<Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4())
        || host.len() <= LONGEST_NAME && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_name_or_an_address_with_a_port() {
        for good in ["grpc://ipam.network.svc:9000", "grpc://192.0.2.1:1", "grpc://[2001:db8::1]:65535"] {
            assert_eq!(IpamEndpoint::read(good).unwrap().to_string(), good);
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused_by_the_part_that_is_wrong() {
        let wrong = |text: &str| IpamEndpoint::read(text).unwrap_err();
        assert_eq!(wrong("http://ipam:9000"), IpamEndpointError::Scheme);
        assert_eq!(wrong("grpcs://ipam:9000"), IpamEndpointError::Tls);
        for host in ["", "a b", "2001:db8::1", "user@ipam", "ipam/x", "a..b"] {
            assert_eq!(wrong(&format!("grpc://{host}:1")), IpamEndpointError::Host(host.to_owned()));
        }
        for port in ["", "0", "65536", "+1", "x"] {
            assert_eq!(wrong(&format!("grpc://ipam:{port}")), IpamEndpointError::Port(port.to_owned()));
        }
    }
}
