//! Notifications: templates, mail, what people get and do not get.
mod templates;
