//! Why a message was not taken, and what that means for trying again. Reply codes decide, not words (WORKERS.md §5.3 looks at words).

use lettre::transport::smtp::Error;

/// How far a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Building the message.
    Message,
    /// Nothing goes to this address any more.
    Suppression,
    /// Connection, TLS.
    Connect,
    /// User and password.
    Login,
    /// Sender and recipient.
    Envelope,
    /// The content was being sent; without an answer nobody knows whether it was taken.
    Content,
}

/// A message that was not taken, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// For people; names what failed first.
    pub text: String,
    /// Where.
    pub stage: Stage,
    /// The server's code.
    pub code: Option<u16>,
    /// Trying again cannot help.
    pub is_permanent: bool,
    /// The server may have taken the message: its answer is missing.
    pub is_unknown: bool,
    /// The server says that this address does not exist.
    pub is_bad_address: bool,
}

impl Refusal {
    pub(crate) fn permanent(stage: Stage, text: impl Into<String>) -> Self {
        Self { text: text.into(), stage, code: None, is_permanent: true, is_unknown: false, is_bad_address: false }
    }

    pub(crate) fn transient(stage: Stage, text: impl Into<String>) -> Self {
        Self { is_permanent: false, ..Self::permanent(stage, text) }
    }

    /// An address that bounced, complained or opted out.
    pub(crate) fn suppressed(address: &str, what: &str, reason: &str) -> Self {
        Self::permanent(Stage::Suppression, format!("suppression: {address} gets no {what} any more ({reason})"))
    }

    /// Judges an error of the dialogue.
    pub(super) fn from_smtp(stage: Stage, error: &Error) -> Self {
        let code = error.status().map(u16::from);
        let reply = with_causes(error);
        let what = match stage {
            Stage::Message | Stage::Suppression => "the message cannot be sent",
            Stage::Connect => "failed to connect to SMTP server",
            Stage::Login => "the SMTP server refused user or password",
            Stage::Envelope => "the SMTP server refused sender or recipient",
            Stage::Content => "the SMTP server refused the message",
        };
        let is_content_lost = stage == Stage::Content && code.is_none();
        let text = if is_content_lost {
            format!("the SMTP server did not answer after the message: {reply}")
        } else {
            format!("{what}: {reply}")
        };
        let permanent_code = code.is_some_and(|code| (500..600).contains(&code));
        Self {
            // A wrong password or a greeting with 5xx is about us, not about the message: it waits until somebody mends that.
            is_permanent: permanent_code && matches!(stage, Stage::Envelope | Stage::Content),
            is_bad_address: permanent_code && stage == Stage::Envelope && is_unknown_address(&reply),
            is_unknown: is_content_lost,
            text,
            stage,
            code,
        }
    }
}

/// Enhanced status codes that say the mailbox or its domain does not exist (RFC 3463).
fn is_unknown_address(reply: &str) -> bool {
    ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"]
        .iter()
        .any(|code| reply.split(|c: char| !(c.is_ascii_digit() || c == '.')).any(|word| word == *code))
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    // One line, without what could be anything.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_unknown_addresses_are_words() {
        assert!(is_unknown_address("permanent error (550): 5.1.1 no such user"));
        assert!(is_unknown_address("550 5.1.10 RESOLVER.ADR.RecipientNotFound"));
        assert!(!is_unknown_address("550 5.7.1 relaying denied by 10.5.1.1"));
        assert!(!is_unknown_address("552 5.2.2 mailbox full"));
    }
}
