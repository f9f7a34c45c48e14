//! The provider's HTML: complete without scripts, for keyboard, screen reader and both themes. Every value is escaped.

use super::people::Person;
use super::sessions::Session;
use time::OffsetDateTime;
use uuid::Uuid;

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
    /// The name that shows.
    pub(super) fn name(&self) -> &str {
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
    /// Whether a forgotten password can be replaced by letter.
    pub(super) can_be_forgotten: bool,
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
    if shown.can_be_forgotten {
        let path = escape(&format!("{}/login-actions/forgotten-password", shown.realm_path));
        main += &format!("<p><a href=\"{path}\">Forgot your password?</a></p>\n");
    }
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
    pub(super) person: &'p Person,
    pub(super) devices: &'p [Session],
    /// The device that looks.
    pub(super) here: Uuid,
    pub(super) problem: Option<&'p str>,
    pub(super) back: &'p str,
}

/// Two fields for a new password.
const NEW_PASSWORD: &str = "<label for=\"new\">New password</label>\n\
     <input id=\"new\" name=\"new_password\" type=\"password\" autocomplete=\"new-password\" required minlength=\"12\" \
     maxlength=\"256\" aria-describedby=\"rule\">\n<p id=\"rule\" class=\"hint\">At least 12 characters.</p>\n\
     <label for=\"again\">New password again</label>\n\
     <input id=\"again\" name=\"new_password_again\" type=\"password\" autocomplete=\"new-password\" required maxlength=\"256\">\n";

fn present_password(id: &str) -> String {
    format!(
        "<label for=\"{id}\">Present password</label>\n<input id=\"{id}\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required maxlength=\"256\">\n"
    )
}

fn form_start(path: &str, form: &str) -> String {
    let (path, form) = (escape(path), escape(form));
    format!("<form method=\"post\" action=\"{path}\">\n<input type=\"hidden\" name=\"form\" value=\"{form}\">\n")
}

pub(super) fn account(appearance: &Appearance, shown: &Account<'_>) -> String {
    let person = shown.person;
    let mut main = String::from("<h1>Your account</h1>\n");
    if let Some(problem) = shown.problem {
        main += &problem_box(problem);
    }
    let roles = if person.roles.is_empty() { "none".to_owned() } else { person.roles.join(", ") };
    main += "<dl>\n";
    for (term, value) in [
        ("Name", person.full_name().as_str()),
        ("Username", &person.username),
        ("E-mail address", person.email.as_deref().unwrap_or("none")),
        ("Roles", &roles),
        ("Signed in on", if shown.devices.len() <= 1 { "this device only" } else { "several devices" }),
    ] {
        main += &format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(value));
    }
    main += "</dl>\n";
    let path = format!("{}/account", shown.realm_path);
    let start = |action: &str| form_start(&format!("{path}/{action}"), shown.form);
    main += &format!(
        "<h2>Change your password</h2>\n{}\
         <input type=\"hidden\" name=\"username\" value=\"{}\" autocomplete=\"username\">\n{}{NEW_PASSWORD}\
         <button type=\"submit\">Change password</button>\n</form>\n",
        start("password"),
        escape(&person.username),
        present_password("password"),
    );
    main += "<h2>Second factor</h2>\n";
    if person.has_second_factor {
        main += &format!(
            "<p>Signing in asks for a code of your authenticator app. Recovery codes left: {}.</p>\n{}{}\
             <button type=\"submit\" class=\"plain\">Remove the second factor</button>\n</form>\n",
            person.recovery_codes_left,
            start("second-factor/remove"),
            present_password("remove"),
        );
    } else {
        main += &format!(
            "<p>With an authenticator app, a password that somebody else has learnt is not enough to sign in.</p>\n\
             <p><a href=\"{}\">Set up a second factor</a></p>\n",
            escape(&format!("{path}/second-factor"))
        );
    }
    main += "<h2>Devices</h2>\n<ul class=\"devices\">\n";
    for device in shown.devices {
        let name = if device.sid == shown.here { "This device" } else { "Another device" };
        let browser = if device.browser.is_empty() { "unknown program" } else { &device.browser };
        main += &format!(
            "<li><strong>{name}</strong>, signed in {}, last used {}<br><span class=\"hint\">{}, {}</span>\n{}\
             <input type=\"hidden\" name=\"device\" value=\"{}\">\n\
             <button type=\"submit\" class=\"plain\" aria-label=\"Sign out: {name}, signed in {}\">Sign out</button>\n</form></li>\n",
            moment(device.signed_in_at),
            moment(device.last_used_at),
            escape(&device.address),
            escape(browser),
            start("sign-out"),
            device.sid,
            moment(device.signed_in_at),
        );
    }
    main += &format!(
        "</ul>\n{}<button type=\"submit\" class=\"plain\">Sign out on all devices</button>\n</form>\n\
         <p><a href=\"{}\">Back to the application</a></p>\n",
        start("sign-out-everywhere"),
        escape(shown.back),
    );
    let title = if shown.problem.is_some() { "Error: Your account" } else { "Your account" };
    layout(appearance, shown.realm_path, title, &main)
}

/// A moment for people, without seconds.
fn moment(at: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// The question for the second factor at sign-in.
pub(super) fn second_factor(appearance: &Appearance, realm_path: &str, form: &str, problem: Option<&str>) -> String {
    let (box_, link) = match problem {
        Some(problem) => (problem_box(problem), " aria-invalid=\"true\" aria-describedby=\"problem\""),
        None => (String::new(), ""),
    };
    let main = format!(
        "<h1>Enter the code</h1>\n{box_}{}<label for=\"code\">Code of your authenticator app, or a recovery code</label>\n\
         <input id=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" inputmode=\"text\" autocapitalize=\"none\" \
         spellcheck=\"false\" required maxlength=\"40\" autofocus{link}>\n<button type=\"submit\">Sign in</button>\n</form>\n\
         <p><a href=\"/\">Back without signing in</a></p>\n",
        form_start(&format!("{realm_path}/login-actions/second-factor"), form),
    );
    layout(appearance, realm_path, if problem.is_some() { "Error: Enter the code" } else { "Enter the code" }, &main)
}

/// What the page that sets up a second factor shows.
pub(super) struct SecondFactorSetup<'p> {
    pub(super) realm_path: &'p str,
    pub(super) form: &'p str,
    /// SVG of ours, without anything from outside.
    pub(super) picture: Option<&'p str>,
    pub(super) secret: &'p str,
    pub(super) username: &'p str,
    pub(super) problem: Option<&'p str>,
}

pub(super) fn second_factor_setup(appearance: &Appearance, shown: &SecondFactorSetup<'_>) -> String {
    let mut main = String::from("<h1>Set up a second factor</h1>\n");
    if let Some(problem) = shown.problem {
        main += &problem_box(problem);
    }
    main += "<ol>\n<li>Scan the picture with an authenticator app, or type the key into it.</li>\n\
             <li>Enter the code that the app shows.</li>\n</ol>\n";
    if let Some(picture) = shown.picture.and_then(|picture| picture.find("<svg").map(|at| &picture[at..])) {
        main += &format!(
            "<div class=\"picture\" role=\"img\" aria-label=\"QR code for the authenticator app; the key below says the same\">{picture}</div>\n"
        );
    }
    let groups: Vec<&str> =
        shown.secret.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    main += &format!(
        "<p>Key: <code>{}</code></p>\n{}\
         <input type=\"hidden\" name=\"username\" value=\"{}\" autocomplete=\"username\">\n\
         <label for=\"code\">Code</label>\n\
         <input id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"10\">\n{}\
         <button type=\"submit\">Switch on</button>\n</form>\n<p><a href=\"{}\">Back to your account</a></p>\n",
        groups.join(" "),
        form_start(&format!("{}/account/second-factor", shown.realm_path), shown.form),
        escape(shown.username),
        present_password("password"),
        escape(&format!("{}/account", shown.realm_path)),
    );
    let title = if shown.problem.is_some() { "Error: Set up a second factor" } else { "Set up a second factor" };
    layout(appearance, shown.realm_path, title, &main)
}

/// Recovery codes, shown once.
pub(super) fn recovery_codes(appearance: &Appearance, realm_path: &str, codes: &[String]) -> String {
    let list: String = codes.iter().map(|code| format!("<li><code>{}</code></li>\n", escape(code))).collect();
    let main = format!(
        "<h1>The second factor is on</h1>\n<p>Keep these recovery codes where you find them without your telephone. \
         Each works once in place of a code. They are not shown again.</p>\n<ul>\n{list}</ul>\n\
         <p><a href=\"{}\">Back to your account</a></p>\n",
        escape(&format!("{realm_path}/account"))
    );
    layout(appearance, realm_path, "The second factor is on", &main)
}

/// The page behind a link of an invitation or a reset.
pub(super) fn choose_password(
    appearance: &Appearance,
    realm_path: &str,
    form: &str,
    username: &str,
    problem: Option<&str>,
) -> String {
    let main = format!(
        "<h1>Choose a password</h1>\n{}<p>For the account <strong>{username}</strong>.</p>\n{}\
         <input type=\"hidden\" name=\"username\" value=\"{username}\" autocomplete=\"username\">\n{NEW_PASSWORD}\
         <button type=\"submit\">Set password</button>\n</form>\n",
        problem.map(problem_box).unwrap_or_default(),
        form_start(&format!("{realm_path}/login-actions/set-password"), form),
        username = escape(username),
    );
    layout(
        appearance,
        realm_path,
        if problem.is_some() { "Error: Choose a password" } else { "Choose a password" },
        &main,
    )
}

/// "Forgot your password?"
pub(super) fn forgotten(appearance: &Appearance, realm_path: &str, form: &str) -> String {
    let main = format!(
        "<h1>Forgot your password?</h1>\n<p>A letter with a link to choose another one goes to the e-mail address of the account.</p>\n{}\
         <label for=\"username\">Username or e-mail address</label>\n\
         <input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" \
         required maxlength=\"200\" autofocus>\n<button type=\"submit\">Send the letter</button>\n</form>\n\
         <p><a href=\"/\">Back to the application</a></p>\n",
        form_start(&format!("{realm_path}/login-actions/forgotten-password"), form),
    );
    layout(appearance, realm_path, "Forgot your password?", &main)
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
                can_be_forgotten: true,
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
