//! Where tokens keep roles and the person's data, through the real process and its SQL functions (D-18); and what
//! `doctor --token` says about a token that somebody was refused with.

use crate::support::{TestApp, TestDatabase, binary, tokens};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

const ANN: &str = "00000000-0000-4000-8000-0000000000a1";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("clock").as_secs()
}

async fn view(app: &TestApp, claims: &Value) -> Value {
    let token = tokens::sign(claims);
    let answer =
        app.get("/auth/whoami").header("Authorization", format!("Bearer {token}")).send().await.expect("answer");
    answer.json().await.expect("JSON")
}

async fn call(app: &TestApp, function: &str, claims: &Value) -> Value {
    let token = tokens::sign(claims);
    let request = app.request(reqwest::Method::POST, &format!("/api/rpc/{function}"));
    let request = request.header("Authorization", format!("Bearer {token}")).header("Content-Type", "application/json");
    request.body("{}").send().await.expect("answer").json().await.expect("JSON")
}

#[tokio::test]
async fn roles_are_read_in_the_usual_places_of_the_configured_client() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.auth.client_id = "town.web".into()).await;
    let claims = |more: Value| {
        let mut claims = json!({"sub": ANN, "exp": now() + 60});
        claims.as_object_mut().expect("object").extend(more.as_object().cloned().expect("object"));
        claims
    };
    for (more, roles) in [
        (
            json!({"realm_access": {"roles": ["a"]}, "resource_access": {"town.web": {"roles": ["b"]}}, "roles": ["c"]}),
            json!(["a"]),
        ),
        (json!({"resource_access": {"town.web": {"roles": ["b"]}}, "roles": ["c"]}), json!(["b"])),
        (json!({"resource_access": {"myclient": {"roles": ["admin"]}}, "roles": ["c"]}), json!(["c"])),
        (json!({"resource_access": {"other": {"roles": ["admin"]}}}), json!([])),
    ] {
        let claims = claims(more);
        assert_eq!(call(&app, "get_user_roles", &claims).await, roles, "{claims}");
        assert_eq!(view(&app, &claims).await["database"]["roles"], roles, "{claims}");
    }
}

#[tokio::test]
async fn configured_places_are_the_only_ones() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| {
        config.auth.role_claim_paths = vec!["memberships.list".into(), "groups".into()];
        config.auth.user_id_claim_path = Some("oid".into());
        config.auth.name_claim_path = Some("profile.full".into());
        config.auth.email_claim_path = Some("upn".into());
        config.auth.phone_claim_path = Some("mobile".into());
    })
    .await;
    let claims = json!({"sub": "not-a-uuid", "oid": ANN, "exp": now() + 60, "profile": {"full": "Ann Example"}, "upn": "ann@town.example",
        "mobile": "555", "groups": ["user", "admin"], "realm_access": {"roles": ["nothing"]}});
    assert_eq!(call(&app, "get_user_roles", &claims).await, json!(["user", "admin"]));
    assert_eq!(call(&app, "is_admin", &claims).await, true);
    assert_eq!(call(&app, "current_user_id", &claims).await, ANN);
    assert_eq!(call(&app, "current_user_email", &claims).await, "ann@town.example");
    assert_eq!(call(&app, "current_user_phone", &claims).await, "555");
    assert_eq!(call(&app, "refresh_current_user", &claims).await["display_name"], "Ann E.");
    // Without the configured id nobody is signed in, whatever else the token has.
    let stranger = json!({"sub": ANN, "exp": now() + 60, "groups": ["admin"]});
    let view = view(&app, &stranger).await;
    assert_eq!(
        (&view["database"]["role"], &view["database"]["is_admin"]),
        (&json!("web_anon"), &json!(false)),
        "{view}"
    );
}

fn doctor(token: &str, more: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("folder");
    let mut command = binary();
    command
        .args(["doctor", "--role", "api", "--token", "-"])
        .env("CIVIC_OS_DATABASE__URL", "postgres://authenticator:x@127.0.0.1:1/none")
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in more {
        command.env(name, value);
    }
    let mut child = command.spawn().expect("run");
    let _ = child.stdin.take().expect("stdin").write_all(token.as_bytes());
    let output = child.wait_with_output().expect("output");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn doctor_says_what_is_wrong_with_a_token() {
    let good = json!({"sub": ANN, "aud": "account", "exp": now() + 60, "realm_access": {"roles": ["user"]}});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        tokens::sign(&claims)
    };
    let good_token = tokens::sign(&good);
    for (token, says) in [
        (good_token.clone(), vec!["is accepted", ANN, "has roles at realm_access.roles: user"]),
        (format!("Authorization: Bearer {good_token}\n"), vec!["is accepted"]),
        (with("exp", (now() - 3600).into()), vec!["is refused", "JWT expired", "clocks"]),
        (with("aud", "other".into()), vec!["JWT not in audience", "auth.audience"]),
        (with("typ", "ID".into()), vec!["is refused"]),
        (
            with("realm_access", json!({})),
            vec!["has roles at none of realm_access.roles, resource_access.civic-os.roles, roles"],
        ),
        (with("sub", Value::Null), vec!["has no sub"]),
        (format!("{}AAAA", &good_token[..good_token.len() - 4]), vec!["No suitable key", "was changed"]),
        ("not a token".to_owned(), vec!["is no JSON Web Token"]),
    ] {
        let answer = doctor(&token, &[]);
        for text in says {
            assert!(answer.contains(text), "{text} in\n{answer}");
        }
        let signature = token.rsplit('.').next().unwrap_or_default().trim();
        assert!(signature.len() < 20 || !answer.contains(signature), "the token is repeated:\n{answer}");
    }
    let other = doctor(&good_token, &[("CIVIC_OS_AUTH__JWT_SECRET", "another-secret-of-more-than-thirty-two-bytes")]);
    assert!(other.contains("No suitable key"), "{other}");
}
