//! A password from a person (typed twice, not shown) or from standard input (its first line).

use anyhow::{Context, bail};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Write, stdin};

pub(super) fn ask() -> anyhow::Result<String> {
    if !stdin().is_terminal() {
        return line().context("no password on standard input");
    }
    let silent = Silent::start()?;
    let first = prompt("Password: ")?;
    let second = prompt("Again:    ")?;
    drop(silent);
    if first != second {
        bail!("the two passwords are not the same");
    }
    Ok(first)
}

fn prompt(text: &str) -> anyhow::Result<String> {
    eprint!("{text}");
    std::io::stderr().flush().ok();
    let typed = line();
    eprintln!();
    typed
}

fn line() -> anyhow::Result<String> {
    let mut text = String::new();
    stdin().lock().read_line(&mut text).context("cannot read the password")?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        bail!("the password is empty");
    }
    Ok(text.to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silent {
    before: Termios,
}

impl Silent {
    fn start() -> anyhow::Result<Self> {
        let before = tcgetattr(stdin()).context("cannot ask the terminal")?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(stdin(), SetArg::TCSAFLUSH, &quiet).context("cannot ask the terminal")?;
        Ok(Self { before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), SetArg::TCSAFLUSH, &self.before);
    }
}
