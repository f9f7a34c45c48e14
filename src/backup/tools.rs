//! PostgreSQL's client programs: where they are and how they are run.

use super::BackupError;
use crate::db::ConnectionString;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The folder of the newest client programs on this machine.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    /// Major version of `pg_dump`.
    pub major: u32,
}

impl Tools {
    /// Looks in `PATH` and in the folders of the distributions' packages; the newest wins.
    ///
    /// # Errors
    /// [`BackupError::NoTool`].
    pub fn find() -> Result<Self, BackupError> {
        #[expect(clippy::disallowed_methods, reason = "PATH is the system's, not a setting of ours")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        if let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") {
            folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
        }
        let found = folders.into_iter().filter_map(|folder| {
            let major = major_of(&folder.join("pg_dump"))?;
            Some(Self { folder, major })
        });
        found.max_by_key(|tools| tools.major).ok_or(BackupError::NoTool { program: "pg_dump" })
    }

    /// A program with the connection in its environment; standard error is kept for its last words.
    pub(super) fn command(&self, program: &'static str, to: &ConnectionString) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.envs(to.libpq_environment()).env("LC_ALL", "C.UTF-8").env("PGTZ", "UTC").stderr(Stdio::piped());
        command
    }
}

fn major_of(program: &std::path::Path) -> Option<u32> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
}

/// A started program that is killed when nobody waits for it any more.
pub(super) struct Running {
    program: &'static str,
    pub(super) child: Child,
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Running {
    pub(super) fn start(program: &'static str, command: &mut Command) -> Result<Self, BackupError> {
        let mut child = command.spawn().map_err(|_| BackupError::NoTool { program })?;
        // Read beside the data: a full pipe would stop the program.
        let errors = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = pipe.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Ok(Self { program, child, errors })
    }

    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        let status = self.child.wait().map_err(BackupError::file("wait for", self.program))?;
        let errors = self.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let lines: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut last = lines[lines.len().saturating_sub(6)..].join("; ");
        if last.contains("permission denied to create extension") {
            last.push_str(
                ". Restore with a superuser's login, or by --database into a database where the extensions already are",
            );
        }
        Err(BackupError::Tool {
            program: self.program,
            message: if last.is_empty() { status.to_string() } else { last },
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Does nothing to a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
