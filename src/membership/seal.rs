//! The seal that ends every datagram: HMAC-SHA-256 (RFC 2104, RFC 4868 §2.1.1), its first 16 bytes.
//!
//! The key is not the Secret itself but is derived from it for this one purpose, since clusters that come from another
//! load balancer bring a Secret that served that one's gossip.

use ring::hmac;
use thiserror::Error;

/// Length of a seal in bytes.
pub const SEAL_LEN: usize = 16;

const PURPOSE: &[u8] = b"patina beat seal v1";

/// The keys of a cluster: what is sent is sealed with the first, what is received may bear any of them.
#[derive(Clone, Debug)]
pub struct Keyring {
    current: hmac::Key,
    other: Option<hmac::Key>,
}

/// No valid key made this seal. The datagram is to be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("seal")]
pub struct Unsealed;

impl Keyring {
    /// Keys derived from the secret of the cluster, and from a second one while it is being replaced.
    pub fn new(current: &[u8], other: Option<&[u8]>) -> Self {
        Self { current: derive(current), other: other.map(derive) }
    }

    /// Appends the seal of everything that `datagram` holds.
    pub fn seal(&self, datagram: &mut Vec<u8>) {
        let tag = hmac::sign(&self.current, datagram);
        datagram.extend(tag.as_ref().iter().take(SEAL_LEN));
    }

    /// The bytes under the seal, once it is proven.
    ///
    /// # Errors
    /// When no valid key made the seal, or the datagram is shorter than a seal.
    pub fn open<'a>(&self, datagram: &'a [u8]) -> Result<&'a [u8], Unsealed> {
        let at = datagram.len().checked_sub(SEAL_LEN).ok_or(Unsealed)?;
        let (body, seal) = datagram.split_at(at);
        let valid = std::iter::once(&self.current).chain(&self.other).any(|key| matches(key, body, seal));
        valid.then_some(body).ok_or(Unsealed)
    }
}

fn derive(secret: &[u8]) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

/// Whether every bit agrees; takes as long for a wrong first byte as for a wrong last one.
fn matches(key: &hmac::Key, body: &[u8], seal: &[u8]) -> bool {
    let tag = hmac::sign(key, body);
    tag.as_ref().iter().zip(seal).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(keys: &Keyring, body: &[u8]) -> Vec<u8> {
        let mut datagram = body.to_vec();
        keys.seal(&mut datagram);
        datagram
    }

    #[test]
    fn the_seal_is_the_known_answer() {
        let datagram = sealed(&Keyring::new(b"secret", None), b"patina");
        let seal: String = datagram[6..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(seal, "1e1ad9dd564fd9c23aab594a7a7dd069");
    }

    #[test]
    fn a_datagram_changed_in_any_bit_is_refused() {
        let keys = Keyring::new(b"secret", None);
        let whole = sealed(&keys, b"patina");
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(&changed), Err(Unsealed), "bit {bit}");
        }
        assert_eq!(keys.open(&whole), Ok(&b"patina"[..]));
    }

    #[test]
    fn both_keys_are_valid_while_one_replaces_the_other() {
        let (old, new) = (Keyring::new(b"old", None), Keyring::new(b"new", None));
        let rotating = Keyring::new(b"new", Some(b"old"));
        assert!(rotating.open(&sealed(&old, b"x")).is_ok());
        assert!(rotating.open(&sealed(&new, b"x")).is_ok());
        assert!(old.open(&sealed(&rotating, b"x")).is_err());
    }

    #[test]
    fn what_is_shorter_than_a_seal_is_refused() {
        assert_eq!(Keyring::new(b"secret", None).open(&[0; SEAL_LEN - 1]), Err(Unsealed));
    }
}
