//! One message as it is sent: encoded headers, text and HTML side by side, pictures of the HTML as parts of their own. Nothing that comes from data can
//! make a header: lines end at the first control character.

use super::refusal::{Refusal, Stage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

/// Longest subject, characters.
const LONGEST_SUBJECT: usize = 400;
/// Most pictures that travel inside a message.
const MOST_PICTURES: usize = 20;

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Recipients.
    pub to: Vec<Mailbox>,
    /// Recipients of a copy.
    pub cc: Vec<Mailbox>,
    /// Subject, any text.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; none = text only.
    pub html: Option<String>,
    /// Where answers go; none = as configured.
    pub reply_to: Option<Mailbox>,
    /// Without angle brackets; none = a new one. The same message sent again keeps its id.
    pub message_id: Option<String>,
    /// A link that unsubscribes with one POST (RFC 8058).
    pub unsubscribe: Option<String>,
    /// Whether a machine wrote it, so that no machine answers.
    pub is_automatic: bool,
}

impl Mail {
    /// A message to one address.
    ///
    /// # Errors
    /// The address is none.
    pub fn to(name: Option<&str>, address: &str) -> Result<Self, Refusal> {
        Ok(Self {
            to: vec![mailbox(name, address)?],
            cc: Vec::new(),
            subject: String::new(),
            text: String::new(),
            html: None,
            reply_to: None,
            message_id: None,
            unsubscribe: None,
            is_automatic: true,
        })
    }

    /// The whole message with its envelope.
    pub(super) fn build(&self, from: &Mailbox, reply_to: Option<&Mailbox>) -> Result<Message, Refusal> {
        let refused = |error: &dyn std::fmt::Display| {
            Refusal::permanent(Stage::Message, format!("the message cannot be built: {error}"))
        };
        let mut builder =
            Message::builder().from(from.clone()).subject(line(&self.subject, LONGEST_SUBJECT)).date_now();
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        for cc in &self.cc {
            builder = builder.cc(cc.clone());
        }
        if let Some(reply_to) = self.reply_to.as_ref().or(reply_to) {
            builder = builder.reply_to(reply_to.clone());
        }
        builder = builder.message_id(Some(match &self.message_id {
            Some(id) => format!("<{id}>"),
            None => format!("<{}@{}>", uuid::Uuid::new_v4(), from.email.domain()),
        }));
        if self.is_automatic {
            builder = raw(builder, "Auto-Submitted", "auto-generated");
        }
        if let Some(link) = &self.unsubscribe {
            builder = raw(builder, "List-Unsubscribe", &format!("<{}>", line(link, 900)));
            builder = raw(builder, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
        let text = SinglePart::plain(network_lines(&self.text));
        let built = match &self.html {
            None => builder.singlepart(text),
            Some(html) => {
                let (html, pictures) = inline_pictures(html);
                let html = SinglePart::html(network_lines(&html));
                let alternative = MultiPart::alternative().singlepart(text);
                builder.multipart(if pictures.is_empty() {
                    alternative.singlepart(html)
                } else {
                    let related = MultiPart::related().singlepart(html);
                    alternative.multipart(pictures.into_iter().fold(related, MultiPart::singlepart))
                })
            }
        };
        built.map_err(|error| refused(&error))
    }
}

/// An address with an optional name; what would end a header is left out of the name.
pub(in crate::notifications) fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, Refusal> {
    let email = address.trim().parse().map_err(|error: lettre::address::AddressError| {
        Refusal::permanent(Stage::Message, format!("invalid address: {error}"))
    })?;
    let name = name.map(|name| line(name, 100)).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, email))
}

fn raw(builder: lettre::message::MessageBuilder, name: &'static str, value: &str) -> lettre::message::MessageBuilder {
    match HeaderName::new_from_ascii(name.to_owned()) {
        Ok(name) => builder.raw_header(HeaderValue::new(name, value.to_owned())),
        Err(_) => builder,
    }
}

/// One line of a header: control characters become spaces, runs of spaces one.
fn line(text: &str, longest: usize) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect();
    let mut line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(longest) {
        line.truncate(end);
    }
    line
}

/// Lines end with CR LF; NUL and other bytes that no mail may carry are gone.
fn network_lines(text: &str) -> String {
    let clean: String = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    clean.replace('\n', "\r\n")
}

/// Moves `src="data:image/…;base64,…"` out of the HTML: many readers show parts of the message and hide such URLs.
fn inline_pictures(html: &str) -> (String, Vec<SinglePart>) {
    const START: &str = "src=\"data:image/";
    let mut output = String::with_capacity(html.len());
    let mut parts = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(START) {
        let (before, from) = rest.split_at(at);
        output.push_str(before);
        let value = &from["src=\"".len()..];
        let end = value.find('"').unwrap_or(value.len());
        match picture(&value[..end]).filter(|_| parts.len() < MOST_PICTURES) {
            Some((kind, bytes)) => {
                let id = format!("picture{}", parts.len() + 1);
                output.push_str("src=\"cid:");
                output.push_str(&id);
                parts.push(Attachment::new_inline(id).body(bytes, kind));
            }
            None => {
                output.push_str("src=\"");
                output.push_str(&value[..end]);
            }
        }
        rest = &value[end..];
    }
    output.push_str(rest);
    (output, parts)
}

fn picture(url: &str) -> Option<(ContentType, Vec<u8>)> {
    let (kind, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    if !matches!(kind, "image/png" | "image/jpeg" | "image/gif" | "image/webp") {
        return None;
    }
    // HTML may write `+` and `/` as character references.
    let data = data.replace("&#43;", "+").replace("&#47;", "/");
    Some((ContentType::parse(kind).ok()?, STANDARD.decode(data).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(change: impl FnOnce(&mut Mail)) -> String {
        let mut mail = Mail::to(Some("Anna"), "anna@example.org").expect("address");
        mail.subject = "Hello".into();
        mail.text = "text".into();
        change(&mut mail);
        let from: Mailbox = "Town Hall <town@example.org>".parse().expect("address");
        String::from_utf8(mail.build(&from, None).expect("message").formatted()).expect("ASCII")
    }

    #[test]
    fn data_makes_no_headers() {
        let built = message(|mail| {
            mail.subject = "A\r\nBcc: victim@example.org\r\n\r\nbody\u{2028}x".into();
            mail.to = vec![mailbox(Some("Eve\r\nX-Evil: 1"), "eve@example.org").expect("address")];
            mail.html = Some("<p>x</p>".into());
        });
        let head = built.split("\r\n\r\n").next().expect("headers");
        assert!(head.lines().all(|line| !line.starts_with("Bcc") && !line.starts_with("X-Evil")), "{head}");
        assert!(head.contains("Subject: A Bcc: victim@example.org body x"), "{head}");
        assert!(mailbox(None, "a@b.example\r\nBcc: c@d.example").is_err());
        assert!(mailbox(None, "nobody").is_err());
    }

    #[test]
    fn pictures_become_parts() {
        let built = message(|mail| {
            mail.html = Some("<img alt=\"a\" src=\"data:image/png;base64,iVBORw0KGgo=\"><img src=\"data:image/svg+xml;base64,AAAA\">".into());
        });
        assert!(built.contains("multipart/related") && built.contains("Content-ID: <picture1>"), "{built}");
        assert!(built.contains("cid:picture1") && built.contains("data:image/svg+xml"), "{built}");
    }

    #[test]
    fn lines_are_the_networks() {
        let built = message(|mail| mail.text = "a\nb\r\nc\rd\0".into());
        assert!(built.ends_with("\r\n\r\na\r\nb\r\nc\r\nd\r\n"), "{built:?}");
        assert!(!built.replace("\r\n", "").contains(['\r', '\n', '\0']));
    }
}
