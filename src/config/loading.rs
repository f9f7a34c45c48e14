//! Reads the layers, checks every value where it stands, and puts them together.

use super::error::{ConfigError, Problem};
use super::node::{self, Node};
use super::source::Source;
use super::variables::{Variables, read_text};
use super::{ApiMode, Config, RoleSet, aliases, check, defaults, file, keys};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The configuration file of a machine, if nobody names another.
pub const SYSTEM_FILE: &str = "/etc/civic-os/civic-os.toml";
/// The configuration file of a folder, which comes before the machine's.
pub const LOCAL_FILE: &str = "civic-os.toml";
/// Prefix of our own variables: `CIVIC_OS_SECTION__KEY`.
const PREFIX: &str = "CIVIC_OS_";

/// Values given by flags: the strongest layer.
#[derive(Clone, Default)]
pub struct Overrides(Vec<(String, String, String)>);

impl Overrides {
    /// Sets a key; `flag` names the source in messages.
    pub fn set(&mut self, key: &str, value: impl Into<String>, flag: &str) {
        self.0.push((key.to_owned(), value.into(), flag.to_owned()));
    }
}

/// Everything a configuration is made of. No `Debug`: variables are secrets.
#[derive(Clone)]
pub struct Sources {
    /// The file that was asked for; it must exist.
    pub file: Option<PathBuf>,
    /// Files that are read if there are any, the first one only.
    pub file_candidates: Vec<PathBuf>,
    /// Files of variables, weakest first.
    pub env_files: Vec<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// The roles: some variables and defaults depend on them.
    pub roles: RoleSet,
    /// Flags.
    pub overrides: Overrides,
}

impl Sources {
    /// Nothing but defaults.
    pub fn none(roles: RoleSet) -> Self {
        Self {
            file: None,
            file_candidates: Vec::new(),
            env_files: Vec::new(),
            environment: Vec::new(),
            roles,
            overrides: Overrides::default(),
        }
    }

    /// The sources of this process: its files, its environment, its flags.
    pub fn of_process(file: Option<PathBuf>, env_files: Vec<PathBuf>, roles: RoleSet, overrides: Overrides) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            file,
            file_candidates: vec![LOCAL_FILE.into(), SYSTEM_FILE.into()],
            env_files,
            environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            roles,
            overrides,
        }
    }
}

/// One value of one layer. No `Debug`: it may be a secret.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Node,
    pub(super) source: Source,
}

/// Layers that say different things about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The key.
    pub key: String,
    /// Whose value holds.
    pub used: Source,
    /// Whose values do not.
    pub ignored: Vec<Source>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ignored: Vec<String> = self.ignored.iter().map(Source::to_string).collect();
        write!(f, "{}: {} holds; {} says something else", self.key, self.used, ignored.join(", "))
    }
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The effective values.
    pub config: Config,
    /// The roles it was loaded for.
    pub roles: RoleSet,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Layers that say different things.
    pub disagreements: Vec<Disagreement>,
    /// Things an operator should know that do not keep the process from working; disagreements are among them.
    pub warnings: Vec<String>,
    pub(super) sources: BTreeMap<String, Source>,
}

impl Loaded {
    /// Where the effective value of a key comes from.
    pub fn source_of(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// Refuses a configuration with which the roles cannot work: it lacks what they need, or two listeners share a port.
    ///
    /// # Errors
    /// Names each missing key and what to do.
    pub fn require_complete(&self) -> Result<(), ConfigError> {
        let problems = check::for_roles(self);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Incomplete { roles: self.roles, problems }) }
    }
}

/// Reads the layers and puts them together.
///
/// # Errors
/// All problems at once, each with key, source and remedy. What is merely absent is no error here; see
/// [`Loaded::require_complete`].
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut warnings = Vec::new();

    let variables = Variables::read(&sources.environment, &sources.env_files, &mut warnings)?;
    let named = sources.file.clone().or_else(|| variables.get("CIVIC_OS_CONFIG").map(PathBuf::from));
    let found = || sources.file_candidates.iter().find(|path| path.exists()).cloned();
    let file = named.or_else(found);
    if let Some(path) = &file {
        file::read(path, &mut entries, &mut problems)?;
    }
    aliases::read(&variables, sources.roles, &mut entries, &mut problems, &mut warnings);
    own_variables(&variables, &mut entries, &mut problems, &mut warnings)?;
    for (key, value, flag) in &sources.overrides.0 {
        let (key, value) = (key.clone(), Node::Variable(value.clone()));
        entries.push(Entry { key, value, source: Source::Flag(flag.clone()) });
    }
    problems.extend(entries.iter().filter_map(refused));
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }

    let mode = put_together(&entries).map_or(ApiMode::CivicOs, |config| config.api.mode);
    let mut all = defaults::of(mode);
    all.extend(entries);
    for entry in &mut all {
        read_secret_file(entry)?;
    }
    let mut config = put_together(&all).map_err(|refusal| {
        ConfigError::Invalid(vec![Problem { key: "configuration".into(), source: None, message: refusal.0 }])
    })?;
    let disagreements = disagreements(&all);
    warnings.extend(disagreements.iter().map(Disagreement::to_string));
    let effective = all.into_iter().filter(|entry| entry.source != Source::Default);
    let sources_by_key = effective.map(|entry| (entry.key, entry.source)).collect();
    check::normalise(&mut config);
    warnings.extend(check::without_effect(&config, sources.roles, &sources_by_key));
    let loaded = Loaded { config, roles: sources.roles, file, disagreements, warnings, sources: sources_by_key };
    let problems = check::values(&loaded);
    if problems.is_empty() { Ok(loaded) } else { Err(ConfigError::Invalid(problems)) }
}

fn put_together(entries: &[Entry]) -> Result<Config, node::Refusal> {
    let mut tree = Node::Table(BTreeMap::new());
    for entry in entries {
        tree.merge(entry.value.clone().below(&entry.key));
    }
    Config::deserialize(tree)
}

/// Looks at one entry on its own, so that its own source stands in the message.
fn refused(entry: &Entry) -> Option<Problem> {
    let refusal = node::fits::<Config>(entry.value.clone().below(&entry.key)).err()?;
    let given = if keys::is_secret(&entry.key) { String::new() } else { format!(", not {}", entry.value.shown()) };
    Some(Problem {
        key: entry.key.clone(),
        source: Some(entry.source.clone()),
        message: format!("must be {}{given}", refusal.0),
    })
}

/// `CIVIC_OS_SECTION__KEY`, `CIVIC_OS_SECTION__KEY__FILE` for secrets, `CIVIC_OS_DATA_DIR`.
fn own_variables(
    variables: &Variables,
    entries: &mut Vec<Entry>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<String>,
) -> Result<(), ConfigError> {
    for name in variables.names() {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let key = rest.replace("__", ".").to_ascii_lowercase();
        if !rest.contains("__") && key != "data_dir" {
            // Kubernetes and others may set such names; only a plain slip is worth a word.
            if let Some((meant, _)) = keys::KEYS.iter().find(|(known, _)| known.replace('.', "_") == key) {
                let meant = meant.replace('.', "__").to_ascii_uppercase();
                warnings.push(format!("{name} has no effect; did you mean {PREFIX}{meant}?"));
            }
            continue;
        }
        let source = variables.source(&[name]);
        let Some(value) = variables.get(name) else { continue };
        let secret_file = key.strip_suffix(".file").filter(|key| keys::is_secret(key));
        if let Some(key) = secret_file {
            let text = read_text("the file of a secret,", Path::new(value))?;
            let value = Node::Variable(text.trim_end_matches(['\r', '\n']).to_owned());
            entries.push(Entry { key: key.to_owned(), value, source });
        } else if keys::is_known(&key) {
            entries.push(Entry { key, value: Node::Variable(value.to_owned()), source });
        } else {
            let message = file::unknown("key", &key);
            problems.push(Problem { key, source: Some(source), message });
        }
    }
    Ok(())
}

/// PostgREST's `@file` for connection strings and keys.
fn read_secret_file(entry: &mut Entry) -> Result<(), ConfigError> {
    if !keys::FROM_FILE.contains(&entry.key.as_str()) {
        return Ok(());
    }
    if let Node::Variable(text) | Node::Text(text) = &mut entry.value
        && let Some(path) = text.strip_prefix('@')
    {
        let contents = read_text("the file of a secret,", Path::new(path))?;
        *text = contents.trim_end_matches(['\r', '\n']).to_owned();
    }
    Ok(())
}

fn disagreements(entries: &[Entry]) -> Vec<Disagreement> {
    let mut by_key: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.source != Source::Default) {
        by_key.entry(&entry.key).or_default().push(entry);
    }
    let mut found = Vec::new();
    for (key, mut said) in by_key {
        let Some(used) = said.pop() else { continue };
        let ignored: Vec<Source> = said
            .into_iter()
            .filter(|entry| !entry.value.means_the_same_as(&used.value))
            .map(|entry| entry.source.clone())
            .collect();
        if !ignored.is_empty() {
            found.push(Disagreement { key: key.to_owned(), used: used.source.clone(), ignored });
        }
    }
    found
}
