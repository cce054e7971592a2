//! The addresses of one range that may be used: arithmetic, whatever its size.

use std::net::IpAddr;

use super::LastOctet;
use crate::addr::range::{address, number};
use crate::addr::{AddressRange, Family};

/// The usable addresses of one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usable {
    range: AddressRange,
    last_octet: LastOctet,
}

impl Usable {
    /// Those of `range`; last octets are a matter of IPv4 alone.
    pub(super) fn of(range: AddressRange, last_octet: LastOctet) -> Self {
        let last_octet = match range.family() {
            Family::V4 => last_octet,
            Family::V6 => LastOctet::Any,
        };
        Self { range, last_octet }
    }

    pub(super) fn count(self) -> u128 {
        match self.last_octet {
            LastOctet::Any => self.range.count(),
            LastOctet::AvoidBuggy => sound_below(self.range.ends().1 + 1) - sound_below(self.range.ends().0),
        }
    }

    /// How many of them are not above `last`, which is not below the range.
    pub(super) fn count_to(self, last: IpAddr) -> u128 {
        let (first, end) = self.range.ends();
        let end = end.min(number(last));
        match self.last_octet {
            LastOctet::Any => end.saturating_sub(first).saturating_add(1),
            LastOctet::AvoidBuggy => sound_below(end + 1).saturating_sub(sound_below(first)),
        }
    }

    pub(super) fn nth(self, index: u128) -> Option<IpAddr> {
        match self.last_octet {
            LastOctet::Any => self.range.nth(index),
            LastOctet::AvoidBuggy if index < self.count() => {
                Some(address(self.range.family(), sound(sound_below(self.range.ends().0) + index)))
            }
            LastOctet::AvoidBuggy => None,
        }
    }
}

/// Addresses of a /24 whose last octet is neither 0 nor 255.
const SOUND: u128 = 254;

/// How many IPv4 addresses below `number` have a last octet other than 0 and 255.
fn sound_below(number: u128) -> u128 {
    number / 256 * SOUND + (number % 256).saturating_sub(1).min(SOUND)
}

/// The IPv4 address, as a number, that has `index` such addresses below it.
fn sound(index: u128) -> u128 {
    index / SOUND * 256 + index % SOUND + 1
}

pub(super) fn is_buggy(address: IpAddr) -> bool {
    Family::of(address) == Family::V4 && matches!(number(address) % 256, 0 | 255)
}
