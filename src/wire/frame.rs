//! A frame on the stack.

use std::fmt;
use std::ops::Deref;

/// An Ethernet frame of at most [`Frame::CAPACITY`] bytes: every ARP and NDP packet that is ever sent. Copied, never
/// allocated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Frame {
    /// Length of the longest frame that is sent: Ethernet 14, IPv6 40, neighbour advertisement 24, one option 8.
    pub const CAPACITY: usize = 86;

    /// A frame of `length` zero bytes.
    ///
    /// # Panics
    /// If `length` is above [`Frame::CAPACITY`]; every writer names a constant.
    pub(super) const fn zeroed(length: usize) -> Self {
        assert!(length <= Self::CAPACITY, "the longest frame fits");
        Self { bytes: [0; Self::CAPACITY], length }
    }

    /// The bytes of the frame.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<Frame> for Vec<u8> {
    fn from(frame: Frame) -> Self {
        frame.as_bytes().to_vec()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
