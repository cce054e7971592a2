//! Addresses of a pool that are never given out.

use std::net::IpAddr;

use crate::addr::{AddressRange, Gaps, RangeError};

/// Reads addresses, CIDRs and `first-last` ranges, separated by commas or line breaks.
pub(super) fn read(text: &str) -> Result<Gaps, RangeError> {
    let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(read_entry).collect()
}

fn read_entry(entry: &str) -> Result<AddressRange, RangeError> {
    match entry.parse::<IpAddr>() {
        // A range of one, so that an IPv4-mapped address is told as in spec.addresses.
        Ok(_) => format!("{entry}-{entry}").parse(),
        Err(_) => entry.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_prefixes_and_ranges_are_read() {
        let gaps = read("192.0.2.7, 192.0.2.16/28,\n2001:db8::1 - 2001:db8::9,").unwrap();
        let told: Vec<_> = gaps.ranges().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["192.0.2.7/32", "192.0.2.16/28", "2001:db8::1-2001:db8::9"]);
        for bad in ["192.0.2", "192.0.2.1 192.0.2.2", "192.0.2.9-192.0.2.1", "::ffff:192.0.2.1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
