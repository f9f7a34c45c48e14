//! A secret never appears: not in what is printed, not in `Debug`, not in errors, wherever it was written.

use super::setting;
use proptest::prelude::*;

/// What every secret begins with: not even a part of one may appear.
const MARK: &str = "QJ7SECRET";

/// Variables that carry secrets, with the form in which they do.
const CARRIERS: &[(&str, &str)] = &[
    ("PGRST_DB_URI", "postgres://authenticator:{}@db/civic"),
    ("DATABASE_URL", "host=db password='{}' dbname=civic"),
    ("POSTGRES_PASSWORD", "{}"),
    ("PGRST_JWT_SECRET", "{}"),
    ("PGRST_APP_SETTINGS_TOKEN", "{}"),
    ("CIVIC_OS_DATABASE__URL", "postgres://u:{}@db/x"),
    ("CIVIC_OS_DATABASE__OWNER_URL", "{}"),
    ("CIVIC_OS_DATABASE__WORKER_URL", "postgres://{}"),
    ("CIVIC_OS_DATABASE__LISTEN_URL", "postgres://a@b@{}"),
    ("CIVIC_OS_DATABASE__READ_URL", "postgres://u:{}@db/x"),
    ("CIVIC_OS_BACKUP__S3_SECRET_ACCESS_KEY", "{}"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key={}"),
    ("CIVIC_OS_API__APP_SETTINGS__X", "{}"),
    ("AWS_ACCESS_KEY_ID", "{}"),
    ("S3_SECRET_ACCESS_KEY", "{}"),
    ("SMTP_PASSWORD", "{}"),
    ("STRIPE_API_KEY", "{}"),
    ("STRIPE_WEBHOOK_SECRET", "{}"),
];

/// Lines of a configuration file that carry secrets, well-formed and not.
const LINES: &[&str] = &[
    "[database]\nurl = \"postgres://u:{}@db/x\"",
    "[database]\nurl = [\"{}\"]",
    "[database]\nurl = { password = \"{}\" }",
    "[database]\nurl = \"postgres://u:{}@db/x",
    "[database]\nurl = {}",
    "[database]\nurl = \"\\q{}\"",
    "[database]\nowner_ur = \"postgres://u:{}@db/x\"",
    "[auth]\njwt_secret = \"{}\"",
    "[api.app_settings]\ntoken = \"{}\"",
    "[notifications]\nsmtp_password = \"{}\"",
    "[payments]\nstripe_api_key = \"{}\"\nstripe_api_key = \"{}\"",
    "[storage]\ns3_secret_access_key = '{}'",
];

/// Keys that are no secrets, into which somebody may paste a connection string.
const WRONG_PLACES: &[&str] = &[
    "CIVIC_OS_WEB__LISTEN",
    "CIVIC_OS_WEB__PUBLIC_URL",
    "CIVIC_OS_APP__INIT_DIR",
    "CIVIC_OS_DATABASE__MODE",
    "CIVIC_OS_API__DB_SCHEMAS",
    "DB_MAX_CONNS",
    "KEYCLOAK_REALM",
    "SMTP_HOST",
    "PGRST_LOG_LEVEL",
    "MAP_DEFAULT_LAT",
];

/// Everything that can be printed about a setting.
fn everything_printed(setting: &super::Setting) -> String {
    match setting.try_load() {
        Ok(loaded) => {
            let refusal = loaded.require_complete().err();
            let refusal = refusal.map(|error| format!("{error} {error:?}")).unwrap_or_default();
            let disagreements: Vec<String> = loaded.disagreements.iter().map(ToString::to_string).collect();
            format!(
                "{}\n{}\n{loaded:?}\n{:?}\n{:?}\n{disagreements:?}\n{refusal}",
                loaded.to_toml(),
                loaded.to_json(),
                loaded.config,
                loaded.warnings
            )
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{error}\n{error:?}\n{cause}")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn secrets_in_variables_never_appear(
        secret in "[A-Za-z0-9!%&/()=?+*#:;,._@$-]{6,40}",
        carrier in 0..CARRIERS.len(),
        second in 0..CARRIERS.len(),
    ) {
        let secret = format!("{MARK}{secret}");
        let (name, form) = CARRIERS[carrier];
        let (other_name, other_form) = CARRIERS[second];
        let setting = setting("all")
            .variables(&[("POSTGRES_DB", "civic")])
            .variables(&[(name, &form.replace("{}", &secret)), (other_name, &other_form.replace("{}", &secret))]);
        let printed = everything_printed(&setting);
        prop_assert!(!printed.contains(&secret), "{name}, {other_name}: {printed}");
        prop_assert!(!printed.contains(MARK), "{name}, {other_name}: a part appears: {printed}");
    }

    #[test]
    fn secrets_in_env_files_never_appear(
        secret in "[A-Za-z0-9!%&/()=?+*#:;,._@$'\"\\\\ -]{6,40}",
        carrier in 0..CARRIERS.len(),
        quote in prop::sample::select(vec!["", "'", "\""]),
    ) {
        let secret = format!("{MARK}{secret}");
        let (name, form) = CARRIERS[carrier];
        let setting = setting("all").env_file(&format!("{name}={quote}{}{quote}\n", form.replace("{}", &secret)));
        let printed = everything_printed(&setting);
        prop_assert!(!printed.contains(MARK), "{name}: {printed}");
    }

    #[test]
    fn connection_strings_in_the_wrong_place_lose_their_password(
        secret in "[A-Za-z0-9!%&/()=?+*#:;._@$-]{6,40}",
        place in 0..WRONG_PLACES.len(),
    ) {
        let value = format!("postgres://user:{MARK}{secret}@db/civic");
        let setting = setting("all").variables(&[(WRONG_PLACES[place], &value), ("KEYCLOAK_URL", "https://auth.example.org")]);
        let printed = match setting.try_load() {
            Ok(loaded) => format!("{}{}{:?}", loaded.to_toml(), loaded.to_json(), loaded.warnings),
            Err(error) => format!("{error}{error:?}"),
        };
        prop_assert!(!printed.contains(MARK), "{}: {printed}", WRONG_PLACES[place]);
    }

    #[test]
    fn secrets_in_files_never_appear(secret in "[A-Za-z0-9!%&/()=?+*#:;,._@$-]{6,40}", line in 0..LINES.len()) {
        let secret = format!("{MARK}{secret}");
        let setting = setting("all").file(&LINES[line].replace("{}", &secret));
        let printed = everything_printed(&setting);
        prop_assert!(!printed.contains(MARK), "{}: {printed}", LINES[line]);
    }
}

#[test]
fn secrets_come_from_files_of_their_own() {
    let start = setting("api");
    let url = start.write("url", "postgres://u:p@db/x\n");
    let jwks = start.write("jwks", "{\"keys\":[]}\n");
    let loaded = start
        .variables(&[
            ("CIVIC_OS_DATABASE__URL__FILE", url.to_str().expect("path")),
            ("PGRST_JWT_SECRET", &format!("@{}", jwks.display())),
        ])
        .load();
    assert_eq!(loaded.config.database.url.expose(), Some("postgres://u:p@db/x"));
    assert_eq!(loaded.config.auth.jwt_secret.expose(), Some("{\"keys\":[]}"));
}

#[test]
fn the_mask_says_that_there_is_something() {
    let loaded = setting("api").variables(&[("SMTP_PASSWORD", "hunter2")]).load();
    assert!(loaded.to_toml().contains("# smtp_password = \"********\"  # SMTP_PASSWORD"));
    assert_eq!(loaded.to_json()["notifications.smtp_password"]["value"], "********");
    assert!(format!("{:?}", loaded.config.notifications).contains("********"));
}
