//! The folder of an installation: layout, lock, secrets and the creation of the database files.
//!
//! ```text
//! <data_dir>/lock               held while a process works here
//! <data_dir>/postgres/          the database files, owned by the user that runs PostgreSQL
//! <data_dir>/run/               the server's socket
//! <data_dir>/secrets/*.password random, readable by this process's user alone
//! <data_dir>/postgres.log       the server's log, and postgres.log.old
//! ```

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Longest path of a unix socket that every system takes, with room for the file name.
const SOCKET_DIR_MAX: usize = 80;
/// The log is set aside when it is larger than this at a start.
const LOG_MAX: u64 = 10 * 1024 * 1024;

/// An installation's folder, locked for this process.
#[derive(Debug)]
pub(super) struct ClusterDirectory {
    root: PathBuf,
    account: Account,
    // Invariant: held as long as this process may touch the folder; the kernel releases it with the process.
    _lock: Flock<File>,
}

impl ClusterDirectory {
    /// Creates the folder if needed, takes its lock and checks that PostgreSQL's user can work in it.
    pub(super) fn open(root: &Path, account: Account) -> Result<Self, ClusterError> {
        let not_writable = |source| ClusterError::NotWritable { directory: root.into(), source };
        create_root(root, &account).map_err(not_writable)?;
        let root = root.canonicalize().map_err(not_writable)?;
        if let Some(blocking) = account.blocked_by(&root) {
            return Err(ClusterError::NotReachable { user: account.name(), blocking });
        }
        let lock = take_lock(&root)?;
        let directory = Self { root, account, _lock: lock };
        directory.folder("secrets", 0o700, false)?;
        if directory.socket_dir().is_some() {
            directory.folder("run", 0o700, true)?;
        }
        Ok(directory)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The database files.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Folder of the server's socket; none when its path is too long for a socket.
    pub(super) fn socket_dir(&self) -> Option<PathBuf> {
        let path = self.root.join("run");
        (path.as_os_str().len() <= SOCKET_DIR_MAX && path.to_str().is_some_and(|text| !text.contains(',')))
            .then_some(path)
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// Major version of the existing database files and their folder; none when there are none yet.
    pub(super) fn data_version(&self) -> Result<Option<(u32, PathBuf)>, ClusterError> {
        let path = self.data().join("PG_VERSION");
        match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(|major| Some((major, self.data()))).map_err(|_| ClusterError::File {
                operation: "understand",
                path,
                source: std::io::Error::from(ErrorKind::InvalidData),
            }),
            Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ClusterError::File { operation: "read", path, source }),
        }
    }

    /// A random text that stays the same for this folder.
    pub(super) fn secret(&self, name: &str) -> Result<String, ClusterError> {
        let path = self.root.join("secrets").join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(source) if source.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(ClusterError::File { operation: "read", path, source }),
        }
        let text: String = rand::random::<[u8; 24]>().iter().map(|byte| format!("{byte:02x}")).collect();
        // Written aside and renamed, so that a crash leaves no half password behind.
        let fresh = path.with_extension("new");
        write_private(&fresh, &text)?;
        std::fs::rename(&fresh, &path).map_err(|source| ClusterError::File { operation: "write", path, source })?;
        Ok(text)
    }

    /// Creates the database files with `initdb`. They appear under their final name only when complete.
    pub(super) fn initialise(&self, binaries: &Binaries, owner: &str, password: &str) -> Result<(), ClusterError> {
        let unfinished = self.root.join("postgres.new");
        remove_folder(&unfinished)?;
        self.folder("postgres.new", 0o700, true)?;
        let password_file = self.root.join("postgres.new.password");
        let _ = std::fs::remove_file(&password_file);
        write_private(&password_file, password)?;
        self.account.own(&password_file)?;
        // Sorting as people expect it, the same on every machine; without ICU plain code points.
        let locales: [&[&str]; 2] =
            [&["--locale-provider=icu", "--icu-locale=und", "--locale=C.UTF-8"], &["--locale=C.UTF-8"]];
        let mut outcome = Ok(());
        for locale in locales {
            outcome = self.run_initdb(binaries, owner, &unfinished, &password_file, locale);
            match &outcome {
                Err(ClusterError::Initialise { output, .. }) if output.contains("ICU") => {
                    remove_folder(&unfinished)?;
                    self.folder("postgres.new", 0o700, true)?;
                }
                _ => break,
            }
        }
        let _ = std::fs::remove_file(&password_file);
        outcome?;
        std::fs::rename(&unfinished, self.data()).map_err(|source| ClusterError::File {
            operation: "rename",
            path: unfinished,
            source,
        })
    }

    fn run_initdb(
        &self,
        binaries: &Binaries,
        owner: &str,
        target: &Path,
        password_file: &Path,
        locale: &[&str],
    ) -> Result<(), ClusterError> {
        let program = binaries.program("initdb");
        let mut command = Command::new(&program);
        command
            .arg("--pgdata")
            .arg(target)
            .arg("--pwfile")
            .arg(password_file)
            .args(["--username", owner, "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"])
            .args(locale)
            .stdin(Stdio::null());
        self.environment(&mut command);
        super::server::end_with_parent(&mut command, nix::sys::signal::Signal::SIGTERM);
        let output = command.output().map_err(|source| ClusterError::Run { program, source })?;
        if output.status.success() {
            return Ok(());
        }
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(ClusterError::Initialise { directory: target.into(), output: last_lines(&text, 5) })
    }

    /// Deletes all that this module creates, except the lock.
    pub(super) fn remove(&self) -> Result<(), ClusterError> {
        for name in ["postgres", "postgres.new", "run", "secrets"] {
            remove_folder(&self.root.join(name))?;
        }
        for name in ["postgres.log", "postgres.log.old", "postgres.new.password"] {
            let path = self.root.join(name);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(ClusterError::File { operation: "remove", path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What all of PostgreSQL's programs get: the account, a working folder that it may enter, no foreign settings.
    pub(super) fn environment(&self, command: &mut Command) {
        self.account.apply(command);
        command
            .current_dir(&self.root)
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("PATH", "/usr/bin:/bin");
    }

    /// The log, opened for appending; a large one is set aside first.
    pub(super) fn open_log(&self) -> Result<File, ClusterError> {
        let path = self.log_file();
        if std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_MAX) {
            let _ = std::fs::rename(&path, path.with_extension("log.old"));
        }
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(|source| ClusterError::File {
            operation: "open",
            path,
            source,
        })
    }

    /// End of the log.
    pub(super) fn log_tail(&self, lines: usize) -> String {
        let mut text = String::new();
        if let Ok(mut file) = File::open(self.log_file()) {
            let length = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
            let _ = file.seek(std::io::SeekFrom::Start(length.saturating_sub(8192)));
            let mut bytes = Vec::new();
            let _ = file.read_to_end(&mut bytes);
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
        last_lines(&text, lines)
    }

    fn folder(&self, name: &str, mode: u32, for_account: bool) -> Result<(), ClusterError> {
        let path = self.root.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(&path)
            .map_err(|source| ClusterError::NotWritable { directory: path.clone(), source })?;
        if for_account { self.account.own(&path) } else { Ok(()) }
    }
}

/// Creates the folder and what is missing above it. PostgreSQL's user must get through folders of root's whatever the
/// umask says; their contents have modes of their own.
pub(super) fn create_root(root: &Path, account: &Account) -> std::io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    if let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_root(parent, account)?;
    }
    let mode = if account.differs() { 0o711 } else { 0o700 };
    match DirBuilder::new().mode(mode).create(root) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    }
    std::fs::set_permissions(root, Permissions::from_mode(mode))
}

fn take_lock(root: &Path) -> Result<Flock<File>, ClusterError> {
    let path = root.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|source| ClusterError::NotWritable { directory: root.into(), source })?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            // Only for the message of the next one; the lock itself does not depend on it.
            let _ = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
            Ok(lock)
        }
        Err((mut file, _)) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            let pid = if pid.is_empty() { "unknown".to_owned() } else { pid };
            Err(ClusterError::InUse { directory: root.into(), pid })
        }
    }
}

fn write_private(path: &Path, text: &str) -> Result<(), ClusterError> {
    let failed = |source| ClusterError::File { operation: "write", path: path.into(), source };
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

fn remove_folder(path: &Path) -> Result<(), ClusterError> {
    match std::fs::remove_dir_all(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(ClusterError::File { operation: "remove", path: path.into(), source })
        }
        _ => Ok(()),
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
