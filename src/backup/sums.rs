//! Whether an object of a bucket is the one of a backup: by the store's tag where that is a checksum, by its bytes where it is not.

use super::archive::hexadecimal;
use crate::files::PART_BYTES;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Bytes that are read at once.
const STEP: usize = 256 * 1024;

/// Checksums of an object's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// What nobody can make collide; for comparing bytes with bytes.
    pub(super) sha256: String,
    /// Tags that stores give such contents: as one piece, and in parts of our size. Others divide otherwise, and some tags are no checksums:
    /// that a tag is not among these says nothing.
    etags: [String; 2],
}

impl Sums {
    /// Reads the contents to their end.
    pub(super) fn of(mut contents: impl Read) -> io::Result<Self> {
        let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
        let (mut part, mut in_part) = (Md5::new(), 0);
        let (mut parts, mut number) = (Md5::new(), 0_u64);
        let mut buffer = vec![0; STEP];
        loop {
            let most = buffer.len().min(PART_BYTES - in_part);
            let read = contents.read(&mut buffer[..most])?;
            if read == 0 {
                break;
            }
            let bytes = &buffer[..read];
            sha256.update(bytes);
            md5.update(bytes);
            part.update(bytes);
            in_part += read;
            if in_part == PART_BYTES {
                parts.update(part.finalize_reset());
                (in_part, number) = (0, number + 1);
            }
        }
        if in_part > 0 {
            parts.update(part.finalize());
            number += 1;
        }
        let in_parts = format!("{}-{number}", hexadecimal(&parts.finalize()));
        Ok(Self { sha256: hexadecimal(&sha256.finalize()), etags: [hexadecimal(&md5.finalize()), in_parts] })
    }

    /// Whether a store's tag says that it has these contents.
    pub(super) fn is_tagged(&self, etag: Option<&str>) -> bool {
        etag.is_some_and(|etag| self.etags.iter().any(|known| known == etag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_stores() {
        let sums = Sums::of(&b"hello"[..]).expect("read");
        assert!(sums.is_tagged(Some("5d41402abc4b2a76b9719d911017c592")), "{sums:?}");
        assert!(!sums.is_tagged(Some("5d41402abc4b2a76b9719d911017c593")) && !sums.is_tagged(None));
        // MD5 of the two parts' MD5s, by Python's hashlib.
        let sums = Sums::of(vec![b'x'; PART_BYTES + 1].as_slice()).expect("read");
        assert!(sums.is_tagged(Some("4324378fe1c19cb47d68b75ffd799f97-2")), "{sums:?}");
        let sums = Sums::of(vec![b'x'; PART_BYTES].as_slice()).expect("read");
        assert!(sums.is_tagged(Some("13762e64320101bb2d2e916fcb88945d-1")), "{sums:?}");
    }
}
