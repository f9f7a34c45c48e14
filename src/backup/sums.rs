//! Whether an object of a bucket is the one of a backup: by the store's tag where that is a checksum, by its bytes where it is not.

use super::archive::hexadecimal;
use crate::files::PART_BYTES;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Bytes that are read at once.
const STEP: usize = 256 * 1024;

/// What an object's contents are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// What nobody can make collide; for comparing bytes with bytes.
    pub(super) sha256: String,
    /// Whether the tag is the one of such contents. Where it is not, it says nothing: stores divide otherwise, and some tags are no checksums.
    pub(super) is_tagged: bool,
}

impl Sums {
    /// Reads the contents to their end, and compares them with a store's tag.
    pub(super) fn of(mut contents: impl Read, etag: Option<&str>) -> io::Result<Self> {
        let mut sha256 = Sha256::new();
        let mut tag = etag.map(Tag::like);
        let mut buffer = vec![0; STEP];
        loop {
            let read = contents.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            sha256.update(&buffer[..read]);
            if let Some(tag) = &mut tag {
                tag.update(&buffer[..read]);
            }
        }
        let is_tagged = tag.is_some_and(|tag| Some(tag.finish().as_str()) == etag);
        Ok(Self { sha256: hexadecimal(&sha256.finalize()), is_tagged })
    }
}

/// The tag that a store gives contents.
enum Tag {
    /// As one piece: their MD5.
    Whole(Md5),
    /// In parts of our size: the MD5 of the parts' MD5s, and their number.
    Parts { part: Md5, in_part: usize, parts: Md5, number: u64 },
}

impl Tag {
    fn like(etag: &str) -> Self {
        match etag.contains('-') {
            false => Self::Whole(Md5::new()),
            true => Self::Parts { part: Md5::new(), in_part: 0, parts: Md5::new(), number: 0 },
        }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        let (part, in_part, parts, number) = match self {
            Self::Whole(whole) => return whole.update(bytes),
            Self::Parts { part, in_part, parts, number } => (part, in_part, parts, number),
        };
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART_BYTES - *in_part));
            part.update(now);
            *in_part += now.len();
            if *in_part == PART_BYTES {
                parts.update(part.finalize_reset());
                (*in_part, *number) = (0, *number + 1);
            }
            bytes = later;
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Whole(whole) => hexadecimal(&whole.finalize()),
            Self::Parts { part, in_part, mut parts, mut number } => {
                if in_part > 0 {
                    parts.update(part.finalize());
                    number += 1;
                }
                format!("{}-{number}", hexadecimal(&parts.finalize()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_stores() {
        let is_tagged = |contents: &[u8], etag| Sums::of(contents, etag).expect("read").is_tagged;
        assert!(is_tagged(b"hello", Some("5d41402abc4b2a76b9719d911017c592")));
        assert!(!is_tagged(b"hello", Some("5d41402abc4b2a76b9719d911017c593")) && !is_tagged(b"hello", None));
        // MD5 of the parts' MD5s, by Python's hashlib.
        let large = vec![b'x'; PART_BYTES + 1];
        assert!(is_tagged(&large, Some("4324378fe1c19cb47d68b75ffd799f97-2")));
        assert!(is_tagged(&large[1..], Some("13762e64320101bb2d2e916fcb88945d-1")));
        assert!(!is_tagged(&large[1..], Some("4324378fe1c19cb47d68b75ffd799f97-2")));
    }
}
