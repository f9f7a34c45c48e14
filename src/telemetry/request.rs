//! Which request, and which step of a trace, the running code belongs to, so that lines of the log, answers and traces can be
//! put together.
//!
//! The front door names each request, the executor of jobs each run ([`within`]); whoever logs asks [`current`]. Work that is
//! handed to another task belongs to nothing any more.

use super::traces::SpanContext;
use std::sync::Arc;

tokio::task_local! {
    static CURRENT: Place;
}

/// Header in which the name travels, in requests of trusted proxies and in every answer.
pub const HEADER: &str = "x-request-id";
/// Longer names are not taken over.
const LONGEST: usize = 128;

/// Name of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one; in the order of time.
    pub fn fresh() -> Self {
        let mut text = [0; uuid::fmt::Simple::LENGTH];
        Self(Arc::from(&*uuid::Uuid::now_v7().simple().encode_lower(&mut text)))
    }

    /// One that a proxy chose: letters, digits, `-`, `_`, `.`, `:`, `/`, `=`, `+`; nothing that could forge a line.
    pub fn of_proxy(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(&byte);
        ((1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where code runs.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The request; none in a job.
    pub request: Option<RequestId>,
    /// The step of a trace; none where nothing is traced.
    pub span: Option<SpanContext>,
}

/// Runs something at a place.
pub async fn within<F: Future>(place: Place, work: F) -> F::Output {
    CURRENT.scope(place, work).await
}

/// The request that this task works on.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(|place| place.request.clone()).ok().flatten()
}

/// The step that this task is in.
pub(super) fn current_span() -> Option<SpanContext> {
    CURRENT.try_with(|place| place.span).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_proxies_are_short_and_plain() {
        assert!(RequestId::of_proxy("4bf92f3577b34da6-a3ce929d").is_some());
        for given in ["", "a b", "a\nb", "a\"b", &"x".repeat(129)] {
            assert_eq!(RequestId::of_proxy(given), None, "{given:?}");
        }
    }

    #[tokio::test]
    async fn the_name_is_known_inside_and_nowhere_else() {
        let id = RequestId::fresh();
        let place = Place { request: Some(id.clone()), span: None };
        assert_eq!(within(place, async { current() }).await, Some(id));
        assert_eq!(current(), None);
    }
}
