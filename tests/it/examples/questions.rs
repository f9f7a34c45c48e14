//! What the tests of this folder ask the API.

use crate::support::TestApp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Somebody who asks: anonymous without a token.
pub(super) struct Person<'a> {
    app: &'a TestApp,
    token: Option<String>,
}

/// An answer with its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl<'a> Person<'a> {
    /// Without a token.
    pub(super) fn anonymous(app: &'a TestApp) -> Self {
        Self { app, token: None }
    }

    /// With a token, and with the profile that the client makes after signing in.
    pub(super) async fn signed_in(app: &'a TestApp, name: &str, roles: &[&str]) -> Self {
        let person = Self { app, token: Some(app.token_for(name, roles)) };
        let profile = person.send(Method::POST, "rpc/refresh_current_user", &json!({})).await;
        assert_eq!(profile.status, StatusCode::OK, "{profile:?}");
        person
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.app.request(method, &format!("/api/{path}"));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A GET whatever its status.
    pub(super) async fn ask(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// The rows of a GET that must succeed.
    pub(super) async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.ask(path).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body.as_array().unwrap_or_else(|| panic!("{path}: no list: {:?}", answer.body)).clone()
    }

    /// A page of a list and the total number, as the web client asks for them.
    pub(super) async fn page(&self, path: &str, from: u64, to: u64) -> (Vec<Value>, u64) {
        let request = self
            .request(Method::GET, path)
            .header("Prefer", "count=exact")
            .header("Range-Unit", "items")
            .header("Range", format!("{from}-{to}"));
        let response = request.send().await.expect("answer");
        let status = response.status();
        let range = response.headers().get("content-range").map(|value| value.to_str().expect("text").to_owned());
        let body: Value = response.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {status} {body}");
        let range = range.unwrap_or_else(|| panic!("{path}: no Content-Range"));
        let total = range.rsplit('/').next().and_then(|total| total.parse().ok());
        (body.as_array().expect("list").clone(), total.unwrap_or_else(|| panic!("{path}: Content-Range {range}")))
    }

    /// How many rows a query has.
    pub(super) async fn count(&self, path: &str) -> u64 {
        self.page(path, 0, 0).await.1
    }

    /// A write that asks for the row back.
    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        answer(self.request(method, path).header("Prefer", "return=representation").json(body)).await
    }

    /// What the application offers this person for a table: insert, select, update, delete.
    pub(super) async fn rights(&self, table: &str) -> Option<[bool; 4]> {
        let entities = self.rows("schema_entities").await;
        let entity = entities.iter().find(|entity| entity["table_name"] == table)?;
        Some(["insert", "select", "update", "delete"].map(|right| entity[right].as_bool().expect("boolean")))
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("answer");
    let status = response.status();
    let text = response.text().await.expect("body");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, body }
}

impl Answer {
    /// The only row.
    pub(super) fn row(&self) -> &Value {
        assert!(self.status.is_success(), "{self:?}");
        match self.body.as_array().map(Vec::as_slice) {
            Some([row]) => row,
            _ => panic!("not one row: {self:?}"),
        }
    }

    /// Refused with a status and a code of PostgreSQL.
    pub(super) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{self:?}");
    }
}

/// The value of a `money` column in cents.
pub(super) fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("no money: {value}"));
    let digits: String = text.chars().filter(|sign| !matches!(sign, '$' | ',')).collect();
    let (units, hundredths) = digits.split_once('.').unwrap_or_else(|| panic!("no money: {text}"));
    assert_eq!(hundredths.len(), 2, "{text}");
    units.parse::<i64>().expect("units") * 100 + hundredths.parse::<i64>().expect("hundredths")
}
