//! All parts of one template with one record.

use crate::notifications::Inner;
use crate::notifications::store::{TemplateParts, storable};
use crate::notifications::templates::{Data, RenderError};
use serde_json::Value;

/// The rendered parts.
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) html: String,
    pub(super) text: String,
    pub(super) sms: Option<String>,
}

impl Rendered {
    /// Subject and text for the client.
    pub(super) fn shown(&self) -> (String, String) {
        (storable(self.subject.trim()), storable(self.text.trim()))
    }
}

impl Inner {
    /// The data of templates.
    pub(super) fn data(&self, entity: &Value) -> Result<Data, RenderError> {
        Data::new(entity, &[("site_url", &self.site_url)])
    }

    /// Renders everything; the error names the part as the contract does. Rendering has bounds, but may take longer than a task should.
    pub(super) async fn render(&self, parts: &TemplateParts, entity: &Value) -> Result<Rendered, String> {
        let (renderer, parts) = (self.renderer.clone(), parts.clone());
        let data = self.data(entity).map_err(|error| format!("subject rendering failed: {error}"))?;
        let work = move || {
            let part = |name: &str, shown: &str, source: &str| {
                renderer
                    .render(TemplateParts::engine_of(name), source, &data)
                    .map_err(|error| format!("{shown} rendering failed: {error}"))
            };
            let sms = parts.sms.as_deref().filter(|source| !source.is_empty());
            Ok(Rendered {
                subject: part("subject", "subject", &parts.subject)?,
                html: part("html", "HTML", &parts.html)?,
                text: part("text", "text", &parts.text)?,
                sms: sms.map(|source| part("sms", "SMS", source)).transpose()?,
            })
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(format!("subject rendering failed: {error}")))
    }
}
