//! `/outbox/`: what would have been sent. Complete without scripts; the HTML of a mail shows in a frame that may do nothing.

use super::{Kept, Outbox};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use time::format_description::well_known::Rfc3339;

const POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// A mail's own HTML: pictures and inline styles, no scripts, no forms, an origin of its own.
const MAIL_POLICY: &str = "sandbox allow-popups; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline'; font-src https:; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const STYLE: &str = include_str!("outbox.css");

impl Outbox {
    pub(in crate::notifications) fn configure(&self, routes: &mut web::ServiceConfig) {
        routes.service(
            web::scope("/outbox")
                .app_data(web::Data::new(self.clone()))
                .route(
                    "",
                    web::get().to(async || HttpResponse::SeeOther().insert_header(("Location", "/outbox/")).finish()),
                )
                .route("/", web::get().to(list))
                .route(
                    "/outbox.css",
                    web::get().to(async || HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)),
                )
                .route("/messages.json", web::get().to(messages))
                .route("/{id}/", web::get().to(show))
                .route("/{id}/html", web::get().to(html)),
        );
    }
}

async fn list(outbox: web::Data<Outbox>) -> HttpResponse {
    let messages = outbox.all();
    let mut main = String::from(
        "<h1>Outbox</h1><p>Mail and text messages of this demonstration. Nothing leaves this machine.</p>",
    );
    if messages.is_empty() {
        main.push_str("<p class=\"empty\">Nothing was sent yet. Change the status of a service request, and its resident gets a mail.</p>");
    } else {
        main.push_str("<table><thead><tr><th>Sent</th><th>To</th><th>Subject or text</th></tr></thead><tbody>");
        for message in &messages {
            let kind = if message.channel == "sms" { "<span class=\"kind\">text message</span> " } else { "" };
            let title = if message.subject.is_empty() { shortened(&message.text) } else { message.subject.clone() };
            main.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td>{kind}<a href=\"/outbox/{}/\">{}</a></td></tr>",
                time_of(message),
                escape(&message.to),
                message.id,
                escape(&title)
            ));
        }
        main.push_str("</tbody></table>");
    }
    page("Outbox", &main)
}

async fn show(outbox: web::Data<Outbox>, id: web::Path<u64>) -> HttpResponse {
    let Some(message) = outbox.find(*id) else {
        return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("no such message\n");
    };
    let title = if message.subject.is_empty() { "Text message".to_owned() } else { message.subject.clone() };
    let mut main = format!(
        "<p><a href=\"/outbox/\">All messages</a></p><h1>{}</h1><dl><dt>To</dt><dd>{}</dd><dt>Sent</dt><dd>{}</dd></dl>",
        escape(&title),
        escape(&message.to),
        time_of(&message)
    );
    if message.html.is_some() {
        main.push_str(&format!(
            "<h2>HTML</h2><iframe sandbox=\"allow-popups\" title=\"The mail as HTML\" src=\"/outbox/{}/html\"></iframe>",
            message.id
        ));
    }
    main.push_str(&format!("<h2>Text</h2><pre>{}</pre>", escape(&message.text)));
    let links = links(&message);
    if !links.is_empty() {
        main.push_str("<h2>Links</h2><ul>");
        for link in links {
            main.push_str(&format!("<li><a rel=\"noreferrer\" href=\"{0}\">{0}</a></li>", escape(&link)));
        }
        main.push_str("</ul>");
    }
    if !message.headers.is_empty() {
        main.push_str(&format!("<details><summary>Headers</summary><pre>{}</pre></details>", escape(&message.headers)));
    }
    page(&title, &main)
}

async fn html(outbox: web::Data<Outbox>, id: web::Path<u64>) -> HttpResponse {
    match outbox.find(*id).and_then(|message| message.html) {
        Some(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_SECURITY_POLICY, MAIL_POLICY))
            .body(format!("<!doctype html><meta charset=\"utf-8\"><base target=\"_blank\">{html}")),
        None => HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("no HTML\n"),
    }
}

/// For tests and scripts.
async fn messages(outbox: web::Data<Outbox>) -> HttpResponse {
    let document = |message: &Kept| {
        serde_json::json!({
            "id": message.id, "channel": message.channel, "to": message.to, "subject": message.subject,
            "text": message.text, "html": message.html, "headers": message.headers, "links": links(message),
        })
    };
    let documents: Vec<_> = outbox.all().iter().map(document).collect();
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(documents)
}

fn page(title: &str, main: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><link rel=\"stylesheet\" href=\"/outbox/outbox.css\"></head><body><main>{main}</main></body></html>",
        escape(title)
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

fn time_of(message: &Kept) -> String {
    let at = message.at.replace_nanosecond(0).unwrap_or(message.at);
    escape(&at.format(&Rfc3339).unwrap_or_default().replace('T', " ").replace('Z', " UTC"))
}

/// Web addresses of text and HTML, each once.
fn links(message: &Kept) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for text in [Some(message.text.as_str()), message.html.as_deref()].into_iter().flatten() {
        for (at, _) in text.match_indices("http") {
            let rest = &text[at..];
            if !(rest.starts_with("http://") || rest.starts_with("https://")) {
                continue;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "\"'<>)".contains(c)).unwrap_or(rest.len());
            let link = rest[..end].trim_end_matches(['.', ',']).replace("&amp;", "&").replace("&#43;", "+");
            if !links.contains(&link) {
                links.push(link);
            }
        }
    }
    links
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.char_indices().nth(80).map_or_else(|| line.to_owned(), |(end, _)| format!("{}…", &line[..end]))
}

fn escape(text: &str) -> String {
    gotmpl::html_escape(text)
}
