//! A long body that waits for its turn: compressed in memory, because a table of text takes a tenth of its room so, and a
//! place on disk need not be there.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, BufReader, Read, Write};

/// Takes the pieces of a body as they come.
pub(super) struct Packing {
    encoder: GzEncoder<Vec<u8>>,
    taken: usize,
}

impl Packing {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { encoder: GzEncoder::new(Vec::new(), Compression::fast()), taken: 0 }
    }

    /// Takes a piece; `false` when that makes more than `most` bytes.
    pub(super) fn take(&mut self, piece: &[u8], most: usize) -> io::Result<bool> {
        self.taken += piece.len();
        if self.taken > most {
            return Ok(false);
        }
        self.encoder.write_all(piece).map(|()| true)
    }

    /// The whole body, to be read once.
    pub(super) fn finish(self) -> io::Result<impl Read> {
        let packed = io::Cursor::new(self.encoder.finish()?);
        Ok(BufReader::new(GzDecoder::new(packed)))
    }
}
