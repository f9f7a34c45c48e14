//! `validate_template_parts` and `preview_template_parts`: what the template editor asks (WORKERS.md §5.5). Results replace those of an earlier attempt.

use super::QUEUE;
use crate::jobs::{Kind, Outcome, Run};
use crate::notifications::Inner;
use crate::notifications::store::{PartResult, TemplateParts, storable};
use crate::notifications::templates::{Data, RenderError};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

pub(in crate::notifications) struct ValidateTemplateParts(pub(super) Arc<Inner>);
pub(in crate::notifications) struct PreviewTemplateParts(pub(super) Arc<Inner>);

#[derive(Deserialize)]
struct Args {
    validation_id: String,
    #[serde(default)]
    subject_template: Option<String>,
    #[serde(default)]
    html_template: Option<String>,
    #[serde(default)]
    text_template: Option<String>,
    #[serde(default)]
    sms_template: Option<String>,
    #[serde(default)]
    sample_entity_data: Value,
}

impl Args {
    /// Parts that are there, in the contract's order.
    fn parts(&self) -> Vec<(&'static str, String)> {
        let parts = [
            ("subject", &self.subject_template),
            ("html", &self.html_template),
            ("text", &self.text_template),
            ("sms", &self.sms_template),
        ];
        let present = |(name, source): (&'static str, &Option<String>)| {
            source.as_deref().filter(|source| !source.is_empty()).map(|source| (name, source.to_owned()))
        };
        parts.into_iter().filter_map(present).collect()
    }
}

async fn answer(
    inner: &Arc<Inner>,
    args: &Args,
    part: impl Fn(&Inner, &'static str, &str) -> PartResult + Send + 'static,
) -> Outcome {
    let (worker, parts) = (Arc::clone(inner), args.parts());
    let work = move || parts.iter().map(|(name, source)| part(&worker, name, source)).collect::<Vec<_>>();
    let results = match tokio::task::spawn_blocking(work).await {
        Ok(results) => results,
        Err(error) => return Outcome::Fail(error.to_string()),
    };
    match inner.store.results(&args.validation_id, &results).await {
        Ok(()) => Outcome::Complete,
        Err(error) => Outcome::Fail(error.to_string()),
    }
}

#[async_trait]
impl Kind for ValidateTemplateParts {
    fn kind(&self) -> &'static str {
        "validate_template_parts"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn run(&self, run: Run) -> Outcome {
        let args: Args = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        answer(&self.0, &args, |inner, part, source| {
            match inner.renderer.check(TemplateParts::engine_of(part), source) {
                Ok(()) => PartResult { part, valid: true, message: String::new() },
                Err(error) => {
                    let message = storable(&format!("invalid template syntax: {}", error.reason()));
                    PartResult { part, valid: false, message }
                }
            }
        })
        .await
    }
}

#[async_trait]
impl Kind for PreviewTemplateParts {
    fn kind(&self) -> &'static str {
        "preview_template_parts"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn run(&self, run: Run) -> Outcome {
        let args: Args = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        // A sample that is no object is said in every part instead of keeping the request pending for ever.
        let data: Result<Data, RenderError> = self.0.data(&args.sample_entity_data);
        answer(&self.0, &args, move |inner, part, source| {
            let rendered =
                data.clone().and_then(|data| inner.renderer.render(TemplateParts::engine_of(part), source, &data));
            match rendered {
                Ok(output) => PartResult { part, valid: true, message: storable(&output) },
                Err(error @ RenderError::Parse(_)) => {
                    PartResult { part, valid: false, message: storable(&error.to_string()) }
                }
                Err(error) => {
                    PartResult { part, valid: false, message: storable(&format!("Rendering error: {error}")) }
                }
            }
        })
        .await
    }
}
