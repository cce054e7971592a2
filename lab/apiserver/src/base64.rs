//! Bytes as text (RFC 4648), for Secrets, kubeconfigs and tokens.

/// The alphabet of section 4. That of section 5, for URLs, differs in its last two letters.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of these bytes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let six = (group >> (18 - 6 * position)) & 0x3f;
            let letter = if position <= chunk.len() { LETTERS[six as usize] } else { b'=' };
            text.push(char::from(letter));
        }
    }
    text
}

/// Bytes that a text with padding stands for.
pub(crate) fn decoded_length(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

/// The same in the alphabet of URLs (section 5), without padding.
pub(crate) fn encode_for_urls(bytes: &[u8]) -> String {
    encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The bytes of a text with padding; nothing when it is none.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    decode_for_urls(text.trim_end_matches('='))
}

/// The bytes of such a text; nothing when it is none.
pub(crate) fn decode_for_urls(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut group, mut bits) = (0u32, 0);
    for letter in text.replace('-', "+").replace('_', "/").bytes() {
        let six = LETTERS.iter().position(|one| *one == letter)?;
        group = (group << 6 | u32::try_from(six).ok()?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(group >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_vectors_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(encode(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn what_is_written_for_urls_is_read_again() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", &[0xfb, 0xff, 0xfe, 0x00]] {
            assert_eq!(decode_for_urls(&encode_for_urls(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(encode_for_urls(&[0xfb, 0xff]), "-_8");
        assert_eq!(decode_for_urls("a b"), None);
    }
}
