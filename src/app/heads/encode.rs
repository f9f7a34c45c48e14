//! Bytes of a target that the parser refuses, in the form that it takes.

/// Bytes that stand for one.
pub(super) const LENGTH: usize = 3;

/// Whether the parser refuses this byte in a target though its percent-encoded form says the same.
pub(super) fn is_refused(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'`' | 0x7f..)
}

/// `%3E` for `>`.
pub(super) fn percent(byte: u8) -> [u8; LENGTH] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}
