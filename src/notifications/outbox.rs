//! Where mail and text messages go in a demonstration: kept in memory, shown at `/outbox/`. Nothing here exists unless `app` was told to make one, which
//! only the demonstration does; a configured mail server is always used instead.

mod page;

use super::mail::Mail;
use lettre::Message;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;

/// Older messages are forgotten.
const KEPT: usize = 500;

/// The messages of this process; cheap to clone.
#[derive(Clone, Default)]
pub struct Outbox {
    messages: Arc<Mutex<VecDeque<Kept>>>,
}

/// One message as it would have left.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) at: OffsetDateTime,
    pub(super) channel: &'static str,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) headers: String,
}

impl Outbox {
    pub(super) fn put_mail(&self, mail: &Mail, built: &Message) {
        let raw = String::from_utf8_lossy(&built.formatted()).into_owned();
        let headers = raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n", "\n");
        let to: Vec<String> = mail.to.iter().chain(&mail.cc).map(ToString::to_string).collect();
        self.put(Kept {
            id: 0,
            at: OffsetDateTime::now_utc(),
            channel: "email",
            to: to.join(", "),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            headers,
        });
    }

    pub(super) fn put_sms(&self, to: &str, text: &str) {
        self.put(Kept {
            id: 0,
            at: OffsetDateTime::now_utc(),
            channel: "sms",
            to: to.to_owned(),
            subject: String::new(),
            text: text.to_owned(),
            html: None,
            headers: String::new(),
        });
    }

    fn put(&self, mut message: Kept) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        message.id = messages.front().map_or(1, |newest| newest.id + 1);
        messages.push_front(message);
        messages.truncate(KEPT);
    }

    /// Newest first.
    pub(super) fn all(&self) -> Vec<Kept> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<Kept> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|kept| kept.id == id).cloned()
    }
}
