//! `spec.addresses`, as an IPAddressPool and a ForeignRange have it: CIDRs and `first-last` ranges.

use super::ProblemKind;
use super::problem::Finding;
use crate::addr::AddressRange;

pub(super) const FIELD: &str = "spec.addresses";

/// All of them, or the first thing that is wrong.
pub(super) fn read(written: &[String]) -> Result<Vec<AddressRange>, Finding> {
    if written.is_empty() {
        return Err(Finding::at(FIELD, ProblemKind::NoAddresses));
    }
    let read = |(i, text): (usize, &String)| {
        text.parse().map_err(|e| Finding::at(format!("{FIELD}[{i}]"), ProblemKind::BadRange(e)))
    };
    written.iter().enumerate().map(read).collect()
}

/// Those that can be understood.
pub(super) fn understood(written: &[String]) -> Vec<AddressRange> {
    written.iter().filter_map(|text| text.parse().ok()).collect()
}
