//! The provider's HTML: complete without scripts, for keyboard, screen reader and both themes. Every value is escaped.

/// Name and colours of the organisation, as they show on the pages.
#[derive(Clone, Debug, Default)]
pub struct Appearance {
    /// Name of the organisation or application.
    pub name: Option<String>,
    /// `#RRGGBB` of buttons.
    pub color: Option<String>,
    /// The same for the dark theme; default: `color`.
    pub color_dark: Option<String>,
}

impl Appearance {
    fn name(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("Civic OS")
    }

    /// The style sheet with the organisation's colours.
    pub(super) fn style_sheet(&self) -> String {
        const DEFAULT: (u8, u8, u8) = (0x18, 0x57, 0xb0);
        let light = self.color.as_deref().and_then(parse_color).unwrap_or(DEFAULT);
        let dark = self.color_dark.as_deref().and_then(parse_color).unwrap_or(light);
        let rule = |(r, g, b): (u8, u8, u8)| {
            let text = if luminance((r, g, b)) > 0.179 { "#000" } else { "#fff" };
            format!("--brand:#{r:02x}{g:02x}{b:02x};--on-brand:{text}")
        };
        format!(
            ":root{{{}}}\n@media (prefers-color-scheme: dark){{:root{{{}}}}}\n{}",
            rule(light),
            rule(dark),
            include_str!("pages/pages.css")
        )
    }
}

fn parse_color(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}

/// Relative luminance of WCAG 2.
fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// Text as HTML content or attribute value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn layout(appearance: &Appearance, realm_path: &str, title: &str, main: &str) -> String {
    let name = escape(appearance.name());
    let (title, css) = (escape(title), escape(&format!("{realm_path}/resources/pages.css")));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} – {name}</title>\n\
         <link rel=\"stylesheet\" href=\"{css}\">\n</head>\n<body>\n<main>\n<p class=\"name\">{name}</p>\n{main}</main>\n\
         </body>\n</html>\n"
    )
}

/// What the sign-in page shows.
pub(super) struct SignIn<'p> {
    pub(super) realm_path: &'p str,
    pub(super) form: &'p str,
    pub(super) username: &'p str,
    pub(super) problem: Option<&'p str>,
    pub(super) accounts: &'p [(String, String)],
    pub(super) back: &'p str,
}

pub(super) fn sign_in(appearance: &Appearance, shown: &SignIn<'_>) -> String {
    let mut main = String::from("<h1>Sign in</h1>\n");
    let mut link = "";
    if let Some(problem) = shown.problem {
        main += &problem_box(problem);
        link = " aria-invalid=\"true\" aria-describedby=\"problem\"";
    }
    // Focus goes where typing continues.
    let (focus_name, focus_password) = if shown.username.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    main += &format!(
        "<form method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"form\" value=\"{form}\">\n\
         <label for=\"username\">Username or e-mail address</label>\n\
         <input id=\"username\" name=\"username\" type=\"text\" value=\"{username}\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" required maxlength=\"200\"{link}{focus_name}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required \
         maxlength=\"256\"{link}{focus_password}>\n\
         <button type=\"submit\">Sign in</button>\n</form>\n",
        action = escape(&format!("{}/login-actions/authenticate", shown.realm_path)),
        form = escape(shown.form),
        username = escape(shown.username),
    );
    if !shown.accounts.is_empty() {
        main += "<section aria-labelledby=\"accounts\">\n<h2 id=\"accounts\">Accounts of this demonstration</h2>\n\
                 <table>\n<thead><tr><th scope=\"col\">Username</th><th scope=\"col\">Password</th></tr></thead>\n<tbody>\n";
        for (username, password) in shown.accounts {
            main += &format!(
                "<tr><td><code>{}</code></td><td><code>{}</code></td></tr>\n",
                escape(username),
                escape(password)
            );
        }
        main += "</tbody>\n</table>\n</section>\n";
    }
    main += &format!("<p><a href=\"{}\">Back without signing in</a></p>\n", escape(shown.back));
    let title = if shown.problem.is_some() { "Error: Sign in" } else { "Sign in" };
    layout(appearance, shown.realm_path, title, &main)
}

fn problem_box(problem: &str) -> String {
    format!("<p id=\"problem\" class=\"problem\" role=\"alert\">{}</p>\n", escape(problem))
}

/// A page that says one thing.
pub(super) fn message(appearance: &Appearance, realm_path: &str, title: &str, text: &str) -> String {
    let main =
        format!("<h1>{}</h1>\n<p>{}</p>\n<p><a href=\"/\">To the application</a></p>\n", escape(title), escape(text));
    layout(appearance, realm_path, title, &main)
}

/// The question before signing out.
pub(super) fn sign_out(appearance: &Appearance, realm_path: &str, form: &str) -> String {
    let main = format!(
        "<h1>Sign out?</h1>\n<form method=\"post\" action=\"{}\">\n\
         <input type=\"hidden\" name=\"form\" value=\"{}\">\n<button type=\"submit\" autofocus>Sign out</button>\n</form>\n\
         <p><a href=\"/\">Stay signed in</a></p>\n",
        escape(&format!("{realm_path}/protocol/openid-connect/logout")),
        escape(form)
    );
    layout(appearance, realm_path, "Sign out", &main)
}

/// What the account page shows.
pub(super) struct Account<'p> {
    pub(super) realm_path: &'p str,
    pub(super) form: &'p str,
    pub(super) name: &'p str,
    pub(super) username: &'p str,
    pub(super) email: &'p str,
    pub(super) roles: &'p [String],
    pub(super) sessions: usize,
    pub(super) problem: Option<&'p str>,
    pub(super) back: &'p str,
}

pub(super) fn account(appearance: &Appearance, shown: &Account<'_>) -> String {
    let mut main = String::from("<h1>Your account</h1>\n");
    if let Some(problem) = shown.problem {
        main += &problem_box(problem);
    }
    let roles = if shown.roles.is_empty() { "none".to_owned() } else { shown.roles.join(", ") };
    main += "<dl>\n";
    for (term, value) in [
        ("Name", shown.name),
        ("Username", shown.username),
        ("E-mail address", if shown.email.is_empty() { "none" } else { shown.email }),
        ("Roles", &roles),
        ("Signed in on", if shown.sessions == 1 { "this device only" } else { "several devices" }),
    ] {
        main += &format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(value));
    }
    main += "</dl>\n";
    let form = escape(shown.form);
    let path = escape(&format!("{}/account", shown.realm_path));
    main += &format!(
        "<h2>Change your password</h2>\n<form method=\"post\" action=\"{path}/password\">\n\
         <input type=\"hidden\" name=\"form\" value=\"{form}\">\n\
         <input type=\"hidden\" name=\"username\" value=\"{username}\" autocomplete=\"username\">\n\
         <label for=\"password\">Present password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"256\">\n\
         <label for=\"new\">New password</label>\n\
         <input id=\"new\" name=\"new_password\" type=\"password\" autocomplete=\"new-password\" required minlength=\"12\" \
         maxlength=\"256\" aria-describedby=\"rule\">\n<p id=\"rule\" class=\"hint\">At least 12 characters.</p>\n\
         <label for=\"again\">New password again</label>\n\
         <input id=\"again\" name=\"new_password_again\" type=\"password\" autocomplete=\"new-password\" required maxlength=\"256\">\n\
         <button type=\"submit\">Change password</button>\n</form>\n\
         <h2>Devices</h2>\n<form method=\"post\" action=\"{path}/sign-out-everywhere\">\n\
         <input type=\"hidden\" name=\"form\" value=\"{form}\">\n<button type=\"submit\" class=\"plain\">Sign out on all devices</button>\n\
         </form>\n<p><a href=\"{back}\">Back to the application</a></p>\n",
        username = escape(shown.username),
        back = escape(shown.back),
    );
    let title = if shown.problem.is_some() { "Error: Your account" } else { "Your account" };
    layout(appearance, shown.realm_path, title, &main)
}

/// A page for an invisible frame.
pub(super) fn frame(title: &str, script: &str, origins: &[String]) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\" data-origins=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
         <script src=\"{}\"></script>\n</head>\n<body></body>\n</html>\n",
        escape(&origins.join(" ")),
        escape(title),
        escape(script)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_place() {
        let html = sign_in(
            &Appearance { name: Some("<b>Town</b>".into()), ..Appearance::default() },
            &SignIn {
                realm_path: "/realms/x",
                form: "f",
                username: "\"><script>alert(1)</script>",
                problem: Some("<i>no</i>"),
                accounts: &[("<a>".into(), "&".into())],
                back: "javascript:'\"",
            },
        );
        for forbidden in ["<script", "<b>", "<i>", "<a>", "javascript:'"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
    }

    #[test]
    fn text_on_any_brand_colour_is_readable() {
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        for color in ["#000000", "#ffffff", "#ffd100", "#1857b0", "#7f7f7f", "#767676", "#ff0000"] {
            let css = Appearance { color: Some(color.into()), ..Appearance::default() }.style_sheet();
            let text = if css.starts_with(&format!(":root{{--brand:{color};--on-brand:#000")) { 0.0 } else { 1.0 };
            let fill = luminance(parse_color(color).expect(color));
            assert!(contrast(text, fill) >= 4.5, "{color}");
        }
        assert_eq!(parse_color("#12345"), None);
        assert_eq!(parse_color("red"), None);
        assert_eq!(parse_color("#é1234"), None);
    }
}
