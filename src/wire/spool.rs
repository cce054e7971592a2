//! Byte strings in order, one behind the other in a buffer that is kept.

use std::collections::VecDeque;

/// A queue of byte strings, each with a tag. Nothing is allocated once it has been as full as it gets.
#[derive(Debug)]
pub struct Spool<T> {
    bytes: Vec<u8>,
    /// Tag and end of each that waits.
    waiting: VecDeque<(T, usize)>,
    /// Where the next one begins.
    start: usize,
}

impl<T> Default for Spool<T> {
    fn default() -> Self {
        Self { bytes: Vec::new(), waiting: VecDeque::new(), start: 0 }
    }
}

impl<T> Spool<T> {
    /// Puts what `write` appends to the buffer at the end of the queue.
    pub fn push(&mut self, tag: T, write: impl FnOnce(&mut Vec<u8>)) {
        if self.waiting.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
        write(&mut self.bytes);
        self.waiting.push_back((tag, self.bytes.len()));
    }

    /// Takes the first of the queue.
    pub fn pop(&mut self) -> Option<(T, &[u8])> {
        let (tag, end) = self.waiting.pop_front()?;
        let start = std::mem::replace(&mut self.start, end);
        Some((tag, &self.bytes[start..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let mut spool = Spool::default();
        spool.push('a', |bytes| bytes.extend([1, 2]));
        spool.push('b', |_| {});
        assert_eq!(spool.pop(), Some(('a', &[1, 2][..])));
        spool.push('c', |bytes| bytes.push(3));
        assert_eq!(spool.pop(), Some(('b', &[][..])));
        assert_eq!(spool.pop(), Some(('c', &[3][..])));
        assert_eq!(spool.pop(), None);
    }

    #[test]
    fn an_empty_queue_begins_anew() {
        let mut spool = Spool::default();
        for _ in 0..100 {
            spool.push((), |bytes| bytes.extend([7; 50]));
            assert_eq!(spool.pop(), Some(((), &[7; 50][..])));
        }
        assert_eq!(spool.bytes.len(), 50);
    }
}
