//! Administration of people, for the command line and for the endpoint behind the application's page: what may be
//! changed, and what must stay true whoever changes it.

use super::people::{NewPerson, People, Person, hashed};
use super::store::Store;
use super::{Appearance, LetterSender, ProviderError};
use super::{letters::Letters, links::Links, links::Purpose, passwords, sessions::Sessions};
use crate::db::Db;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// The role whose holders administer people.
const ADMIN: &str = "admin";
/// Shortest password in characters.
pub(super) const SHORTEST_PASSWORD: usize = 12;

/// A person as administrators see them: no secret in it.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// The claim `sub`.
    pub id: Uuid,
    /// What is typed at sign-in.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// Names of roles of the permissions page.
    pub roles: Vec<String>,
    /// Whether there is a password; none before an invitation is accepted.
    pub has_password: bool,
    /// Whether a second factor is asked for.
    pub has_second_factor: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The last time the password was right.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_sign_in_at: Option<OffsetDateTime>,
    /// Until when an invitation that was not accepted yet is good.
    #[serde(with = "time::serde::rfc3339::option")]
    pub invited_until: Option<OffsetDateTime>,
}

impl From<Person> for Account {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            username: person.username,
            email: person.email,
            given_name: person.given_name,
            family_name: person.family_name,
            phone_number: person.phone_number,
            enabled: person.enabled,
            roles: person.roles,
            has_password: person.password_hash.is_some(),
            has_second_factor: person.has_second_factor,
            created_at: person.created_at,
            last_sign_in_at: person.last_sign_in_at,
            invited_until: person.invited_until,
        }
    }
}

/// What became of a link that somebody shall get.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// The letter is with the mail system.
    Sent,
    /// No mail is configured, or the person has no address: whoever asked has to hand the link over.
    Link(String),
}

/// Why an administrator's wish is refused.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Nobody has this name, address or id.
    #[error("there is no such person: {0}")]
    Unknown(String),
    /// Somebody has the username or the address already.
    #[error("the username {0:?} or the e-mail address is taken")]
    Taken(String),
    /// A value cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// A role that the permissions page does not have.
    #[error("there is no role {role:?}; the permissions page has {known}")]
    UnknownRole {
        /// As asked for.
        role: String,
        /// The others.
        known: String,
    },
    /// Nobody could administer people afterwards.
    #[error("{0} is the only administrator who can sign in; make another one first")]
    LastAdministrator(String),
    /// The database or the mail system.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// The people of an installation; cheap to clone.
#[derive(Clone)]
pub struct Directory {
    pub(super) people: People,
    pub(super) links: Links,
    pub(super) letters: Letters,
    sessions: Arc<Sessions>,
    issuer: Arc<str>,
    appearance: Arc<Appearance>,
}

impl Directory {
    /// `issuer` is the base of links, `sender` sends them.
    pub fn new(db: Db, issuer: &str, appearance: Appearance, sender: Option<Arc<dyn LetterSender>>) -> Self {
        let store = Store::new(db);
        Self {
            people: People::new(store.clone()),
            links: Links::new(store.clone()),
            letters: Letters { sender },
            sessions: Arc::new(Sessions::new(store, Duration::MAX, Duration::MAX)),
            issuer: issuer.trim_end_matches('/').into(),
            appearance: Arc::new(appearance),
        }
    }

    /// A page of people by username, and how many match in all.
    ///
    /// # Errors
    /// [`DirectoryError::Provider`].
    pub async fn list(&self, search: &str, limit: u32, offset: u32) -> Result<(Vec<Account>, u64), DirectoryError> {
        let (people, total) = self.people.list(search, limit, offset).await?;
        Ok((people.into_iter().map(Account::from).collect(), total))
    }

    /// By username or e-mail address.
    ///
    /// # Errors
    /// [`DirectoryError::Unknown`].
    pub async fn find(&self, login: &str) -> Result<Account, DirectoryError> {
        let found = self.people.find(login).await?;
        found.map(Account::from).ok_or_else(|| DirectoryError::Unknown(login.into()))
    }

    /// By id.
    ///
    /// # Errors
    /// [`DirectoryError::Unknown`].
    pub async fn get(&self, id: Uuid) -> Result<Account, DirectoryError> {
        let found = self.people.get(id).await?;
        found.map(Account::from).ok_or_else(|| DirectoryError::Unknown(id.to_string()))
    }

    /// Adds a person; without a password an invitation has to follow.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn add(&self, new: &NewPerson) -> Result<Account, DirectoryError> {
        let mut new = new.clone();
        for text in [&mut new.username, &mut new.email, &mut new.given_name, &mut new.family_name] {
            *text = text.trim().to_owned();
        }
        if new.username.is_empty() {
            new.username.clone_from(&new.email);
        }
        check_texts(&new)?;
        self.check_roles(&new.roles).await?;
        let hash = match new.password.as_ref().and_then(|password| password.expose()) {
            Some(password) => {
                check_password(password).map_err(|problem| DirectoryError::Invalid(problem.into()))?;
                Some(hashed(password.to_owned()).await?)
            }
            None => None,
        };
        let id = self.people.insert(&new, hash.as_deref()).await?;
        let id = id.ok_or_else(|| DirectoryError::Taken(new.username.clone()))?;
        self.people.set_roles(id, &new.roles).await?;
        self.get(id).await
    }

    /// Changes names and addresses; `username`, `password` and `roles` of `new` are not looked at.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn update(&self, id: Uuid, new: &NewPerson) -> Result<Account, DirectoryError> {
        let before = self.get(id).await?;
        check_texts(&NewPerson { username: before.username.clone(), ..new.clone() })?;
        let taken = match self.people.find(&new.email).await? {
            Some(other) => other.id != id,
            None => false,
        };
        if taken && !new.email.is_empty() {
            return Err(DirectoryError::Taken(new.email.clone()));
        }
        self.people.update(id, new).await?;
        self.get(id).await
    }

    /// Allows or forbids a person to sign in. Who is forbidden is signed out everywhere at once; access tokens that
    /// are out end within their few minutes.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn set_enabled(&self, id: Uuid, enabled: bool) -> Result<Account, DirectoryError> {
        let account = self.get(id).await?;
        if !enabled {
            self.keep_an_administrator(&account).await?;
        }
        self.people.set_enabled(id, enabled).await?;
        tracing::info!(person = %id, enabled, "an account was allowed or forbidden to sign in");
        self.get(id).await
    }

    /// Gives a person exactly these roles; they are in the next token.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn set_roles(&self, id: Uuid, roles: &[String]) -> Result<Account, DirectoryError> {
        let account = self.get(id).await?;
        self.check_roles(roles).await?;
        if !roles.iter().any(|role| role == ADMIN) {
            self.keep_an_administrator(&account).await?;
        }
        self.people.set_roles(id, roles).await?;
        tracing::info!(person = %id, ?roles, "an account's roles were changed");
        self.get(id).await
    }

    /// Sets a password and signs the person out everywhere.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn set_password(&self, id: Uuid, password: &str) -> Result<(), DirectoryError> {
        check_password(password).map_err(|problem| DirectoryError::Invalid(problem.into()))?;
        let account = self.get(id).await?;
        self.people.set_password_hash(id, &hashed(password.to_owned()).await?).await?;
        self.sessions.end_all_of(account.id).await?;
        Ok(())
    }

    /// Takes the second factor away, for somebody who has lost it.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn remove_second_factor(&self, id: Uuid) -> Result<Account, DirectoryError> {
        self.people.set_second_factor(id, None, &[]).await?;
        self.get(id).await
    }

    /// Signs a person out on all devices.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn sign_out(&self, id: Uuid) -> Result<(), DirectoryError> {
        Ok(self.sessions.end_all_of(id).await?)
    }

    /// A link by which a person chooses a password: an invitation for somebody who never had one, a reset otherwise.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn send_link(&self, id: Uuid) -> Result<Delivery, DirectoryError> {
        let account = self.get(id).await?;
        if !account.enabled {
            return Err(DirectoryError::Invalid(format!("{} is disabled; enable the account first", account.username)));
        }
        let purpose = if account.has_password { Purpose::Reset } else { Purpose::Invitation };
        let link = self.link(id, purpose).await?;
        match account.email.as_deref().filter(|_| self.letters.can_be_sent()) {
            Some(address) => {
                let name = if account.given_name.is_empty() { &account.username } else { &account.given_name };
                self.letters.send_link(&self.appearance, address, name, purpose, &link).await?;
                Ok(Delivery::Sent)
            }
            None => Ok(Delivery::Link(link)),
        }
    }

    pub(super) async fn link(&self, id: Uuid, purpose: Purpose) -> Result<String, ProviderError> {
        let token = self.links.issue(id, purpose).await?;
        Ok(format!("{}/login-actions/set-password?token={token}", self.issuer))
    }

    /// Whether somebody may administer people: enabled and an administrator at this moment, whatever a token says.
    ///
    /// # Errors
    /// [`DirectoryError::Provider`].
    pub async fn is_administrator(&self, id: Uuid) -> Result<bool, DirectoryError> {
        Ok(self.people.enabled(id).await?.is_some_and(|person| person.roles.iter().any(|role| role == ADMIN)))
    }

    /// The roles that the first administrator gets: all that the installation starts with and still has.
    ///
    /// # Errors
    /// [`DirectoryError::Provider`].
    pub async fn roles_of_administrators(&self) -> Result<Vec<String>, DirectoryError> {
        let mut roles = self.people.role_names().await?;
        roles.retain(|role| matches!(role.as_str(), "user" | "editor" | ADMIN));
        Ok(roles)
    }

    async fn keep_an_administrator(&self, account: &Account) -> Result<(), DirectoryError> {
        let is_one = account.enabled && account.roles.iter().any(|role| role == ADMIN);
        if is_one && !self.people.has_other_administrator(account.id).await? {
            return Err(DirectoryError::LastAdministrator(account.username.clone()));
        }
        Ok(())
    }

    async fn check_roles(&self, roles: &[String]) -> Result<(), DirectoryError> {
        if roles.is_empty() {
            return Ok(());
        }
        let known = self.people.role_names().await?;
        match roles.iter().find(|role| !known.contains(role)) {
            Some(role) => Err(DirectoryError::UnknownRole { role: role.clone(), known: known.join(", ") }),
            None => Ok(()),
        }
    }
}

/// Why a password is none; the rule is length, as NIST SP 800-63B asks.
pub(super) fn check_password(password: &str) -> Result<(), &'static str> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err("The new password needs at least 12 characters.");
    }
    if password.len() > passwords::LONGEST {
        return Err("The new password is too long.");
    }
    Ok(())
}

fn check_texts(new: &NewPerson) -> Result<(), DirectoryError> {
    let invalid = |text: &str| Err(DirectoryError::Invalid(text.into()));
    let phone = new.phone_number.as_deref().unwrap_or_default();
    let texts = [&*new.username, &*new.email, &*new.given_name, &*new.family_name, phone];
    if texts.iter().any(|text| text.chars().any(char::is_control) || text.chars().count() > 200) {
        return invalid("Names and addresses have at most 200 characters and no control characters.");
    }
    if new.username.is_empty() {
        return invalid("A username or an e-mail address is needed.");
    }
    let address = new.email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !new.email.contains(char::is_whitespace)
    });
    if !new.email.is_empty() && !address {
        return invalid("The e-mail address is none.");
    }
    Ok(())
}
