//! People at the database's door: statements with claims and role as the API runs them.

use crate::support::TestDatabase;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// The owner: no role change, no claims.
    Owner,
    /// Nobody signed in.
    Anonymous,
    /// A person with roles in the token.
    Person { id: &'static str, name: &'static str, roles: &'static [&'static str], more: Value },
}

pub(super) const ANNA: &str = "00000000-0000-4000-8000-00000000000a";
pub(super) const BERT: &str = "00000000-0000-4000-8000-00000000000b";
pub(super) const CARLA: &str = "00000000-0000-4000-8000-00000000000c";

/// An ordinary person.
pub(super) fn anna() -> Who {
    Who::Person { id: ANNA, name: "Anna Example", roles: &["user"], more: json!({"email": "anna@example.org"}) }
}

/// Another one.
pub(super) fn bert() -> Who {
    Who::Person { id: BERT, name: "Bert Other", roles: &["user"], more: json!({"email": "bert@example.org"}) }
}

/// An administrator.
pub(super) fn carla() -> Who {
    Who::Person { id: CARLA, name: "Carla Admin", roles: &["user", "admin"], more: json!({}) }
}

/// The server's refusal.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    fn of(error: &tokio_postgres::Error) -> Self {
        let said = error.as_db_error().unwrap_or_else(|| panic!("not an answer of the server: {error:?}"));
        Self {
            code: said.code().code().to_owned(),
            message: said.message().to_owned(),
            hint: said.hint().map(str::to_owned),
        }
    }
}

/// A connection of the owner that speaks for others.
pub(super) struct Door {
    pub(super) client: Client,
}

impl Door {
    pub(super) async fn open(database: &TestDatabase) -> Self {
        let client = database.connect().await;
        client.batch_execute("set client_min_messages to error").await.unwrap();
        Self { client }
    }

    /// Runs one statement in a transaction of its own; rows as texts.
    pub(super) async fn rows(&self, who: &Who, sql: &str) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        self.client.batch_execute("begin").await.unwrap();
        let outcome = self.run(who, sql).await;
        let end = if outcome.is_ok() { "commit" } else { "rollback" };
        self.client.batch_execute(end).await.map_err(|error| Refusal::of(&error))?;
        outcome
    }

    async fn run(&self, who: &Who, sql: &str) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        let claims = match who {
            Who::Owner => None,
            Who::Anonymous => Some(json!({"role": "web_anon"})),
            Who::Person { id, name, roles, more } => {
                let mut claims = json!({"sub": id, "name": name, "role": "web_anon", "realm_access": {"roles": roles}});
                for (key, value) in more.as_object().into_iter().flatten() {
                    claims[key] = value.clone();
                }
                Some(claims)
            }
        };
        if let Some(claims) = claims {
            let set = "select set_config('request.jwt.claims', $1::text, true)";
            self.client.execute(set, &[&claims.to_string()]).await.unwrap();
            self.client.batch_execute("set local role web_anon; select public.check_jwt()").await.unwrap();
        }
        let messages = self.client.simple_query(sql).await.map_err(|error| Refusal::of(&error))?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                }
                _ => None,
            })
            .collect())
    }

    /// The first column of the only row; empty text for NULL.
    pub(super) async fn value(&self, who: &Who, sql: &str) -> String {
        let rows = self.rows(who, sql).await.unwrap_or_else(|refusal| panic!("{who:?}: {sql}\n{refusal:?}"));
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows[0][0].clone().unwrap_or_default()
    }

    /// The first column of all rows.
    pub(super) async fn values(&self, who: &Who, sql: &str) -> Vec<String> {
        let rows = self.rows(who, sql).await.unwrap_or_else(|refusal| panic!("{who:?}: {sql}\n{refusal:?}"));
        rows.into_iter().map(|mut row| row.swap_remove(0).unwrap_or_default()).collect()
    }

    /// A statement that must work.
    pub(super) async fn run_as(&self, who: &Who, sql: &str) {
        if let Err(refusal) = self.rows(who, sql).await {
            panic!("{who:?}: {sql}\n{refusal:?}");
        }
    }

    /// A statement that must be refused.
    pub(super) async fn refusal(&self, who: &Who, sql: &str) -> Refusal {
        match self.rows(who, sql).await {
            Err(refusal) => refusal,
            Ok(rows) => panic!("{who:?} was not refused: {sql}\n{rows:?}"),
        }
    }

    /// A refusal's SQLSTATE.
    pub(super) async fn refused(&self, who: &Who, sql: &str) -> String {
        self.refusal(who, sql).await.code
    }

    /// A refusal's text.
    pub(super) async fn refused_with(&self, who: &Who, sql: &str) -> String {
        self.refusal(who, sql).await.message
    }

    /// Runs a statement with these claims as text and without a role change.
    pub(super) async fn with_claims(&self, claims: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        let set = format!("select set_config('request.jwt.claims', '{}', false)", claims.replace('\'', "''"));
        self.client.batch_execute(&set).await.unwrap();
        let outcome = self.rows(&Who::Owner, sql).await;
        self.client.batch_execute("reset request.jwt.claims").await.unwrap();
        outcome
    }

    /// Anna, Bert and Carla sign in.
    pub(super) async fn sign_everybody_in(&self) {
        for who in [anna(), bert(), carla()] {
            self.run_as(&who, "select refresh_current_user()").await;
        }
    }
}

/// What the server tells on a channel from now on.
pub(super) async fn heard(database: &TestDatabase, channel: &str) -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let url = database.owner_url();
    let (client, mut connection) = tokio_postgres::connect(url.expose().unwrap(), NoTls).await.unwrap();
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    let listen = format!("listen \"{channel}\"");
    tokio::spawn(async move {
        let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message {
                let _ = sender.send(notification.payload().to_owned());
            }
        }
    });
    client.batch_execute(&listen).await.unwrap();
    // Lives as long as the database: the connection's task owns the other end.
    std::mem::forget(client);
    received
}
