//! Where in a connection's bytes requests begin and end, as far as [`super::Heads`] has to know.

use super::encode;

/// Longest line that is looked at: a header that matters, the size of a chunk.
const LINE: usize = 64;
/// Methods are shorter.
const LONGEST_METHOD: usize = 32;

/// Where in a request the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Bytes of the method so far.
    Method(usize),
    Target,
    Version,
    Header,
    /// Bytes of the body that are still to come.
    Body(u64),
    /// The line with the size of a chunk.
    Size,
    /// Bytes of a chunk that are still to come, its line end included.
    Chunk(u64),
    /// Lines after the last chunk.
    Trailer,
    /// Nothing is known any more.
    Unknown,
}

impl Place {
    fn is_head(self) -> bool {
        matches!(self, Self::Method(_) | Self::Target | Self::Version | Self::Header)
    }
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked,
}

/// What the client owes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owed {
    /// Nothing: between two requests.
    Nothing,
    /// The rest of a head that has begun.
    Head,
    /// The rest of a body.
    Body,
    /// Nobody knows: no HTTP, or another protocol after an upgrade.
    Unknown,
}

/// Reads along.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
    /// The beginning of the current line, in lower case.
    line: [u8; LINE],
    length: usize,
    /// The last byte before the current line's end.
    last: u8,
    body: Option<Body>,
    is_followed: bool,
    /// Bytes of the current head so far, as the parser gets them.
    head: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { place: Place::Method(0), line: [0; LINE], length: 0, last: 0, body: None, is_followed: true, head: 0 }
    }
}

impl Scanner {
    /// Bytes of the head that has begun; 0 elsewhere.
    pub(super) fn head(&self) -> usize {
        self.head
    }

    pub(super) fn owed(&self) -> Owed {
        match self.place {
            place if place.is_head() && self.head > 0 => Owed::Head,
            Place::Method(_) | Place::Target | Place::Version | Place::Header => Owed::Nothing,
            Place::Body(_) | Place::Size | Place::Chunk(_) | Place::Trailer => Owed::Body,
            Place::Unknown => Owed::Unknown,
        }
    }

    /// Goes on until a byte that must be encoded; its index, or the end.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (from, was) = (at, self.place);
            match self.place {
                Place::Method(length) => {
                    self.place = match rest[0] {
                        b' ' if length > 0 => Place::Target,
                        // Empty lines before a request do not count.
                        b'\r' | b'\n' if length == 0 => Place::Method(0),
                        byte if byte.is_ascii_graphic() && length < LONGEST_METHOD => Place::Method(length + 1),
                        _ => Place::Unknown,
                    };
                    at += 1;
                }
                Place::Target => match rest.iter().position(|byte| encode::is_refused(*byte) || *byte <= b' ') {
                    None => at = bytes.len(),
                    Some(stop) => {
                        at += stop;
                        match rest[stop] {
                            b' ' => self.place = Place::Version,
                            0..b' ' => self.place = Place::Unknown,
                            _ => {
                                self.head += stop;
                                return at;
                            }
                        }
                        at += 1;
                    }
                },
                Place::Version => match rest.iter().position(|byte| *byte == b'\n') {
                    None => at = bytes.len(),
                    Some(end) => {
                        at += end + 1;
                        self.place = Place::Header;
                    }
                },
                Place::Header => at += self.take_line(rest, Self::end_header),
                Place::Size => at += self.take_line(rest, Self::end_size),
                Place::Trailer => at += self.take_line(rest, Self::end_trailer),
                Place::Body(left) => at += self.skip(rest, left, Place::Body, Place::Method(0)),
                Place::Chunk(left) => at += self.skip(rest, left, Place::Chunk, Place::Size),
                Place::Unknown => return bytes.len(),
            }
            let begins = !was.is_head() || (was == Place::Header && self.place == Place::Method(0));
            self.head = if begins || !self.place.is_head() { 0 } else { self.head + at - from };
        }
        bytes.len()
    }

    /// Three bytes stand for one of the target.
    pub(super) fn encoded(&mut self) {
        self.head += encode::LENGTH;
    }

    /// Takes bytes of a line; at its end `ended` sees its beginning. How many were taken.
    fn take_line(&mut self, rest: &[u8], ended: fn(&mut Self)) -> usize {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        let room = line.len().min(LINE - self.length);
        for (slot, byte) in self.line[self.length..].iter_mut().zip(&line[..room]) {
            *slot = byte.to_ascii_lowercase();
        }
        self.length += room;
        self.last = line.last().copied().unwrap_or(self.last);
        if end.is_some() {
            ended(self);
            (self.length, self.last) = (0, 0);
        }
        line.len() + usize::from(end.is_some())
    }

    fn skip(&mut self, rest: &[u8], left: u64, more: fn(u64) -> Place, then: Place) -> usize {
        let here = left.min(rest.len() as u64);
        self.place = if left == here { then } else { more(left - here) };
        usize::try_from(here).unwrap_or(rest.len())
    }

    fn end_header(&mut self) {
        // What was cut off could be digits of a length: then nobody here knows where the body ends (a proxy in front may).
        let is_cut = self.length == LINE;
        let line = self.line[..self.length].trim_ascii_end();
        let value = |name: &[u8]| line.strip_prefix(name).map(<[u8]>::trim_ascii);
        if line.is_empty() {
            self.place = match (self.is_followed, self.body) {
                (false, _) => Place::Unknown,
                (true, None | Some(Body::Length(0))) => Place::Method(0),
                (true, Some(Body::Length(length))) => Place::Body(length),
                (true, Some(Body::Chunked)) => Place::Size,
            };
            self.body = None;
        } else if let Some(value) = value(b"content-length:") {
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            // Two lengths, or one that is no number: the parser refuses what follows.
            self.is_followed &= self.body.is_none() && length.is_some() && !is_cut;
            self.body = length.map(Body::Length);
        } else if let Some(value) = value(b"transfer-encoding:") {
            self.is_followed &= self.body.is_none() && value == b"chunked" && !is_cut;
            self.body = Some(Body::Chunked);
        } else if value(b"upgrade:").is_some_and(|protocol| protocol == b"websocket") {
            self.is_followed = false;
        }
    }

    /// In a chunked body the parser takes a line's end only with its carriage return, unlike in heads.
    fn end_size(&mut self) {
        let digits = self.line[..self.length].split(|byte| !byte.is_ascii_hexdigit()).next().unwrap_or_default();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        self.place = match size {
            _ if digits.len() == LINE || self.last != b'\r' => Place::Unknown,
            Some(0) => Place::Trailer,
            Some(size) if size < u64::MAX - 2 => Place::Chunk(size + 2),
            _ => Place::Unknown,
        };
    }

    fn end_trailer(&mut self) {
        match self.line[..self.length] {
            [b'\r'] => self.place = Place::Method(0),
            _ if self.last == b'\r' => {}
            _ => self.place = Place::Unknown,
        }
    }

    /// All of `bytes` with what must be encoded encoded.
    #[cfg(test)]
    pub(super) fn encode(&mut self, mut bytes: &[u8], out: &mut bytes::BytesMut) {
        loop {
            let plain = self.advance(bytes);
            out.extend_from_slice(&bytes[..plain]);
            let Some(byte) = bytes.get(plain) else { return };
            out.extend_from_slice(&encode::percent(*byte));
            self.encoded();
            bytes = &bytes[plain + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    fn encoded(bytes: &[u8], step: usize) -> (String, Owed) {
        let (mut scanner, mut out) = (Scanner::default(), BytesMut::new());
        for chunk in bytes.chunks(step) {
            scanner.encode(chunk, &mut out);
        }
        (String::from_utf8(out.to_vec()).expect("text"), scanner.owed())
    }

    #[test]
    fn only_targets_change_however_the_bytes_arrive() {
        let requests = "GET /a?x=data->>\"k\" HTTP/1.1\r\nX: <->\r\n\r\n\
                        POST /b?<ü> HTTP/1.1\r\nContent-Length: 16\r\n\r\nGET /<> HTTP/1.1\
                        POST /c?> HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                        10;x=y\r\nGET /<> HTTP/1.1\r\n3\r\n<a>\r\n0\r\nX: <>\r\n\r\n\
                        DELETE /d?> HTTP/1.1\r\n\r\n";
        let expected = "GET /a?x=data-%3E%3E%22k%22 HTTP/1.1\r\nX: <->\r\n\r\n\
                        POST /b?%3C%C3%BC%3E HTTP/1.1\r\nContent-Length: 16\r\n\r\nGET /<> HTTP/1.1\
                        POST /c?%3E HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                        10;x=y\r\nGET /<> HTTP/1.1\r\n3\r\n<a>\r\n0\r\nX: <>\r\n\r\n\
                        DELETE /d?%3E HTTP/1.1\r\n\r\n";
        for step in [1, 2, 7, 64, 4096] {
            assert_eq!(encoded(requests.as_bytes(), step), (expected.into(), Owed::Nothing), "{step}");
        }
    }

    #[test]
    fn what_cannot_be_followed_passes_as_it_is() {
        for rest in [
            "POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n3\r\n<a>\r\n0\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: a\n\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n<a>\r\n0\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "GET /a HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "\u{0}\u{1}\u{2} /<> HTTP/1.1\r\n\r\n",
            "GET /\r\n/<> HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(encoded(rest.as_bytes(), 5), (rest.into(), Owed::Unknown));
        }
    }

    /// Were the cut digits taken for the length, bytes of the body would be taken for a head and change their number:
    /// behind a proxy that reads the whole number, the rest would be a request that nobody sent.
    #[test]
    fn lengths_that_do_not_fit_are_not_guessed() {
        let zeros = "0".repeat(100);
        for rest in [
            format!("POST /a HTTP/1.1\r\nContent-Length: {zeros}9\r\n\r\nGET /<<<<"),
            format!("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{zeros}9\r\n\r\n\r\nGET /<<<<"),
        ] {
            assert_eq!(encoded(rest.as_bytes(), 7), (rest.clone(), Owed::Unknown));
        }
    }

    /// A line of spaces among the trailers is one more of them; taken for their end, everything after it would be read one
    /// request too early.
    #[test]
    fn only_an_empty_line_ends_the_trailers() {
        let rest = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n  \r\nGET /<> HTTP/1.1\r\n";
        assert_eq!(encoded(rest.as_bytes(), 3), (rest.into(), Owed::Body));
        let (whole, owed) = encoded(format!("{rest}\r\nGET /<> HTTP/1.1\r\n\r\n").as_bytes(), 3);
        assert_eq!((whole, owed), (format!("{rest}\r\nGET /%3C%3E HTTP/1.1\r\n\r\n"), Owed::Nothing));
    }

    #[test]
    fn what_the_client_owes_is_known_at_every_byte() {
        let whole = b"\r\nPOST /<> HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n";
        let mut scanner = Scanner::default();
        let mut out = BytesMut::new();
        let mut seen = String::new();
        for byte in whole.chunks(1) {
            scanner.encode(byte, &mut out);
            seen.push(match scanner.owed() {
                Owed::Nothing => '-',
                Owed::Head => 'h',
                Owed::Body => 'b',
                Owed::Unknown => '?',
            });
            assert!(scanner.head() <= 50, "{}", scanner.head());
        }
        // Empty lines before a request count as its beginning: a client that stops there holds the connection as well.
        assert_eq!(seen, format!("{}bbb-{}-", "h".repeat(41), "h".repeat(17)));
    }

    #[test]
    fn heads_are_measured_as_the_parser_gets_them() {
        let mut scanner = Scanner::default();
        let mut out = BytesMut::new();
        scanner.encode(format!("GET /{}", "<".repeat(1000)).as_bytes(), &mut out);
        assert_eq!((scanner.head(), out.len()), (3005, 3005));
    }
}
