//! `civic-os users`: the people of the embedded identity provider.
//!
//! Passwords never come as arguments, which other people on the machine could see: they are typed or read from standard
//! input. Links are printed where no mail is configured, and nowhere else.

mod password;

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::app;
use crate::config::{Overrides, Role, RoleSet, Secret};
use crate::db::{Db, DbOptions};
use crate::identity::{Account, Delivery, Directory, DirectoryError, NewPerson, Provider, ProviderOptions};
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// Add, invite, disable and list people of the embedded identity provider
///
/// Works with the pool's login (database.url) on the database that the provider uses; the schema must be deployed. Every
/// verb takes --json.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os users create-admin ann --email ann@town.example     asks for a password twice
  civic-os users create-admin ann < /run/secrets/first-password
  civic-os users invite --email bob@town.example --role user --role editor
  civic-os users list
  civic-os users roles bob@town.example user editor
  civic-os users disable bob@town.example                      signed out everywhere at once
  civic-os users reset-password bob@town.example               a link by mail, or printed")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add an administrator with a password: the first one, at set-up
    CreateAdmin {
        /// What is typed at sign-in
        username: String,
        /// E-mail address
        #[arg(long, default_value = "")]
        email: String,
        /// First name
        #[arg(long, default_value = "")]
        given_name: String,
        /// Last name
        #[arg(long, default_value = "")]
        family_name: String,
        /// Make a random password and print it, once
        #[arg(long)]
        random_password: bool,
    },
    /// Add a person and send a link by which they choose a password
    Invite {
        /// What is typed at sign-in [default: the e-mail address]
        #[arg(long, default_value = "")]
        username: String,
        /// E-mail address
        #[arg(long)]
        email: String,
        /// First name
        #[arg(long, default_value = "")]
        given_name: String,
        /// Last name
        #[arg(long, default_value = "")]
        family_name: String,
        /// Role of the permissions page; may be given several times
        #[arg(long, value_name = "ROLE", default_value = "user")]
        role: Vec<String>,
    },
    /// Forbid people to sign in, and sign them out everywhere
    Disable {
        /// Usernames or e-mail addresses
        #[arg(required = true)]
        people: Vec<String>,
    },
    /// Allow people to sign in again
    Enable {
        /// Usernames or e-mail addresses
        #[arg(required = true)]
        people: Vec<String>,
    },
    /// Give a person exactly these roles
    Roles {
        /// Username or e-mail address
        person: String,
        /// Roles of the permissions page
        roles: Vec<String>,
    },
    /// List people by username
    List {
        /// Only people with this in their name or address
        #[arg(default_value = "")]
        search: String,
        /// At most so many
        #[arg(long, default_value_t = 500)]
        limit: u32,
    },
    /// Let somebody choose another password; signs nobody out before they have
    ResetPassword {
        /// Username or e-mail address
        person: String,
        /// Read the new password from the terminal or standard input instead of sending a link
        #[arg(long)]
        set: bool,
        /// Also take the second factor away
        #[arg(long)]
        without_second_factor: bool,
    },
    /// Sign with another key from in a minute on; tokens of the old one stay good
    RotateKeys,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let roles = RoleSet::only(Role::Api);
    let loaded = sources.load(roles, Overrides::default())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    let config = &loaded.config;
    if !config.identity.enabled {
        bail!(
            "identity.enabled is not set: people are administered in your own identity provider. Set it (or \
             CIVIC_OS_IDENTITY__ENABLED=true) to use the embedded one"
        );
    }
    block_on(async {
        let options = DbOptions {
            url: config.pool_url(roles).clone(),
            pool_max: 2,
            acquisition_timeout: Duration::from_secs(5),
            application_name: "civic-os users".into(),
            ..DbOptions::default()
        };
        let db = Db::open(options)?;
        if matches!(args.verb, Verb::RotateKeys) {
            let options = ProviderOptions::new(&config.public_url(), &config.identity.realm, &config.auth.client_id);
            let provider = Provider::new(options, db)?;
            provider.start().await?;
            let kid = provider.rotate_keys(Duration::from_secs(60)).await?;
            return print(args.json, &json!({"kid": kid}), "Another key signs from in a minute on.\n");
        }
        let issuer = format!("{}/realms/{}", config.public_url(), config.identity.realm);
        let directory = Directory::new(db, &issuer, app::appearance(config), app::letter_sender(config, None));
        match carry_out(args, &directory).await {
            Err(error) => match error.downcast::<DirectoryError>() {
                // A misspelt name is a wrong argument.
                Ok(error @ (DirectoryError::Invalid(_) | DirectoryError::UnknownRole { .. })) => {
                    eprintln!("civic-os: {error}");
                    Ok(Exit::Usage)
                }
                Ok(error) => Err(error.into()),
                Err(error) => Err(error),
            },
            done => done,
        }
    })
}

async fn carry_out(args: &Args, directory: &Directory) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::CreateAdmin { username, email, given_name, family_name, random_password } => {
            let password = match random_password {
                true => crate::identity::random_password(),
                false => password::ask()?,
            };
            let roles = directory.roles_of_administrators().await?;
            let new = NewPerson {
                username: username.clone(),
                email: email.clone(),
                given_name: given_name.clone(),
                family_name: family_name.clone(),
                password: Some(Secret::new(password.clone())),
                roles,
                ..NewPerson::default()
            };
            let account = directory.add(&new).await?;
            let shown = random_password.then_some(&password);
            let mut text = format!("{} can sign in as an administrator.\n", account.username);
            if let Some(password) = shown {
                let _ = writeln!(text, "Password: {password}\nIt is not shown again.");
            }
            print(args.json, &json!({"user": account, "password": shown}), &text)
        }
        Verb::Invite { username, email, given_name, family_name, role } => {
            let new = NewPerson {
                username: username.clone(),
                email: email.clone(),
                given_name: given_name.clone(),
                family_name: family_name.clone(),
                roles: role.clone(),
                ..NewPerson::default()
            };
            let account = directory.add(&new).await?;
            deliver(args.json, directory, &account).await
        }
        Verb::Disable { people } => set_enabled(args.json, directory, people, false).await,
        Verb::Enable { people } => set_enabled(args.json, directory, people, true).await,
        Verb::Roles { person, roles } => {
            let account = directory.find(person).await?;
            let account = directory.set_roles(account.id, roles).await?;
            let roles = if account.roles.is_empty() { "no roles".into() } else { account.roles.join(", ") };
            print(args.json, &json!({"user": account}), &format!("{} has {roles}.\n", account.username))
        }
        Verb::List { search, limit } => {
            let (people, total) = directory.list(search, *limit, 0).await?;
            print(args.json, &json!({"users": people, "total": total}), &table(&people, total))
        }
        Verb::ResetPassword { person, set, without_second_factor } => {
            let account = directory.find(person).await?;
            if *without_second_factor {
                directory.remove_second_factor(account.id).await?;
            }
            if *set {
                directory.set_password(account.id, &password::ask()?).await?;
                let text = format!("{} has the new password and is signed out everywhere.\n", account.username);
                return print(args.json, &json!({"user": account}), &text);
            }
            deliver(args.json, directory, &account).await
        }
        Verb::RotateKeys => Ok(Exit::Done),
    }
}

async fn deliver(json: bool, directory: &Directory, account: &Account) -> anyhow::Result<Exit> {
    let (link, text) = match directory.send_link(account.id).await? {
        Delivery::Sent => (None, format!("A letter with a link is on its way to {}.\n", account.username)),
        Delivery::Link(link) => {
            let text = format!(
                "No mail is configured. Give {} this link; it works once:\n{link}\n",
                if account.given_name.is_empty() { &account.username } else { &account.given_name }
            );
            (Some(link), text)
        }
    };
    print(json, &json!({"user": account, "sent": link.is_none(), "link": link}), &text)
}

/// Each person by itself: one that cannot be changed does not keep the others back, and the exit code says so.
async fn set_enabled(json: bool, directory: &Directory, people: &[String], enabled: bool) -> anyhow::Result<Exit> {
    let (mut documents, mut text, mut exit) = (Vec::new(), String::new(), Exit::Done);
    let word = if enabled { "enabled" } else { "disabled" };
    for person in people {
        let changed = async {
            let account = directory.find(person).await?;
            directory.set_enabled(account.id, enabled).await
        };
        match changed.await {
            Ok(account) => {
                let _ = writeln!(text, "{} is {word}.", account.username);
                documents.push(json!({"person": person, "done": true}));
            }
            Err(error) => {
                exit = Exit::Failed;
                let _ = writeln!(text, "{person} is not {word}: {error}");
                documents.push(json!({"person": person, "done": false, "why_not": error.to_string()}));
            }
        }
    }
    print(json, &json!(documents), &text)?;
    Ok(exit)
}

fn table(people: &[Account], total: u64) -> String {
    if people.is_empty() {
        return "Nobody. Make the first administrator: civic-os users create-admin NAME\n".into();
    }
    let rows: Vec<[String; 5]> = people
        .iter()
        .map(|person| {
            let state = match (person.enabled, person.has_password) {
                (false, _) => "disabled",
                (true, true) => "enabled",
                (true, false) => "invited",
            };
            let last = person.last_sign_in_at.map_or_else(|| "never".into(), |at| at.date().to_string());
            [
                person.username.clone(),
                person.email.clone().unwrap_or_default(),
                person.roles.join(", "),
                state.into(),
                last,
            ]
        })
        .collect();
    let titles = ["USERNAME", "E-MAIL", "ROLES", "STATE", "LAST SIGN-IN"].map(str::to_owned);
    let width = |column: usize| {
        std::iter::once(&titles).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if total > people.len() as u64 {
        let _ = writeln!(text, "{} of {total}; more with --limit", people.len());
    }
    text
}

fn print(json: bool, document: &serde_json::Value, text: &str) -> anyhow::Result<Exit> {
    if json {
        say!("{document}")
    } else {
        say!("{}", text.trim_end_matches('\n'))
    }
    Ok(Exit::Done)
}
