//! `civic-os demo`: everything embedded, nothing to configure.
//!
//! A private PostgreSQL, the core schema, an example application, three people and the server, in this one process.
//! It reads no configuration unless `--config` or `--env-file` asks for it: an operator's file in the working folder
//! must not turn a demonstration into work on real data. Tests: `tests/it/serve/demo.rs`.

mod example;
mod folder;
mod screen;

pub(crate) use example::Example;

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::app::{self, Extras};
use crate::config::{Config, DatabaseMode, Overrides, RoleSet, Secret};
use crate::identity::{NewPerson, random_password};
use anyhow::{Context, bail};
use folder::DemoFolder;
use screen::{PersonLine, Screen};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Show a complete application with a database of its own
///
/// Starts a private PostgreSQL from this machine's own packages, deploys the core schema and an example application,
/// switches on the embedded identity provider with three people, and serves all of it. The data stays where the last
/// lines say, and is there again at the next start.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os demo
  civic-os demo --listen 127.0.0.1:8080
  civic-os demo --example wildlife-strikes
  civic-os demo --app ./my-town                     your own application, without a server
  civic-os demo --reset                             start afresh: deletes the demo's data")]
pub(crate) struct Args {
    /// Address of the web client; with another than a loopback address the people get random passwords
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: Listen,
    /// Where the demo keeps its data [default: a folder per example below the user's data folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Application to show
    #[arg(long, value_enum, default_value_t)]
    example: Example,
    /// Show your own application instead: the folder that `app apply` takes
    #[arg(long, value_name = "DIR", conflicts_with = "example")]
    app: Option<PathBuf>,
    /// Delete the demo's data first
    #[arg(long)]
    reset: bool,
}

/// `host:port`, `port` or `localhost:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listen(SocketAddr);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self(address));
        }
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        match port.strip_prefix(':').unwrap_or(port).parse() {
            Ok(port) => Ok(Self((Ipv4Addr::LOCALHOST, port).into())),
            Err(_) => Err("not an address; write it like 127.0.0.1:8000".to_owned()),
        }
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody whom the demo can be seen as (SURFACE.md §4).
struct DemoPerson {
    username: &'static str,
    given_name: &'static str,
    family_name: &'static str,
    roles: &'static [&'static str],
    does: &'static str,
}

const PEOPLE: [DemoPerson; 3] = [
    DemoPerson {
        username: "resident",
        given_name: "Robin",
        family_name: "Resident",
        roles: &["user"],
        does: "reports problems",
    },
    DemoPerson {
        username: "staff",
        given_name: "Sam",
        family_name: "Staff",
        roles: &["user", "editor"],
        does: "works on them",
    },
    DemoPerson {
        username: "admin",
        given_name: "Alex",
        family_name: "Admin",
        roles: &["user", "editor", "admin"],
        does: "also changes settings",
    },
];
/// Good enough where only this machine can knock.
const WELL_KNOWN_PASSWORD: &str = "civic-os";

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let mut config = if sources.config.is_some() || !sources.env_file.is_empty() {
        sources.load(RoleSet::ALL, Overrides::default())?.config
    } else {
        let mut config = Config::default();
        // The screen is for the few lines that matter; what goes wrong still shows.
        config.log.level = "warn".into();
        config
    };
    start_logging(&config.log)?;
    let application = Application::of(args)?;
    let folder = DemoFolder::new(args.data_dir.clone(), &config.data_dir(), &application.name());
    let screen = Arc::new(Screen::new());
    require_free(args.listen.0)?;
    if args.reset {
        screen.step("Deleting the demo's data");
        folder.reset()?;
    }
    folder.claim(&application.identity())?;
    configure(&mut config, args, &application, &folder)?;
    block_on(start_and_serve(args, config, &folder, screen))
}

/// What a demo shows.
enum Application {
    /// One that the binary carries.
    Example(Example),
    /// A folder of the integrator's, absolute.
    Own(PathBuf),
}

impl Application {
    fn of(args: &Args) -> anyhow::Result<Self> {
        let Some(folder) = &args.app else { return Ok(Self::Example(args.example)) };
        let folder = folder.canonicalize().with_context(|| format!("cannot read --app {}", folder.display()))?;
        if !folder.is_dir() {
            bail!("--app {} is no folder", folder.display());
        }
        Ok(Self::Own(folder))
    }

    /// Name of its data folder.
    fn name(&self) -> String {
        match self {
            Self::Example(example) => example.name().to_owned(),
            Self::Own(folder) => format!("app-{}", folder.file_name().unwrap_or_default().to_string_lossy()),
        }
    }

    /// What a data folder is made for: two folders of the same name are two applications.
    fn identity(&self) -> String {
        match self {
            Self::Example(example) => example.name().to_owned(),
            Self::Own(folder) => folder.display().to_string(),
        }
    }
}

/// A busy port is the first thing to say, before a database is created for nothing.
fn require_free(address: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let other = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(8080));
            bail!("{address} is in use by another program; choose another address, for example --listen {other}")
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}; choose another with --listen")),
    }
}

/// What makes a configuration a demonstration.
fn configure(config: &mut Config, args: &Args, application: &Application, folder: &DemoFolder) -> anyhow::Result<()> {
    config.data_dir = Some(folder.path().to_owned());
    config.database.mode = DatabaseMode::Managed;
    config.migrate.on_start = Some(true);
    config.app.init_dir = Some(match application {
        Application::Own(own) => own.clone(),
        Application::Example(example) => {
            config.branding.name.get_or_insert_with(|| example.organisation().to_owned());
            (config.map.default_lat, config.map.default_lng, config.map.default_zoom) = example.map_start();
            example.unpack(&folder.path().join("examples"))?
        }
    });
    config.web.listen = args.listen.to_string();
    config.identity.enabled = true;
    // A demo takes no money, whatever the configuration knows of real keys.
    config.payments.sandbox = true;
    config.payments.stripe_api_key = Secret::default();
    config.payments.stripe_webhook_secret = Secret::default();
    config.payments.stripe_publishable_key = None;
    config.auth.issuer = None;
    config.auth.jwt_secret = Secret::default();
    if config.storage.s3_endpoint.is_none() && config.store.listen.is_none() {
        config.store.listen = Some(free_from(SocketAddr::new(args.listen.0.ip(), 9000)).to_string());
    }
    // Nobody asked for this listener: a second demo, or anything else on its port, must not get in the way.
    if config.admin.listen.parse().is_ok_and(|address: SocketAddr| TcpListener::bind(address).is_err()) {
        config.admin.listen = String::new();
    }
    Ok(())
}

/// This address, or one of the next ports, or any free one.
fn free_from(first: SocketAddr) -> SocketAddr {
    let candidates = (first.port()..first.port().saturating_add(20)).map(|port| SocketAddr::new(first.ip(), port));
    let free = candidates.into_iter().find(|address| TcpListener::bind(address).is_ok());
    free.unwrap_or_else(|| SocketAddr::new(first.ip(), 0))
}

async fn start_and_serve(
    args: &Args,
    config: Config,
    folder: &DemoFolder,
    screen: Arc<Screen>,
) -> anyhow::Result<Exit> {
    let url = format!("{}/", config.public_url());
    let passwords = Passwords::choose(args.listen.0, folder);
    if matches!(passwords, Passwords::WellKnown) {
        folder.set_random_passwords(false)?;
    }
    let of_cluster = Arc::clone(&screen);
    let extras = Extras {
        cluster_progress: Some(Arc::new(move |step| of_cluster.cluster_step(&step))),
        migration_progress: Some(Arc::clone(&screen) as _),
        people: people(&passwords),
        shown_password: matches!(passwords, Passwords::WellKnown).then(|| WELL_KNOWN_PASSWORD.to_owned()),
        demo: true,
        ..Extras::default()
    };
    screen.step("Starting");
    let started = Box::pin(app::start(config, RoleSet::ALL, extras)).await;
    // "Ready" is only said of a town that answers.
    if let Ok(Some(running)) = &started {
        running.answers(Duration::from_secs(30)).await;
    }
    screen.clear();
    let Some(running) = started? else { return Ok(Exit::Done) };
    if matches!(passwords, Passwords::Fresh(_)) {
        folder.set_random_passwords(true)?;
    }
    let lines: Vec<PersonLine> = PEOPLE
        .iter()
        .enumerate()
        .map(|(position, person)| PersonLine {
            name: person.username,
            password: passwords.of(position).unwrap_or("(as printed before)").to_owned(),
            does: person.does,
        })
        .collect();
    screen.ready(&url, &lines, folder.path());
    running.wait().await?;
    Ok(Exit::Done)
}

/// The people's passwords at this start.
#[derive(Debug)]
enum Passwords {
    /// Only this machine can knock.
    WellKnown,
    /// Random, made now, printed once.
    Fresh([String; PEOPLE.len()]),
    /// Random, made and printed at an earlier start.
    Kept,
}

impl Passwords {
    fn choose(listen: SocketAddr, folder: &DemoFolder) -> Self {
        if listen.ip().is_loopback() {
            Self::WellKnown
        } else if folder.has_random_passwords() {
            Self::Kept
        } else {
            Self::Fresh(std::array::from_fn(|_| random_password()))
        }
    }

    /// The password of a person of [`PEOPLE`], where it is known.
    fn of(&self, position: usize) -> Option<&str> {
        match self {
            Self::WellKnown => Some(WELL_KNOWN_PASSWORD),
            Self::Fresh(passwords) => passwords.get(position).map(String::as_str),
            Self::Kept => None,
        }
    }
}

fn people(passwords: &Passwords) -> Vec<NewPerson> {
    PEOPLE
        .iter()
        .enumerate()
        .map(|(position, person)| NewPerson {
            username: person.username.into(),
            password: passwords.of(position).map(Secret::new),
            given_name: person.given_name.into(),
            family_name: person.family_name.into(),
            email: format!("{}@example.org", person.username),
            roles: person.roles.iter().map(|role| (*role).to_owned()).collect(),
            ..NewPerson::default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("localhost:8001", "127.0.0.1:8001"),
            (":8002", "127.0.0.1:8002"),
            ("8003", "127.0.0.1:8003"),
            ("[::1]:8004", "[::1]:8004"),
            ("0.0.0.0:80", "0.0.0.0:80"),
        ] {
            assert_eq!(text.parse::<Listen>().map(|listen| listen.to_string()).as_deref(), Ok(address), "{text}");
        }
        for text in ["", "example.org:80", "127.0.0.1", "70000"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_loopback_demo_has_the_well_known_password() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DemoFolder::new(Some(parent.path().to_owned()), parent.path(), Example::Town.name());
        let local = "127.0.0.1:8000".parse().unwrap();
        let open = "0.0.0.0:8000".parse().unwrap();
        assert_eq!(Passwords::choose(local, &folder).of(0), Some("civic-os"));

        let fresh = Passwords::choose(open, &folder);
        let words: std::collections::HashSet<_> = (0..3).filter_map(|position| fresh.of(position)).collect();
        assert!(words.len() == 3 && words.iter().all(|word| word.len() > 12), "three different ones");
        folder.set_random_passwords(true).unwrap();
        assert_eq!(Passwords::choose(open, &folder).of(0), None, "kept, not shown again");

        // After a start on loopback they are well known again, and must not be what the world meets.
        folder.set_random_passwords(false).unwrap();
        assert!(matches!(Passwords::choose(open, &folder), Passwords::Fresh(_)));
    }
}
