//! Numbers out of bytes and back: big-endian ones of a fixed length, and short ones of seven bits to a byte (LEB128).

use thiserror::Error;

/// Why bytes are no beat. Nothing is kept of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It ends before it is complete.
    #[error("truncated")]
    Truncated,
    /// Another protocol, or a version that this one does not know.
    #[error("version")]
    Version,
    /// Values that no sender writes.
    #[error("absurd")]
    Absurd,
}

const MORE: u8 = 0x80;
const BITS: u32 = 7;

/// Appends `number`, in as few bytes as it takes.
pub(super) fn put_short(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= u64::from(MORE) {
        bytes.push(number.to_le_bytes()[0] | MORE);
        number >>= BITS;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Unreadable::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.take(N)?.try_into().map_err(|_| Unreadable::Truncated)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Unreadable> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_be_bytes)
    }

    /// What [`put_short`] wrote; longer than any number of 64 bits is absurd.
    pub(super) fn short(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & !MORE);
            if bits << shift >> shift != bits {
                return Err(Unreadable::Absurd);
            }
            number |= bits << shift;
            if byte & MORE == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable::Absurd)
    }

    /// The same for numbers of 32 bits.
    pub(super) fn short_u32(&mut self) -> Result<u32, Unreadable> {
        self.short()?.try_into().map_err(|_| Unreadable::Absurd)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_take_one_byte() {
        let mut bytes = Vec::new();
        [0, 127, 128, u64::MAX].into_iter().for_each(|number| put_short(&mut bytes, number));
        assert_eq!(bytes[..4], [0, 127, 0x80, 1]);
        assert_eq!(bytes.len(), 1 + 1 + 2 + 10);
    }

    #[test]
    fn a_number_longer_than_64_bits_is_absurd() {
        for bytes in [&[0xff; 11][..], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]] {
            assert_eq!(Reader::new(bytes).short(), Err(Unreadable::Absurd));
        }
        assert_eq!(Reader::new(&[0x80]).short(), Err(Unreadable::Truncated));
    }

    proptest! {
        #[test]
        fn what_is_written_short_is_read(number in any::<u64>(), bits in 0u32..64) {
            let (number, mut bytes) = (number >> bits, Vec::new());
            put_short(&mut bytes, number);
            prop_assert_eq!(Reader::new(&bytes).short(), Ok(number));
        }
    }
}
