//! The people who can sign in: what is stored of them and the statements that read and change it.

use super::store::{Store, column};
use super::{ProviderError, passwords};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

const BY_LOGIN: &str = include_str!("../sql/identity/person_by_login.sql");
const BY_ID: &str = include_str!("../sql/identity/person_by_id.sql");
const LIST: &str = include_str!("../sql/identity/people_list.sql");
const INSERT: &str = include_str!("../sql/identity/person_insert.sql");
const UPDATE: &str = include_str!("../sql/identity/person_update.sql");
const PASSWORD: &str = include_str!("../sql/identity/person_password.sql");
const ENABLED: &str = include_str!("../sql/identity/person_enabled.sql");
const SIGNED_IN: &str = include_str!("../sql/identity/person_signed_in.sql");
const SECOND_FACTOR: &str = include_str!("../sql/identity/person_second_factor.sql");
const USE_STEP: &str = include_str!("../sql/identity/person_use_step.sql");
const USE_RECOVERY_CODE: &str = include_str!("../sql/identity/person_use_recovery_code.sql");
const ROLES: &str = include_str!("../sql/identity/person_roles.sql");
const ROLE_NAMES: &str = include_str!("../sql/identity/role_names.sql");
const OTHER_ADMINISTRATORS: &str = include_str!("../sql/identity/other_administrators.sql");

/// A person to be there after the provider has started.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// The subject in tokens; random when not given. An existing person keeps the old one.
    pub id: Option<Uuid>,
    /// What is typed at sign-in; case does not count.
    pub username: String,
    /// The password; `None` keeps an existing one and makes a random one for a new person.
    pub password: Option<crate::config::Secret>,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// E-mail address, taken as verified.
    pub email: String,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// Names of roles of the permissions page.
    pub roles: Vec<String>,
}

/// A person as stored.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Person {
    pub(super) id: Uuid,
    pub(super) username: String,
    pub(super) password_hash: Option<String>,
    pub(super) enabled: bool,
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) email: Option<String>,
    pub(super) phone_number: Option<String>,
    pub(super) totp_secret: Option<String>,
    pub(super) has_second_factor: bool,
    pub(super) recovery_codes_left: usize,
    pub(super) roles: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) last_sign_in_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) invited_until: Option<OffsetDateTime>,
}

impl Person {
    /// First and last name, or the username when there is neither.
    pub(super) fn full_name(&self) -> String {
        let name = format!("{} {}", self.given_name, self.family_name).trim().to_owned();
        if name.is_empty() { self.username.clone() } else { name }
    }

    /// The e-mail address, empty when there is none.
    pub(super) fn email(&self) -> &str {
        self.email.as_deref().unwrap_or_default()
    }
}

/// All people of the realm; cheap to clone.
#[derive(Clone)]
pub(super) struct People {
    store: Store,
}

impl People {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Sees to it that `wanted` are there; returns the random passwords made for new people.
    pub(super) async fn ensure(&self, wanted: &[NewPerson]) -> Result<Vec<(String, String)>, ProviderError> {
        let mut made = Vec::new();
        for new in wanted {
            let given = new.password.as_ref().and_then(|password| password.expose()).map(str::to_owned);
            let id = match self.find(&new.username).await? {
                Some(person) => {
                    if let Some(password) = given {
                        let (old, checked) = (person.password_hash.clone(), password.clone());
                        let same = blocking(move || old.is_some_and(|hash| passwords::verify(&hash, &checked))).await?;
                        if !same {
                            self.set_password_hash(person.id, &hashed(password).await?).await?;
                        }
                    }
                    self.update(person.id, new).await?;
                    person.id
                }
                None => {
                    let password = given.clone().unwrap_or_else(passwords::random_password);
                    let hash = hashed(password.clone()).await?;
                    let Some(id) = self.insert(new, Some(&hash)).await? else { continue };
                    if given.is_none() {
                        made.push((new.username.clone(), password));
                    }
                    id
                }
            };
            self.set_roles(id, &new.roles).await?;
        }
        Ok(made)
    }

    /// By username or e-mail address, case does not count. Disabled people are found too.
    pub(super) async fn find(&self, login: &str) -> Result<Option<Person>, ProviderError> {
        // PostgreSQL's text has no NUL, and nobody's name is that long.
        if login.is_empty() || login.len() > 320 || login.contains('\0') {
            return Ok(None);
        }
        self.store.first(BY_LOGIN, &[Some(login)]).await
    }

    /// By subject.
    pub(super) async fn get(&self, id: Uuid) -> Result<Option<Person>, ProviderError> {
        self.store.first(BY_ID, &[Some(&id.to_string())]).await
    }

    /// By subject, when the person may still sign in.
    pub(super) async fn enabled(&self, id: Uuid) -> Result<Option<Person>, ProviderError> {
        Ok(self.get(id).await?.filter(|person| person.enabled))
    }

    /// A page of people by name, and how many match in all.
    pub(super) async fn list(
        &self,
        search: &str,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<Person>, u64), ProviderError> {
        let search = search.replace('\0', "");
        let values = [Some(search.as_str()), Some(&limit.to_string()), Some(&offset.to_string())];
        let rows = self.store.rows(LIST, &values).await?;
        let Some(row) = rows.first() else { return Ok((Vec::new(), 0)) };
        Ok((column(row, 1)?, row.int(0).and_then(|count| u64::try_from(count).ok()).unwrap_or_default()))
    }

    /// A new person without roles; `None` when the username or the address is taken.
    pub(super) async fn insert(&self, new: &NewPerson, hash: Option<&str>) -> Result<Option<Uuid>, ProviderError> {
        let id = new.id.unwrap_or_else(Uuid::new_v4);
        let values = [
            Some(&*id.to_string()),
            Some(&*new.username),
            Some(&*new.email),
            Some(&*new.given_name),
            Some(&*new.family_name),
            new.phone_number.as_deref(),
            hash,
        ];
        Ok(self.store.has_row(INSERT, &values).await?.then_some(id))
    }

    /// Takes over names and addresses.
    pub(super) async fn update(&self, id: Uuid, new: &NewPerson) -> Result<bool, ProviderError> {
        let values = [
            Some(&*id.to_string()),
            Some(&*new.email),
            Some(&*new.given_name),
            Some(&*new.family_name),
            new.phone_number.as_deref(),
        ];
        self.store.has_row(UPDATE, &values).await
    }

    /// Gives a person another password hash.
    pub(super) async fn set_password_hash(&self, id: Uuid, hash: &str) -> Result<bool, ProviderError> {
        self.store.has_row(PASSWORD, &[Some(&id.to_string()), Some(hash)]).await
    }

    /// Allows or forbids a person to sign in; who is forbidden is signed out.
    pub(super) async fn set_enabled(&self, id: Uuid, enabled: bool) -> Result<bool, ProviderError> {
        self.store.has_row(ENABLED, &[Some(&id.to_string()), Some(if enabled { "true" } else { "false" })]).await
    }

    /// Gives a person exactly these roles; names that nobody has defined are left out.
    pub(super) async fn set_roles(&self, id: Uuid, roles: &[String]) -> Result<(), ProviderError> {
        let names = serde_json::json!(roles).to_string();
        self.store.rows(ROLES, &[Some(&id.to_string()), Some(&names)]).await.map(drop)
    }

    /// The roles that people can be given.
    pub(super) async fn role_names(&self) -> Result<Vec<String>, ProviderError> {
        let rows = self.store.rows(ROLE_NAMES, &[]).await?;
        Ok(rows.iter().filter_map(|row| row.text(0)).map(str::to_owned).collect())
    }

    /// Whether there is an enabled administrator beside this person.
    pub(super) async fn has_other_administrator(&self, id: Uuid) -> Result<bool, ProviderError> {
        let rows = self.store.rows(OTHER_ADMINISTRATORS, &[Some(&id.to_string())]).await?;
        Ok(rows.first().and_then(|row| row.int(0)).unwrap_or_default() > 0)
    }

    /// Notes a sign-in.
    pub(super) async fn signed_in(&self, id: Uuid) -> Result<(), ProviderError> {
        self.store.rows(SIGNED_IN, &[Some(&id.to_string())]).await.map(drop)
    }

    /// Sets the second factor (a secret that was confirmed with the code of `step`) or removes it.
    pub(super) async fn set_second_factor(
        &self,
        id: Uuid,
        factor: Option<(&str, u64)>,
        recovery_hashes: &[String],
    ) -> Result<bool, ProviderError> {
        let step = factor.map(|(_, step)| step.to_string());
        let hashes = serde_json::json!(recovery_hashes).to_string();
        let values = [Some(&*id.to_string()), factor.map(|(secret, _)| secret), step.as_deref(), Some(&hashes)];
        self.store.has_row(SECOND_FACTOR, &values).await
    }

    /// Uses up a time step; `false` when it or a later one was used before.
    pub(super) async fn use_step(&self, id: Uuid, step: u64) -> Result<bool, ProviderError> {
        self.store.has_row(USE_STEP, &[Some(&id.to_string()), Some(&step.to_string())]).await
    }

    /// Uses up a recovery code; `false` when there is no such code.
    pub(super) async fn use_recovery_code(&self, id: Uuid, hash: &str) -> Result<bool, ProviderError> {
        self.store.has_row(USE_RECOVERY_CODE, &[Some(&id.to_string()), Some(hash)]).await
    }
}

/// A password's hash, made off the runtime's threads.
pub(super) async fn hashed(password: String) -> Result<String, ProviderError> {
    blocking(move || passwords::hash(&password)).await?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ProviderError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ProviderError::PasswordHash { reason: format!("the thread ended: {error}") })
}
