//! Inputs that resemble others.

/// Most bytes of an input.
const LONGEST: usize = 4096;

/// An endless, repeatable row of inputs.
pub(crate) struct Mutation<'a> {
    state: u64,
    files: &'a [Vec<u8>],
}

impl<'a> Mutation<'a> {
    pub(crate) const fn new(seed: u64, files: &'a [Vec<u8>]) -> Self {
        Self { state: seed, files }
    }

    /// A file of the corpus, damaged one to eight times.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.file().to_vec();
        for _ in 0..=self.below(8) {
            self.damage(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let count = self.below(8).min(bytes.len() - at);
        match self.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..at + count)),
            2 => bytes.splice(at..at, self.file().to_vec()).for_each(drop),
            3 => {
                let byte = self.byte();
                bytes.insert(at, byte);
            }
            _ => {
                let byte = self.byte();
                bytes[at..at + count.min(1)].fill(byte);
            }
        }
    }

    fn file(&mut self) -> &'a [u8] {
        &self.files[self.below(self.files.len())]
    }

    /// Any byte, but the ends of the range more often than the rest.
    fn byte(&mut self) -> u8 {
        match self.below(4) {
            0 => 0,
            1 => u8::MAX,
            _ => self.number().to_le_bytes()[0],
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end.max(1) as u64).unwrap_or_default()
    }

    /// SplitMix64.
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
