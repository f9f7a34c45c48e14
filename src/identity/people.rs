//! The people who can sign in, in `people.json` below the provider's folder.

use super::{ProviderError, files, passwords};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use uuid::Uuid;

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
    /// Realm roles.
    pub roles: Vec<String>,
}

/// A person as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) id: Uuid,
    pub(super) username: String,
    pub(super) password_hash: String,
    pub(super) enabled: bool,
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) email: String,
    pub(super) phone_number: Option<String>,
    pub(super) roles: Vec<String>,
}

impl Person {
    /// First and last name, or the username when there is neither.
    pub(super) fn full_name(&self) -> String {
        let name = format!("{} {}", self.given_name, self.family_name).trim().to_owned();
        if name.is_empty() { self.username.clone() } else { name }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    people: Vec<Person>,
}

/// All people of the realm.
pub(super) struct People {
    path: PathBuf,
    stored: RwLock<Stored>,
}

impl People {
    /// Loads the file and sees to it that `wanted` are in it; returns the random passwords made for new people.
    pub(super) fn open(folder: &Path, wanted: &[NewPerson]) -> Result<(Self, Vec<(String, String)>), ProviderError> {
        let path = folder.join("people.json");
        let mut stored: Stored = files::read(&path)?.unwrap_or_default();
        let (mut made, mut changed) = (Vec::new(), false);
        for new in wanted {
            let given = new.password.as_ref().and_then(|password| password.expose());
            match stored.people.iter_mut().find(|person| person.username.eq_ignore_ascii_case(&new.username)) {
                Some(person) => {
                    if let Some(password) = given
                        && !passwords::verify(&person.password_hash, password)
                    {
                        person.password_hash = passwords::hash(password)?;
                        changed = true;
                    }
                    changed |= person.take_over(new);
                }
                None => {
                    let password = given.map_or_else(passwords::random_password, Into::into);
                    let mut person = Person {
                        id: new.id.unwrap_or_else(Uuid::new_v4),
                        username: new.username.clone(),
                        password_hash: passwords::hash(&password)?,
                        enabled: true,
                        given_name: String::new(),
                        family_name: String::new(),
                        email: String::new(),
                        phone_number: None,
                        roles: Vec::new(),
                    };
                    person.take_over(new);
                    if given.is_none() {
                        made.push((new.username.clone(), password));
                    }
                    stored.people.push(person);
                    changed = true;
                }
            }
        }
        if changed {
            files::write(&path, &stored)?;
        }
        Ok((Self { path, stored: RwLock::new(stored) }, made))
    }

    /// By username or e-mail address, case does not count. Disabled people are found too.
    pub(super) fn find(&self, login: &str) -> Option<Person> {
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let same = |text: &str| !text.is_empty() && text.eq_ignore_ascii_case(login);
        let by_name = stored.people.iter().find(|person| same(&person.username));
        by_name.or_else(|| stored.people.iter().find(|person| same(&person.email))).cloned()
    }

    /// By subject, when the person may still sign in.
    pub(super) fn enabled(&self, id: Uuid) -> Option<Person> {
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        stored.people.iter().find(|person| person.id == id && person.enabled).cloned()
    }

    /// Gives a person another password hash.
    pub(super) fn set_password_hash(&self, id: Uuid, hash: String) -> Result<(), ProviderError> {
        let mut stored = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = stored.people.iter_mut().find(|person| person.id == id) {
            person.password_hash = hash;
        }
        files::write(&self.path, &*stored)
    }

    /// Allows or forbids a person to sign in; whether there is such a person.
    pub(super) fn set_enabled(&self, username: &str, enabled: bool) -> Result<bool, ProviderError> {
        let mut stored = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        let Some(person) = stored.people.iter_mut().find(|person| person.username.eq_ignore_ascii_case(username))
        else {
            return Ok(false);
        };
        person.enabled = enabled;
        files::write(&self.path, &*stored)?;
        Ok(true)
    }
}

impl Person {
    fn take_over(&mut self, new: &NewPerson) -> bool {
        let before = (
            self.given_name.clone(),
            self.family_name.clone(),
            self.email.clone(),
            self.phone_number.clone(),
            self.roles.clone(),
        );
        self.given_name.clone_from(&new.given_name);
        self.family_name.clone_from(&new.family_name);
        self.email.clone_from(&new.email);
        self.phone_number.clone_from(&new.phone_number);
        self.roles.clone_from(&new.roles);
        before
            != (
                self.given_name.clone(),
                self.family_name.clone(),
                self.email.clone(),
                self.phone_number.clone(),
                self.roles.clone(),
            )
    }
}
