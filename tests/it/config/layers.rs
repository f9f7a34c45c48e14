//! Which layer wins, and that everybody can see which one did.

use super::setting;
use civic_os::config::Source;

#[test]
fn each_layer_is_stronger_than_the_one_before() {
    let with_file = || setting("api").file("[web]\nlisten = \"127.0.0.1:1\"\n");
    let with_alias = || with_file().variables(&[("FRONTEND_PORT", "2")]);
    let with_own = || with_alias().variables(&[("CIVIC_OS_WEB__LISTEN", "127.0.0.1:3")]);
    let with_flag = || with_own().flag("web.listen", "127.0.0.1:4", "--listen");
    for (setting, listen, source) in [
        (setting("api"), "0.0.0.0:8000", "default"),
        (with_file(), "127.0.0.1:1", "civic-os.toml:2"),
        (with_alias(), "0.0.0.0:2", "FRONTEND_PORT"),
        (with_own(), "127.0.0.1:3", "CIVIC_OS_WEB__LISTEN"),
        (with_flag(), "127.0.0.1:4", "--listen"),
    ] {
        let loaded = setting.load();
        assert_eq!(loaded.config.web.listen, listen);
        assert!(loaded.source_of("web.listen").to_string().ends_with(source), "{}", loaded.source_of("web.listen"));
    }
}

#[test]
fn the_environment_wins_over_env_files_and_later_files_over_earlier() {
    let loaded = setting("api")
        .env_file("SITE_URL=http://one\nSMTP_HOST=one\nSMTP_PORT=1\n")
        .env_file("SITE_URL=http://two\nSMTP_HOST=two\n")
        .variables(&[("SITE_URL", "http://three")])
        .load();
    let notify = &loaded.config.notifications;
    assert_eq!(
        (notify.site_url.as_deref(), notify.smtp_host.as_deref(), notify.smtp_port),
        (Some("http://three"), Some("two"), 1)
    );
    assert!(matches!(loaded.source_of("notifications.smtp_host"), Source::Variables { file: Some(_), .. }));
    assert!(matches!(loaded.source_of("notifications.site_url"), Source::Variables { file: None, .. }));
}

#[test]
fn layers_that_disagree_are_reported_and_layers_that_agree_are_not() {
    let loaded = setting("api")
        .file("[database]\npool_api = 5\npool_worker = 4\n[auth]\nclient_id = \"a\"\n")
        .variables(&[("PGRST_DB_POOL", "7"), ("DB_MAX_CONNS", "4"), ("CIVIC_OS_DATABASE__POOL_API", "6")])
        .load();
    assert_eq!(loaded.config.database.pool_api, 6);
    let [one] = &loaded.disagreements[..] else { panic!("{:?}", loaded.disagreements) };
    let text = one.to_string();
    assert!(text.starts_with("database.pool_api: CIVIC_OS_DATABASE__POOL_API holds"), "{text}");
    assert!(text.contains("civic-os.toml:2") && text.contains("PGRST_DB_POOL"), "{text}");
    assert!(loaded.warnings.contains(&text));
}

#[test]
fn empty_variables_are_not_set() {
    let loaded = setting("api")
        .file("[web]\nlisten = \"127.0.0.1:1\"\n")
        .variables(&[("FRONTEND_PORT", ""), ("CIVIC_OS_WEB__LISTEN", " "), ("PGRST_DB_ANON_ROLE", "")])
        .load();
    assert_eq!(loaded.config.web.listen, "127.0.0.1:1");
    assert_eq!(loaded.config.api.db_anon_role.as_deref(), Some("web_anon"));
}

#[test]
fn a_file_takes_a_default_away_with_an_empty_text() {
    let loaded =
        setting("api").file("[api]\ndb_pre_request = \"\"\n[auth]\naudience = \"\"\nallowed_roles = []\n").load();
    assert_eq!(loaded.config.api.db_pre_request, None);
    assert_eq!(loaded.config.auth.audience, None);
    assert_eq!(loaded.config.auth.allowed_roles, Some(vec![]));
}

#[test]
fn the_file_is_found_where_it_is_looked_for() {
    let mut setting = setting("api");
    let first = setting.write("first.toml", "[log]\nlevel = \"debug\"\n");
    setting.sources.file_candidates = vec![setting.folder.path().join("missing.toml"), first.clone()];
    assert_eq!(setting.load().config.log.level, "debug");
    let second = setting.write("second.toml", "[log]\nlevel = \"warn\"\n");
    setting.sources.environment = vec![("CIVIC_OS_CONFIG".into(), second.display().to_string())];
    assert_eq!(setting.load().config.log.level, "warn");
    setting.sources.file = Some(first);
    assert_eq!(setting.load().config.log.level, "debug");
}

#[test]
fn listeners_are_written_in_many_ways() {
    for (written, meant) in [("*:80", "0.0.0.0:80"), (":80", "0.0.0.0:80"), ("off", ""), ("[::1]:80", "[::1]:80")] {
        let loaded = setting("api").variables(&[("CIVIC_OS_WEB__LISTEN", written)]).load();
        assert_eq!(loaded.config.web.listen, meant);
    }
    assert_eq!(setting("api").variables(&[("CIVIC_OS_API__LISTEN", "off")]).load().config.api.listen, None);
}
