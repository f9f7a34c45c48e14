//! People of the embedded provider: the command line, the second factor, letters, devices.

use super::provider::{Browser, PASSWORD, TestProvider, client};
use crate::support::{TestDatabase, binary};
use async_trait::async_trait;
use civic_os::identity::LetterSender;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

fn users(database: &TestDatabase, arguments: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().expect("folder");
    let mut child = binary()
        .arg("users")
        .args(arguments)
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_IDENTITY__ENABLED", "true")
        .env("CIVIC_OS_WEB__PUBLIC_URL", "https://town.example")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run");
    // A verb that does not read closes its end, which is no failure of ours.
    let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
    child.wait_with_output().expect("output")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[actix_web::test]
async fn the_first_administrator_comes_from_the_command_line_and_signs_in() {
    let database = Arc::new(TestDatabase::create().await);
    let password = "the first password";
    let made =
        users(&database, &["create-admin", "ann", "--email", "ann@town.example", "--json"], &format!("{password}\n"));
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let document: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(document["user"]["roles"], json!(["user", "editor", "admin"]));
    assert!(!text(&made.stdout).contains(password) && !text(&made.stderr).contains(password));
    for (arguments, input, code, says) in [
        (&["create-admin", "ann"][..], "another password", 2, "taken"),
        (&["create-admin", "bob"], "short\n", 1, "12 characters"),
        (&["create-admin", "bob"], "", 2, "password"),
        (&["create-admin", "bob", "--password", "x"], "", 1, "--password"),
        (&["invite", "--email", "bob@town.example", "--role", "king"], "", 1, "there is no role \"king\""),
        (&["disable", "ann"], "", 2, "only administrator"),
        (&["disable", "nobody"], "", 2, "no such person"),
    ] {
        let answer = users(&database, arguments, input);
        let said = text(&answer.stdout) + &text(&answer.stderr);
        assert_eq!(answer.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }

    let random = users(&database, &["create-admin", "zoe", "--random-password", "--json"], "");
    let random: Value = serde_json::from_slice(&random.stdout).expect("JSON");
    let invited = users(&database, &["invite", "--email", "bob@town.example", "--role", "user", "--json"], "");
    let invited: Value = serde_json::from_slice(&invited.stdout).expect("JSON");
    let link = invited["link"].as_str().expect("a link, for there is no mail");
    assert!(link.starts_with("https://town.example/realms/civic-os/login-actions/set-password?token="), "{link}");

    let provider = TestProvider::start_on(Arc::clone(&database), |options| options.people.clear()).await;
    for (name, password) in
        [("ann", password), ("ANN@town.example", password), ("zoe", random["password"].as_str().expect("shown once"))]
    {
        let mut browser = Browser::default();
        let page = browser.get(&provider.authorize(&[])).await;
        assert_eq!(browser.send_form(&provider, &page, name, password).await.status, 302, "{name}");
    }
    assert_eq!(users(&database, &["disable", "zoe"], "").status.code(), Some(0));
    let listed = text(&users(&database, &["list"], "").stdout);
    for words in ["ann@town.example", "user, editor, admin", "invited", "disabled", "never"] {
        assert!(listed.contains(words), "{words} in\n{listed}");
    }
    assert_eq!(users(&database, &["enable", "zoe"], "").status.code(), Some(0));
    assert!(text(&users(&database, &["roles", "zoe", "user"], "").stdout).contains("zoe has user."));
    assert_eq!(users(&database, &["reset-password", "ann", "--set"], "another good password\n").status.code(), Some(0));
    let mut browser = Browser::default();
    let page = browser.get(&provider.authorize(&[])).await;
    assert_eq!(browser.send_form(&provider, &page, "ann", password).await.status, 401);
    assert_eq!(browser.send_form(&provider, &page, "ann", "another good password").await.status, 302);
    assert_eq!(users(&database, &["rotate-keys"], "").status.code(), Some(0));
}

#[actix_web::test]
async fn without_the_embedded_provider_the_command_says_so() {
    let answer = binary()
        .args(["users", "list"])
        .env("CIVIC_OS_DATABASE__URL", "postgres://authenticator:x@127.0.0.1:1/x")
        .env("CIVIC_OS_AUTH__ISSUER", "https://auth.example.org/realms/town")
        .output()
        .expect("run");
    assert_eq!(answer.status.code(), Some(2));
    assert!(text(&answer.stderr).contains("identity.enabled"), "{}", text(&answer.stderr));
}

/// The code of an authenticator app, computed by itself.
fn code(secret: &str, steps_from_now: i64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret
        .bytes()
        .map(|letter| format!("{:05b}", ALPHABET.iter().position(|known| *known == letter).expect("base32")))
        .collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("clock").as_secs();
    let step = (now / 30).saturating_add_signed(steps_from_now);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[actix_web::test]
async fn a_second_factor_is_set_up_asked_for_and_lost() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let setup = provider.url("/account/second-factor");
    let page = browser.get(&setup).await;
    assert!(page.body.contains("<svg"), "{}", page.body);
    let (_, rest) = page.body.split_once("Key: <code>").expect("key");
    let secret = rest.split('<').next().expect("key").replace(' ', "");
    assert_eq!(secret.len(), 32);
    let form = page.form();
    for (password, code, status) in [("wrong", code(&secret, 0), 401), (PASSWORD, "000000".into(), 400)] {
        let answer = browser.post(&setup, &[("form", &form), ("password", password), ("code", &code)]).await;
        assert_eq!(answer.status, status, "{password}");
        assert!(answer.body.contains(&secret[..4]), "the same key stays on the page");
    }
    // The code of the step before is still accepted; the one of now stays for the sign-in below.
    let answer = browser.post(&setup, &[("form", &form), ("password", PASSWORD), ("code", &code(&secret, -1))]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let recovery: Vec<String> = answer
        .body
        .match_indices("<li><code>")
        .filter_map(|(at, tag)| answer.body[at + tag.len()..].split('<').next().map(str::to_owned))
        .collect();
    assert_eq!(recovery.len(), 8);

    let second = provider.url("/login-actions/second-factor");
    let enter = async |browser: &mut Browser| {
        let page = browser.get(&provider.authorize(&[])).await;
        let asked = browser.send_form(&provider, &page, "resident", PASSWORD).await;
        assert!(asked.status == 200 && asked.body.contains("Enter the code"), "{}", asked.body);
        assert!(!browser.cookies.contains_key("CIVIC_OS_SESSION"), "not signed in yet");
        asked.form()
    };
    let mut other = Browser::default();
    let form = enter(&mut other).await;
    assert_eq!(other.post(&second, &[("form", &form), ("code", "123")]).await.status, 401);
    let replayed = other.post(&second, &[("form", &form), ("code", &code(&secret, -1))]).await;
    assert_eq!(replayed.status, 401, "a code works once");
    let stranger = Browser::default().post(&second, &[("form", &form), ("code", &code(&secret, 0))]).await;
    assert_eq!((stranger.status, stranger.location.as_str()), (400, ""), "the form belongs to one browser");
    let answer = other.post(&second, &[("form", &form), ("code", &code(&secret, 1))]).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert_eq!(provider.exchange(&answer.parameter("code")).await.0, 200);

    let mut lost = Browser::default();
    let form = enter(&mut lost).await;
    let typed = recovery[0].to_uppercase().replace('-', " ");
    assert_eq!(lost.post(&second, &[("form", &form), ("code", &typed)]).await.status, 302);
    let form = enter(&mut Browser::default()).await;
    let again = lost.post(&second, &[("form", &form), ("code", &recovery[0])]).await;
    assert_ne!(again.status, 302, "a recovery code works once");
    let account = lost.get(&provider.url("/account")).await;
    assert!(account.body.contains("Recovery codes left: 7"), "{}", account.body);
    let remove = provider.url("/account/second-factor/remove");
    assert_eq!(lost.post(&remove, &[("form", &account.form()), ("password", "wrong")]).await.status, 401);
    assert_eq!(lost.post(&remove, &[("form", &account.form()), ("password", PASSWORD)]).await.status, 303);
    provider.sign_in(&mut Browser::default(), "resident").await;
}

#[actix_web::test]
async fn guessing_codes_is_braked() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let setup = provider.url("/account/second-factor");
    let page = browser.get(&setup).await;
    let secret =
        page.body.split_once("Key: <code>").and_then(|(_, rest)| rest.split('<').next()).expect("key").replace(' ', "");
    browser.post(&setup, &[("form", &page.form()), ("password", PASSWORD), ("code", &code(&secret, 0))]).await;
    let mut thief = Browser::default();
    let page = thief.get(&provider.authorize(&[])).await;
    let form = thief.send_form(&provider, &page, "resident", PASSWORD).await.form();
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let guess = format!("{guess:06}");
        let answer =
            thief.post(&provider.url("/login-actions/second-factor"), &[("form", &form), ("code", &guess)]).await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..6], [401; 6], "{statuses:?}");
    assert_eq!(statuses[6..], [429; 2], "{statuses:?}");
    // Signing in with the password again does not start the count anew.
    let page = thief.get(&provider.authorize(&[])).await;
    let form = thief.send_form(&provider, &page, "resident", PASSWORD).await.form();
    let answer = thief
        .post(&provider.url("/login-actions/second-factor"), &[("form", &form), ("code", &code(&secret, 1))])
        .await;
    assert_eq!(answer.status, 429);
}

/// Keeps letters instead of sending them.
#[derive(Default)]
struct Mailbox(Mutex<Vec<(String, String, String)>>);

#[async_trait]
impl LetterSender for Mailbox {
    async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), String> {
        self.0.lock().expect("mailbox").push((to.into(), subject.into(), text.into()));
        Ok(())
    }
}

#[actix_web::test]
async fn a_forgotten_password_is_replaced_by_letter_and_the_page_tells_nothing() {
    let mailbox = Arc::new(Mailbox::default());
    let sender = Arc::clone(&mailbox);
    let provider = TestProvider::start_with(|options| options.letter_sender = Some(sender)).await;
    let mut thief = Browser::default();
    let tokens = provider.sign_in(&mut thief, "resident").await;
    let mut browser = Browser::default();
    let page = browser.get(&provider.authorize(&[])).await;
    assert!(page.body.contains("Forgot your password?"));
    let address = provider.url("/login-actions/forgotten-password");
    let mut answers = Vec::new();
    for name in ["nobody", "resident"] {
        let page = browser.get(&address).await;
        let answer = browser.post(&address, &[("form", &page.form()), ("username", name)]).await;
        answers.push((answer.status, answer.body));
    }
    assert_eq!(answers[0], answers[1], "nobody learns who has an account");
    let limit = Instant::now() + Duration::from_secs(20);
    while mailbox.0.lock().expect("mailbox").is_empty() && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let letters = mailbox.0.lock().expect("mailbox").clone();
    let [(to, _, text)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(to, "resident@town.example");
    let link = text.lines().find(|line| line.contains("/login-actions/set-password?token=")).expect("link");
    let form = browser.get(link).await.form();
    let new = "remembered this time";
    let fields = [("form", form.as_str()), ("new_password", new), ("new_password_again", new)];
    assert_eq!(browser.post(&provider.url("/login-actions/set-password"), &fields).await.status, 200);
    assert_eq!(provider.refresh(tokens["refresh_token"].as_str().expect("token")).await.0, 400, "a thief is out");
    let page = browser.get(&provider.authorize(&[])).await;
    assert_eq!(browser.send_form(&provider, &page, "resident", new).await.status, 302);
    // Asking for letters again and again is braked like guessing.
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let page = browser.get(&address).await;
        statuses.push(browser.post(&address, &[("form", &page.form()), ("username", "staff")]).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[actix_web::test]
async fn devices_are_shown_and_signed_out_one_by_one() {
    let provider = TestProvider::start().await;
    let mut here = Browser { headers: vec![("User-Agent", "Firefox <b>".into())], ..Browser::default() };
    let mut there = Browser { headers: vec![("User-Agent", "Telephone".into())], ..Browser::default() };
    provider.sign_in(&mut here, "resident").await;
    let elsewhere = provider.sign_in(&mut there, "resident").await;
    let mut stranger = Browser::default();
    provider.sign_in(&mut stranger, "staff").await;
    let account = provider.url("/account");
    let page = here.get(&account).await;
    assert!(page.body.contains("Telephone") && page.body.contains("Firefox &lt;b&gt;"), "{}", page.body);
    let sign_out = provider.url("/account/sign-out");
    let device = elsewhere["session_state"].as_str().expect("sid");
    // Somebody else's device is not theirs to sign out.
    let form = stranger.get(&account).await.form();
    stranger.post(&sign_out, &[("form", &form), ("device", device)]).await;
    assert_eq!(there.get(&account).await.status, 200);
    assert_eq!(here.post(&sign_out, &[("form", &page.form()), ("device", device)]).await.status, 303);
    assert_eq!(there.get(&account).await.status, 401);
    assert_eq!(provider.refresh(elsewhere["refresh_token"].as_str().expect("token")).await.0, 400);
    assert_eq!(here.get(&account).await.status, 200);
}

#[actix_web::test]
async fn while_the_database_is_away_the_provider_says_so_and_comes_back() {
    let provider = TestProvider::start().await;
    let database = Arc::clone(&provider.database);
    let name = database.name().to_owned();
    let admin = client();
    let elsewhere = TestDatabase::empty().await;
    let owner = elsewhere.connect().await;
    let statement = format!("alter database {name} with allow_connections false");
    owner.batch_execute(&statement).await.expect("closed");
    let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    owner.query(&end, &[]).await.expect("ended");
    let mut browser = Browser::default();
    browser.cookies.insert("CIVIC_OS_SESSION".into(), "x".repeat(43));
    let answer = browser.get(&provider.authorize(&[])).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{}", answer.body);
    // Keys are in memory: what only needs them goes on.
    let keys = admin.get(provider.url("/protocol/openid-connect/certs")).send().await.expect("answer");
    assert_eq!(keys.status(), 200);
    owner.batch_execute(&format!("alter database {name} with allow_connections true")).await.expect("opened");
    provider.sign_in(&mut Browser::default(), "resident").await;
}
