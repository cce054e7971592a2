//! The string and number formats that the API server checks; others are remarks for people.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{FieldError, FieldPath};

/// A checked format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Int32,
    Int64,
    DateTime,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid,
}

impl Format {
    /// The format called `name`, if it is one that is checked.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "int32" => Some(Self::Int32),
            "int64" => Some(Self::Int64),
            "date-time" | "datetime" => Some(Self::DateTime),
            "ipv4" => Some(Self::Ipv4),
            "ipv6" => Some(Self::Ipv6),
            "cidr" => Some(Self::Cidr),
            "mac" => Some(Self::Mac),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::DateTime => "date-time",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Cidr => "cidr",
            Self::Mac => "mac",
            Self::Uuid => "uuid",
        }
    }

    pub(super) fn check(self, value: &Value, path: &FieldPath) -> Option<FieldError> {
        let fits = match self {
            Self::Int32 => value.as_number().is_none_or(|_| value.as_i64().is_some_and(fits_in_32_bits)),
            Self::Int64 => value.as_number().is_none_or(|_| value.as_i64().is_some()),
            Self::DateTime => text_is(value, |text| text.parse::<Timestamp>().is_ok()),
            Self::Ipv4 => text_is(value, |text| text.parse::<Ipv4Addr>().is_ok()),
            Self::Ipv6 => text_is(value, |text| text.parse::<Ipv6Addr>().is_ok()),
            Self::Cidr => text_is(value, is_cidr),
            Self::Mac => text_is(value, is_mac),
            Self::Uuid => text_is(value, is_uuid),
        };
        if fits {
            return None;
        }
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let detail = format!("{path} in body must be of type {}: {shown:?}", self.name());
        Some(FieldError::wrong_type(path.clone(), value, &detail))
    }
}

fn text_is(value: &Value, test: impl Fn(&str) -> bool) -> bool {
    value.as_str().is_none_or(test)
}

fn fits_in_32_bits(number: i64) -> bool {
    i32::try_from(number).is_ok()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let Ok(length) = length.parse::<u8>() else { return false };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => length <= 32,
        Ok(IpAddr::V6(_)) => length <= 128,
        Err(_) => false,
    }
}

fn is_mac(text: &str) -> bool {
    let octets: Vec<&str> = text.split([':', '-']).collect();
    octets.len() == 6 && octets.iter().all(|octet| octet.len() == 2 && u8::from_str_radix(octet, 16).is_ok())
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}
