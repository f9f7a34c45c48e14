//! Notifications: templates, mail, what people get and do not get.

mod bad_input;
mod delivery;
mod editor;
mod events;
mod feedback;
mod figures;
mod go;
mod killed;
mod real;
pub(crate) mod sink;
mod sms;
mod templates;

use crate::support::TestDatabase;
use civic_os::config::{Config, Secret, SmtpSecurity};
use civic_os::db::{Db, DbOptions, Hub};
use civic_os::jobs::{JobQueue, QueueSettings, Registry, Store};
use civic_os::notifications::Notifications;
use sink::Sink;
use std::time::Duration;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(60);
const ANNA: &str = "00000000-0000-4000-8000-00000000000a";

/// A database with one person and one template, and a worker that delivers to a mail server of the test.
struct Office {
    admin: tokio_postgres::Client,
    config: Config,
    db: Db,
    hub: Hub,
    database: TestDatabase,
}

impl Office {
    async fn new(sink: Option<&Sink>) -> Self {
        let database = TestDatabase::create().await;
        let admin = database.connect().await;
        admin
            .batch_execute(&format!(
                "insert into metadata.civic_os_users (id, display_name) values ('{ANNA}', 'Anna E.');
                 insert into metadata.civic_os_users_private (id, display_name, email, phone) values ('{ANNA}', 'Anna Exämple', 'anna@town.example', '5551234567');
                 insert into metadata.notification_templates (name, subject_template, html_template, text_template, sms_template) values
                 ('news', 'Änderung: {{{{.Entity.title}}}}', '<p>{{{{.Entity.title}}}}</p>', 'Neu: {{{{.Entity.title}}}}', 'SMS {{{{.Entity.title}}}}')"
            ))
            .await
            .expect("people and templates");
        let url = database.authenticator_url();
        let db = Db::open(DbOptions { url: url.clone(), pool_max: 8, ..DbOptions::default() }).expect("a pool");
        let hub = Hub::spawn(&url, "notifications test").expect("a listener");
        let mut config = Config::default();
        config.web.public_url = Some("https://town.example".into());
        let settings = &mut config.notifications;
        settings.smtp_from = Some("Rathaus Müllheim <rathaus@town.example>".into());
        settings.smtp_security = Some(SmtpSecurity::None);
        settings.smtp_timeout = 5;
        if let Some(sink) = sink {
            settings.smtp_host = Some("127.0.0.1".into());
            settings.smtp_port = sink.port;
        }
        Self { admin, config, db, hub, database }
    }

    fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// A worker process; it ends with the value.
    fn worker(&self) -> JobQueue {
        let notifications = Notifications::open(&self.config, self.db.clone(), None).expect("a usable configuration");
        let registry = notifications.register(Registry::new());
        let settings = QueueSettings {
            beat: Duration::from_millis(500),
            lease: Duration::from_millis(3000),
            dead_after: Duration::from_millis(4000),
            ..QueueSettings::default()
        };
        JobQueue::start(Store::new(self.db.clone()), Some(self.hub.clone()), registry, vec!["worker".into()], settings)
    }

    async fn notify(&self, title: &str) -> i64 {
        self.notify_by(title, "{email}").await
    }

    async fn notify_by(&self, title: &str, channels: &str) -> i64 {
        let data = serde_json::json!({"title": title});
        let sql = format!("select create_notification('{ANNA}', 'news', 'things', '7', $1, '{channels}')");
        self.admin.query_one(&sql, &[&data]).await.expect("a notification").get(0)
    }

    /// Status, error and channels of a notification.
    async fn status(&self, id: i64) -> (String, String) {
        let sql = "select status, coalesce(error_message, '') from metadata.notifications where id = $1";
        let row = self.admin.query_one(sql, &[&id]).await.expect("the notification");
        (row.get(0), row.get(1))
    }

    async fn until(&self, id: i64, status: &str) -> String {
        let started = Instant::now();
        loop {
            let (found, error) = self.status(id).await;
            if found == status {
                return error;
            }
            assert!(started.elapsed() < LIMIT, "notification {id} stays {found}: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One text of the first row.
    async fn text(&self, sql: &str) -> String {
        self.admin.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }

    /// Lets the jobs of notifications run now, whatever they wait for.
    async fn hurry(&self) {
        let now = "update metadata.river_job set state = 'available', scheduled_at = now() where queue = 'notifications' and state in ('available', 'retryable', 'scheduled'); notify \"metadata.river_insert\", '{\"queue\": \"notifications\"}'";
        self.admin.batch_execute(now).await.expect("now");
    }

    async fn until_text(&self, sql: &str, wanted: &str) {
        let started = Instant::now();
        loop {
            let found = self.text(sql).await;
            if found == wanted {
                return;
            }
            assert!(started.elapsed() < LIMIT, "{sql} stays {found}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// State, attempt and number of errors of the job of a notification.
    async fn job(&self, id: i64) -> (String, i16, i32) {
        let sql = "select state::text, attempt, coalesce(cardinality(errors), 0) from metadata.river_job where args->>'notification_id' = $1";
        let row = self.admin.query_one(sql, &[&id.to_string()]).await.expect("the job");
        (row.get(0), row.get(1), row.get(2))
    }

    fn with_password(&mut self, password: &str) {
        self.config.notifications.smtp_username = Some("town".into());
        self.config.notifications.smtp_password = Secret::new(password);
    }
}
