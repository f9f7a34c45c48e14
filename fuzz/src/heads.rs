//! What reads along below the HTTP parser, judged by the parser itself: bytes are changed only where it sees a target, and
//! nobody waits for less than it waits for.

#[path = "../../src/app/heads/encode.rs"]
mod encode;
#[path = "../../src/app/heads/scanner.rs"]
mod scanner;

use actix_http::ServiceConfig;
use actix_http::h1::{Codec, Message, MessageType};
use bytes::BytesMut;
use scanner::{Owed, Scanner};
use std::ops::Range;
use tokio::task::LocalSet;
use tokio_util::codec::Decoder as _;

thread_local! {
    /// The parser's settings keep the time of day by a task of their own, which never has to run here.
    static SETTINGS: (ServiceConfig, LocalSet, tokio::runtime::Runtime) = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (tasks, _entered) = (LocalSet::new(), runtime.enter());
        let settings = {
            let _entered = tasks.enter();
            ServiceConfig::default()
        };
        drop(_entered);
        (settings, tasks, runtime)
    };
}

/// A connection's bytes as the parser gets them, where bytes were encoded, and what is owed at the end.
struct Passed {
    bytes: Vec<u8>,
    encoded: Vec<usize>,
    owed: Owed,
}

fn pass(data: &[u8], step: usize) -> Passed {
    let mut scanner = Scanner::default();
    let (mut bytes, mut encoded) = (Vec::new(), Vec::new());
    for mut part in data.chunks(step.max(1)) {
        while !part.is_empty() {
            let plain = scanner.advance(part);
            bytes.extend_from_slice(&part[..plain]);
            part = &part[plain..];
            if let Some((byte, rest)) = part.split_first() {
                encoded.push(bytes.len());
                bytes.extend_from_slice(&encode::percent(*byte));
                scanner.encoded();
                part = rest;
            }
        }
    }
    Passed { bytes, encoded, owed: scanner.owed() }
}

/// What the parser sees: where targets are, how far it came, and what it waits for; `None` for the last two after a refusal.
struct Parsed {
    targets: Vec<Range<usize>>,
    judged: usize,
    is_refused: bool,
    waits_for_body: bool,
}

fn parse(bytes: &[u8]) -> Parsed {
    let mut codec = SETTINGS.with(|(settings, _, _)| Codec::new(settings.clone()));
    let mut rest = BytesMut::from(bytes);
    let mut parsed = Parsed { targets: Vec::new(), judged: 0, is_refused: false, waits_for_body: false };
    loop {
        let at = bytes.len() - rest.len();
        match codec.decode(&mut rest) {
            Ok(Some(Message::Item(_))) => {
                let end = bytes.len() - rest.len();
                let head = &bytes[at..end];
                let start = head.iter().position(|byte| *byte == b' ').map_or(end, |space| at + space + 1);
                let stop = bytes[start..end].iter().position(|byte| *byte == b' ').map_or(end, |space| start + space);
                parsed.targets.push(start..stop);
                parsed.judged = end;
                if codec.upgrade() || codec.message_type() == MessageType::Stream {
                    // Another protocol: what follows is no HTTP.
                    parsed.is_refused = true;
                    return parsed;
                }
            }
            Ok(Some(Message::Chunk(_))) => parsed.judged = bytes.len() - rest.len(),
            Ok(None) => {
                parsed.waits_for_body = codec.message_type() == MessageType::Payload;
                if parsed.waits_for_body {
                    parsed.judged = bytes.len();
                }
                return parsed;
            }
            Err(_) => {
                parsed.is_refused = true;
                return parsed;
            }
        }
    }
}

/// Bytes of one connection; the first says how they arrive.
pub fn heads(data: &[u8]) {
    let Some((step, data)) = data.split_first() else { return };
    let passed = pass(data, usize::from(*step));
    assert_eq!(passed.bytes, pass(data, data.len()).bytes, "it matters how bytes arrive");
    let parsed = parse(&passed.bytes);
    for at in passed.encoded.iter().filter(|at| **at < parsed.judged) {
        assert!(
            parsed.targets.iter().any(|target| target.contains(at)),
            "changed outside of a target at {at}: {:?}",
            String::from_utf8_lossy(&passed.bytes)
        );
    }
    // A client whose rest the parser waits for owes it here too, or nothing is known: else the connection is kept for ever.
    if parsed.waits_for_body && !parsed.is_refused {
        assert!(
            matches!(passed.owed, Owed::Body | Owed::Unknown),
            "{:?} owed: {:?}",
            passed.owed,
            String::from_utf8_lossy(&passed.bytes)
        );
    }
}
